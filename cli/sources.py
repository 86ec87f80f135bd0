"""Verbs about sources: what is crawled, crawling now, OPML, and taking a domain down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.text import Text

from cli.client import Client, CommandFailed
from cli.output import Output, age, err, out, print_json, table

STYLES = {"ok": "green", "running": "cyan", "new": "cyan", "paused": "dim", "silent": "yellow", "drifting": "yellow", "failing": "red"}  # fmt: skip
STATES = ("new", "duplicate", "partial", "reserved", "refused", "failed", "unchanged", "pending")
# A crawl that a person watches; most end in seconds, a polite one of many pages in minutes.
WATCH_SECONDS = 3600
LIFTED = "What was removed stays removed, and its sources stay paused until they are resumed."

group = typer.Typer(help="What is crawled: list, add, pause, remove, import and export.", no_args_is_help=True)
Which = Annotated[str, typer.Argument(help="The source: its id, its address, or words of its title.")]
Folder = Annotated[str | None, typer.Option(help="Your own grouping.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(group, name="sources")
    app.command()(crawl)
    app.command()(takedown)


@group.command("list")
def list_(context: typer.Context, folder: Folder = None) -> None:
    """All sources and how they fare."""
    output: Output = context.obj
    with output.client() as client:
        rows = list(everything(client, "/v1/sources", {"folder": folder} if folder else {}))
    if output.as_json:
        print_json(rows)
        return
    if not rows:
        out.print(
            "No source yet: add one with `tidings sources add https://example.org`, or a pack: `tidings sources packs`."
        )
        return
    shown = table(("title", "kind", "status", "a day", "last success", "next visit", "id"), ())
    for row in rows:
        status = Text(row["status"], style=STYLES.get(row["status"], ""))
        last = age(row["succeeded_at"]) or "never"
        shown.add_row(
            escape(row["title"]), row["kind"], status, f"{row['items_per_day']:g}", last, until(row), row["id"]
        )  # fmt: skip
    out.print(shown)
    for row in rows:
        if row["status"] in ("failing", "silent", "drifting"):
            out.print(f"[bold]{escape(row['title'])}[/bold]: {escape(row['status_detail'])}", soft_wrap=True)


@group.command()
def look(context: typer.Context, url: Annotated[str, typer.Argument(help="A site, section, feed or sitemap.")]) -> None:
    """What can be subscribed to at an address, with a preview of each; nothing is stored."""
    output: Output = context.obj
    with output.client() as client, err.status("Looking …"):
        found = client.call("POST", "/v1/discoveries", json={"url": url})
    if output.as_json:
        print_json(found)
        return
    for candidate in found["candidates"]:
        volume = f"about {candidate['items_per_day']:g} a day" if candidate["items_per_day"] else "volume unknown"
        known = " [dim](a source already)[/dim]" if candidate["source_id"] else ""
        out.print(f"[bold]{escape(candidate['title'])}[/bold] · {candidate['kind']} · {volume}{known}", soft_wrap=True)
        out.print(f"  {escape(candidate['url'])}", soft_wrap=True)
        out.print(f"  [dim]{escape(candidate['robots']['detail'])}[/dim]", soft_wrap=True)
        for item in candidate["items"]:
            out.print(f"    {escape(item['title'])}  [dim]{age(item['published_at'])}[/dim]", soft_wrap=True)
    for note in found["notes"]:
        out.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)
    if not found["candidates"]:
        raise typer.Exit(1)


@group.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="A site, section, feed or sitemap; the most fitting source is taken.")],
    kind: Annotated[
        str | None, typer.Option(help="feed, news_sitemap, sitemap or page: take the address as it is.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    folder: Folder = None,
    category: Annotated[str | None, typer.Option(help="News category of all it brings, such as business.")] = None,
) -> None:
    """Subscribe. The first visit is made at once."""
    output: Output = context.obj
    given = {"url": url, "kind": kind, "title": title, "folder": folder, "category": category}
    with output.client() as client, err.status("Looking …"):
        row = client.call("POST", "/v1/sources", json={name: value for name, value in given.items() if value})
    if output.as_json:
        print_json(row)
        return
    word = "There already" if row["duplicate"] else "Added"
    named = f"[bold]{escape(row['title'])}[/bold] ({row['kind']}) {escape(row['url'])}"
    out.print(f"{word}: {named}  [dim]{row['id']}[/dim]", soft_wrap=True)


@group.command()
def show(context: typer.Context, which: Which) -> None:
    """One source: its figures, what became of its URLs, and its last visits."""
    output: Output = context.obj
    with output.client() as client:
        source = find(client, which)
        health = client.call("GET", f"/v1/sources/{source['id']}/health")
        runs = client.call("GET", f"/v1/sources/{source['id']}/runs", params={"limit": 5})["data"]
    if output.as_json:
        print_json({"source": source, "health": health, "runs": runs})
        return
    out.print(f"[bold]{escape(source['title'])}[/bold]  {escape(source['url'])}", soft_wrap=True)
    out.print(f"{health['status']}: {escape(health['status_detail'])}", soft_wrap=True)
    counts = ", ".join(f"{health['counts'][state]} {state}" for state in STATES if health["counts"].get(state))
    out.print(f"URLs: {counts or 'none yet'}")
    figures = {
        "readable pages": percent(health["extraction_share"]),
        "duplicates": percent(health["duplicate_share"]),
        "publication to searchable": seconds(health["delay_median_seconds"]),
    }
    out.print(" · ".join(f"{name} {value}" for name, value in figures.items()))
    for run in runs:
        done = ", ".join(f"{count} {state}" for state, count in run["counts"].items() if count)
        out.print(f"[dim]{age(run['started_at'])}  {run['trigger']}  {run['status']}  {done}[/dim]")


@group.command()
def pause(context: typer.Context, which: Which) -> None:
    """Stop visiting a source until it is resumed."""
    change(context, which, {"paused": True}, "Paused")


@group.command()
def resume(context: typer.Context, which: Which) -> None:
    """Visit a paused source again, at once."""
    change(context, which, {"paused": False}, "Resumed")


@group.command()
def remove(
    context: typer.Context,
    which: Which,
    documents: Annotated[bool, typer.Option("--documents", help="Delete the documents it brought, too.")] = False,
) -> None:
    """Remove a source and its log; its documents stay unless asked for."""
    output: Output = context.obj
    with output.client() as client:
        source = find(client, which)
        client.call("DELETE", f"/v1/sources/{source['id']}", params={"documents": documents})
    output.show({"removed": source["id"]}, f"Removed: {escape(source['title'])}")


@group.command("import")
def import_(context: typer.Context, file: Annotated[Path, typer.Argument(help="An OPML file.")]) -> None:
    """Add the feeds of an OPML file, with its folders."""
    output: Output = context.obj
    text = file.read_text(encoding="utf-8", errors="replace")
    with output.client() as client:
        done = client.call("POST", "/v1/opml", json={"opml": text})
    tell_import(output, done)


@group.command()
def export(
    context: typer.Context, file: Annotated[Path | None, typer.Argument(help="Where to; default: the terminal.")] = None
) -> None:
    """Write all feeds as OPML."""
    output: Output = context.obj
    with output.client() as client:
        opml = client.text("/v1/opml")
    if file is None:
        out.print(opml, markup=False, soft_wrap=True)
    else:
        file.write_text(opml, encoding="utf-8")
        err.print(f"Written: {escape(str(file))}")


@group.command()
def packs(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Add this pack; without it, list them.")] = None,
) -> None:
    """Starter packs of well-known feeds: list them, or add one."""
    output: Output = context.obj
    with output.client() as client:
        if name is not None:
            tell_import(output, client.call("POST", f"/v1/source_packs/{name}"))
            return
        found = client.call("GET", "/v1/source_packs")["data"]
    rows = [(pack["name"], pack["title"], pack["source_count"], ", ".join(pack["titles"])) for pack in found]
    output.show(found, table(("name", "title", "feeds", "among them"), rows))


def crawl(
    context: typer.Context,
    which: Annotated[
        list[str] | None, typer.Argument(help="Sources: ids, addresses or words of titles; none means all.")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Show the log until each visit ends.")] = True,
) -> None:
    """Visit sources now, before their turn, with a live log."""
    output: Output = context.obj
    ended: list[dict[str, Any]] = []
    with output.client() as client:
        chosen = [find(client, each) for each in which] if which else list(everything(client, "/v1/sources", {}))
        if not chosen:
            raise CommandFailed("No source yet: add one with `tidings sources add https://example.org`.")
        for source in chosen:
            accepted = client.call("POST", f"/v1/sources/{source['id']}/run")
            if watch:
                follow(client, output, source, accepted["job_id"])
                runs = client.call("GET", f"/v1/sources/{source['id']}/runs", params={"limit": 1})["data"]
                ended += [{"source_id": source["id"], **run} for run in runs]
    if output.as_json:
        print_json(ended)
    if any(run["status"] == "failed" for run in ended):
        raise typer.Exit(1)


def takedown(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help="Such as example.org; its subdomains are meant too.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the domain. Needed unless it is lifted.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Allow the domain again; what is gone stays gone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a domain from every tenant, and keep it out from now on."""
    output: Output = context.obj
    if lift:
        with output.client() as client:
            client.admin("DELETE", f"/v1/admin/takedowns/{quote(domain, safe='')}")
        output.show({"domain": domain, "lifted": True}, f"{escape(domain)} is allowed again. {LIFTED}")
        return
    if not reason:
        raise typer.BadParameter("Say why with --reason; it is kept with the domain.", param_hint="--reason")
    if not yes:
        typer.confirm(f"Delete all documents of {domain} and its subdomains in every tenant?", abort=True)
    with output.client() as client:
        done = client.admin("POST", "/v1/admin/takedowns", json={"domain": domain, "reason": reason})
    output.show(done, f"Taken down: {escape(done['domain'])}; {done['document_count']} documents are gone.")


def follow(client: Client, output: Output, source: dict[str, Any], job_id: str) -> None:
    """Print the log of one visit until it ends."""
    if not output.as_json:
        out.print(f"[bold]{escape(source['title'])}[/bold]  {escape(source['url'])}", soft_wrap=True)
    with client.follow(f"/v1/sources/{source['id']}/events", timeout=WATCH_SECONDS) as events:
        for _, event in events:
            if event["job_id"] != job_id:
                continue
            if not output.as_json:
                out.print(line_of(event), soft_wrap=True)
            if event["stage"] == "finished":
                return


def line_of(event: dict[str, Any]) -> Text:
    """One step of the log: time, step, address, and what is known of it."""
    detail = dict(event["detail"])
    url = str(detail.pop("url", "") or "")
    rest = "  ".join(f"{name} {value}" for name, value in detail.items() if value not in (None, ""))
    line = Text(f"  {event['at'][11:19]}  {event['stage']:<12}")
    line.append(f"{url}  " if url else "")
    line.append(rest, style="dim")
    return line


def find(client: Client, which: str) -> dict[str, Any]:
    """The source that an id, an address or words of a title mean. Raises CommandFailed when none or several do."""
    rows = list(everything(client, "/v1/sources", {}))
    exact = [row for row in rows if which in (row["id"], row["url"])]
    found = exact or [row for row in rows if which.lower() in f"{row['title']} {row['url']}".lower()]
    if len(found) != 1:
        several = "several sources: " + ", ".join(row["title"] for row in found[:5]) if found else "no source"
        raise CommandFailed(f"{which!r} means {several}. `tidings sources list` shows ids.")
    return dict(found[0])


def change(context: typer.Context, which: str, body: dict[str, Any], word: str) -> None:
    """Change one source and say so."""
    output: Output = context.obj
    with output.client() as client:
        row = client.call("PATCH", f"/v1/sources/{find(client, which)['id']}", json=body)
    output.show(row, f"{word}: {escape(row['title'])}")


def everything(client: Client, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All entries of a list, page by page."""
    cursor: dict[str, Any] = {}
    while True:
        page = client.call("GET", path, params={"limit": 100, **params, **cursor})
        yield from page["data"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def tell_import(output: Output, done: dict[str, Any]) -> None:
    """What an import did."""
    if output.as_json:
        print_json(done)
        return
    out.print(f"{len(done['added'])} added, {done['known_count']} there already, {len(done['refused'])} refused.")
    for refused in done["refused"]:
        err.print(f"[red]refused[/red]  {escape(refused['url'])}: {escape(refused['reason'])}", soft_wrap=True)


def until(row: dict[str, Any]) -> str:
    """When a source is visited next."""
    if row["paused"]:
        return "paused"
    passed = age(row["next_poll_at"])
    return row["next_poll_at"][:16].replace("T", " ") if passed.startswith("-") or passed == "just now" else "due"


def percent(value: float | None) -> str:
    """A share for people."""
    return "–" if value is None else f"{value:.0%}"


def seconds(value: float | None) -> str:
    """A delay for people."""
    if value is None:
        return "–"
    return f"{value / 3600:.1f} h" if value >= 5400 else f"{value / 60:.0f} min" if value >= 90 else f"{value:.0f} s"

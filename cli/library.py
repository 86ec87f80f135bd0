"""Verbs about the library: list, file, steer and delete documents, by id or by filter."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from cli.client import Client, CommandFailed
from cli.documents import ASKED_FOR, Folders, Tags
from cli.output import Output, age, err, out, print_json, table

STYLES = {"ready": "green", "failed": "red", "paused": "yellow", "cancelled": "dim", "processing": "cyan", "queued": "cyan"}  # fmt: skip

group = typer.Typer(help="What is stored: list, move, tag, pause, cancel, retry, delete.", no_args_is_help=True)
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of documents; or say which with --in, --tagged, --status.")]
InFolders = Annotated[list[str] | None, typer.Option("--in", help="All in this folder or below it.")]
Tagged = Annotated[list[str] | None, typer.Option("--tagged", help="All with this tag.")]
Statuses = Annotated[
    list[str] | None, typer.Option("--status", help="queued, processing, paused, ready, failed, cancelled or archived.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(group, name="documents")


@group.command("list")
def list_(
    context: typer.Context,
    folder: Folders = None,
    tag: Tags = None,
    status: Statuses = None,
    words: Annotated[str, typer.Option(help="Words of the title or file name.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most documents.")] = 20,
) -> None:
    """The latest documents."""
    output: Output = context.obj
    wanted = {"folder": folder, "tag": tag, "status": status, "q": words, "limit": limit}
    with output.client() as client:
        page = client.call("GET", "/v1/documents", params={name: value for name, value in wanted.items() if value})
    if output.as_json:
        print_json(page)
        return
    shown = table(("title", "status", "folder", "tags", "added", "id"), ())
    for row in page["data"]:
        stands = Text(row["status"], style=STYLES.get(row["status"], ""))
        filed = (escape(row["folder"]), escape(", ".join(row["tags"])))
        shown.add_row(escape(row["title"]), stands, *filed, age(row["first_seen_at"]), row["id"])
    out.print(shown)
    for row in page["data"]:
        if row["error"]:
            out.print(f"[bold]{escape(row['title'])}[/bold]: {escape(row['error']['detail'])}", soft_wrap=True)
    out.print(f"[dim]{len(page['data'])} of {page['total']['value']}[/dim]")


@group.command()
def folders(context: typer.Context) -> None:
    """All folders and tags, with how many documents they hold."""
    output: Output = context.obj
    with output.client() as client:
        found = {name: client.call("GET", f"/v1/{name}")["data"] for name in ("folders", "tags")}
    if output.as_json:
        print_json(found)
        return
    for each in found["folders"]:
        out.print(f"{escape(each['folder'] or '(in no folder)')}  [dim]{each['total']}[/dim]")
    out.print("Tags: " + (", ".join(f"{escape(each['tag'])} ({each['count']})" for each in found["tags"]) or "none"))


@group.command()
def move(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(help="Where to, such as Reports/2026; empty takes them out of theirs.")],
    ids: Ids = None,
    inside: InFolders = None,
    tagged: Tagged = None,
    status: Statuses = None,
) -> None:
    """Move documents to a folder."""
    act(context, {"action": "move", "folder": folder}, selection(ids, inside, tagged, status))


@group.command()
def tag(
    context: typer.Context,
    tags: Annotated[str, typer.Argument(help="Tags, with commas between; - before one takes it away.")],
    ids: Ids = None,
    inside: InFolders = None,
    tagged: Tagged = None,
    status: Statuses = None,
) -> None:
    """Give documents tags, or take them away."""
    given = [each.strip() for each in tags.split(",") if each.strip()]
    which = selection(ids, inside, tagged, status)
    added, gone = [each for each in given if each[0] != "-"], [each[1:] for each in given if each[0] == "-"]
    if added:
        act(context, {"action": "tag", "tags": added}, which)
    if gone:
        act(context, {"action": "untag", "tags": gone}, which)


@group.command()
def cancel(
    context: typer.Context, ids: Ids = None, inside: InFolders = None, tagged: Tagged = None, status: Statuses = None
) -> None:
    """Stop reading documents for good."""
    act(context, {"action": "cancel"}, selection(ids, inside, tagged, status))


@group.command()
def archive(
    context: typer.Context, ids: Ids = None, inside: InFolders = None, tagged: Tagged = None, status: Statuses = None
) -> None:
    """Take documents out of search and lists, and keep them."""
    act(context, {"action": "archive"}, selection(ids, inside, tagged, status))


@group.command()
def restore(
    context: typer.Context, ids: Ids = None, inside: InFolders = None, tagged: Tagged = None, status: Statuses = None
) -> None:
    """Bring archived documents back: name them, or give --status archived."""
    act(context, {"action": "restore"}, selection(ids, inside, tagged, status))


@group.command()
def pause(
    context: typer.Context, ids: Ids = None, inside: InFolders = None, tagged: Tagged = None, status: Statuses = None
) -> None:
    """Stop reading documents until they are resumed."""
    act(context, {"action": "pause"}, selection(ids, inside, tagged, status))


@group.command()
def resume(
    context: typer.Context, ids: Ids = None, inside: InFolders = None, tagged: Tagged = None, status: Statuses = None
) -> None:
    """Go on with paused documents."""
    act(context, {"action": "resume"}, selection(ids, inside, tagged, status))


@group.command()
def retry(
    context: typer.Context,
    ids: Ids = None,
    inside: InFolders = None,
    tagged: Tagged = None,
    status: Statuses = None,
    password: Annotated[str, typer.Option(help="Opens an encrypted PDF, for one id; `-` asks for it.")] = "",
) -> None:
    """Read failed or cancelled documents again."""
    if not password:
        act(context, {"action": "retry"}, selection(ids, inside, tagged, status))
        return
    if ids is None or len(ids) != 1:
        raise CommandFailed("A password is for one document: give its id.")
    if password == ASKED_FOR:
        password = typer.prompt("Password", hide_input=True, err=True)
    output: Output = context.obj
    with output.client() as client:
        row = client.call("POST", f"/v1/documents/{ids[0]}/retry", json={"password": password})
    output.show(row, f"{row['status']}  {row['id']}")


@group.command()
def delete(
    context: typer.Context,
    ids: Ids = None,
    inside: InFolders = None,
    tagged: Tagged = None,
    status: Statuses = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete documents, with every earlier answer that quotes them."""
    which = selection(ids, inside, tagged, status)
    output: Output = context.obj
    if not yes:
        with output.client() as client:
            count = len(which["ids"]) if "ids" in which else matching(client, which["filter"])
        typer.confirm(f"Delete {count} documents? This cannot be undone.", abort=True, err=True)
    act(context, {"action": "delete"}, which)


def selection(
    ids: list[str] | None, inside: list[str] | None, tagged: list[str] | None, status: list[str] | None
) -> dict[str, Any]:
    """Which documents are meant, as the API takes it. Raises CommandFailed unless there are ids or a filter."""
    wanted = {name: value for name, value in (("folder", inside), ("tag", tagged), ("status", status)) if value}
    if bool(ids) == bool(wanted):
        raise CommandFailed("Say which documents: their ids, or a filter with --in, --tagged or --status.")
    return {"ids": ids} if ids else {"filter": wanted}


def matching(client: Client, wanted: dict[str, Any]) -> int:
    """How many documents a filter finds."""
    return int(client.call("GET", "/v1/documents", params={**wanted, "limit": 1})["total"]["value"])


def act(context: typer.Context, order: dict[str, Any], which: dict[str, Any]) -> None:
    """Do it to all that are meant, part by part, and tell of each that was refused."""
    output: Output = context.obj
    results: list[dict[str, Any]] = []
    cursor: str | None = None
    with output.client() as client:
        while True:
            body = {**order, **which, **({"cursor": cursor} if cursor else {})}
            answer = client.call("POST", "/v1/document_actions", json=body)
            results += answer["data"]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
    refused = [each for each in results if each["error"]]
    if output.as_json:
        print_json(results)
    else:
        for each in refused:
            err.print(f"[red]refused[/red]  {each['id']}: {escape(each['error']['detail'])}", soft_wrap=True)
        out.print(f"{order['action']}: {len(results) - len(refused)} done, {len(refused)} refused")
    if refused:
        raise typer.Exit(1)

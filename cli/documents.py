"""Verbs about documents: upload, search, ask."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from cli.client import Client, CommandFailed
from cli.output import Output, age, err, out, print_json

SETTLED = {"ready", "failed"}
POLL_SECONDS = 0.25

Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this host, or `upload`; repeat for several.")]
Languages = Annotated[
    list[str] | None, typer.Option("--lang", help="Only this language, such as en; repeat for several.")
]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only html, markdown, pdf or text; repeat for several.")
]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="Only this category, such as politics; repeat for several.")
]
After = Annotated[str | None, typer.Option(help="Published at or after this day or time, such as 2026-11-01.")]
Before = Annotated[str | None, typer.Option(help="Published before this day or time.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (upload, search, ask):
        app.command()(verb)


def upload(
    context: typer.Context,
    what: Annotated[
        list[str], typer.Argument(help="Files, folders, web addresses, or - for text from standard input.")
    ],
    title: Annotated[str | None, typer.Option(help="Title, for one document.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until each is searchable or failed.")] = True,
) -> None:
    """Bring documents in."""
    output: Output = context.obj
    ended: list[dict[str, Any]] = []
    refused = 0
    with (
        output.client() as client,
        Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True) as progress,
    ):
        waiting: list[tuple[str, dict[str, Any]]] = []
        for name in expand(what):
            task = progress.add_task(f"{escape(name)}: sending")
            try:
                waiting.append((name, send(client, name, title)))
            except CommandFailed as error:
                refused += 1
                err.print(f"[red]refused[/red]  {escape(name)}: {escape(str(error))}", soft_wrap=True)
            progress.remove_task(task)
        task = progress.add_task("", total=None)
        for name, document in waiting:
            current = document
            while wait and current["status"] not in SETTLED:
                progress.update(task, description=f"{escape(name)}: {current['stage']}")
                time.sleep(POLL_SECONDS)
                current = {**client.call("GET", f"/v1/documents/{document['id']}"), "duplicate": document["duplicate"]}
            ended.append(current)
            if not output.as_json:
                out.print(outcome(name, current), soft_wrap=True)
    if output.as_json:
        print_json(ended)
    if refused or any(document["status"] == "failed" for document in ended):
        raise typer.Exit(1)


def search(  # noqa: PLR0913
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What to look for; empty lists the newest.")] = "",
    source: Sources = None,
    lang: Languages = None,
    type_: Types = None,
    category: Categories = None,
    after: After = None,
    before: Before = None,
    sort: Annotated[str, typer.Option(help="best or newest.")] = "best",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most results.")] = 10,
) -> None:
    """Search by meaning and by keyword."""
    output: Output = context.obj
    wanted = {**filters(source, lang, type_, after, before), "category": category or []}
    body = {"query": query, "limit": limit, "sort": sort, "filters": wanted}
    with output.client() as client:
        page = client.call("POST", "/v1/search", json=body)
    if output.as_json:
        print_json(page)
        return
    if page["notice"]:
        out.print(f"[yellow]{escape(page['notice'])}[/yellow]")
    for hit in page["data"]:
        document = hit["document"]
        dated = age(document["published_at"] or document["first_seen_at"])
        facts = " · ".join([escape(document["source"]), *more_outlets(hit["copies"]), dated, document["id"]])
        out.print(f"[bold]{escape(document['title'])}[/bold]  [dim]{facts}[/dim]", soft_wrap=True)
        out.print(
            "[dim]The publisher allows no excerpt.[/dim]" if hit["withheld"] else marked(hit["passage"]), soft_wrap=True
        )
        out.print()
    about = "about " if page["total"]["relation"] == "approx" else ""
    out.print(
        f"[dim]{len(page['data'])} of {about}{page['total']['value']} · {page['took_ms']:.0f} ms · {page['mode']}[/dim]"
    )


def more_outlets(copies: dict[str, Any]) -> list[str]:
    """Who else printed it: "+6 outlets", or how often the same outlet did."""
    if copies["outlets"]:
        return [f"+{copies['outlets']} outlet{'s' if copies['outlets'] > 1 else ''}"]
    return [f"+{copies['count']} of the same outlet"] if copies["count"] else []


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Your question.")],
    source: Sources = None,
    lang: Languages = None,
    type_: Types = None,
    after: After = None,
    before: Before = None,
) -> None:
    """Ask a question; every sentence of the answer cites its source."""
    output: Output = context.obj
    body = {"question": question, "stream": True, "filters": filters(source, lang, type_, after, before)}
    with output.client() as client, client.stream("/v1/answers", body) as events:
        for name, data in events:
            if name == "error":
                raise CommandFailed(data["detail"])
            if output.as_json:
                if name == "done":
                    print_json(data["answer"])
            else:
                tell(name, data)


def tell(name: str, data: Any) -> None:
    """Print one event of an answer."""
    if name == "delta":
        out.print(escape(data["text"]), end="", soft_wrap=True)
    elif name == "citation":
        numbers = "".join(f"[{citation['source_number']}]" for citation in data["citations"])
        out.print(f" [cyan]{escape(numbers)}[/cyan]")
    elif name == "done":
        answer = data["answer"]
        if not answer["grounded"]:
            out.print("No document answers this. Try other words, or fewer filters.")
            return
        used = {citation["source_number"] for sentence in answer["sentences"] for citation in sentence["citations"]}
        out.print()
        for source in answer["sources"]:
            if source["number"] in used:
                document = source["document"]
                where = document["url"] or document["id"]
                out.print(
                    f"[cyan]{escape('[' + str(source['number']) + ']')}[/cyan] {escape(document['title'])}  [dim]{escape(where)}[/dim]",
                    soft_wrap=True,
                )
        out.print(f"[dim]{answer['mode']} · {answer['usage'].get('took_ms', 0):.0f} ms · {answer['id']}[/dim]")


def expand(what: list[str]) -> list[str]:
    """Files of folders, sorted; everything else as it is."""
    names: list[str] = []
    for name in what:
        path = Path(name)
        if path.is_dir():
            names += sorted(str(file) for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        else:
            names.append(name)
    return names


def send(client: Client, name: str, title: str | None) -> dict[str, Any]:
    """Submit one file, address or standard input."""
    given = {"title": title} if title else {}
    if name == "-":
        return dict(client.call("POST", "/v1/documents", json={"text": sys.stdin.read(), **given}))
    if name.startswith(("http://", "https://")):
        return dict(client.call("POST", "/v1/documents", json={"url": name, **given}))
    path = Path(name)
    if not path.is_file():
        raise CommandFailed("no such file")
    with path.open("rb") as file:
        return dict(client.call("POST", "/v1/documents", files={"file": (path.name, file)}, data=given))


def outcome(name: str, document: dict[str, Any]) -> str:
    """One line on how an upload ended."""
    shown = escape(name)
    if document["status"] == "failed":
        return f"[red]failed[/red]   {shown}: {escape(document['error']['detail'])}"
    if document["duplicate"]:
        return f"[yellow]known[/yellow]    {shown}: stored already as {document['id']}"
    if document["status"] == "ready":
        return f"[green]ready[/green]    {shown}: {document['chunk_count']} passages as {document['id']}"
    return f"accepted {shown}: {document['id']}"


def marked(passage: dict[str, Any]) -> Text:
    """A passage with its highlights."""
    text = Text(passage["text"].replace("\n", " "))
    for span in passage["highlights"]:
        text.stylize("bold yellow", span["start"], span["end"])
    return text


def filters(
    source: list[str] | None, lang: list[str] | None, type_: list[str] | None, after: str | None, before: str | None
) -> dict[str, Any]:
    """The filter object of a request. A bare day means its first moment in UTC."""
    values: dict[str, Any] = {"source": source or [], "lang": lang or [], "type": type_ or []}
    for field, moment in (("published_after", after), ("published_before", before)):
        if moment:
            values[field] = f"{moment}T00:00:00Z" if len(moment) == 10 else moment
    return values

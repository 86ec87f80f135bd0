"""Verbs about documents: upload, search, ask."""

from __future__ import annotations

import functools
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from cli.client import Client, CommandFailed
from cli.output import Output, age, err, out, print_json
from cli.parts import LARGE_BYTES, send_in_parts
from cli.tables import TableColumn, outcome_of_rows, rows_options, show_previews, stage_of, table_options

SETTLED = {"ready", "failed", "paused", "cancelled"}
POLL_SECONDS = 0.25
# A document that stands still for so long is explained. Nearly all stages of a short file take less.
SILENT_SECONDS = 6.0
ASKED_FOR = "-"
# Kinds of file that an answer is written to.
FILES = (".md", ".docx")

Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this host, or `upload`; repeat for several.")]
Languages = Annotated[
    list[str] | None, typer.Option("--lang", help="Only this language, such as en; repeat for several.")
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only csv, docx, html, image, markdown, pdf or text; repeat for several."),
]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="Only this category, such as politics; repeat for several.")
]
Folders = Annotated[
    list[str] | None, typer.Option("--folder", help="Only in this folder or below it; repeat for several.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; repeat for any of several.")]
After = Annotated[str | None, typer.Option(help="Published at or after this day or time, such as 2026-11-01.")]
Before = Annotated[str | None, typer.Option(help="Published before this day or time.")]
Conditions = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (upload, search, ask):
        app.command()(verb)


def upload(  # noqa: PLR0913
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            help="Files (PDF, DOCX, CSV, HTML, Markdown, text), folders, web addresses, or - for text from standard input."
        ),
    ],
    title: Annotated[str | None, typer.Option(help="Title, for one document.")] = None,
    password: Annotated[str, typer.Option(help="Opens an encrypted PDF; `-` asks for it.")] = "",
    folder: Annotated[
        str | None, typer.Option(help="Put them there, such as Reports/2026; else a folder's files keep its paths.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Give them this tag; repeat for several.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until each is searchable or failed.")] = True,
    rows: Annotated[bool, typer.Option("--rows", help="Make a document of each row of a CSV table.")] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what a CSV table is like and its rows would become; store nothing.")
    ] = False,
    title_column: TableColumn = None,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column of the texts, by name or number; repeat to join several.")
    ] = None,
    date_column: TableColumn = None,
    url_column: TableColumn = None,
    author_column: TableColumn = None,
    source_column: TableColumn = None,
    language_column: TableColumn = None,
    delimiter: Annotated[str | None, typer.Option(help="What ends a cell: one of , ; | or tab.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the characters, such as cp1252.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first row names the columns.")] = None,
    day_first: Annotated[
        bool | None, typer.Option("--day-first/--month-first", help="Whether 03/04/2026 is in April.")
    ] = None,
) -> None:
    """Bring documents in."""
    output: Output = context.obj
    columns = {
        "text": text_column, "title": title_column, "date": date_column, "url": url_column, "author": author_column,
        "source": source_column, "language": language_column,
    }  # fmt: skip
    options = table_options(columns, has_header=header, delimiter=delimiter, encoding=encoding, day_first=day_first)
    chosen = rows_options(options, rows=rows, preview=preview)
    if preview:
        show_previews(output, [name for name, _ in expand(what)], chosen)
        return
    if password == ASKED_FOR:
        password = typer.prompt("Password", hide_input=True, err=True)
    ended: list[dict[str, Any]] = []
    refused = 0
    with (
        output.client() as client,
        Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True) as progress,
    ):
        waiting: list[tuple[str, dict[str, Any]]] = []
        for name, inside in expand(what):
            filed = {"folder": inside if folder is None else folder, "tags": tag or []}
            task = progress.add_task(f"{escape(name)}: sending")
            try:
                shown = told(progress, task, name)
                document = send(client, name, filed, title=title, password=password, options=chosen, sent=shown)
                waiting.append((name, document))
            except CommandFailed as error:
                refused += 1
                err.print(f"[red]refused[/red]  {escape(name)}: {escape(str(error))}", soft_wrap=True)
            progress.remove_task(task)
        task = progress.add_task("", total=None)
        for name, document in waiting:
            current = document
            told_of = Waiting(client, name)
            for current in steps(client, document) if wait else ():
                progress.update(task, description=f"{escape(name)}: {stage_of(current)}")
                told_of.look(current)
            ended.append(current)
            if not output.as_json:
                out.print(outcome(name, current), soft_wrap=True)
    if output.as_json:
        print_json(ended)
    if refused or any(document["status"] == "failed" for document in ended):
        raise typer.Exit(1)


class Waiting:
    """Says on standard error what a document waits for, once it has stood still for SILENT_SECONDS.

    That is where it stands, and why its last try ended, else which parts of the server are not well; again only when
    one of them changes.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name
        self.stage, self.said = "", ("", "")
        self.since = self.looked_at = time.monotonic()

    def look(self, document: dict[str, Any]) -> None:
        """Look at the document as it stands now."""
        now, stage = time.monotonic(), stage_of(document)
        if stage != self.stage:
            self.stage, self.since = stage, now
        if now - max(self.since, self.looked_at) < SILENT_SECONDS:
            return
        self.looked_at = now
        reason = self.reason(document)
        if (stage, reason) != self.said:
            self.said = (stage, reason)
            at = "not begun" if document["status"] == "queued" else f"at {stage}"
            line = f"[yellow]waiting[/yellow]  {escape(self.name)}: {at} for {now - self.since:.0f} s. {escape(reason)}"
            err.print(line, soft_wrap=True)

    def reason(self, document: dict[str, Any]) -> str:
        """What keeps a document, as far as the server knows."""
        if document["retrying"]:
            return f"{document['retrying']['detail']} It is tried again by itself."
        parts = self.client.call("GET", "/v1/system/status")["components"]
        unwell = [f"{part['name']} is {part['state']}: {part['detail']}" for part in parts if part["state"] != "ready"]
        return " ".join(unwell) or "All parts of the server are well; this, or what came before it, takes its time."


def steps(client: Client, document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A document as it stands now and then, until it is read or has failed."""
    current = document
    while current["status"] not in SETTLED:
        time.sleep(POLL_SECONDS)
        current = {**client.call("GET", f"/v1/documents/{document['id']}"), "duplicate": document["duplicate"]}
        yield current


def filters(  # noqa: PLR0913
    *,
    source: Sources = None,
    lang: Languages = None,
    type_: Types = None,
    category: Categories = None,
    folder: Folders = None,
    tag: Tags = None,
    after: After = None,
    before: Before = None,
) -> Conditions:
    """The filter object of a request. A bare day means its first moment in UTC. Raises: CommandFailed for no time."""
    lists = {"source": source, "lang": lang, "type": type_, "category": category, "folder": folder, "tag": tag}
    times = {name: as_moment(f"--{name}", value) for name, value in (("after", after), ("before", before)) if value}
    return {name: value or [] for name, value in lists.items()} | {
        f"published_{name}": at for name, at in times.items()
    }


def filtered(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb that takes the options of `filters` where its own signature says `conditions`, and is given their object."""
    offered = inspect.signature(filters, eval_str=True).parameters
    own = inspect.signature(verb, eval_str=True)

    @functools.wraps(verb)
    def with_conditions(**given: Any) -> None:
        verb(conditions=filters(**{name: given.pop(name) for name in offered}), **given)

    taken = [(*offered.values(),) if each.name == "conditions" else (each,) for each in own.parameters.values()]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for group in taken for each in group]
    with_conditions.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_conditions


@filtered
def search(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Argument(
            help="What to look for, with filters such as source:bbc.com or last week; empty lists the newest."
        ),
    ] = "",
    *,
    conditions: Conditions,
    sort: Annotated[str, typer.Option(help="best or newest.")] = "best",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most results.")] = 10,
) -> None:
    """Search by meaning and by keyword."""
    output: Output = context.obj
    body = {"query": query, "limit": limit, "sort": sort, "filters": conditions, "utc_offset": utc_offset()}
    with output.client() as client:
        page = client.call("POST", "/v1/search", json=body)
    if output.as_json:
        print_json(page)
        return
    if page["notice"]:
        out.print(f"[yellow]{escape(page['notice'])}[/yellow]")
    if page["parts"]:
        parts = [f"{'not ' if part['excluded'] else ''}{part['kind']} “{part['value']}”" for part in page["parts"]]
        out.print(f"[dim]Only {escape(', '.join(parts))}[/dim]", soft_wrap=True)
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


@filtered
def ask(  # noqa: PLR0913
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Your question.")],
    *,
    conditions: Conditions,
    limit: Annotated[int, typer.Option(min=1, max=20, help="Most documents to answer from.")] = 8,
    quoted: Annotated[
        bool, typer.Option("--quoted", help="Quotes alone, also where a language model could write.")
    ] = False,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Write the answer with its citations to this file, .md or .docx.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="How freely the model chooses words; 0 is strict.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Share of the probability it chooses from, up to 1.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Likeliest words it chooses from.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens of the model.")] = None,
    stop: Annotated[list[str] | None, typer.Option(help="Text that ends the answer; up to four of them.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Time the model may take; then quotes answer.")] = None,
) -> None:
    """Ask a question; every sentence of the answer cites its source. It may hold filters, such as source:bbc.com -word."""
    output: Output = context.obj
    if not question.strip():
        raise CommandFailed('Write a question, in quotes: tidings ask "Why were rates raised?"')
    if output_file is not None and output_file.suffix not in FILES:
        raise CommandFailed(f"An answer is written to a file that ends in {' or '.join(FILES)}.")
    values = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "max_tokens": max_tokens, "seconds": seconds}
    generation: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    generation |= {"stop": stop} if stop else {}
    with output.client() as client:
        mode = "extractive" if quoted else client.call("GET", "/v1/system/status")["llm"]
        asked = {"question": question, "mode": mode, "filters": conditions, "max_sources": limit}
        asked |= {"utc_offset": utc_offset(), "generation": generation or None}
        with client.stream("/v1/answers", asked) as events:
            for name, data in events:
                if name == "error":
                    raise CommandFailed(data["detail"])
                if not output.as_json:
                    tell(name, data)
                elif name == "done":
                    print_json(data["answer"])
                if name == "done" and output_file is not None:
                    path = f"/v1/answers/{data['answer']['id']}/export?format={output_file.suffix[1:]}"
                    output_file.write_bytes(client.file(path))


def utc_offset() -> int:
    """Minutes east of UTC here."""
    offset = datetime.now().astimezone().utcoffset() or timedelta()
    return int(offset.total_seconds() // 60)


def dated(side: dict[str, Any]) -> str:
    """The outlet of one side of a conflict, and the day."""
    return f"{side['outlet']}, {side['published_at'][:10]}" if side["published_at"] else str(side["outlet"])


def tell(name: str, data: Any) -> None:
    """Print one event of an answer."""
    if name == "delta":
        out.print(escape(data["text"]), end="", soft_wrap=True)
    elif name == "citation":
        numbers = "".join(f"[{citation['source_number']}]" for citation in data["citations"])
        out.print(f" [cyan]{escape(numbers)}[/cyan]")
    elif name == "done":
        tell_whole(data["answer"])


def tell_whole(answer: dict[str, Any]) -> None:
    """What there is to say of an answer when its sentences are printed."""
    if answer["status"] == "stopped":
        out.print("[yellow]Stopped before it was complete.[/yellow]")
    if not answer["grounded"]:
        tell_nothing(answer)
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
    for conflict in answer["conflicts"]:
        dates = [side["published_at"] for side in conflict["sides"]]
        later = max(dates) if all(dates) and len(set(dates)) > 1 else ""
        sides = (
            f"[bold]{escape(side['value'])}[/bold] ({escape(dated(side))}{', later' * (side['published_at'] == later)})"
            for side in conflict["sides"]
        )
        out.print(f"[yellow]Sources differ:[/yellow] {' / '.join(sides)}", soft_wrap=True)
    if fallback := answer["usage"].get("fallback"):
        out.print(f"[yellow]Quotes, for the language model wrote nothing: {escape(fallback)}[/yellow]")
    if made := answer["made"]:
        out.print(f"[dim]{escape(how_made(made))}[/dim]", soft_wrap=True)
    if answer["sentences"] and (missing := answer["usage"].get("unsaid")):
        out.print(f"[yellow]{escape(unnamed(missing))}[/yellow]", soft_wrap=True)
    out.print(f"[dim]{sentences_of(answer)} · {answer['usage'].get('took_ms', 0):.0f} ms · {answer['id']}[/dim]")


def tell_nothing(answer: dict[str, Any]) -> None:
    """That no document answers, and what there is to say of it."""
    out.print("Not in your archive: no document answers this. Try other words, or fewer filters.")
    if notice := answer["usage"].get("notice"):
        out.print(f"[yellow]{escape(notice)}[/yellow]", soft_wrap=True)
    for source in answer["sources"]:
        out.print(f"[dim]Also considered: {escape(source['document']['title'])}[/dim]", soft_wrap=True)


def unnamed(names: list[str]) -> str:
    """That an answer is perhaps about something else."""
    return f"No source names {', '.join(f'“{name}”' for name in names)}: this may be about something else."


def sentences_of(answer: dict[str, Any]) -> str:
    """How many sentences an answer has, and whose they are."""
    count = len(answer["sentences"])
    if answer["mode"] == "extractive":
        return f"{count} quote{'s' * (count != 1)}, word for word"
    return f"{count} sentence{'s' * (count != 1)} by the language model, each compared with the source it names"


def how_made(made: dict[str, Any]) -> str:
    """The language model's part in an answer, in one line."""
    parts = [made["model"]] if made["model"] else []
    for role in ("prompt", "rewrite"):
        if prompt := made[role]:
            parts.append(f"prompt {prompt['name']} v{prompt['version']}")
    if sampling := made["sampling"]:
        parts += [f"{name} {value}" for name, value in sampling.items() if value not in (None, [])]
        parts.append(f"{made['passages']} passages, {made['dropped_passages']} left out")
    return " · ".join(parts)


def expand(what: list[str]) -> list[tuple[str, str]]:
    """Files of folders, sorted, each with the folder that it lies in; everything else as it is, in none."""
    names: list[tuple[str, str]] = []
    for name in what:
        path = Path(name)
        if path.is_dir():
            inside = path.resolve().parent
            files = sorted(file for file in path.resolve().rglob("*") if file.is_file() and file.name[0] != ".")
            names += [
                (str(path / file.relative_to(path.resolve())), str(file.parent.relative_to(inside))) for file in files
            ]
        else:
            names.append((name, ""))
    return names


def told(progress: Progress, task: TaskID, name: str) -> Callable[[float], None]:
    """Shows how much of a large file was sent."""
    return lambda share: progress.update(task, description=f"{escape(name)}: sending, {share:.0%}")


def send(
    client: Client,
    name: str,
    filed: dict[str, Any],
    *,
    title: str | None,
    password: str,
    options: dict[str, Any] | None,
    sent: Callable[[float], None],
) -> dict[str, Any]:
    """Submit one file, address or standard input, with the folder and tags it is filed under.

    `options` say how to take a table; `sent` is told the share of a large file that was sent.
    """
    given = {**filed, "title": title} if title else dict(filed)
    if name == "-":
        return dict(client.call("POST", "/v1/documents", json={"text": sys.stdin.read(), **given}))
    if name.startswith(("http://", "https://")):
        return dict(client.call("POST", "/v1/documents", json={"url": name, **given}))
    path = Path(name)
    if not path.is_file():
        raise CommandFailed("no such file")
    given |= {"password": password} if password else {}
    given |= {"options": json.dumps(options)} if options else {}
    # How a table is to be taken goes with the file alone.
    if path.stat().st_size > LARGE_BYTES and not options:
        return send_in_parts(client, path, given, sent)
    with path.open("rb") as file:
        return dict(client.call("POST", "/v1/documents", files={"file": (path.name, file)}, data=given))


def outcome(name: str, document: dict[str, Any]) -> str:
    """One line on how an upload ended."""
    shown = escape(name)
    if document["status"] == "failed":
        return f"[red]failed[/red]   {shown}: {escape(document['error']['detail'])} ({document['id']})"
    if document["duplicate"]:
        where = f" in {escape(document['folder'])}" if document["folder"] else ""
        return f"[yellow]known[/yellow]    {shown}: stored already as {document['id']}{where}"
    if document["rows"] and document["status"] in ("paused", "cancelled"):
        rows = outcome_of_rows(document["rows"])
        return f"[yellow]{document['status']}[/yellow] {shown}: {rows} so far as {document['id']}"
    if document["status"] == "ready" and document["rows"]:
        return f"[green]ready[/green]    {shown}: {outcome_of_rows(document['rows'])} as {document['id']}"
    if document["status"] == "ready":
        passages = "1 passage" if document["chunk_count"] == 1 else f"{document['chunk_count']} passages"
        note = (
            f"; its name does not fit: read as {document['type']}" if "misnamed" in document["quality_reasons"] else ""
        )
        return f"[green]ready[/green]    {shown}: {passages} as {document['id']}{note}"
    return f"accepted {shown}: {document['id']}"


def marked(passage: dict[str, Any]) -> Text:
    """A passage with its highlights."""
    text = Text(passage["text"].replace("\n", " "))
    for span in passage["highlights"]:
        text.stylize("bold yellow", span["start"], span["end"])
    return text


def as_moment(option: str, value: str) -> str:
    """A day or a time as RFC 3339, in UTC where no zone is given. Raises: CommandFailed that names the option."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise CommandFailed(f"{option} {value} is no day or time; write 2026-11-01 or 2026-11-01T08:30Z.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()

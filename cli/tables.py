"""Tables on the command line: what is chosen about one, and its preview."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cli.client import CommandFailed
from cli.output import Output, out, print_json

TableColumn = Annotated[str | None, typer.Option(help="Column by name, or by number from 1.")]
TAB = "tab"
SKIPPED = {"no_text": "without text", "taken_down": "of a domain that was taken down"}
WARNINGS = {
    "no_text": "{count} rows without text are left out, the first is row {row}",
    "no_date": "{count} rows with a date that cannot be read, such as {value!r} in row {row}",
    "ambiguous_date": "{count} rows with a date like {value!r} (row {row}): say --day-first or --month-first",
    "no_url": "{count} rows without a proper web address, such as {value!r} in row {row}",
    "ragged": "{count} rows with more or fewer cells than the others, such as row {row} ({value})",
}


def table_options(
    columns: Mapping[str, str | Sequence[str] | None],
    *,
    has_header: bool | None,
    delimiter: str | None,
    encoding: str | None,
    day_first: bool | None,
) -> dict[str, Any]:
    """The options that were given, as the API takes them. Raises CommandFailed for columns without that of the texts."""
    given = {
        role: [column(each) for each in value] if isinstance(value, list) else column(value)
        for role, value in columns.items()
        if value
    }
    if given and "text" not in given:
        raise CommandFailed("Say which column holds the texts: --text-column; --preview shows the columns.")
    options = {
        "columns": given or None,
        "has_header": has_header,
        "delimiter": "\t" if delimiter == TAB else delimiter,
        "encoding": encoding,
        "day_first": day_first,
    }
    return {name: value for name, value in options.items() if value is not None}


def rows_options(options: Mapping[str, Any], *, rows: bool, preview: bool) -> dict[str, Any] | None:
    """What to send with a table; None to take it whole, or to look at it as is likely. Raises CommandFailed."""
    if options and not (rows or preview):
        raise CommandFailed("Columns and the like are for tables that are taken row by row: add --rows.")
    return {"mode": "rows", **options} if rows or options else None


def column(given: Any) -> str | int:
    """A number is a position, anything else a name."""
    return int(given) if str(given).isascii() and str(given).isdigit() else str(given)


def show_previews(output: Output, names: Sequence[str], options: Mapping[str, Any] | None) -> None:
    """Print what tables are like; nothing is stored."""
    found = []
    with output.client() as client:
        for name in names:
            path = Path(name)
            if not path.is_file():
                raise CommandFailed(f"{name}: no such file")
            data = {"options": json.dumps(options)} if options else {}
            with path.open("rb") as file:
                found.append(client.call("POST", "/v1/tables/preview", files={"file": (path.name, file)}, data=data))
            if not output.as_json:
                show_preview(name, found[-1])
    if output.as_json:
        print_json(found)


def show_preview(name: str, preview: Mapping[str, Any]) -> None:
    """Print one table's columns, its first documents, and what to look at."""
    options = preview["options"]
    many = f"{preview['row_count']:,} rows" if preview["is_complete"] else f"{preview['row_count']:,} rows and more"
    likely = "a document per row" if preview["mode"] == "rows" else "one document"
    out.print(
        f"[bold]{escape(name)}[/bold]  {many} · {options['encoding']} · {options['delimiter']!r} · likely {likely}",
        soft_wrap=True,
    )
    roles = {
        number: role
        for role, value in options["columns"].items()
        for number in (value if isinstance(value, list) else [value])
    }
    columns = Table("Column", "Name", "Taken as", "Such as", box=None, header_style="dim")
    for each in preview["columns"]:
        columns.add_row(
            str(each["number"]),
            escape(each["name"]),
            roles.get(each["number"], ""),
            escape((each["samples"] or [""])[0][:60]),
        )
    out.print(columns)
    for document in preview["documents"]:
        facts = " · ".join(
            filter(
                None,
                (
                    f"row {document['row']}",
                    (document["published_at"] or "")[:10],
                    document["url"] or document["source"],
                ),
            )
        )
        out.print(
            f"[bold]{escape(document['title'] or document['text'][:80])}[/bold]  [dim]{escape(facts)}[/dim]",
            soft_wrap=True,
        )
        out.print(escape(document["text"][:300]) or "[dim]no text: left out[/dim]", soft_wrap=True)
    for warning in preview["warnings"]:
        out.print(f"[yellow]{escape(WARNINGS[warning['code']].format(**warning))}[/yellow]", soft_wrap=True)
    if preview["problem"]:
        out.print(f"[red]{escape(preview['problem'])}[/red]", soft_wrap=True)


def stage_of(document: Mapping[str, Any]) -> str:
    """Where a document stands: of a table its rows, of a long document how far it can be searched already."""
    rows = document["rows"]
    if rows and rows["taken"]:
        return f"rows {rows['taken']:,} of {rows['total']:,}"
    if document["pages_read"]:
        return f"{document['stage']}, searchable up to page {document['pages_read']} of {document['page_count']}"
    if document["stages"] and document["stages"][-1]["page"]:
        return f"{document['stage']}, page {document['stages'][-1]['page']} of {document['stages'][-1]['of']}"
    return str(document["stage"])


def outcome_of_rows(rows: Mapping[str, Any]) -> str:
    """What became of a table's rows, in words."""
    parts = [f"{rows['added']:,} rows added"]
    if rows["duplicates"]:
        parts.append(f"{rows['duplicates']:,} duplicates")
    parts += [f"{each['count']:,} {SKIPPED[each['reason']]} (first row {each['row']})" for each in rows["skipped"]]
    if rows["failed"]:
        parts.append(f"{rows['failed']:,} failed")
    return ", ".join(parts)

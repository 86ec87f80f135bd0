"""Results of a search as a file: CSV for a spreadsheet, JSON for a program, RSS for a reader.

A file shows what the pages show: where a publisher allows no excerpt there is none.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from xml.sax.saxutils import escape

from services.search.types import Hit

MOST_ROWS = 200
# A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection").
FORMULA = re.compile(r"^\s*[=+\-@\t\r＝＋－＠]")
# What XML 1.0 has no way to say.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Format(StrEnum):
    """Kinds of file."""

    CSV = "csv"
    JSON = "json"
    RSS = "rss"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.RSS: "application/rss+xml; charset=utf-8",
}


@dataclass(frozen=True)
class Row:
    """A result as a line of a file. Times as RFC 3339; `link`: the original's address, else the one in Tidings."""

    title: str
    source: str
    published_at: str | None
    first_seen_at: str
    link: str
    language: str | None
    category: str | None
    type: str
    authors: str
    relevance: float
    copies: int
    passage: str
    id: str


def rows_of(hits: Sequence[Hit], address: str) -> list[Row]:
    """Hits as lines. `address`: of these pages, such as `https://news.example`."""
    return [
        Row(
            title=hit.document.title or hit.document.filename or hit.document.url or hit.document.id,
            source=hit.document.source,
            published_at=None if hit.document.published_at is None else rfc3339(hit.document.published_at),
            first_seen_at=rfc3339(hit.document.first_seen_at),
            link=hit.document.url or f"{address}/documents/{hit.document.id}",
            language=hit.document.language,
            category=hit.document.category,
            type=hit.document.type,
            authors=", ".join(hit.document.authors),
            relevance=round(hit.relevance, 4),
            copies=hit.copies.count,
            passage=" ".join(hit.passage.text.split()),
            id=hit.document.id,
        )
        for hit in hits
    ]


def rfc3339(moment: datetime) -> str:
    """A moment in UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def written(rows: Sequence[Row], wanted: Format, query: str, address: str) -> Iterator[str]:
    """The file, a row at a time."""
    if wanted is Format.CSV:
        yield from as_csv(rows)
    elif wanted is Format.JSON:
        yield from as_json(rows)
    else:
        yield from as_rss(rows, query, address)


def as_csv(rows: Sequence[Row]) -> Iterator[str]:
    """With a head, and a mark that says UTF-8 to spreadsheets. No cell is a formula (RFC 4180 has no word for text)."""
    yield "\ufeff" + csv_line([field.name for field in fields(Row)])
    for row in rows:
        yield csv_line([harmless(value) for value in asdict(row).values()])


def csv_line(values: Sequence[object]) -> str:
    """One line, quoted where needed."""
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def harmless(value: object) -> object:
    """A value of a cell; text that a spreadsheet would compute is marked as text."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def as_json(rows: Sequence[Row]) -> Iterator[str]:
    """A list of objects."""
    yield "["
    for number, row in enumerate(rows):
        yield ("," if number else "") + "\n  " + json.dumps(asdict(row), ensure_ascii=False)
    yield "\n]\n"


def as_rss(rows: Sequence[Row], query: str, address: str) -> Iterator[str]:
    """RSS 2.0."""
    title = f"Tidings: {query}" if query else "Tidings: the newest"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
    yield f"<title>{xml(title)}</title><link>{xml(address)}</link><description>{xml(title)}</description>\n"
    for row in rows:
        dated = format_datetime(datetime.fromisoformat(row.published_at or row.first_seen_at))
        yield (
            f"<item><title>{xml(row.title)}</title><link>{xml(row.link)}</link>"
            f'<guid isPermaLink="false">{xml(row.id)}</guid><pubDate>{dated}</pubDate>'
            f"<description>{xml(row.passage)}</description></item>\n"
        )
    yield "</channel></rss>\n"


def xml(text: str) -> str:
    """Text as it may stand in XML."""
    return escape(NOT_XML.sub(" ", text))

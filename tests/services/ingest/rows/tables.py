"""Tables for the tests of this folder."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from services.ingest.rows.options import RowOptions
from services.ingest.rows.submit import submit_rows
from services.ingest.types import RawDocument
from services.models import Document
from services.scope import Scope
from tests.factories import do_work

HEADER = ("headline", "body", "published", "link")


def story(number: int) -> tuple[str, str, str, str]:
    """A row unlike every other one."""
    words = " ".join(
        f"{word}{number * 7 + place}" for place, word in enumerate(("harbour", "tariff", "ferry", "council") * 8)
    )
    text = f"The council of town {number} spoke of {words}.\nIt will meet again in week {number % 50 + 1}."
    return (
        f"Council of town {number} meets",
        text,
        f"2024-03-{number % 28 + 1:02}",
        f"https://news.example.org/{number}",
    )


def table(
    rows: Sequence[Sequence[str]],
    *,
    header: Sequence[str] = HEADER,
    delimiter: str = ",",
    encoding: str = "utf-8",
    name: str = "news.csv",
) -> RawDocument:
    """A table as it would be uploaded."""
    out = StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([header, *rows] if header else rows)
    return RawDocument(out.getvalue().encode(encoding), filename=name)


def take(scope: Scope, raw: RawDocument, options: RowOptions | None = None) -> Document:
    """Bring a table in row by row and do all work that follows."""
    made = submit_rows(scope, raw, options or RowOptions()).document
    do_work(scope.runtime)
    return made

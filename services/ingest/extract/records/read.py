"""Rows to records, a batch at a time: what is held is the file, its text, and one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from services.errors import ParseFailed
from services.ingest.extract.clean import one_line, tidy
from services.ingest.extract.encoding import decode
from services.ingest.extract.records.dates import parse_date
from services.ingest.extract.records.record import MAX_FIELD, Plan, Record
from services.ingest.extract.table import iterate, without_separator_line

# A batch ends at whichever comes first.
BATCH_ROWS = 200
BATCH_CHARACTERS = 1_000_000
MAX_TITLE, MAX_NAME, MAX_SOURCE, MAX_LANGUAGE = 300, 120, 200, 12


def read_records(content: bytes, plan: Plan, *, skip: int, limit: int) -> Iterator[list[Record]]:
    """The records of rows skip+1 to skip+limit, in batches. Raises ParseFailed where the table cannot be read on."""
    rows = islice(rows_of(text_of(content, plan.encoding), plan), skip, skip + limit)
    batch: list[Record] = []
    characters = 0
    try:
        for number, row in enumerate(rows, skip + 1):
            record = record_of(number, row, plan)
            batch.append(record)
            characters += len(record.text)
            if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
    except ParseFailed:
        # What stands before the place that cannot be read is not lost.
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def text_of(content: bytes, encoding: str) -> str:
    """The file's characters, read with the encoding that was found or chosen."""
    return content.decode(encoding, "replace").removeprefix("\ufeff")


def found_encoding(content: bytes) -> tuple[str, float]:
    """The encoding of a file and how sure that is, 0 to 1. Raises ParseFailed `bad_encoding`."""
    decoded = decode(content)
    return decoded.encoding, decoded.confidence


def rows_of(text: str, plan: Plan) -> Iterator[list[str]]:
    """The cells of all rows below preamble and header."""
    rows = iterate(without_separator_line(text), plan.delimiter, one_line=False)
    return islice(rows, plan.preamble + plan.has_header, None)


def record_of(number: int, row: Sequence[str], plan: Plan) -> Record:
    """One row as a document would be."""
    date = _cell(row, plan.date)
    moment = parse_date(date, day_first=plan.day_first)
    url = one_line(_cell(row, plan.url), MAX_FIELD + 1)
    parts = (tidy(_cell(row, column)) for column in plan.text)
    return Record(
        number,
        text="\n\n".join(part for part in parts if part),
        title=one_line(_cell(row, plan.title), MAX_TITLE),
        published_at=moment[0] if moment else None,
        published_offset=moment[1] if moment else None,
        date="" if moment else one_line(date, MAX_NAME),
        url=url if url.lower().startswith(("http://", "https://")) and len(url) <= MAX_FIELD else "",
        author=one_line(_cell(row, plan.author), MAX_NAME),
        source=one_line(_cell(row, plan.source), MAX_SOURCE),
        language=one_line(_cell(row, plan.language), MAX_LANGUAGE),
    )


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""

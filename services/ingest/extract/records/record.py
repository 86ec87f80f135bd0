"""One row as a document would be: its fields, and as the bytes that are stored for it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from services.ingest.extract import Limits
from services.ingest.types import Article, RawDocument

# What a column can be for. `text` may be several columns, which become paragraphs.
ROLES = ("title", "text", "date", "url", "author", "source", "language")
# Longest value of a field other than the text, in characters.
MAX_FIELD = 2000
# Longest name of an encoding.
MAX_NAME = 40


@dataclass(frozen=True)
class Plan:
    """How rows are read: columns by position from 0. `encoding` and `delimiter` are those of the file."""

    encoding: str
    delimiter: str
    has_header: bool
    preamble: int
    text: tuple[int, ...]
    title: int | None = None
    date: int | None = None
    url: int | None = None
    author: int | None = None
    source: int | None = None
    language: int | None = None
    day_first: bool = True


@dataclass(frozen=True)
class Record:
    """A row, numbered from 1. Without `text` it becomes no document. `date` is what its cell says, when it is no date."""

    number: int
    text: str = ""
    title: str = ""
    published_at: datetime | None = None
    published_offset: int | None = None
    date: str = ""
    url: str = ""
    author: str = ""
    source: str = ""
    language: str = ""


def plan_of(fields: dict[str, Any]) -> Plan:
    """A plan that was stored or sent as JSON; the child handled hostile bytes, so each field is checked.

    Raises: ValueError and its kin.
    """
    single = {role: fields.get(role) for role in ROLES if role != "text"}
    return Plan(
        encoding=str(fields["encoding"])[:MAX_NAME],
        delimiter=str(fields["delimiter"])[:1],
        has_header=bool(fields["has_header"]),
        preamble=int(fields["preamble"]),
        text=tuple(int(column) for column in fields["text"]),
        day_first=bool(fields.get("day_first", True)),
        **{role: None if column is None else int(column) for role, column in single.items()},
    )


def record_json(record: Record) -> dict[str, Any]:
    """A record on its way between parent and child."""
    moment = record.published_at.isoformat() if record.published_at else None
    return {name: value for name, value in {**asdict(record), "published_at": moment}.items() if value}


def read_record(fields: Any) -> Record:
    """Rebuild a record; the child handled hostile bytes, so each field is checked. Raises ValueError and its kin."""
    texts = {
        name: str(fields.get(name, "")) for name in ("text", "title", "date", "url", "author", "source", "language")
    }
    if any(len(value) > MAX_FIELD for name, value in texts.items() if name != "text"):
        raise ValueError("a field is too long")
    offset = fields.get("published_offset")
    moment = fields.get("published_at")
    return Record(
        int(fields["number"]),
        published_at=datetime.fromisoformat(moment) if moment else None,
        published_offset=None if offset is None else int(offset),
        **texts,
    )


def content_of(record: Record) -> bytes:
    """The bytes stored for a row: equal rows have equal bytes, wherever they stand."""
    fields = record_json(replace(record, number=0))
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read the stored bytes of a row."""
    record = read_record({"number": 0, **json.loads(raw.content)})
    return Article(
        title=record.title,
        text=record.text,
        authors=(record.author,) if record.author else (),
        published_at=record.published_at,
        published_from="column" if record.published_at else None,
        published_offset=record.published_offset,
        language=record.language or None,
    )

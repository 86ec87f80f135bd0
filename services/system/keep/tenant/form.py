"""What a tenant's archive holds, and rows as JSON and back. docs/tenant-archive.md describes it for other programs.

documents.jsonl   a line per document: what is known of it, its chunks, and the name of its members
texts/<id>.txt    its text, UTF-8; chunks and citations count its code points
files/<id>        its bytes as they came
vectors.jsonl     per document the vectors of its chunks: base64 of 16-bit floats, little-endian, row after row
answers.jsonl  sources.jsonl  crawl_items.jsonl  site_rules.jsonl  tombstones.jsonl  retention_rules.jsonl
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, String, Text
from sqlalchemy import inspect as inspect_table

from services.errors import ArchiveInvalid, InvalidInput
from services.ingest.hints import stored_hints
from services.ingest.retention import rules
from services.ingest.retention.rules import TAKEN
from services.models import Answer, Base, CrawlItem, Document, RetentionRule, SiteRule, Source, Tombstone
from services.models.base import UtcDateTime

KIND, LAYOUT = "tidings-tenant", 1
DOCUMENTS, VECTORS = "documents.jsonl", "vectors.jsonl"
ID = re.compile(r"[a-z]{2,6}_[0-9a-z_]{1,34}")
TABLES: Mapping[str, type[Base]] = {
    "sources.jsonl": Source,
    "crawl_items.jsonl": CrawlItem,
    "site_rules.jsonl": SiteRule,
    "tombstones.jsonl": Tombstone,
    "retention_rules.jsonl": RetentionRule,
    "answers.jsonl": Answer,
}
MEMBERS = re.compile(
    rf"{DOCUMENTS}|{VECTORS}|{'|'.join(TABLES)}|texts/{ID.pattern}\.txt|files/{ID.pattern}".replace(
        ".jsonl", r"\.jsonl"
    )
)
# What belongs to the place and not to the tenant, and what is kept as a member of its own.
LEFT_OUT = {"tenant_id", "blob_key", "text", "embedded"}
WEB = ("url", "canonical_url", "image_url", "site_url")
HASH = re.compile(r"[0-9a-f]{64}")
MOST_INTEGER = 2**31 - 1


def text_member(document_id: str) -> str:
    """Where a document's text is."""
    return f"texts/{document_id}.txt"


def file_member(document_id: str) -> str:
    """Where a document's bytes are."""
    return f"files/{document_id}"


def columns_of(table: type[Base]) -> dict[str, Any]:
    """The columns that travel, by name."""
    return {column.key: column for column in inspect_table(table).columns if column.key not in LEFT_OUT}


def row_json(row: Base) -> dict[str, Any]:
    """A row's columns as JSON."""
    return {name: value_json(getattr(row, name)) for name in columns_of(type(row))}


def value_json(value: Any) -> Any:
    """Times as ISO 8601, bytes as base64, the rest as it is."""
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def row_values(table: type[Base], given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a row out of an archive, each of its column's type. Raises ArchiveInvalid.

    What the archive does not say gets the column's default: an older version did not know it.
    """
    values: dict[str, Any] = {}
    for name, column in columns_of(table).items():
        if name not in given:
            continue
        value = given[name]
        if value is None and column.nullable:
            values[name] = None
            continue
        try:
            values[name] = value_of(column.type, value)
        except (ValueError, TypeError, OverflowError) as error:
            raise ArchiveInvalid(f"A row of {table.__tablename__} says something impossible in {name!r}.") from error
        if name in WEB and not re.match(r"https?://", str(value), re.IGNORECASE):
            raise ArchiveInvalid(f"A row of {table.__tablename__} has an address that is none of the web in {name!r}.")
    if not ID.fullmatch(str(values.get("id"))):
        raise ArchiveInvalid(f"A row of {table.__tablename__} has no id.")
    return values


def value_of(kind: Any, value: Any) -> Any:
    """A value of a column's type. Raises ValueError or TypeError when it is none."""
    if isinstance(kind, UtcDateTime):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else demand(False)
    if isinstance(kind, Boolean):
        demand(isinstance(value, bool))
        return value
    if isinstance(kind, Integer):
        demand(isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_INTEGER)
        return value
    if isinstance(kind, Float):
        demand(isinstance(value, int | float) and value == value)
        return float(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(kind, JSON):
        demand(isinstance(value, list | dict))
        return value
    if isinstance(kind, String | Text):
        demand(isinstance(value, str) and "\0" not in value)
        value.encode()
        demand(kind.length is None or len(value) <= kind.length)
        return value
    raise TypeError(kind)


def demand(holds: bool) -> bool:
    """Raises ValueError unless it holds."""
    if not holds:
        raise ValueError
    return True


def document_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """A document's columns out of an archive, fit to be shown and read again. Raises ArchiveInvalid."""
    values = row_values(Document, given)
    try:
        demand(bool(HASH.fullmatch(values["content_hash"])))
        demand(
            all(isinstance(each, str) for name in ("tags", "authors", "directives") for each in values.get(name, ()))
        )
        demand(all(isinstance(each, dict) for each in values.get("stages", ())))
        for page in values.get("pages", ()):
            demand(all(type(page[name]) is int for name in ("number", "start", "end")))
        stored_hints(values.get("hints", {}))
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveInvalid(f"Document {values['id']} is described in a way that cannot be.") from error
    return values


def chunk_rows(given: Any, text: str) -> list[dict[str, int]]:
    """A document's chunks out of an archive, as spans of its text in order. Raises ArchiveInvalid."""
    rows = []
    try:
        for ordinal, (start, end, tokens) in enumerate(given):
            demand(all(type(each) is int for each in (start, end, tokens)))
            demand(0 <= start < end <= len(text) and 0 <= tokens <= MOST_INTEGER)
            rows.append({"ordinal": ordinal, "start": start, "end": end, "token_count": tokens})
    except (ValueError, TypeError) as error:
        raise ArchiveInvalid("A document has chunks that are no spans of its text.") from error
    return rows


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A JSON value with every string that is one of these ids replaced."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, names) for each in value]
    return value


def check_rule(values: Mapping[str, Any]) -> None:
    """Raises ArchiveInvalid for a retention rule that nobody could have written."""
    try:
        demand(values["action"] in TAKEN)
        rules.checked(rules.draft_of(RetentionRule(**values)))
    except (InvalidInput, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArchiveInvalid(f"Retention rule {values.get('id')} is none that could be written here.") from error


CITATION = {"source_number": int, "document_id": str, "start": int, "end": int, "quote": str, "match": str}
SOURCE = {"number": int, "document_id": str, "start": int, "end": int, "text": str}


def cited(sentences: Iterable[Any], sources: Iterable[Any]) -> set[str]:
    """The documents that an answer's sentences and sources name. Raises ArchiveInvalid."""
    try:
        demand(all(type(sentence["text"]) is str for sentence in sentences))
        citations = [citation for sentence in sentences for citation in sentence["citations"]]
        demand(all(set(each) == {*CITATION, "page"} for each in citations))
        for fields, rows in ((CITATION, citations), (SOURCE, list(sources))):
            demand(all(type(each[name]) is kind for each in rows for name, kind in fields.items()))
            demand(all(each["page"] is None or type(each["page"]) is int for each in rows))
        return {each["document_id"] for each in (*citations, *sources)}
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveInvalid("An answer has sentences or sources that are none.") from error

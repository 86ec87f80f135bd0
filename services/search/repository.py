"""SQL of the search slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_

from services.engines.vectors.base import ScoredChunk
from services.models import Document, Tenant
from services.models.document import Chunk
from services.scope import Tx

DATED_AT = func.coalesce(Document.published_at, Document.first_seen_at, type_=Document.first_seen_at.type)


@dataclass(frozen=True)
class ChunkText:
    """A live chunk with its document's row."""

    document: Document
    start: int
    end: int
    text: str


def tenant(tx: Tx) -> Tenant:
    """The tenant itself."""
    return tx.session.get_one(Tenant, tx.tenant_id)


def chunk_texts(
    tx: Tx, found: Sequence[ScoredChunk], conditions: Sequence[ColumnElement[bool]]
) -> dict[tuple[str, int], ChunkText]:
    """The chunks that are live, by document id and ordinal: their document is ready, in that version, and meets the conditions."""
    keys = [(chunk.document_id, chunk.version, chunk.ordinal) for chunk in found]
    if not keys:
        return {}
    wanted = (
        Document.status == "ready",
        Document.id.in_({chunk.document_id for chunk in found}),
        *conditions,
        tuple_(Chunk.document_id, Chunk.version, Chunk.ordinal).in_(keys),
    )
    same = and_(Chunk.document_id == Document.id, Chunk.version == Document.version, Chunk.tenant_id == tx.tenant_id)
    statement = tx.select(Document).join(Chunk, same).where(*wanted)
    rows: Any = tx.session.execute(statement.add_columns(Chunk.ordinal, Chunk.start, Chunk.end)).all()
    # One cut per document, from its first chunk here to its last: the database reads the whole text for each cut, and
    # 200 chunks of one book of 10 MB took 1.8 s.
    first, last = func.min(Chunk.start), func.max(Chunk.end)
    spans = tx.select_columns(Document, Document.id.label("id"), first.label("first"), last.label("last"))
    bounds = spans.join(Chunk, same).where(*wanted).group_by(Document.id).subquery()
    cut = func.substr(Document.text, bounds.c.first + 1, bounds.c.last - bounds.c.first)
    cuts = tx.select_columns(Document, Document.id, bounds.c.first, cut).join(bounds, bounds.c.id == Document.id)
    texts = {document_id: (start, text) for document_id, start, text in tx.session.execute(cuts)}
    return {
        (document.id, ordinal): ChunkText(document, start, end, slice_of(texts[document.id], start, end))
        for document, ordinal, start, end in rows
    }


def slice_of(cut: tuple[int, str], start: int, end: int) -> str:
    """Characters [start, end) of a text, from a cut of it and where that begins."""
    offset, text = cut
    return text[start - offset : end - offset]


def newest(
    tx: Tx, conditions: Sequence[ColumnElement[bool]], *, offset: int, limit: int, lead: int
) -> tuple[list[tuple[Document, str]], int]:
    """Ready documents by date with the first `lead` characters of their text, and how many there are in all."""
    live = (Document.status == "ready", *conditions)
    total = tx.session.scalar(tx.select_columns(Document, func.count()).where(*live)) or 0
    statement = (
        tx.select(Document).where(*live).order_by(DATED_AT.desc(), Document.id.desc()).offset(offset).limit(limit)
    )
    rows: Any = tx.session.execute(statement.add_columns(func.substr(Document.text, 1, lead)))
    return [(document, text or "") for document, text in rows], total


def facet(tx: Tx, column: Any, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[tuple[str, int]]:
    """How many ready documents have each value of a column, most first."""
    count = func.count().label("count")
    statement = tx.select_columns(Document, column, count).where(
        Document.status == "ready", column.is_not(None), *conditions
    )
    rows = tx.session.execute(statement.group_by(column).order_by(count.desc(), column).limit(limit))
    return [(value, number) for value, number in rows]


def page_of(pages: Sequence[dict[str, Any]], position: int) -> int | None:
    """The number of the page that holds a character position, from the document's page spans."""
    for page in reversed(pages):
        if page["start"] <= position:
            return int(page["number"])
    return None


def pages(tx: Tx, document_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Page spans by document id; empty for documents without pages."""
    statement = tx.select_columns(Document, Document.id, Document.pages).where(Document.id.in_(document_ids))
    return {document_id: found or [] for document_id, found in tx.session.execute(statement)}


def is_empty(tx: Tx) -> bool:
    """Whether the tenant has no ready document at all."""
    return tx.session.scalar(select(tx.select(Document).where(Document.status == "ready").exists())) is False

"""SQL of the search slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from services.engines.vectors.base import ScoredChunk
from services.models import Document, Tenant, utc_now
from services.models.document import Chunk
from services.scope import Tx
from services.search.types import Copies

DATED_AT = func.coalesce(Document.published_at, Document.first_seen_at, type_=Document.first_seen_at.type)


def live(rows: type[Document] = Document) -> tuple[ColumnElement[bool], ...]:
    """What every read of documents asks for: they are ready, and their time is not over."""
    return rows.status == "ready", or_(rows.expires_at.is_(None), rows.expires_at > utc_now())


def root(rows: type[Document] = Document) -> ColumnElement[str]:
    """The id that all copies of a text share: that of the original."""
    return func.coalesce(rows.original_id, rows.id)


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
    """The chunks that are live, by document id and ordinal: their document is, in that version, and meets the conditions."""
    keys = [(chunk.document_id, chunk.version, chunk.ordinal) for chunk in found]
    if not keys:
        return {}
    wanted = (
        *live(),
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
    """Live documents by date with the first `lead` characters of their text, and how many there are in all."""
    wanted = (*live(), *conditions)
    total = tx.session.scalar(tx.select_columns(Document, func.count()).where(*wanted)) or 0
    statement = (
        tx.select(Document).where(*wanted).order_by(DATED_AT.desc(), Document.id.desc()).offset(offset).limit(limit)
    )
    rows: Any = tx.session.execute(statement.add_columns(func.substr(Document.text, 1, lead)))
    return [(document, text or "") for document, text in rows], total


def is_first_of_fold(
    tx: Tx, matching: Callable[[type[Document]], Sequence[ColumnElement[bool]]]
) -> ColumnElement[bool]:
    """Of the live documents that match, one per text: the original, else the copy that was first seen.

    Most documents are originals, which this costs nothing.
    """
    other = aliased(Document)
    ours = (other.tenant_id == tx.tenant_id, *live(other), *matching(other))
    original = exists().where(other.id == Document.original_id, *ours)
    position, others = tuple_(Document.first_seen_at, Document.id), tuple_(other.first_seen_at, other.id)
    earlier = exists().where(other.original_id == Document.original_id, others < position, *ours)
    return or_(Document.original_id.is_(None), and_(~original, ~earlier))


def copies(tx: Tx, shown: Sequence[Document], limit: int) -> dict[str, Copies]:
    """By id of a shown document, the other live documents with its text, whatever was filtered; `limit` of them listed."""
    roots = {document.original_id or document.id: document for document in shown}
    same = or_(Document.id.in_(roots), Document.original_id.in_(roots))
    others = (*live(), same, Document.id.not_in([document.id for document in shown]))
    families = tx.select_columns(Document, root(), Document.family, func.count()).where(*others)
    counts: dict[str, dict[str, int]] = {}
    for original_id, family, count in tx.session.execute(families.group_by(root(), Document.family)):
        counts.setdefault(original_id, {})[family] = count
    if not counts:
        return {}
    place = func.row_number().over(partition_by=root(), order_by=(Document.first_seen_at, Document.id))
    ranked = tx.select_columns(Document, Document.id, place.label("place")).where(*others).subquery()
    first = tx.select(Document).join(ranked, ranked.c.id == Document.id).where(ranked.c.place <= limit)
    listed: dict[str, list[Document]] = {}
    for row in tx.session.scalars(first.order_by(Document.first_seen_at, Document.id)):
        listed.setdefault(row.original_id or row.id, []).append(row)
    return {
        roots[original_id].id: Copies(
            count=sum(by_family.values()),
            outlets=len(by_family.keys() - {roots[original_id].family}),
            documents=tuple(listed.get(original_id, ())),
        )
        for original_id, by_family in counts.items()
    }


def facet(tx: Tx, column: Any, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[tuple[str, int]]:
    """How many live documents have each value of a column, most first; copies of one text count once per value."""
    count = func.count(root().distinct()).label("count")
    statement = tx.select_columns(Document, column, count).where(*live(), column.is_not(None), *conditions)
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
    """Whether the tenant has no live document at all."""
    return tx.session.scalar(select(tx.select(Document).where(*live()).exists())) is False

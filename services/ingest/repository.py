"""SQL of the ingest slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_
from sqlalchemy.orm import undefer

from services.models import (
    AnswerSource,
    Chunk,
    Document,
    DocumentTag,
    IdempotencyRecord,
    Job,
    SignatureBand,
    SiteRule,
    Tenant,
    Tombstone,
    Upload,
    utc_now,
)  # fmt: skip
from services.models.thread import Answer
from services.scope import Tx

# Statuses a person can see; `deleting` looks like gone.
VISIBLE = ("queued", "processing", "paused", "ready", "failed", "cancelled", "archived")
# Those of documents that lists show unless they are asked for others.
LISTED = tuple(status for status in VISIBLE if status != "archived")
# Those of documents that may be found.
SEARCHED = ("queued", "processing", "paused", "ready")
# Rows of bands read, and documents looked at, in search of originals.
MOST_BAND_ROWS = 4000
MOST_SHARING = 200


def is_searchable(rows: type[Document] = Document) -> ColumnElement[bool]:
    """Whether a document can be found: it is ready, or in work and read in part."""
    # Both conditions on the status: the first is answered from the indexes, and few rows are left to look at.
    return and_(rows.status.in_(SEARCHED), or_(rows.status == "ready", rows.pages_read > 0))


def unexpired() -> ColumnElement[bool]:
    """The documents whose publisher still allows having them."""
    return or_(Document.expires_at.is_(None), Document.expires_at > utc_now())


def tenant(tx: Tx, *, lock: bool = False) -> Tenant:
    """The tenant itself, locked until the transaction ends when it is to be changed."""
    return tx.session.get_one(Tenant, tx.tenant_id, with_for_update=lock or None)


def find_by_hash(tx: Tx, content_hash: str) -> Document | None:
    """The document with these bytes."""
    return tx.session.scalar(tx.select(Document).where(Document.content_hash == content_hash))


def find_by_url(tx: Tx, canonical_url: str) -> Document | None:
    """The visible document behind this URL."""
    visible = tx.select(Document).where(Document.canonical_url == canonical_url, Document.status.in_(VISIBLE))
    return tx.session.scalars(visible.order_by(Document.first_seen_at)).first()


def find(
    tx: Tx, document_id: str, *, with_text: bool = False, with_pages: bool = False, lock: bool = False
) -> Document | None:
    """A visible document by id. `with_text` brings its pages, too; `lock` keeps others from changing it meanwhile."""
    statement = tx.select(Document).where(Document.id == document_id, Document.status.in_(VISIBLE), unexpired())
    if lock:
        statement = statement.with_for_update()
    if with_text:
        statement = statement.options(undefer(Document.text))
    if with_text or with_pages:
        statement = statement.options(undefer(Document.pages))
    return tx.session.scalar(statement)


def part_of_text(tx: Tx, document_id: str, start: int, end: int) -> str:
    """The characters [start, end) of a document's text."""
    part = tx.select_columns(Document, func.substr(Document.text, start + 1, end - start))
    return tx.session.scalar(part.where(Document.id == document_id)) or ""


def current(tx: Tx, snapshot: Document) -> Document | None:
    """The row of record behind a snapshot; None when it was deleted or is of another version by now."""
    document = find(tx, snapshot.id)
    return document if document is not None and document.version == snapshot.version else None


def is_waiting(tx: Tx, document_id: str, job_name: str) -> bool:
    """Whether a job of this name about the document is still to be done."""
    waiting = tx.select(Job).where(Job.subject_id == document_id, Job.name == job_name, Job.status == "queued")
    return tx.session.scalars(waiting.limit(1)).first() is not None


def waits_for_many(tx: Tx, queue: str, many: int) -> bool:
    """Whether at least so many of the tenant's jobs wait in this queue. Cost: at most `many` index entries."""
    waiting = tx.select_columns(Job, Job.id).where(Job.queue == queue, Job.status == "queued").limit(many)
    return len(tx.session.scalars(waiting).all()) >= many


def open_job(tx: Tx, subject_id: str, job_name: str, *, due_by: datetime | None = None) -> Job | None:
    """The job of this name about the subject that is to be done, by that time when one is given, or being done."""
    about = tx.select(Job).where(Job.subject_id == subject_id, Job.name == job_name)
    if due_by is not None:
        about = about.where(Job.run_after <= due_by)
    return tx.session.scalars(about.where(Job.status.in_(("queued", "running"))).limit(1)).first()


def find_many(
    tx: Tx, document_ids: Sequence[str], *, with_text: bool = False, with_signature: bool = False
) -> dict[str, Document]:
    """Documents by id, whatever their status."""
    if not document_ids:
        return {}
    statement = tx.select(Document).where(Document.id.in_(document_ids))
    statement = statement.options(undefer(Document.hints), undefer(Document.bookmark))
    if with_text:
        statement = statement.options(undefer(Document.text), undefer(Document.pages))
    if with_signature:
        statement = statement.options(undefer(Document.signature))
    return {row.id: row for row in tx.session.scalars(statement)}


def site_rule(tx: Tx, host: str) -> SiteRule | None:
    """How pages of this host are to be read: the rule of the host itself, else of its nearest parent domain."""
    rules = tx.session.scalars(tx.select(SiteRule).where(SiteRule.domain.in_(_with_parents(host))))
    return max(rules, key=lambda rule: len(rule.domain), default=None)


def tombstone_over(tx: Tx, host: str) -> Tombstone | None:
    """The take-down of this host or of one of its parent domains."""
    return tx.session.scalars(tx.select(Tombstone).where(Tombstone.domain.in_(_with_parents(host))).limit(1)).first()


def _with_parents(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def page(
    tx: Tx,
    *,
    conditions: Sequence[Any],
    before: tuple[datetime, str] | None,
    limit: int,
) -> tuple[Sequence[Document], int]:
    """Visible documents that meet the conditions, newest first seen first, and how many there are in all."""
    visible = (Document.status.in_(VISIBLE), unexpired(), *conditions)
    total = tx.session.scalar(tx.select_columns(Document, func.count()).where(*visible)) or 0
    statement = tx.select(Document).where(*visible)
    if before is not None:
        moment, document_id = before
        statement = statement.where(
            or_(Document.first_seen_at < moment, and_(Document.first_seen_at == moment, Document.id < document_id))
        )
    rows = tx.session.scalars(statement.order_by(Document.first_seen_at.desc(), Document.id.desc()).limit(limit)).all()
    return rows, total


def expired(tx: Tx, limit: int) -> Sequence[Document]:
    """Documents whose time is over, not yet being deleted."""
    over = tx.select(Document).where(Document.expires_at <= utc_now(), Document.status.in_(VISIBLE))
    return tx.session.scalars(over.limit(limit)).all()


def blob_keys(tx: Tx) -> set[str]:
    """The keys of all blobs that documents and unfinished uploads need."""
    parts = tx.session.scalars(tx.select_columns(Upload, Upload.segments)).all()
    needed = set(tx.session.scalars(tx.select_columns(Document, Document.blob_key)))
    return needed | {segment["key"] for segments in parts for segment in segments}


def count_by_status(tx: Tx) -> dict[str, int]:
    """How many visible documents there are, by status."""
    counts = tx.select_columns(Document, Document.status, func.count())
    counts = counts.where(Document.status.in_(VISIBLE), unexpired())
    return {status: count for status, count in tx.session.execute(counts.group_by(Document.status))}  # noqa: C416


def chunks(tx: Tx, document_id: str, version: int) -> Sequence[Chunk]:
    """The chunks of one version, in order."""
    statement = tx.select(Chunk).where(Chunk.document_id == document_id, Chunk.version == version)
    return tx.session.scalars(statement.order_by(Chunk.ordinal)).all()


def replace_chunks(tx: Tx, document_id: str, new: Sequence[Chunk]) -> None:
    """Put these chunks in place of all the document had."""
    tx.session.execute(tx.delete(Chunk).where(Chunk.document_id == document_id))
    add_chunks(tx, new)


def add_chunks(tx: Tx, new: Sequence[Chunk]) -> None:
    """Add chunks to those that their document has."""
    for chunk in new:
        tx.add(chunk)


def hide(tx: Tx, document: Document) -> None:
    """Take a document out of every read at once, free its content hash, and drop answers that quote it."""
    document.status = "deleting"
    document.content_hash = f"deleted:{document.id}"
    document.canonical_url = None
    forget_in_answers(tx, document.id)
    tx.session.execute(tx.delete(Upload).where(Upload.document_id == document.id))
    waiting = tx.update(Job).where(Job.subject_id == document.id, Job.status.in_(("queued", "paused")))
    tx.session.execute(waiting.values(status="cancelled", finished_at=utc_now()))


def forget_in_answers(tx: Tx, document_id: str) -> None:
    """Delete answers that quote a document, and take it out of the sources of those that only read it.

    Answers are kept for repeated requests too (Idempotency-Key); those that name the document lose their content.
    """
    showing = tx.select_columns(AnswerSource, AnswerSource.answer_id).where(AnswerSource.document_id == document_id)
    for answer in tx.session.scalars(tx.select(Answer).where(Answer.id.in_(showing))):
        cited = {citation["document_id"] for sentence in answer.sentences for citation in sentence["citations"]}
        if document_id in cited:
            tx.session.execute(tx.delete(AnswerSource).where(AnswerSource.answer_id == answer.id))
            tx.session.delete(answer)
        else:
            answer.sources = [source for source in answer.sources if source["document_id"] != document_id]
    tx.session.execute(tx.delete(AnswerSource).where(AnswerSource.document_id == document_id))
    replayed = tx.update(IdempotencyRecord).where(IdempotencyRecord.response.contains(document_id))
    tx.session.execute(replayed.values(response=None))


def remove(tx: Tx, document_id: str) -> None:
    """Remove the rows of a document that is being deleted."""
    replace_bands(tx, document_id, ())
    tx.session.execute(tx.delete(DocumentTag).where(DocumentTag.document_id == document_id))
    tx.session.execute(tx.delete(Chunk).where(Chunk.document_id == document_id))
    tx.session.execute(tx.delete(Document).where(Document.id == document_id, Document.status == "deleting"))


# Tables and their rows


def room(tx: Tx, most: int) -> float:
    """How many more documents people may bring in, of so many that they may; 0 is no limit."""
    if not most:
        return math.inf
    brought = tx.select_columns(Document, func.count()).where(
        Document.source_id.is_(None), Document.status.in_(VISIBLE)
    )
    return most - (tx.session.scalar(brought) or 0)


def by_hash(tx: Tx, hashes: Collection[str]) -> dict[str, Document]:
    """The documents with these bytes, by hash."""
    rows = tx.session.scalars(tx.select(Document).where(Document.content_hash.in_(hashes)))
    return {row.content_hash: row for row in rows}


def row_outcomes(tx: Tx, parent_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """How many rows of each table are in each status."""
    if not parent_ids:
        return {}
    counts = tx.select_columns(Document, Document.parent_id, Document.status, func.count())
    counts = counts.where(Document.parent_id.in_(parent_ids), Document.status.in_(VISIBLE))
    found: dict[str, dict[str, int]] = {}
    for parent_id, status, count in tx.session.execute(counts.group_by(Document.parent_id, Document.status)):
        found.setdefault(parent_id, {})[status] = count
    return found


def visible_rows(tx: Tx, parent_id: str, limit: int) -> Sequence[str]:
    """Ids of some rows of a table that are not being deleted."""
    rows = tx.select_columns(Document, Document.id).where(Document.parent_id == parent_id, Document.status.in_(VISIBLE))
    return tx.session.scalars(rows.limit(limit)).all()


def some_rows(tx: Tx, parent_id: str, limit: int) -> Sequence[Document]:
    """Some rows of a table, whatever their status."""
    return tx.session.scalars(tx.select(Document).where(Document.parent_id == parent_id).limit(limit)).all()


def hide_many(tx: Tx, document_ids: Sequence[str]) -> None:
    """As `hide`, for many; what hangs on them (folds, answers) must be looked after by the caller."""
    values = {"status": "deleting", "content_hash": literal("deleted:") + Document.id, "canonical_url": None}
    hidden = tx.update(Document).where(Document.id.in_(document_ids)).values(**values)
    tx.session.execute(hidden.execution_options(synchronize_session=False))


def answered_rows(tx: Tx, parent_id: str) -> Sequence[str]:
    """Ids of the rows of a table that answers have for sources."""
    rows = tx.select_columns(Document, Document.id).where(Document.parent_id == parent_id)
    sources = tx.select_columns(AnswerSource, AnswerSource.document_id).where(AnswerSource.document_id.in_(rows))
    return tx.session.scalars(sources.distinct()).all()


# What the index should hold


def standing(tx: Tx, document_ids: Collection[str]) -> dict[str, tuple[str, int, int, bool]]:
    """Status, version, number of chunks and whether they have vectors, by document id."""
    columns = (Document.id, Document.status, Document.version, Document.chunk_count, Document.embedded)
    rows = tx.session.execute(tx.select_columns(Document, *columns).where(Document.id.in_(document_ids)))
    return {document_id: tuple(rest) for document_id, *rest in rows}


def ready_chunk_counts(tx: Tx, *, until: datetime, after: str, limit: int) -> Sequence[tuple[str, int]]:
    """Ids and numbers of chunks of the documents that were ready by then, a page by id."""
    ready = (Document.status == "ready", Document.ready_at < until, Document.id > after)
    page_ = tx.select_columns(Document, Document.id, Document.chunk_count).where(*ready)
    return [(row[0], row[1]) for row in tx.session.execute(page_.order_by(Document.id).limit(limit))]


def searchable_ids(tx: Tx, *, after: str, limit: int) -> Sequence[str]:
    """Ids of documents that are searchable, whole or in part, a page."""
    page_ = tx.select_columns(Document, Document.id).where(is_searchable(), Document.id > after)
    return tx.session.scalars(page_.order_by(Document.id).limit(limit)).all()


def searchable_count(tx: Tx) -> int:
    """How many documents are searchable, whole or in part."""
    return tx.session.scalar(tx.select_columns(Document, func.count()).where(is_searchable())) or 0


def last_job(tx: Tx, job_name: str, *, subject_id: str | None = None) -> Job | None:
    """The newest job of this name, about this subject when one is given."""
    jobs = tx.select(Job).where(Job.name == job_name)
    if subject_id is not None:
        jobs = jobs.where(Job.subject_id == subject_id)
    return tx.session.scalars(jobs.order_by(Job.created_at.desc()).limit(1)).first()


# Copies of one text


def originals_sharing(
    tx: Tx, bands: Sequence[int], *, but: str, between: tuple[datetime, datetime], limit: int
) -> Sequence[Document]:
    """Live originals dated in that time that share a band, those that share most first, with their signatures."""
    # Bounded: texts made by one template share every band.
    sharing = tx.select_columns(SignatureBand, SignatureBand.document_id).where(SignatureBand.band.in_(bands))
    counts = Counter(tx.session.scalars(sharing.limit(MOST_BAND_ROWS)))
    likely = [document_id for document_id, _ in counts.most_common(MOST_SHARING)]
    dated_at = func.coalesce(Document.published_at, Document.first_seen_at, type_=Document.first_seen_at.type)
    statement = tx.select(Document).where(
        Document.id.in_(likely),
        Document.id != but,
        Document.status == "ready",
        Document.original_id.is_(None),
        Document.signature.is_not(None),
        unexpired(),
        dated_at.between(*between),
    )
    found = tx.session.scalars(statement.options(undefer(Document.signature))).all()
    return sorted(found, key=lambda each: (-counts[each.id], each.first_seen_at, each.id))[:limit]


def replace_bands(tx: Tx, document_id: str, bands: Sequence[int]) -> None:
    """Put these bands in place of all the document had; only originals have any."""
    tx.session.execute(tx.delete(SignatureBand).where(SignatureBand.document_id == document_id))
    add_bands(tx, document_id, bands)


def add_bands(tx: Tx, document_id: str, bands: Sequence[int]) -> None:
    """Let a document that has no bands be looked for by these."""
    tx.add_rows(SignatureBand, [{"document_id": document_id, "band": band} for band in set(bands)])


def first_copy(tx: Tx, original_id: str) -> Document | None:
    """The copy of a document that was first seen, of those that are ready, with its signature."""
    copies = tx.select(Document).where(Document.original_id == original_id, Document.status == "ready")
    first = copies.order_by(Document.first_seen_at, Document.id).limit(1)
    return tx.session.scalar(first.options(undefer(Document.signature)))


def move_copies(tx: Tx, former_id: str, original_id: str | None) -> None:
    """Let the copies of a document be copies of another one, or of none."""
    tx.session.execute(tx.update(Document).where(Document.original_id == former_id).values(original_id=original_id))

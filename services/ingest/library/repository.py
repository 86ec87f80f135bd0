"""SQL of the library. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_

from services.ingest.repository import LISTED, VISIBLE, unexpired
from services.jobs.repository import affected
from services.models import Document, DocumentTag, Job, utc_now
from services.scope import Tx

# The documents table, or an alias of it.
Rows = type[Document]


# Folders and tags


def in_folders(folders: Sequence[str], rows: Rows = Document) -> ColumnElement[bool]:
    """Documents in one of these folders or below it; the empty path is for those in none."""
    # Not LIKE: it ignores case in SQLite, and a folder's name may hold its wildcards.
    below = [func.substr(rows.folder, 1, len(folder) + 1) == f"{folder}/" for folder in folders if folder]
    return or_(rows.folder.in_(folders), *below)


def tagged(tx: Tx, tags: Sequence[str], rows: Rows = Document) -> ColumnElement[bool]:
    """Documents with at least one of these tags."""
    return rows.id.in_(tx.select_columns(DocumentTag, DocumentTag.document_id).where(DocumentTag.tag.in_(tags)))


def set_tags(tx: Tx, document: Document, tags: Sequence[str]) -> None:
    """Give a document these tags in place of those it had."""
    document.tags = list(tags)
    tx.session.execute(tx.delete(DocumentTag).where(DocumentTag.document_id == document.id))
    tx.add_rows(DocumentTag, [{"document_id": document.id, "tag": tag} for tag in tags])


def folder_counts(tx: Tx) -> Sequence[tuple[str, int]]:
    """How many visible documents lie in each folder itself; the empty path is for those in none."""
    counts = tx.select_columns(Document, Document.folder, func.count()).where(Document.status.in_(LISTED), unexpired())
    return [(row[0], row[1]) for row in tx.session.execute(counts.group_by(Document.folder))]


def tag_counts(tx: Tx) -> Sequence[tuple[str, int]]:
    """How many visible documents have each tag, in order of the alphabet."""
    tag, count = DocumentTag.tag, func.count()
    joined = tx.select_columns(DocumentTag, tag, count).join(Document, Document.id == DocumentTag.document_id)
    visible = joined.where(Document.tenant_id == tx.tenant_id, Document.status.in_(LISTED), unexpired())
    return [(row[0], row[1]) for row in tx.session.execute(visible.group_by(tag).order_by(tag))]


def ids_before(
    tx: Tx, conditions: Sequence[ColumnElement[bool]], before: tuple[datetime, str] | None, limit: int
) -> Sequence[tuple[str, datetime]]:
    """Ids of visible documents that meet the conditions and when they were first seen, the latest first."""
    statement = tx.select_columns(Document, Document.id, Document.first_seen_at)
    statement = statement.where(Document.status.in_(VISIBLE), unexpired(), *conditions)
    if before is not None:
        moment, document_id = before
        earlier = (Document.first_seen_at == moment) & (Document.id < document_id)
        statement = statement.where((Document.first_seen_at < moment) | earlier)
    rows = tx.session.execute(statement.order_by(Document.first_seen_at.desc(), Document.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


# Work under way


def jobs_of(tx: Tx, document_id: str, name: str, *statuses: str) -> Sequence[Job]:
    """A document's jobs of this name that stand so."""
    about = tx.select(Job).where(Job.subject_id == document_id, Job.name == name, Job.status.in_(statuses))
    return tx.session.scalars(about.order_by(Job.created_at)).all()


def move_jobs(tx: Tx, document_id: str, name: str, *, of: Sequence[str], **values: Any) -> int:
    """Change a document's jobs of this name that stand so, if they still do; returns how many.

    A worker may take a waiting job at the same moment: whoever is first has it.
    """
    waiting = tx.update(Job).where(Job.subject_id == document_id, Job.name == name, Job.status.in_(of))
    return affected(tx.session, waiting.values(**values).execution_options(synchronize_session=False))


def end_waiting(tx: Tx, document_id: str, name: str) -> None:
    """Cancel a document's jobs of this name that nobody has in hand."""
    move_jobs(tx, document_id, name, of=("queued", "paused"), status="cancelled", finished_at=utc_now())


def move_on(tx: Tx, document: Document, stage: str, stages: Sequence[dict[str, Any]]) -> bool:
    """Show how far a document is, of which a snapshot is given; False when nobody wants it read any more."""
    wanted = (Document.id == document.id, Document.version == document.version, Document.status == "processing")
    moved = tx.update(Document).where(*wanted).values(stage=stage, stages=list(stages))
    return affected(tx.session, moved.execution_options(synchronize_session=False)) == 1


def unwanted(tx: Tx, documents: Sequence[Document]) -> set[str]:
    """Of these snapshots, the ids of those that were cancelled, paused, replaced or deleted since."""
    ids = {document.id: document.version for document in documents}
    columns = (Document.id, Document.version, Document.status)
    rows = tx.session.execute(tx.select_columns(Document, *columns).where(Document.id.in_(ids)))
    wanted = {row[0] for row in rows if row[1] == ids[row[0]] and row[2] in ("queued", "processing", "ready")}
    return ids.keys() - wanted

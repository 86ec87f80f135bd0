"""Documents as people see them: list, read, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from services.errors import Conflict, NotFound, TextWithheld
from services.ingest import repository
from services.ingest.dedup import release
from services.ingest.library import repository as library
from services.ingest.rights import WITHHELD, cut_at_word, is_withheld, shown_characters
from services.ingest.submit import job_of
from services.ingest.types import ROWS
from services.jobs.events import Event, subject_events
from services.jobs.jobs import enqueue
from services.models import Chunk, Document
from services.scope import Scope, Tx

PURGE_JOB = "purge"
NOT_FOUND = "No such document; it may have been deleted."


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents to list; None and empty mean any, of `status` any but archived. `words` must occur in the title or file name, in any case.

    Values of one name are alternatives. `folder` includes the folders below; its empty path is for documents in none.
    `seen_before`: first seen before this time.
    """

    status: tuple[str, ...] = ()
    type: str | None = None
    source: str | None = None
    words: str | None = None
    parent_id: str | None = None
    folder: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    seen_before: datetime | None = None


@dataclass(frozen=True)
class DocumentText:
    """What the reader shows: the text and the spans of its chunks, in characters."""

    document: Document
    text: str
    chunks: Sequence[Chunk]


def list_documents(
    scope: Scope, wanted: DocumentFilter, *, before: tuple[datetime, str] | None = None, limit: int = 20
) -> tuple[Sequence[Document], int]:
    """Documents, newest first seen first, after the position `before` (its time and id), and how many match in all.

    Raises: NotFound when there is no such table to list rows of.
    """
    with scope.read() as tx:
        rows, total = repository.page(tx, conditions=conditions_of(tx, wanted), before=before, limit=limit)
        # Rows of a table that was deleted without them can still be listed.
        if wanted.parent_id and not total and repository.find(tx, wanted.parent_id) is None:
            raise NotFound(NOT_FOUND)
    return rows, total


def conditions_of(tx: Tx, wanted: DocumentFilter) -> list[ColumnElement[bool]]:
    """A filter as conditions on the rows."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.status:
        conditions.append(Document.status.in_(wanted.status))
    else:
        conditions.append(Document.status.in_(repository.LISTED))
    if wanted.type:
        conditions.append(Document.type == wanted.type)
    if wanted.source:
        conditions.append(Document.source == wanted.source)
    if wanted.parent_id:
        conditions.append(Document.parent_id == wanted.parent_id)
    if wanted.words:
        either = Document.title.icontains(wanted.words, autoescape=True)
        conditions.append(either | Document.filename.icontains(wanted.words, autoescape=True))
    if wanted.folder:
        conditions.append(library.in_folders(wanted.folder))
    if wanted.tag:
        conditions.append(library.tagged(tx, wanted.tag))
    if wanted.seen_before:
        conditions.append(Document.first_seen_at < wanted.seen_before)
    return conditions


def row_outcomes(scope: Scope, documents: Sequence[Document]) -> dict[str, dict[str, int]]:
    """How many rows of each of these that is a table are in each status."""
    tables = [document.id for document in documents if document.type == ROWS]
    if not tables:
        return {}
    with scope.read() as tx:
        return repository.row_outcomes(tx, tables)


def trying_again(scope: Scope, document: Document) -> tuple[str, str] | None:
    """Code and sentence of why a document's last try ended, while it waits for the next one; else None."""
    if document.status not in ("queued", "processing"):
        return None
    with scope.read() as tx:
        job = repository.open_job(tx, document.id, job_of(document))
        if job is None or job.status != "queued" or job.error_code is None:
            return None
        return job.error_code, job.error_detail or ""


def get_document(scope: Scope, document_id: str) -> Document:
    """One document; raises NotFound."""
    with scope.read() as tx:
        document = repository.find(tx, document_id)
    if document is None:
        raise NotFound(NOT_FOUND)
    return document


def read_text(scope: Scope, document_id: str) -> DocumentText:
    """A document's text and chunk spans, as much of it as its publisher allows to be shown.

    Raises NotFound, TextWithheld, Conflict while there is no text yet.
    """
    with scope.read() as tx:
        document = repository.find(tx, document_id, with_text=True)
        if document is None:
            raise NotFound(NOT_FOUND)
        if document.text is None:
            raise Conflict("This document has no text yet; its status says why.", retry_after_seconds=2)
        if is_withheld(document):
            raise TextWithheld(WITHHELD)
        text = cut_at_word(document.text, document.max_snippet)
        chunks = repository.chunks(tx, document_id, document.version)
        return DocumentText(document, text, [chunk for chunk in chunks if chunk.end <= len(text)])


def read_content(scope: Scope, document_id: str) -> tuple[Document, bytes]:
    """A document and its original bytes; raises NotFound, TextWithheld."""
    document = get_document(scope, document_id)
    if shown_characters(document) is not None:
        raise TextWithheld(WITHHELD)
    return document, scope.runtime.blobs.get(document.blob_key)


def document_events(scope: Scope, document_id: str, *, after: int = 0) -> list[Event]:
    """What happened to a document so far; raises NotFound."""
    with scope.read() as tx:
        if repository.find(tx, document_id) is None:
            raise NotFound(NOT_FOUND)
        return subject_events(tx, document_id, after=after)


def delete_document(scope: Scope, document_id: str) -> None:
    """Delete a document: gone from every read when this returns, purged from all stores by a job. Raises NotFound."""
    with scope.write() as tx:
        document = repository.find(tx, document_id)
        if document is None:
            raise NotFound(NOT_FOUND)
        delete_in(tx, document)


def delete_in(tx: Tx, document: Document) -> None:
    """Delete a document in the caller's transaction: hidden when it commits, then purged by a job."""
    release(tx, document)
    repository.hide(tx, document)
    enqueue(tx, PURGE_JOB, document.id, queue="interactive", priority=1, stage="deleting")


def count_by_status(scope: Scope) -> dict[str, int]:
    """How many documents there are, by status."""
    with scope.read() as tx:
        return repository.count_by_status(tx)

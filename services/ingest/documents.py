"""Documents as people see them: list, read, retry, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.errors import Conflict, NotFound, TextWithheld
from services.ingest import repository
from services.ingest.dedup import release
from services.ingest.rights import WITHHELD, cut_at_word, is_withheld, shown_characters
from services.ingest.submit import INGEST_JOB, restart
from services.jobs.events import Event, subject_events
from services.jobs.jobs import enqueue
from services.models import Chunk, Document
from services.scope import Scope, Tx

PURGE_JOB = "purge"
NOT_FOUND = "No such document; it may have been deleted."


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents to list; None means any. `words` must occur in the title or file name, in any case."""

    status: str | None = None
    type: str | None = None
    source: str | None = None
    words: str | None = None


@dataclass(frozen=True)
class DocumentText:
    """What the reader shows: the text and the spans of its chunks, in characters."""

    document: Document
    text: str
    chunks: Sequence[Chunk]


def list_documents(
    scope: Scope, wanted: DocumentFilter, *, before: tuple[datetime, str] | None = None, limit: int = 20
) -> tuple[Sequence[Document], int]:
    """Documents, newest first seen first, after the position `before` (its time and id), and how many match in all."""
    conditions = []
    if wanted.status:
        conditions.append(Document.status == wanted.status)
    if wanted.type:
        conditions.append(Document.type == wanted.type)
    if wanted.source:
        conditions.append(Document.source == wanted.source)
    if wanted.words:
        either = Document.title.icontains(wanted.words, autoescape=True)
        conditions.append(either | Document.filename.icontains(wanted.words, autoescape=True))
    with scope.read() as tx:
        return repository.page(tx, conditions=conditions, before=before, limit=limit)


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


def retry_document(scope: Scope, document_id: str) -> Document:
    """Try a failed document again. Raises NotFound, Conflict when it did not fail."""
    with scope.write() as tx:
        document = repository.find(tx, document_id)
        if document is None:
            raise NotFound(NOT_FOUND)
        if document.status != "failed":
            raise Conflict(f"Only failed documents can be tried again; this one is {document.status}.")
        restart(document)
        enqueue(tx, INGEST_JOB, document.id, queue="interactive")
    return document


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

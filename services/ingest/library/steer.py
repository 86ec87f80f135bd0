"""Stopping and starting the reading of a document: cancel, pause, resume, retry.

The document's row says what people want, and changes at once. A job that waits follows in the same transaction; one
that a worker has in hand follows when the worker looks, between two steps, two pages of a scan or two calls of the
model, and also when that worker died and another took the job. To cancel makes a version out of date, as replacing it
does, so what a worker still stores of it counts for nothing and is taken away again.

Of a table whose rows become documents no more rows are added; those that were stay, and are read.
"""

from __future__ import annotations

from services.errors import Conflict, NotFound
from services.ingest import repository as documents
from services.ingest.hints import without_password
from services.ingest.library import repository
from services.ingest.submit import BULK, INTERACTIVE, MOST_INTERACTIVE, RETRIABLE, job_of, restart, seal_password
from services.jobs.events import record
from services.jobs.jobs import enqueue
from services.models import Document, utc_now
from services.scope import Scope, Tx

UNDER_WAY = ("queued", "processing")


def cancel(tx: Tx, document: Document) -> None:
    """Stop reading a document for good; it stays, visibly cancelled, until it is tried again or deleted.

    Raises Conflict when it is not under way.
    """
    if document.status not in (*UNDER_WAY, "paused"):
        raise Conflict(f"Only a document under way can be cancelled; this one is {document.status}.")
    jobs = repository.jobs_of(tx, document.id, job_of(document), "queued", "running", "paused")
    if document.pages_read:
        # Parts of it are in the index: whoever takes its job takes them away again.
        repository.move_jobs(
            tx, document.id, job_of(document), of=("queued", "paused"), status="queued", run_after=utc_now()
        )
        tx.ring(BULK)
    else:
        repository.end_waiting(tx, document.id, job_of(document))
    document.version += 1
    document.pages_read, document.bookmark = 0, {}
    document.status = document.stage = "cancelled"
    document.hints = without_password(document.hints)
    tell(tx, document, [job.id for job in jobs])


def pause(tx: Tx, document: Document) -> None:
    """Stop reading a document until somebody resumes. Raises Conflict when it is not under way."""
    if document.status not in UNDER_WAY:
        raise Conflict(f"Only a document under way can be paused; this one is {document.status}.")
    jobs = repository.jobs_of(tx, document.id, job_of(document), "queued", "running")
    repository.move_jobs(tx, document.id, job_of(document), of=("queued",), status="paused")
    document.status = document.stage = "paused"
    tell(tx, document, [job.id for job in jobs])


def resume(tx: Tx, document: Document) -> None:
    """Go on with a paused document; what was embedded of it is not embedded again. Raises Conflict for any other."""
    if document.status != "paused":
        raise Conflict(f"Only a paused document can be resumed; this one is {document.status}.")
    document.stage = "received"
    if running := repository.jobs_of(tx, document.id, job_of(document), "running"):
        # Its worker did not look yet, and goes on as if nothing had been said.
        document.status = "processing"
        tell(tx, document, [job.id for job in running])
        return
    document.status = "queued"
    paused = repository.jobs_of(tx, document.id, job_of(document), "paused")
    if not paused:
        enqueue_reading(tx, document)
        return
    tell(tx, document, [job.id for job in paused])
    repository.move_jobs(tx, document.id, job_of(document), of=("paused",), status="queued", run_after=utc_now())
    for queue in {job.queue for job in paused}:
        tx.ring(queue)


def retry(tx: Tx, document: Document) -> None:
    """Read a failed or cancelled document again. Raises Conflict for any other."""
    if document.status not in RETRIABLE:
        raise Conflict(f"Only failed and cancelled documents can be tried again; this one is {document.status}.")
    restart(document)
    enqueue_reading(tx, document)


def cancel_document(scope: Scope, document_id: str) -> Document:
    """As `cancel`; raises NotFound, Conflict."""
    with scope.write() as tx:
        document = find(tx, document_id)
        cancel(tx, document)
    return document


def pause_document(scope: Scope, document_id: str) -> Document:
    """As `pause`; raises NotFound, Conflict."""
    with scope.write() as tx:
        document = find(tx, document_id)
        pause(tx, document)
    return document


def resume_document(scope: Scope, document_id: str) -> Document:
    """As `resume`; raises NotFound, Conflict."""
    with scope.write() as tx:
        document = find(tx, document_id)
        resume(tx, document)
    return document


def retry_document(scope: Scope, document_id: str, *, password: str | None = None) -> Document:
    """As `retry`, with the password of an encrypted file if one is given; raises NotFound, Conflict.

    The password is kept as an upload's is: sealed, on the document, until it was read or has failed.
    """
    with scope.write() as tx:
        document = find(tx, document_id)
        retry(tx, document)
        if password:
            seal_password(scope, document, password)
    return document


def find(tx: Tx, document_id: str) -> Document:
    """A visible document; raises NotFound."""
    document = documents.find(tx, document_id)
    if document is None:
        raise NotFound("No such document; it may have been deleted.")
    return document


def enqueue_reading(tx: Tx, document: Document) -> None:
    """Have a document read: soon for the first few, as bulk work for the rest of a heap."""
    is_many = (document.rows or {}).get("total", 0) > MOST_INTERACTIVE
    is_many = is_many or documents.waits_for_many(tx, INTERACTIVE, MOST_INTERACTIVE)
    enqueue(tx, job_of(document), document.id, queue=BULK if is_many else INTERACTIVE)


def tell(tx: Tx, document: Document, job_ids: list[str]) -> None:
    """Record an event of each job: how its document stands now."""
    for job_id in job_ids:
        record(tx, job_id, document.id, document.stage)

"""Archived documents: kept whole, out of search and lists, and brought back at any time.

Their points leave the index, so that they take nobody's place among the candidates of a search; their vectors stay in the
embedding cache, so that bringing one back costs no model call.
"""

from __future__ import annotations

from services.errors import Conflict
from services.ingest import repository
from services.ingest.dedup import release
from services.ingest.index.generations import look, remove
from services.ingest.pipeline import EMBED_JOB
from services.ingest.sameness import bands_of
from services.jobs.claim import Batch
from services.jobs.jobs import enqueue
from services.models import Document, utc_now
from services.scope import Tx

UNINDEX_JOB = "unindex"
ARCHIVED = "archived"


def archive(tx: Tx, document: Document) -> None:
    """Archive a document in the caller's transaction: out of search when it commits. Raises Conflict unless it is ready."""
    if document.status != "ready":
        raise Conflict(f"Only a document that was read can be archived; this one is {document.status}.")
    release(tx, document)
    document.status = document.stage = ARCHIVED
    enqueue(tx, UNINDEX_JOB, document.id, queue="maintenance", stage=ARCHIVED)


def restore(tx: Tx, document: Document) -> None:
    """Bring an archived document back; found again once it is indexed, seconds later. Raises Conflict for any other."""
    if document.status != ARCHIVED:
        raise Conflict(f"Only an archived document can be restored; this one is {document.status}.")
    document.status = document.stage = "ready"
    document.ready_at, document.embedded = utc_now(), False
    if document.signature is not None:
        repository.add_bands(tx, document.id, bands_of(document.signature))
    enqueue(tx, EMBED_JOB, document.id, queue="maintenance", stage="ready")


def unindex_documents(batch: Batch) -> None:
    """Remove the points of archived documents; of one that was restored meanwhile they stay."""
    scope = batch.scope
    with scope.read() as tx:
        rows = repository.standing(tx, [job.subject_id for job in batch.jobs])
    gone = [document_id for document_id, (status, *_) in rows.items() if status == ARCHIVED]
    remove(scope, look(scope).all, gone)
    with scope.write() as tx:
        for job in batch.jobs:
            batch.done(tx, job)

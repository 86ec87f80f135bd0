"""The one table: job name -> what does it."""

from __future__ import annotations

from services.ingest import pipeline
from services.ingest.documents import PURGE_JOB
from services.ingest.submit import INGEST_JOB
from services.jobs.claim import Claimed, Handler
from services.scope import Tx


def nothing_to_show(tx: Tx, job: Claimed, code: str, detail: str) -> None:
    """For jobs whose failure shows on their own row only."""


HANDLERS = {
    INGEST_JOB: Handler(run=pipeline.ingest_documents, failed=pipeline.mark_failed),
    pipeline.EMBED_JOB: Handler(run=pipeline.embed_documents, failed=nothing_to_show),
    PURGE_JOB: Handler(run=pipeline.purge_documents, failed=nothing_to_show),
}

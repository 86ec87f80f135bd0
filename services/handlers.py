"""The one table: job name -> what does it."""

from __future__ import annotations

from services.ingest import pipeline
from services.ingest.documents import PURGE_JOB
from services.ingest.submit import INGEST_JOB
from services.jobs.claim import Handler
from services.sources.jobs import CRAWL_JOB, crawl_sources

HANDLERS = {
    INGEST_JOB: Handler(run=pipeline.ingest_documents, failed=pipeline.mark_failed),
    pipeline.EMBED_JOB: Handler(run=pipeline.embed_documents),
    PURGE_JOB: Handler(run=pipeline.purge_documents),
    # Never given up: a source is polled more and more seldom instead.
    CRAWL_JOB: Handler(run=crawl_sources),
}

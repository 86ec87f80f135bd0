"""The one table: job name -> what does it."""

from __future__ import annotations

from services.ingest import pipeline
from services.ingest.documents import PURGE_JOB
from services.ingest.index.generations import REINDEX_JOB
from services.ingest.index.reconcile import RECONCILE_JOB, reconcile
from services.ingest.index.reindex import reindex
from services.ingest.index.snapshots import RESTORE_JOB, SNAPSHOT_JOB, given_up, make_snapshot, restore
from services.ingest.retention.apply import RETENTION_JOB, apply_rules
from services.ingest.retention.archive import UNINDEX_JOB, unindex_documents
from services.ingest.rows import remove, take
from services.ingest.submit import INGEST_JOB, ROWS_JOB
from services.jobs.claim import Handler
from services.sources.jobs import CRAWL_JOB, crawl_sources

HANDLERS = {
    INGEST_JOB: Handler(run=pipeline.ingest_documents, failed=pipeline.mark_failed),
    ROWS_JOB: Handler(run=take.take_rows, failed=take.mark_failed),
    remove.PURGE_ROWS_JOB: Handler(run=remove.purge_rows),
    pipeline.EMBED_JOB: Handler(run=pipeline.embed_documents),
    PURGE_JOB: Handler(run=pipeline.purge_documents),
    UNINDEX_JOB: Handler(run=unindex_documents),
    # Never given up: tomorrow's would meet the same.
    RETENTION_JOB: Handler(run=apply_rules),
    # Never given up: half a generation is no use, and the old one serves meanwhile.
    REINDEX_JOB: Handler(run=reindex),
    RECONCILE_JOB: Handler(run=reconcile),
    SNAPSHOT_JOB: Handler(run=make_snapshot, failed=given_up),
    RESTORE_JOB: Handler(run=restore, failed=given_up),
    # Never given up: a source is polled more and more seldom instead.
    CRAWL_JOB: Handler(run=crawl_sources),
}

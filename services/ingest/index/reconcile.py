"""Does the index hold what the database says? Once a night, and on request, per tenant: count, mend, tell.

Documents are counted before they become ready, so a difference comes from outside: an engine that lost what it had
acknowledged, a volume restored from an older copy, a worker killed between two stores. The database is the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from services.engines.vectors.base import StoredPoint, collection_name
from services.ingest import repository
from services.ingest.index.generations import look
from services.ingest.pipeline import EMBED_JOB
from services.jobs.claim import Batch
from services.jobs.events import subject_events
from services.jobs.jobs import enqueue
from services.models import utc_now
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.tenants.tenants import list_tenants

log = structlog.get_logger()

RECONCILE_JOB = "reconcile"
SWITCHED = "switched"
CLOCK = "clock"
EVERY = timedelta(hours=24)
# How long after a switch a search that read the tenant's row before may still ask the former generation.
GRACE = timedelta(seconds=60)
PAGE = 1000
# Repairs written in one transaction.
SLICE = 200


@dataclass
class Difference:
    """Ready documents and their chunks by the database, points by the index, and what does not fit.

    `missing`: documents that lack points or, though recorded as embedded, vectors. `orphans`: ids of points that no
    chunk has: of deleted documents, older versions, dropped chunks, or a second time under another id.
    """

    documents: int = 0
    chunks: int = 0
    points: int = 0
    missing: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """For people and logs."""
        sizes = {"missing_documents": len(self.missing), "orphan_points": len(self.orphans)}
        return {"documents": self.documents, "chunks": self.chunks, "points": self.points, **sizes}


def compare(scope: Scope, collection: str, go_on: Callable[[], None]) -> Difference:
    """Look at all points and at all documents that were ready before it began. Changes nothing.

    Cost: one scan of ids and three payload fields, and one number in memory per document. Calls `go_on` between pages.
    """
    difference, started = Difference(), utc_now()
    held: Counter[str] = Counter()
    for page in scope.runtime.vectors.scan(collection):
        go_on()
        with scope.read() as tx:
            # Read after the points: a document's row is there before its points are.
            rows = repository.standing(tx, {point.document_id for point in page})
        for point in page:
            difference.points += 1
            if is_orphan(point, rows.get(point.document_id)):
                difference.orphans.append(point.id)
            else:
                held[point.document_id] += 1
    lacking: set[str] = set()
    for page in scope.runtime.vectors.scan(collection, without_vector=True):
        go_on()
        with scope.read() as tx:
            rows = repository.standing(tx, {point.document_id for point in page})
        lacking |= {document_id for document_id, (_, _, _, embedded) in rows.items() if embedded}
    after = ""
    while True:
        go_on()
        with scope.read() as tx:
            # Those that got ready meanwhile were counted a moment ago.
            expected = repository.ready_chunk_counts(tx, until=started, after=after, limit=PAGE)
        if not expected:
            return difference
        after = expected[-1][0]
        difference.documents += len(expected)
        difference.chunks += sum(count for _, count in expected)
        difference.missing += [id_ for id_, count in expected if held[id_] < count or id_ in lacking]


def is_orphan(point: StoredPoint, row: tuple[str, int, int, bool] | None) -> bool:
    """Whether no chunk has this point. One of a document that is being worked on, or failed, is left alone."""
    if row is None or point.is_stray:
        return True
    status, version, chunk_count, _ = row
    if status in ("deleting", "archived") or point.version < version:
        return True
    return status == "ready" and point.version == version and point.ordinal >= chunk_count


def reconcile(batch: Batch) -> None:
    """Compare the live collection, remove orphans, write a job for each document that lacks something, tell the counts."""
    scope = batch.scope
    for job in batch.jobs:
        live = look(scope).live
        difference = compare(scope, live, batch.go_on)
        scope.runtime.vectors.delete_points(live, difference.orphans)
        for start in range(0, len(difference.missing), SLICE):
            with scope.write() as tx:
                for document_id in difference.missing[start : start + SLICE]:
                    mend(tx, document_id)
        drop_former_generations(scope)
        if difference.missing or difference.orphans:
            log.warning("search index differed from the database", tenant_id=scope.tenant_id, **difference.counts())
        with scope.write() as tx:
            batch.event(tx, job, "reconciled", **difference.counts())
            batch.done(tx, job)


def mend(tx: Tx, document_id: str) -> None:
    """Have a document's points made again from its stored text, without reading the file again."""
    if not repository.is_waiting(tx, document_id, EMBED_JOB):
        enqueue(tx, EMBED_JOB, document_id, queue="maintenance", stage=None)


def drop_former_generations(scope: Scope) -> None:
    """Remove the collections that a reindex replaced, unless one did so a moment ago."""
    with scope.read() as tx:
        tenant = repository.tenant(tx)
        events = subject_events(tx, tenant.id, latest=SLICE)
    if any(event.stage == SWITCHED and event.at > utc_now() - GRACE for event in events):
        return
    for generation in range(1, tenant.generation):
        scope.runtime.vectors.drop(collection_name(tenant.id, generation))


def request_reconcile(scope: Scope) -> str:
    """Have the tenant's index compared and mended now; returns the job's id, that of one under way when there is one."""
    with scope.write() as tx:
        job = repository.open_job(tx, scope.tenant_id, RECONCILE_JOB, due_by=utc_now())
        return (job or enqueue(tx, RECONCILE_JOB, scope.tenant_id, queue="maintenance")).id


def enqueue_nightly(runtime: Runtime) -> int:
    """Make the job for each tenant whose last one is a day old; returns how many. Safe in any number of clocks."""
    made = 0
    for tenant in list_tenants(runtime):
        with Scope(runtime, tenant.id, CLOCK).write() as tx:
            repository.tenant(tx, lock=True)
            last = repository.last_job(tx, RECONCILE_JOB)
            if (last.created_at if last else tenant.created_at) < utc_now() - EVERY:
                enqueue(tx, RECONCILE_JOB, tenant.id, queue="maintenance", stage=None)
                made += 1
    return made

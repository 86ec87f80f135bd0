"""Snapshots of a tenant's index on a Qdrant server: made on request, the newest few kept, put back and then compared.

They save making all vectors again, no more: the database is the truth, and a reconcile follows each restore.
"""

from __future__ import annotations

from services.engines.vectors.base import Snapshot, Snapshots
from services.errors import Conflict
from services.ingest.index.generations import ensure, look, request_job
from services.ingest.index.reconcile import request_reconcile
from services.jobs.claim import Batch, Claimed
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.tenants.tenants import list_tenants

SNAPSHOT_JOB, RESTORE_JOB = "snapshot", "restore"
# Of each collection. They hold vectors of documents that were deleted since.
KEPT = 2
NONE_HERE = (
    "Only a Qdrant server makes snapshots. In the embedded profile the index is a part of the data folder: "
    "stop Tidings and copy the folder, or make the index again with `tidings reindex`."
)


def snapshots_of(runtime: Runtime) -> Snapshots:
    """The store's snapshots. Raises Conflict when it makes none."""
    snapshots = runtime.vectors.snapshots
    if snapshots is None:
        raise Conflict(NONE_HERE)
    return snapshots


def list_snapshots(scope: Scope) -> list[Snapshot]:
    """Those of the tenant's live collection, the newest first."""
    return snapshots_of(scope.runtime).listed(look(scope).live)


def request_snapshot(scope: Scope) -> str:
    """Have one made; returns the job's id, that of one under way when there is one."""
    snapshots_of(scope.runtime)
    return request_job(scope, SNAPSHOT_JOB)


def request_restore(scope: Scope) -> str:
    """Have the newest one put back; returns the job's id. Raises Conflict when there is none."""
    snapshots_of(scope.runtime)
    # The server lists snapshots only of collections that are there, and this one may be what was lost.
    ensure(scope, look(scope))
    if not list_snapshots(scope):
        raise Conflict(
            "There is no snapshot of this tenant's index as it is now; make the index again with `tidings reindex`."
        )
    return request_job(scope, RESTORE_JOB)


def make_snapshot(batch: Batch) -> None:
    """Make one, then remove all but the newest KEPT."""
    scope = batch.scope
    snapshots = snapshots_of(scope.runtime)
    for job in batch.jobs:
        live = look(scope).live
        made = snapshots.take(live)
        for old in snapshots.listed(live)[KEPT:]:
            snapshots.remove(live, old.name)
        with scope.write() as tx:
            batch.event(tx, job, "snapshot_made", name=made.name, bytes=made.size)
            batch.done(tx, job)


def restore(batch: Batch) -> None:
    """Put the newest one back, and have what it brought compared with the database."""
    scope = batch.scope
    snapshots, vectors = snapshots_of(scope.runtime), scope.runtime.vectors
    for job in batch.jobs:
        live = look(scope).live
        for newest in snapshots.listed(live)[:1]:
            snapshots.restore(live, newest.name)
            vectors.publish(live)
            with scope.write() as tx:
                batch.event(tx, job, "restored", name=newest.name, at=newest.at.isoformat())
        # A shared collection holds everybody's points.
        for tenant in list_tenants(scope.runtime):
            request_reconcile(Scope(scope.runtime, tenant.id, scope.actor_id))
        with scope.write() as tx:
            batch.done(tx, job)


def given_up(tx: Tx, job: Claimed, code: str, detail: str) -> None:
    """Nothing more to do: whoever asked sees the reason on the job, and the index is as it was."""

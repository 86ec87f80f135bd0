"""Where a tenant's points are: in its live collection and, while a reindex builds the next generation, in that too.

Whoever writes points asks `targets` first, writes to all of them, and asks again in the transaction that records the
work: other targets by then mean that the work is to be done once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.engines.vectors.base import Point, collection_name
from services.engines.vectors.shards import OPEN_SHARDS
from services.errors import ConfigurationError, EngineBroken, EngineUnavailable
from services.ingest import repository
from services.jobs.jobs import enqueue
from services.models import Tenant
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.tenants.tenants import list_tenants

REINDEX_JOB = "reindex"


@dataclass(frozen=True)
class Targets:
    """The collection that is searched and the one that is being built, None when none is."""

    live: str
    shadow: str | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Where points are written and removed."""
        return (self.live,) if self.shadow is None else (self.live, self.shadow)


def collection_of(tenant: Tenant) -> str:
    """The tenant's live collection. Made by the server from its own ids, never from a request."""
    return collection_name(tenant.id, tenant.generation)


def open_all(runtime: Runtime) -> None:
    """Open the collections of the tenants, so that nobody's first search waits for it: Edge takes 12 s per million chunks.

    As many as stay open, those of the oldest tenants. One that cannot be opened says so when it is searched.
    """
    for tenant in list_tenants(runtime)[:OPEN_SHARDS]:
        with suppress(EngineUnavailable):
            runtime.vectors.count(collection_of(tenant))


def targets(tx: Tx) -> Targets:
    """Where the tenant's points belong now. The next generation is being built as long as its job is not over."""
    tenant = repository.tenant(tx)
    building = repository.open_job(tx, tenant.id, REINDEX_JOB) is not None
    return Targets(collection_of(tenant), collection_name(tenant.id, tenant.generation + 1) if building else None)


def look(scope: Scope) -> Targets:
    """As `targets`, in a transaction of its own."""
    with scope.read() as tx:
        return targets(tx)


def request_job(scope: Scope, name: str) -> str:
    """Have something done to the tenant's index; returns the job's id, that of one under way when there is one."""
    with scope.write() as tx:
        tenant = repository.tenant(tx, lock=True)
        job = repository.open_job(tx, tenant.id, name)
        return (job or enqueue(tx, name, tenant.id, queue="maintenance")).id


def ensure(scope: Scope, aims: Targets) -> tuple[str, ...]:
    """Make the collections that are missing; returns those to write to.

    That leaves out a live collection of another model while its successor is being built: documents that come meanwhile
    are found after the switch. Raises ConfigurationError when nothing is being built.
    """
    vectors, dimensions = scope.runtime.vectors, scope.runtime.embedder.dimensions
    try:
        vectors.ensure(aims.live, dimensions)
    except ConfigurationError:
        if aims.shadow is None:
            raise
        vectors.ensure(aims.shadow, dimensions)
        return (aims.shadow,)
    if aims.shadow is not None:
        vectors.ensure(aims.shadow, dimensions)
    return aims.all


def keep(scope: Scope, collections: Iterable[str], document_id: str, points: Sequence[Point]) -> None:
    """Store all points of one version of a document, remove older versions, and count what is there.

    Raises: EngineBroken when the engine says it stored them and did not.
    """
    vectors = scope.runtime.vectors
    for collection in collections:
        vectors.upsert(collection, points)
        if points:
            # Only older ones: another worker may have stored a newer version meanwhile.
            vectors.delete_documents(collection, [document_id], before_version=points[0].version)
        stored = vectors.count(collection, document_id=document_id)
        if stored < len(points):
            raise EngineBroken(f"The index holds {stored} of {len(points)} chunks; trying again.")


def remove(
    scope: Scope, collections: Iterable[str], document_ids: Sequence[str], *, before_version: int | None = None
) -> None:
    """Remove all points of these documents, or those of versions below `before_version`; idempotent."""
    for collection in collections:
        scope.runtime.vectors.delete_documents(collection, document_ids, before_version=before_version)

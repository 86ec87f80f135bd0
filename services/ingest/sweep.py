"""Tidying: blobs that a killed process left without a document or upload, and documents whose publisher set an end to them."""

from __future__ import annotations

from itertools import groupby

from services.ingest import repository
from services.ingest.documents import delete_in
from services.runtime import Runtime
from services.scope import Scope
from services.tenants.tenants import list_tenants

SWEEPER = "sweep"
# A blob is written before its row is committed, which takes seconds at most; an older one without a row is litter.
ORPHAN_AGE_SECONDS = 3600.0
# Documents deleted in one transaction.
SLICE = 200


def sweep_blobs(runtime: Runtime, *, older_than_seconds: float = ORPHAN_AGE_SECONDS) -> int:
    """Remove blobs without a document; returns how many. Safe to run at any time and any number of times."""
    removed = 0
    keys = sorted(runtime.blobs.keys_older_than(older_than_seconds))
    for tenant_id, group in groupby(keys, key=lambda key: key.split("/")[0]):
        with Scope(runtime, tenant_id, SWEEPER).read() as tx:
            known = repository.blob_keys(tx)
        for key in set(group) - known:
            runtime.blobs.delete(key)
            removed += 1
    return removed


def sweep_expired(runtime: Runtime) -> int:
    """Delete documents past their `expires_at`, which nobody finds any more; returns how many. Safe at any time."""
    removed = 0
    for tenant in list_tenants(runtime):
        scope = Scope(runtime, tenant.id, SWEEPER)
        with scope.read() as tx:
            found = repository.expired(tx, 1)
        while found:
            with scope.write() as tx:
                found = repository.expired(tx, SLICE)
                for document in found:
                    delete_in(tx, document)
            removed += len(found)
    return removed

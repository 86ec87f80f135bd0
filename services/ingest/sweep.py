"""Tidying what a killed process left: blobs that no document row knows."""

from __future__ import annotations

from itertools import groupby

from services.ingest import repository
from services.runtime import Runtime
from services.scope import Scope

SWEEPER = "sweep"
# A blob is written before its row is committed, which takes seconds at most; an older one without a row is litter.
ORPHAN_AGE_SECONDS = 3600.0


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

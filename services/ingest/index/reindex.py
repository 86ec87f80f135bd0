"""A new generation of a tenant's index, made from the texts and spans in the database while the old one serves.

The shadow collection is filled in three steps: from the moment its job is written every ingest and deletion goes to it
too (generations.py); the job copies what was there before; then it compares and fills what is missing until nothing is.
The switch is one place: the alias on a server, and the generation in the tenant's row, which Edge and the shared
collection go by. The former generation is removed a while later, when no search can be asking it any more.
"""

from __future__ import annotations

from time import monotonic

from services.engines.embedder import EmbedderState
from services.errors import EngineUnavailable
from services.ingest import repository
from services.ingest.index.generations import REINDEX_JOB, ensure, look, request_job
from services.ingest.index.reconcile import GRACE, RECONCILE_JOB, SWITCHED, compare
from services.ingest.library.work import leave_nothing
from services.ingest.pipeline import MODEL_WAIT_SECONDS, embed_together, keep_again, stored_work
from services.jobs.claim import Batch, Claimed
from services.jobs.events import subject_events
from services.jobs.jobs import enqueue
from services.models import utc_now
from services.scope import Scope

# Documents copied at once, and seconds after which other maintenance jobs get a turn.
PAGE = 16
TURN_SECONDS = 20.0
# Between two words about progress, which are also where a killed process goes on.
TELL_SECONDS = 2.0
# Latest events about the tenant among which the job's own last one is.
LOOKED_AT = 200
# Comparisons before the engine is taken to be losing points.
ROUNDS = 5
COPYING = "copying"


def request_reindex(scope: Scope) -> str:
    """Have the tenant's index built anew; returns the job's id, that of one under way when there is one."""
    return request_job(scope, REINDEX_JOB)


def reindex(batch: Batch) -> None:
    """Fill the shadow, in turns, and switch to it when it is whole. Goes on where a killed process was."""
    scope = batch.scope
    for job in batch.jobs:
        if scope.runtime.embedder.state is not EmbedderState.READY:
            with scope.write() as tx:
                batch.defer(tx, job, MODEL_WAIT_SECONDS)
            continue
        aims = look(scope)
        shadow = aims.shadow
        if shadow is None:
            raise RuntimeError("the job is open, so there is a shadow")
        ensure(scope, aims)
        if copy(batch, job, shadow):
            fill(batch, job, shadow)
            switch(batch, job, shadow)


def copy(batch: Batch, job: Claimed, shadow: str) -> bool:
    """Store searchable documents in the shadow, by id, from where the last turn ended; False when the turn is over."""
    scope, ends = batch.scope, monotonic() + TURN_SECONDS
    with scope.read() as tx:
        total = repository.searchable_count(tx)
        told = [event for event in subject_events(tx, job.subject_id, latest=LOOKED_AT) if event.job_id == job.job_id]
    last = next((event.detail for event in reversed(told) if event.stage == COPYING), {})
    done, after = int(last.get("done", 0)), str(last.get("after", ""))
    tells = 0.0
    while True:
        with scope.read() as tx:
            ids = repository.searchable_ids(tx, after=after, limit=PAGE)
        if not ids:
            return True
        store(batch, job, list(ids), shadow)
        done, after = done + len(ids), ids[-1]
        over = monotonic() > ends
        if over or monotonic() > tells:
            tells = monotonic() + TELL_SECONDS
            with scope.write() as tx:
                batch.event(tx, job, COPYING, done=done, total=max(done, total), after=after)
                if over:
                    batch.defer(tx, job, 0)
        if over:
            return False


def fill(batch: Batch, job: Claimed, shadow: str) -> None:
    """Compare the shadow with the database and store what it lacks, until it lacks nothing. Raises EngineUnavailable."""
    for _ in range(ROUNDS):
        difference = compare(batch.scope, shadow, batch.go_on)
        with batch.scope.write() as tx:
            batch.event(tx, job, "checking", **difference.counts())
        batch.scope.runtime.vectors.delete_points(shadow, difference.orphans)
        if not difference.missing:
            return
        for start in range(0, len(difference.missing), PAGE):
            store(batch, job, difference.missing[start : start + PAGE], shadow)
    raise EngineUnavailable(
        f"The new index lacks points of {len(difference.missing)} documents each time it is filled; "
        "see the log of the vector store. The former index serves on, and this is tried again."
    )


def store(batch: Batch, job: Claimed, document_ids: list[str], shadow: str) -> None:
    """Embed these documents' chunks, mostly from the cache, and store them in the shadow."""
    scope = batch.scope
    batch.go_on()
    with scope.read() as tx:
        tenant = repository.tenant(tx)
        rows = repository.find_many(tx, document_ids, with_text=True)
        searched = [row for row in rows.values() if row.status in repository.SEARCHED]
        works = [stored_work(tx, job, row) for row in searched if row.status == "ready" or row.pages_read]
    works = embed_together(batch, tenant, works)
    for work in works:
        keep_again(batch, work, [shadow])
    with scope.read() as tx:
        gone = [work for work in works if repository.current(tx, work.row) is None]
    for work in gone:
        leave_nothing(scope, work)


def switch(batch: Batch, job: Claimed, shadow: str) -> None:
    """Let searches be answered from the new generation, for good: alias first, then the row and the end of the job.

    Killed in between, the job runs again: the alias already names a whole generation, which is written to as before.
    """
    scope = batch.scope
    scope.runtime.vectors.publish(shadow)
    with scope.write() as tx:
        tenant = repository.tenant(tx, lock=True)
        tenant.generation += 1
        batch.event(tx, job, SWITCHED, generation=tenant.generation)
        batch.done(tx, job)
        # It also looks for documents that were on their way while the generations changed.
        tidying = enqueue(tx, RECONCILE_JOB, tenant.id, queue="maintenance", stage=None)
        tidying.run_after = utc_now() + GRACE

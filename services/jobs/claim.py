"""Doing jobs: claim a batch, run its handler, record each job by itself.

Who owns a job is decided by its row: a claim is a conditional update that grows `fence` and sets a lease. A worker
that dies stops renewing, the lease ends, and another takes the row; the first one's fence is then stale and its
records are refused. A job that failed or died once runs alone from then on, so poison takes nobody with it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from threading import Event, Thread
from typing import Any

import structlog

from services.errors import ParseFailed, TidingsError
from services.jobs import repository
from services.jobs.events import record
from services.models import utc_now
from services.runtime import Runtime
from services.scope import Scope, Tx

log = structlog.get_logger()

WORKER = "worker"
# Seconds before the second try; doubled each time, with jitter so that a broken engine is not hit in step.
FIRST_RETRY_SECONDS = 2.0
LAST_RETRY_SECONDS = 600.0
# How many jobs are claimed at once, where it is not the usual number. A crawl process visits many sources.
CRAWLS = frozenset({"crawl", "crawl_now"})
INTERACTIVE_BATCH, CRAWL_BATCH = 4, 200


class LeaseLost(Exception):
    """Another worker owns this job now; the transaction that noticed must roll back."""


class Interrupted(Exception):
    """The process is stopping; what is open goes back to the queue and does not count as a try."""


@dataclass(frozen=True)
class Claimed:
    """One job in a worker's hands."""

    job_id: str
    tenant_id: str
    name: str
    subject_id: str
    fence: int
    attempts: int


@dataclass
class Batch:
    """Jobs of one tenant and one name, and how their ends are recorded. Each job must end exactly once."""

    scope: Scope
    queue: str
    jobs: Sequence[Claimed]
    handler: Handler
    open: dict[str, Claimed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open = {job.job_id: job for job in self.jobs}

    def go_on(self) -> None:
        """Call between steps: raises Interrupted when the process is stopping."""
        if self.scope.runtime.stopping.is_set():
            raise Interrupted

    def event(self, tx: Tx, job: Claimed, stage: str, **detail: Any) -> None:
        """Tell progress in the caller's transaction."""
        record(tx, job.job_id, job.subject_id, stage, **detail)

    def done(self, tx: Tx, job: Claimed) -> None:
        """End a job well, in the transaction that holds its result. Raises LeaseLost."""
        self._end(tx, job, status="done", finished_at=utc_now(), lease_until=None)

    def defer(self, tx: Tx, job: Claimed, seconds: float) -> None:
        """Put a job back without counting the try: something it needs is not there yet."""
        later = utc_now() + timedelta(seconds=seconds)
        self._end(tx, job, status="queued", attempts=job.attempts - 1, run_after=later, lease_until=None)

    def fail(self, job: Claimed, error: Exception) -> None:
        """End a try badly, in a transaction of its own: again later, or for good and visibly."""
        try:
            with self.scope.write() as tx:
                self.fail_in(tx, job, error)
        except LeaseLost:
            log.warning("lease lost", job_id=job.job_id)

    def fail_in(self, tx: Tx, job: Claimed, error: Exception) -> None:
        """As `fail`, in the caller's transaction. Raises LeaseLost."""
        code, detail = explain(error)
        # Expected refusals (a damaged file) do not change by trying again; surprises and absent engines may.
        final = job.attempts >= self.scope.runtime.settings.job_attempts or is_final(error)
        if not final or self.handler.failed is None:
            delay = min(FIRST_RETRY_SECONDS * 2 ** (job.attempts - 1), LAST_RETRY_SECONDS)
            delay *= random.uniform(0.75, 1.25)  # noqa: S311
            later = utc_now() + timedelta(seconds=delay)
            self._end(tx, job, status="queued", run_after=later, lease_until=None, error_code=code, error_detail=detail)
            record(tx, job.job_id, job.subject_id, "retrying", code=code, detail=detail, attempt=job.attempts)
            return
        self._end(
            tx, job, status="failed", finished_at=utc_now(), lease_until=None, error_code=code, error_detail=detail
        )
        self.handler.failed(tx, job, code, detail)
        record(tx, job.job_id, job.subject_id, "failed", code=code, detail=detail)

    def _end(self, tx: Tx, job: Claimed, **values: Any) -> None:
        if not repository.finish(tx.session, job.job_id, job.fence, values):
            self.open.pop(job.job_id, None)
            raise LeaseLost(job.job_id)
        self.open.pop(job.job_id, None)


@dataclass(frozen=True)
class Handler:
    """What a job name means: `run` does a batch, `failed` makes the final failure visible on the subject.

    `failed` None: the job must succeed some day, as a deletion must, and is tried for ever, at most LAST_RETRY apart.
    """

    run: Callable[[Batch], None]
    failed: Callable[[Tx, Claimed, str, str], None] | None = None


def work(runtime: Runtime, queue: str, handlers: Mapping[str, Handler]) -> int:
    """Claim and run batches of this queue until nothing is due; returns how many jobs were run.

    Interactive work is claimed in small batches, so that a person's file waits for few others.
    """
    total = 0
    while not runtime.stopping.is_set():
        jobs = claim(runtime, queue, handlers)
        if not jobs:
            break
        total += len(jobs)
        for (tenant_id, name), group in groupby(jobs, key=lambda job: (job.tenant_id, job.name)):
            run_batch(Batch(Scope(runtime, tenant_id, WORKER), queue, list(group), handlers[name]))
    return total


def claim(runtime: Runtime, queue: str, handlers: Mapping[str, Handler]) -> list[Claimed]:
    """Take up to a batch of due jobs. Jobs that died too often are failed here, without running again."""
    settings = runtime.settings
    limit = min(INTERACTIVE_BATCH, settings.job_batch) if queue == "interactive" else settings.job_batch
    if queue in CRAWLS:
        limit = CRAWL_BATCH
    taken: list[Claimed] = []
    with runtime.session(write=True) as (session, _):
        now = utc_now()
        due = list(repository.due_jobs(session, queue, now, limit))
        if queue in CRAWLS and due:
            # A crawl takes minutes: jobs of another tenant, claimed beside, would outlive their leases before their
            # turn. Which tenant is chance, so that one with many sources starves nobody.
            chosen = random.choice(sorted({job.tenant_id for job in due}))  # noqa: S311
            due = [job for job in due if job.tenant_id == chosen]
        # A crawl runs in a child of its own, so that the death of a worker says less about it.
        alone = 2 if queue in CRAWLS else 1
        due = due[:1] if due and due[0].attempts >= alone else [job for job in due if job.attempts < alone]
        for job in due:
            if not repository.take(session, job, now, settings.job_lease_seconds):
                continue
            claimed = Claimed(job.id, job.tenant_id, job.name, job.subject_id, job.fence + 1, job.attempts + 1)
            if claimed.attempts > settings.job_attempts and handlers[job.name].failed is not None:
                exhaust(session, claimed, Scope(runtime, job.tenant_id, WORKER), handlers)
            else:
                taken.append(claimed)
    return sorted(taken, key=lambda job: (job.tenant_id, job.name))


def exhaust(session: Any, job: Claimed, scope: Scope, handlers: Mapping[str, Handler]) -> None:
    """Fail a job whose workers died at every try."""
    batch = Batch(scope, "", [job], handlers[job.name])
    error = ParseFailed(
        "worker_died", "The worker stopped each time it tried this; the file may be too demanding. Try a smaller one."
    )
    batch.fail_in(Tx(session, job.tenant_id), job, error)


def run_batch(batch: Batch) -> None:
    """Run a handler while renewing its leases; whatever it leaves open after an error is tried again or failed."""
    try:
        with renewing(batch):
            batch.handler.run(batch)
    except LeaseLost as lost:
        log.warning("lease lost", job_id=str(lost))
    except Interrupted:
        with batch.scope.write() as tx:
            for job in list(batch.open.values()):
                batch.defer(tx, job, 0)
    except Exception as error:
        if not isinstance(error, TidingsError):
            log.exception("job crashed", job=batch.jobs[0].name, job_ids=list(batch.open))
        for job in list(batch.open.values()):
            batch.fail(job, error)
    for job in list(batch.open.values()):
        batch.fail(job, RuntimeError("the handler forgot this job"))


@contextmanager
def renewing(batch: Batch) -> Iterator[None]:
    """Renew the leases of open jobs from a side thread, three times per lease."""
    runtime, stopped = batch.scope.runtime, Event()
    lease = runtime.settings.job_lease_seconds

    def renew() -> None:
        while not stopped.wait(lease / 3):
            held = {job.job_id: job.fence for job in list(batch.open.values())}
            with runtime.session(write=True) as (session, _):
                repository.extend_leases(session, held, utc_now() + timedelta(seconds=lease))

    thread = Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def explain(error: Exception) -> tuple[str, str]:
    """A stable code and a sentence for people. Surprises say no more than that they are ours."""
    if isinstance(error, ParseFailed):
        return error.reason, error.detail
    if isinstance(error, TidingsError):
        return error.code, error.detail
    return "internal_error", "An unexpected error; the server log has the details. Try again later."


def is_final(error: Exception) -> bool:
    """Whether trying again cannot help. Crashes and time-outs of the parser get one more chance."""
    if isinstance(error, ParseFailed):
        return error.reason not in {"parser_crash", "parse_timeout", "resource_exhausted"}
    return isinstance(error, TidingsError) and error.status < 500

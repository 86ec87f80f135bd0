"""Doing jobs: claim a batch, run its handler, record each job by itself.

Who owns a job is decided by its row: a claim is a conditional update that grows `fence` and sets a lease. A worker
that dies stops renewing, the lease ends, and another takes the row; the first one's fence is then stale and its
records are refused. A job that failed or died once runs alone from then on, so poison takes nobody with it.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event, Thread
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import event

from services.errors import EngineBroken, EngineUnavailable, ParseFailed, TidingsError
from services.jobs import repository
from services.jobs.events import record
from services.logs import log_context, trace_of
from services.metrics import JOBS_ENDED
from services.models import Job, utc_now
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.traces import span

log = structlog.get_logger()

WORKER = "worker"
# Seconds before the second try; doubled each time, with jitter so that a broken engine is not hit in step.
FIRST_RETRY_SECONDS = 2.0
LAST_RETRY_SECONDS = 600.0
# So long a document waits for an engine that is away before it fails visibly; and the longest pause meanwhile.
PATIENCE = timedelta(hours=24)
LONGEST_ENGINE_WAIT_SECONDS = 120.0
# Seconds between attempts to record how a job ended while the database is away.
RECORD_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
# How many jobs are claimed at once, where it is not the usual number. A crawl process visits many sources.
CRAWLS = frozenset({"crawl", "crawl_now"})
INTERACTIVE_BATCH, CRAWL_BATCH = 4, 200
# Jobs of a batch that a log line names.
JOBS_NAMED = 20


class LeaseLost(Exception):
    """Another worker owns this job now; the transaction that noticed must roll back."""


class Interrupted(Exception):
    """The process is stopping; what is open goes back to the queue and does not count as a try."""


@dataclass(frozen=True)
class Claimed:
    """One job in a worker's hands. `request_id` and `trace_parent` name the request that asked for it, if one did."""

    job_id: str
    tenant_id: str
    name: str
    subject_id: str
    fence: int
    attempts: int
    created_at: datetime
    request_id: str | None = None
    trace_parent: str | None = None

    @property
    def age(self) -> timedelta:
        """Since when it has been there."""
        return utc_now() - self.created_at

    def in_log(self) -> AbstractContextManager[None]:
        """Put this job's ids on every line written in the block."""
        return log_context(job_id=self.job_id, fence=self.fence, request_id=self.request_id)


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
        self._end(tx, job, "done", status="done", finished_at=utc_now(), lease_until=None)

    def hold(self, tx: Tx, job: Claimed) -> None:
        """Record a part of a job's result in the caller's transaction. Raises LeaseLost when it is no longer ours."""
        lease = utc_now() + timedelta(seconds=self.scope.runtime.settings.job_lease_seconds)
        if not repository.finish(tx.session, job.job_id, job.fence, {"lease_until": lease}):
            raise LeaseLost(job.job_id)

    def cancel(self, tx: Tx, job: Claimed) -> None:
        """End a job whose result nobody wants any more. Raises LeaseLost."""
        self._end(tx, job, "cancelled", status="cancelled", finished_at=utc_now(), lease_until=None)

    def pause(self, tx: Tx, job: Claimed) -> None:
        """Put a job aside, where nobody claims it, without counting the try. Raises LeaseLost."""
        self._end(tx, job, "paused", status="paused", attempts=job.attempts - 1, lease_until=None)

    def defer(self, tx: Tx, job: Claimed, seconds: float, *, anew: bool = False, **why: str) -> None:
        """Put a job back without counting the try: something it needs is not there yet, or others have their turn.

        `anew`: it came on, so that earlier tries do not count either.
        """
        later = utc_now() + timedelta(seconds=seconds)
        attempts = 0 if anew else job.attempts - 1
        back = {"status": "queued", "attempts": attempts, "run_after": later, "lease_until": None}
        self._end(tx, job, "deferred", **back, **why)

    def go_on_later(self, tx: Tx, job: Claimed, *, queue: str) -> None:
        """Put a job back of which this transaction records a part: the rest at its next turn, with all its tries."""
        back = {"status": "queued", "attempts": 0, "run_after": utc_now(), "lease_until": None, "queue": queue}
        self._end(tx, job, "continued", **back)
        tx.ring(queue)

    def fail(self, job: Claimed, error: Exception) -> None:
        """End a try badly, in a transaction of its own: again later, or for good and visibly."""
        try:
            with self.scope.write() as tx:
                self.fail_in(tx, job, error)
        except LeaseLost:
            log.warning("lease lost", job_id=job.job_id, fence=job.fence)

    def fail_in(self, tx: Tx, job: Claimed, error: Exception) -> None:
        """As `fail`, in the caller's transaction. Raises LeaseLost."""
        code, detail = explain(error)
        is_away = isinstance(error, EngineUnavailable) and not isinstance(error, EngineBroken)
        if is_away and self.handler.failed is not None and job.age < PATIENCE:
            self._wait_for_engine(tx, job, code, detail)
            return
        # Expected refusals (a damaged file) do not change by trying again; surprises and absent engines may.
        final = job.attempts >= self.scope.runtime.settings.job_attempts or is_final(error)
        failed = self.handler.failed
        again = not final or failed is None
        with job.in_log():
            log.warning("job tried" if again else "job failed", queue=self.queue, code=code, attempt=job.attempts)
        if not final or failed is None:
            delay = min(FIRST_RETRY_SECONDS * 2 ** (job.attempts - 1), LAST_RETRY_SECONDS)
            delay *= random.uniform(0.75, 1.25)  # noqa: S311
            later = utc_now() + timedelta(seconds=delay)
            later_on = {"status": "queued", "run_after": later, "lease_until": None}
            self._end(tx, job, "retried", **later_on, error_code=code, error_detail=detail)
            record(tx, job.job_id, job.subject_id, "retrying", code=code, detail=detail, attempt=job.attempts)
            return
        end = {"status": "failed", "finished_at": utc_now(), "lease_until": None}
        self._end(tx, job, "failed", **end, error_code=code, error_detail=detail)
        failed(tx, job, code, detail)
        record(tx, job.job_id, job.subject_id, "failed", code=code, detail=detail)

    def _wait_for_engine(self, tx: Tx, job: Claimed, code: str, detail: str) -> None:
        """Try again later and do not count the try: an engine that is away says nothing about the document."""
        seconds = min(max(job.age.total_seconds() / 4, FIRST_RETRY_SECONDS), LONGEST_ENGINE_WAIT_SECONDS)
        seconds *= random.uniform(0.75, 1.25)  # noqa: S311
        with job.in_log():
            log.warning("job waits for an engine", queue=self.queue, code=code, seconds=round(seconds, 1))
        self.defer(tx, job, seconds, error_code=code, error_detail=detail)
        record(tx, job.job_id, job.subject_id, "retrying", code=code, detail=detail, attempt=job.attempts)

    def _end(self, tx: Tx, job: Claimed, outcome: str, **values: Any) -> None:
        if not repository.finish(tx.session, job.job_id, job.fence, values):
            self._close(job, "lost")
            raise LeaseLost(job.job_id)
        # Not sooner: a commit that fails leaves the job with us, and nobody else would end it before its lease does.
        event.listen(tx.session, "after_commit", lambda _: self._close(job, outcome), once=True)

    def _close(self, job: Claimed, outcome: str) -> None:
        self.open.pop(job.job_id, None)
        JOBS_ENDED.labels(self.queue, job.name, outcome).inc()


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
    spent: list[Claimed] = []
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
            claimed = claimed_from(job)
            if claimed.attempts > settings.job_attempts and handlers[job.name].failed is not None:
                spent.append(claimed)
            else:
                taken.append(claimed)
    for claimed in spent:
        exhaust(Batch(Scope(runtime, claimed.tenant_id, WORKER), queue, [claimed], handlers[claimed.name]), claimed)
    return sorted(taken, key=lambda job: (job.tenant_id, job.name))


def claimed_from(job: Job) -> Claimed:
    """A job as it is once this worker has taken it."""
    return Claimed(
        job_id=job.id,
        tenant_id=job.tenant_id,
        name=job.name,
        subject_id=job.subject_id,
        fence=job.fence + 1,
        attempts=job.attempts + 1,
        created_at=job.created_at,
        request_id=job.request_id,
        trace_parent=job.trace_parent,
    )


def exhaust(batch: Batch, job: Claimed) -> None:
    """Fail a job whose workers died at every try."""
    error = ParseFailed(
        "worker_died", "The worker stopped each time it tried this; the file may be too demanding. Try a smaller one."
    )
    batch.fail(job, error)


def run_batch(batch: Batch) -> None:
    """Run a handler while renewing its leases; whatever it leaves open after an error is tried again or failed."""
    started = perf_counter()
    name, links = batch.jobs[0].name, [job.trace_parent for job in batch.jobs]
    with (
        log_context(queue=batch.queue, job=name, tenant_id=batch.scope.tenant_id),
        in_log(batch),
        span(f"job {name}", links=links, queue=batch.queue, job_ids=[job.job_id for job in batch.jobs[:JOBS_NAMED]]),
    ):
        settle_batch(batch)
        log.info("jobs ended", count=len(batch.jobs), took_ms=round((perf_counter() - started) * 1000))


def in_log(batch: Batch) -> AbstractContextManager[None]:
    """Name a batch's job on every line, or the first of several; a step for one of them names that one (`in_log`)."""
    if len(batch.jobs) == 1:
        return batch.jobs[0].in_log()
    named = batch.jobs[:JOBS_NAMED]
    return log_context(job_ids=[job.job_id for job in named], fences=[job.fence for job in named])


def settle_batch(batch: Batch) -> None:
    """Run a batch's handler and end what it leaves open."""
    try:
        with renewing(batch):
            batch.handler.run(batch)
    except LeaseLost as lost:
        log.warning("lease lost", job_id=str(lost))
        hand_back(batch)
    except Interrupted:
        hand_back(batch)
    except Exception as error:
        if not isinstance(error, TidingsError):
            log.error("job crashed", trace=trace_of(error))
        for job in list(batch.open.values()):
            fail_patiently(batch, job, error)
    for job in list(batch.open.values()):
        batch.fail(job, RuntimeError("the handler forgot this job"))


def hand_back(batch: Batch) -> None:
    """Put every job that we still hold back in its queue, each by itself: one that was lost takes no other with it.

    Those that were recorded are left as they are, and those whose record was rolled back with another's are not.
    """
    for job in batch.jobs:
        with contextlib.suppress(LeaseLost), batch.scope.write() as tx:
            batch.defer(tx, job, 0)


def fail_patiently(batch: Batch, job: Claimed, error: Exception) -> None:
    """Record a failure, also when the database that caused it is back only after some seconds.

    Else the job would stand until its lease ends. A database that stays away longer leaves it to that.
    """
    for pause in RECORD_PAUSES:
        try:
            batch.fail(job, error)
            return
        except EngineUnavailable:
            if batch.scope.runtime.stopping.wait(pause):
                break
    batch.fail(job, error)


@contextmanager
def renewing(batch: Batch) -> Iterator[None]:
    """Renew the leases of open jobs from a side thread, three times per lease; the next time when it cannot."""
    stopped = Event()
    lease = batch.scope.runtime.settings.job_lease_seconds

    def renew() -> None:
        while not stopped.wait(lease / 3):
            held = {job.job_id: job.fence for job in list(batch.open.values())}
            try:
                with batch.scope.write() as tx:
                    repository.extend_leases(tx, held, utc_now() + timedelta(seconds=lease))
            except EngineUnavailable as error:
                log.warning("leases not renewed", reason=error.detail)

    thread = Thread(target=copy_context().run, args=(renew,), name="lease", daemon=True)
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

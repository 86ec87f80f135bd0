"""Crawling as jobs: what is due becomes a job per source; a batch of jobs of one tenant is one child process.

The child fetches; here it is only started, listened to, and ended. What it did stands in rows, so a child that dies
costs the pages it had in flight and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import structlog

from services.engines.queues import QUEUES
from services.errors import EngineUnavailable, NotFound
from services.hosts import hosts
from services.jobs.claim import Batch, Claimed, Interrupted
from services.jobs.jobs import enqueue
from services.models import utc_now
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.settings import Settings
from services.sources import repository
from services.sources.crawl import resume_at

log = structlog.get_logger()

CRAWL_JOB = "crawl"
SCHEDULED, NOW = "crawl", "crawl_now"
CLOCK = "clock"
ROOT = Path(__file__).resolve().parents[2]
# Sources that one look of the clock takes up.
MAX_DUE = 1000
# Seconds a child may need beyond its time: its last fetches, and a slow machine.
GRACE_SECONDS = 60.0
STOP_SECONDS = 4.0
LOOK_SECONDS = 0.1
# Before a process that died is followed by the next.
BROKEN_SECONDS = 2.0
# The longest a job sleeps; it looks again then, in case something changed.
LONGEST_WAIT = timedelta(hours=6)
# What the child needs of our environment: nothing secret, and where trusted certificates lie.
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


def enqueue_due(runtime: Runtime) -> int:
    """Make a job for each source that is due; returns how many. Safe to run at once in any number of clocks.

    Polls that were missed while nothing ran are caught up by one visit.
    """
    made = 0
    for tenant_id, source_id in hosts.due_sources(runtime, utc_now(), MAX_DUE):
        with Scope(runtime, tenant_id, CLOCK).write() as tx:
            # Locked and looked at again: another clock may have been faster.
            source = repository.lock_source(tx, source_id)
            due = source is not None and source.paused_at is None and source.next_poll_at <= utc_now()
            if due and not repository.open_jobs(tx, source_id, CRAWL_JOB):
                enqueue(tx, CRAWL_JOB, source_id, queue=SCHEDULED, stage=None)
                made += 1
    return made


def request_crawl(scope: Scope, source_id: str) -> str:
    """Visit a source now, before its turn; returns the job's id. One that waits is brought forward, one that runs stays.

    Raises: NotFound.
    """
    with scope.write() as tx:
        source = repository.lock_source(tx, source_id)
        if source is None:
            raise NotFound("No such source; it may have been removed.")
        for job in repository.open_jobs(tx, source_id, CRAWL_JOB):
            if job.status == "queued":
                job.queue, job.run_after = NOW, utc_now()
                source.next_poll_at = min(source.next_poll_at, utc_now())
                tx.ring(NOW)
            return job.id
        return enqueue(tx, CRAWL_JOB, source_id, queue=NOW, stage="received").id


def crawl_sources(batch: Batch) -> None:
    """Visit the sources of a batch in one child process, and settle each job by what its rows say afterwards."""
    runtime = batch.scope.runtime
    order = _order(batch)
    before = _requests(batch)
    ended: SimpleQueue[str] = SimpleQueue()
    with _child(order) as child:
        listener = Thread(target=_listen, args=(runtime, child, ended), name="crawl bell", daemon=True)
        listener.start()
        deadline = time.monotonic() + order["seconds"] + GRACE_SECONDS
        while child.poll() is None and time.monotonic() < deadline and not runtime.stopping.wait(LOOK_SECONDS):
            _settle_ended(batch, ended, before)
        overdue = child.poll() is None
        _end(child, STOP_SECONDS if child.poll() is None else 0)
        listener.join(STOP_SECONDS)
    if runtime.stopping.is_set():
        raise Interrupted
    died = overdue or child.returncode != 0
    if died:
        log.warning("the crawl process died", code=child.returncode, sources=len(batch.jobs))
    for job in list(batch.open.values()):
        _settle(batch, job, before, died=died)


def _requests(batch: Batch) -> dict[str, int]:
    """How many requests the visits of these jobs have made, by job."""
    with batch.scope.read() as tx:
        runs = {job.job_id: repository.find_run(tx, job.job_id) for job in batch.jobs}
        return {job_id: run.request_count for job_id, run in runs.items() if run is not None}


def _settle_ended(batch: Batch, ended: SimpleQueue[str], before: Mapping[str, int]) -> None:
    """End jobs whose visits are over, while others go on."""
    while not ended.empty():
        job = batch.open.get(ended.get())
        if job is not None:
            _settle(batch, job, before, died=False)


def _settle(batch: Batch, job: Claimed, before: Mapping[str, int], *, died: bool) -> None:
    """Done, or again when its next URL may be fetched. A try counts when it never began, or its process died idle."""
    with batch.scope.write() as tx:
        run = repository.find_run(tx, job.job_id)
        later = resume_at(tx, job.subject_id, job.job_id)
        if later is None and (run is not None or not _is_wanted(tx, batch, job)):
            batch.done(tx, job)
            return
        moved = run is not None and run.request_count > before.get(job.job_id, 0)
        if later is not None and (moved or not died):
            batch.defer(tx, job, max(_seconds_until(later), BROKEN_SECONDS if died else 0.0))
            return
    batch.fail(job, EngineUnavailable("The crawl process stopped unexpectedly; the visit is tried again."))


def _is_wanted(tx: Tx, batch: Batch, job: Claimed) -> bool:
    """Whether a visit that never began should have begun."""
    source = repository.find(tx, job.subject_id)
    return source is not None and (source.paused_at is None or batch.queue == NOW)


def _seconds_until(moment: datetime) -> float:
    return min(max(moment - utc_now(), timedelta(seconds=0.5)), LONGEST_WAIT).total_seconds()


def _order(batch: Batch) -> dict[str, Any]:
    """What the child is told: settings without secrets, the tenant, and its sources."""
    settings = batch.scope.runtime.settings
    return {
        "settings": _settings_for_child(settings),
        "tenant_id": batch.scope.tenant_id,
        "jobs": [{"job_id": job.job_id, "source_id": job.subject_id} for job in batch.jobs],
        "manual": batch.queue == NOW,
        "seconds": settings.crawl_batch_seconds,
        "log": structlog.contextvars.get_contextvars(),
    }


def _settings_for_child(settings: Settings) -> dict[str, Any]:
    chosen = settings.model_dump(mode="json", exclude={"qdrant_api_key", "api_key", "metrics_token"})
    return {
        **chosen,
        "data_dir": str(settings.data_dir.resolve()),
        # It may hold a password, which is why all of this goes through a pipe.
        "database_url": settings.resolved_database_url,
    }


@contextmanager
def _child(order: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """The crawl process, in a group of its own. It ends by itself when its input closes, as it does when we die."""
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "crawler"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise EngineUnavailable("The crawl process could not be started; see the server log.") from error
    try:
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.write(json.dumps(order).encode() + b"\n")
                child.stdin.flush()
        yield child
    finally:
        _end(child, 0)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _listen(runtime: Runtime, child: subprocess.Popen[bytes], ended: SimpleQueue[str]) -> None:
    """Ring each queue that the child names, so that pages are read while others are fetched; note jobs that ended."""
    for line in child.stdout or ():
        word = line.decode("ascii", "replace").strip()
        if word in QUEUES:
            runtime.bell.ring(word)
        else:
            ended.put(word)


def _end(child: subprocess.Popen[bytes], patience_seconds: float) -> None:
    """Ask the process to stop, then end its whole group."""
    if child.poll() is None and patience_seconds:
        child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience_seconds)
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

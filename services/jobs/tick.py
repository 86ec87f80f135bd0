"""The clock's only job: ring for rows that nobody took, and forget what is too old."""

from __future__ import annotations

from datetime import timedelta

from services.engines.queue import rings
from services.jobs import repository
from services.models import utc_now
from services.runtime import Runtime

EVENTS_KEPT = timedelta(hours=24)
FINISHED_JOBS_KEPT = timedelta(days=7)


def tick(runtime: Runtime) -> list[str]:
    """Ring every queue that has due or abandoned rows; returns those queues. Safe to run any number of times."""
    now = utc_now()
    with runtime.session(write=False) as (session, _):
        queues = repository.waiting_queues(session, now)
    rings(runtime.bell, queues)
    return queues


def take_back(runtime: Runtime) -> int:
    """Put every running job back in its queue; returns how many. Only for a process that knows it is the only one.

    Whoever ran them was killed: waiting for the leases to end would leave people's documents standing for minutes.
    """
    with runtime.session(write=True) as (session, _):
        return repository.take_back(session, utc_now())


def forget(runtime: Runtime) -> None:
    """Drop events, idempotency records and finished jobs past their time."""
    now = utc_now()
    with runtime.session(write=True) as (session, _):
        repository.forget_before(session, now - EVENTS_KEPT, finished_jobs=now - FINISHED_JOBS_KEPT)

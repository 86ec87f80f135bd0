"""Job events: the only progress channel, in both profiles. Rows now, a stream for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.jobs import repository
from services.models import JobEvent
from services.runtime import Runtime
from services.scope import Tx


@dataclass(frozen=True)
class Event:
    """One step of a job, as listeners see it. `event_id` orders the events of the installation."""

    event_id: int
    tenant_id: str
    job_id: str
    subject_id: str
    at: datetime
    stage: str
    detail: dict[str, Any]


def record(tx: Tx, job_id: str, subject_id: str, stage: str, **detail: Any) -> None:
    """Write one event in the caller's transaction."""
    tx.add(JobEvent(job_id=job_id, subject_id=subject_id, stage=stage, detail=detail))


def events_after(runtime: Runtime, event_id: int, *, limit: int = 1000) -> list[Event]:
    """Events of all tenants with a greater id, oldest first: what the broadcaster polls.

    On PostgreSQL ids can appear out of order, so the broadcaster asks again for the last few and drops what it has seen.
    """
    with runtime.session(write=False) as (session, _):
        return [to_event(row) for row in repository.events_after(session, event_id, limit)]


def last_event_id(runtime: Runtime) -> int:
    """The id of the newest event, 0 when there is none."""
    with runtime.session(write=False) as (session, _):
        return repository.last_event_id(session)


def subject_events(tx: Tx, subject_id: str, *, after: int = 0) -> list[Event]:
    """All events about one thing, oldest first."""
    return [to_event(row) for row in repository.subject_events(tx, subject_id, after)]


def to_event(row: JobEvent) -> Event:
    """The row as a value."""
    return Event(row.id, row.tenant_id, row.job_id, row.subject_id, row.at, row.stage, row.detail)

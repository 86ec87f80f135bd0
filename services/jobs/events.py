"""Job events: the only progress channel, in both profiles. Rows now, a stream for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.errors import NotFound
from services.jobs import repository
from services.models import Job, JobEvent
from services.runtime import Runtime
from services.scope import Tx

# Events read at once.
LOOK = 1000


@dataclass(frozen=True)
class Event:
    """One step of a job, as listeners see it. `id` orders the events of the installation."""

    id: int
    tenant_id: str
    job_id: str
    subject_id: str
    at: datetime
    stage: str
    detail: dict[str, Any]


def record(tx: Tx, job_id: str, subject_id: str, stage: str, **detail: Any) -> None:
    """Write one event in the caller's transaction."""
    tx.add(JobEvent(job_id=job_id, subject_id=subject_id, stage=stage, detail=detail))


@dataclass(frozen=True)
class JobEvents:
    """The events of an installation, oldest first: where the gateway's broadcaster reads them."""

    runtime: Runtime

    def latest(self) -> int:
        """The id of the newest event, 0 when there is none."""
        with self.runtime.session(write=False) as (session, _):
            return repository.last_event_id(session)

    def poll(self, after_id: int) -> list[Event]:
        """The next events of all tenants."""
        with self.runtime.session(write=False) as (session, _):
            return [to_event(row) for row in repository.events_after(session, after_id, LOOK)]

    def replay(self, tenant_id: str, after_id: int) -> list[Event]:
        """The next events of one tenant."""
        with self.runtime.session(write=False, tenant_id=tenant_id) as (session, _):
            return [to_event(row) for row in repository.events_after(session, after_id, LOOK, tenant_id=tenant_id)]


def subject_events(tx: Tx, subject_id: str, *, after: int = 0, latest: int | None = None) -> list[Event]:
    """The events about one thing, oldest first; only so many of the `latest` when that is given."""
    return [to_event(row) for row in repository.subject_events(tx, subject_id, after, latest)]


def job_progress(tx: Tx, job_id: str, *, after: int = 0) -> tuple[Job, list[Event]]:
    """A job and its steps after an event's id, oldest first. Raises NotFound."""
    job = repository.find(tx, job_id)
    if job is None:
        raise NotFound("There is no such job.")
    return job, [to_event(row) for row in repository.job_events(tx, job_id, after)]


def to_event(row: JobEvent) -> Event:
    """The row as a value."""
    return Event(row.id, row.tenant_id, row.job_id, row.subject_id, row.at, row.stage, row.detail)

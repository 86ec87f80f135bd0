"""SQL of the jobs slice. Claiming and watching look across tenants; everything else starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.models import IdempotencyRecord, Job, JobEvent
from services.scope import Tx


def due_jobs(session: Session, queue: str, now: datetime, limit: int) -> Sequence[Job]:
    """Jobs that may be claimed: by priority, then one of each tenant in turn, then oldest first.

    On PostgreSQL their rows are locked, and those that another worker is just claiming are left out. The outer condition
    is looked at again for each row that is locked; the one inside may have been true when another claim began.
    """
    due = is_due(now)
    turn = (
        func.row_number()
        .over(partition_by=Job.tenant_id, order_by=(Job.priority.desc(), Job.created_at, Job.id))
        .label("turn")
    )
    ranked = select(Job.id.label("id"), turn).where(Job.queue == queue, due).subquery()
    order = (Job.priority.desc(), ranked.c.turn, Job.created_at, Job.id)
    chosen = select(Job).join(ranked, ranked.c.id == Job.id).where(Job.queue == queue, due).order_by(*order)
    return session.scalars(chosen.limit(limit).with_for_update(of=Job, skip_locked=True)).all()


def is_due(now: datetime) -> ColumnElement[bool]:
    """Whether a job may be claimed: its time has come, or its worker's lease is over.

    One that was made in the future was made before the clock was set back, and need not wait until it is as late again.
    Only if nobody took it yet: the pauses between tries hold, also among hosts whose clocks differ.
    """
    is_from_later = and_(Job.fence == 0, Job.created_at > now)
    return or_(
        and_(Job.status == "queued", or_(Job.run_after <= now, is_from_later)),
        and_(Job.status == "running", Job.lease_until < now),
    )


def take(session: Session, job: Job, now: datetime, lease_seconds: float) -> bool:
    """Claim one job by a conditional update; False when another worker was faster."""
    statement = (
        update(Job)
        .where(Job.id == job.id, Job.fence == job.fence, Job.status == job.status)
        .values(
            status="running",
            fence=job.fence + 1,
            attempts=job.attempts + 1,
            started_at=now,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        .execution_options(synchronize_session=False)
    )
    return affected(session, statement) == 1


def extend_leases(tx: Tx, held: dict[str, int], until: datetime) -> None:
    """Move the lease of jobs that are still held under these fences."""
    for job_id, fence in held.items():
        tx.session.execute(
            tx.update(Job)
            .where(Job.id == job_id, Job.fence == fence, Job.status == "running")
            .values(lease_until=until)
            .execution_options(synchronize_session=False)
        )


def finish(session: Session, job_id: str, fence: int, values: dict[str, Any]) -> bool:
    """Record the end of a job if this fence still holds it."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.fence == fence, Job.status == "running")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return affected(session, statement) == 1


def waiting_queues(session: Session, now: datetime) -> list[str]:
    """Queues that have something to claim."""
    return list(session.scalars(select(Job.queue).where(is_due(now)).distinct()))


def take_back(session: Session, now: datetime) -> int:
    """End the leases of all running jobs; their tries stay counted."""
    return affected(session, update(Job).where(Job.status == "running").values(lease_until=now - timedelta(seconds=1)))


def forget_before(session: Session, moment: datetime, *, finished_jobs: datetime) -> None:
    """Drop idempotency records and events before `moment`, and jobs that ended before `finished_jobs`."""
    session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < moment))
    session.execute(delete(JobEvent).where(JobEvent.at < moment))
    session.execute(delete(Job).where(Job.status.in_(("done", "cancelled")), Job.finished_at < finished_jobs))


def events_after(session: Session, event_id: int, limit: int, *, tenant_id: str | None = None) -> Sequence[JobEvent]:
    """Events after an id, of one tenant or, for the broadcaster, of all."""
    statement = select(JobEvent).where(JobEvent.id > event_id)
    if tenant_id is not None:
        statement = statement.where(JobEvent.tenant_id == tenant_id)
    return session.scalars(statement.order_by(JobEvent.id).limit(limit)).all()


def last_event_id(session: Session) -> int:
    """The newest event's id, or 0."""
    return session.scalar(select(func.max(JobEvent.id))) or 0


def subject_events(tx: Tx, subject_id: str, after: int, latest: int | None) -> Sequence[JobEvent]:
    """Events of this tenant about one thing, oldest first."""
    events = tx.select(JobEvent).where(JobEvent.subject_id == subject_id, JobEvent.id > after)
    return tx.session.scalars(events.order_by(JobEvent.id.desc()).limit(latest)).all()[::-1]


def find(tx: Tx, job_id: str) -> Job | None:
    """A job of this tenant."""
    return tx.session.scalar(tx.select(Job).where(Job.id == job_id))


def job_events(tx: Tx, job_id: str, after: int) -> Sequence[JobEvent]:
    """Events of one job of this tenant, oldest first."""
    events = tx.select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.id > after)
    return tx.session.scalars(events.order_by(JobEvent.id)).all()


def affected(session: Session, statement: Any) -> int:
    """Rows a statement changed."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount

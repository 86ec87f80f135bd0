"""Jobs and their events. Rows are the truth; the queue only rings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import BIG, Base, TenantOwned, utc_now


class Job(TenantOwned, Base):
    """One piece of work on one thing. `status`: queued, running, paused, done, failed, cancelled.

    `fence` grows with each claim: a worker that lost its lease holds an old number and cannot record.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_claim", "queue", "status", "run_after", "priority"),
        Index("ix_jobs_subject", "tenant_id", "subject_id", "status"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    queue: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[str] = mapped_column(String(40))
    priority: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(20), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime] = mapped_column(default=utc_now)
    lease_until: Mapped[datetime | None]
    # Which request asked for it, as its log lines and its trace name it; None for work of the clock.
    request_id: Mapped[str | None] = mapped_column(String(100))
    trace_parent: Mapped[str | None] = mapped_column(String(60))
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobEvent(TenantOwned, Base):
    """One step of a job's progress. `id` orders all events of the installation."""

    __tablename__ = "job_events"
    # Without it SQLite gives an id again after its row is deleted, and Last-Event-ID would skip news.
    __table_args__ = (
        Index("ix_job_events_subject", "tenant_id", "subject_id", "id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(40), index=True)
    subject_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    stage: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]]

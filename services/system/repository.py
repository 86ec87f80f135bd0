"""The slice's SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.models import Document, Job
from services.models.base import utc_now
from services.scope import Tx


def answers(session: Session) -> bool:
    """Whether the database answers at all."""
    return bool(session.scalar(text("SELECT 1")) == 1)


def oldest_waiting_since(session: Session) -> datetime | None:
    """Since when the job that waits longest could have run, over all tenants."""
    waiting = select(Job.run_after).where(Job.status == "queued", Job.run_after <= utc_now())
    return session.scalar(waiting.order_by(Job.run_after).limit(1))


def documents_by_status(tx: Tx) -> Mapping[str, int]:
    """How many of the tenant's documents have each status."""
    rows = tx.session.execute(tx.select_columns(Document, Document.status, func.count()).group_by(Document.status))
    return {row[0]: row[1] for row in rows}

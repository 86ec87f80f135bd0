"""The slice's SQL. The state of the server is over all tenants: counts alone, never a tenant's name or content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, text
from sqlalchemy.orm import Session, undefer

from services.engines.queues import QUEUES
from services.ingest.repository import VISIBLE
from services.models import Document, Figure, Job, JobEvent, Source, Tenant
from services.models.base import insert_into, utc_now
from services.scope import Scope, Tx

# States of jobs that may become many and say nothing about now are left out: done, cancelled.
LIVE_STATES = ("queued", "running", "failed")
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class RowFigures:
    """Counts over all tenants. `jobs` by queue and state; `oldest_due_seconds` by queue, 0 when nothing waits."""

    documents: Mapping[str, int]
    chunks: int
    jobs: Mapping[tuple[str, str], int]
    oldest_due_seconds: Mapping[str, float]
    sources: Mapping[str, int]


def row_figures(session: Session, now: datetime) -> RowFigures:
    """What stands in rows. Cost: reads of indexes alone."""
    counts = (func.count(), func.sum(Document.chunk_count))
    documents = session.execute(select(Document.status, *counts).group_by(Document.status)).all()
    counted = (
        select(Job.queue, Job.status, func.count())
        .where(Job.queue.in_(QUEUES), Job.status.in_(LIVE_STATES))
        .group_by(Job.queue, Job.status)
    )
    state = case((Source.paused_at.is_not(None), "paused"), (Source.failures > 0, "failing"), else_="ok")
    sources = session.execute(select(state, func.count()).group_by(state))
    none = {(queue, state): 0 for queue in QUEUES for state in LIVE_STATES}
    return RowFigures(
        documents={status: count for status, count, _ in documents},
        chunks=sum(chunks for status, _, chunks in documents if status == "ready"),
        jobs=none | {(queue, status): count for queue, status, count in session.execute(counted)},
        oldest_due_seconds=oldest_due_seconds(session, now),
        sources=dict.fromkeys(("ok", "failing", "paused"), 0) | dict(sources.all()),
    )


def oldest_due_seconds(session: Session, now: datetime) -> dict[str, float]:
    """By queue, how long the job that waits longest could have run; 0 when nothing waits."""
    oldest = (
        select(Job.queue, func.min(Job.run_after))
        .where(Job.queue.in_(QUEUES), Job.status == "queued", Job.run_after <= now)
        .group_by(Job.queue)
    )
    since = {queue: (now - moment).total_seconds() for queue, moment in session.execute(oldest)}
    return {queue: since.get(queue, 0.0) for queue in QUEUES}


def largest_tenants(session: Session, limit: int) -> list[tuple[Tenant, int]]:
    """The tenants with most chunks of ready documents, and how many these are."""
    chunks = func.sum(Document.chunk_count)
    counted = (
        select(Tenant, chunks)
        .join(Document, Document.tenant_id == Tenant.id)
        .where(Document.status == "ready")
        .group_by(Tenant.id)
        .order_by(chunks.desc())
        .limit(limit)
    )
    return [(tenant, count) for tenant, count in session.execute(counted)]


def figures(session: Session) -> dict[str, float]:
    """The sums that processes handed in, by series."""
    return dict(session.execute(select(Figure.series, Figure.value)).all())


def add_figures(session: Session, changes: Mapping[str, float]) -> None:
    """Add to the sums, in the order of their names, so that two processes never wait for each other's rows in turn."""
    into = insert_into(Figure, session)
    rows = [{"series": series, "value": change} for series, change in sorted(changes.items())]
    added = into.on_conflict_do_update(index_elements=["series"], set_={"value": Figure.value + into.excluded.value})
    session.execute(added, rows)


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


def open_jobs(session: Session, name: str) -> int:
    """How many jobs of this name are still to be done, of all tenants."""
    is_open = select(func.count()).where(Job.name == name, Job.status.in_(("queued", "running")))
    return session.scalar(is_open) or 0


def ready_chunks(tx: Tx) -> int:
    """Chunks of the tenant's ready documents: how many points the index must hold."""
    total = func.coalesce(func.sum(Document.chunk_count), 0)
    return tx.session.scalar(tx.select_columns(Document, total).where(Document.status == "ready")) or 0


def ready_without_job(tx: Tx, name: str) -> Sequence[str]:
    """Ready documents for which no job of this name waits."""
    waiting = tx.select_columns(Job, Job.subject_id).where(Job.name == name, Job.status == "queued")
    ready = tx.select_columns(Document, Document.id).where(Document.status == "ready")
    return tx.session.scalars(ready.where(Document.id.not_in(waiting))).all()


# A tenant as a file


def count_visible(tx: Tx) -> int:
    """How many documents a tenant's people can see."""
    return tx.session.scalar(tx.select_columns(Document, func.count()).where(Document.status.in_(VISIBLE))) or 0


def visible_ids(tx: Tx, *, after: str, limit: int) -> Sequence[str]:
    """Ids of the documents that a tenant's people can see, a page by id."""
    page = tx.select_columns(Document, Document.id).where(Document.status.in_(VISIBLE), Document.id > after)
    return tx.session.scalars(page.order_by(Document.id).limit(limit)).all()


def all_rows(scope: Scope, table: Any) -> Iterator[Any]:
    """All rows of one of the tenant's tables by id, some at a time in a transaction of their own."""
    after = ""
    while True:
        with scope.read() as tx:
            page = tx.select(table).where(table.id > after).order_by(table.id).limit(ROWS_AT_ONCE)
            rows = tx.session.scalars(page.options(undefer("*"))).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].id


def owners(session: Session, table: Any, ids: Sequence[str]) -> dict[str, str]:
    """Whose these rows are, by id, in all of the installation; those that are nowhere are left out."""
    return dict(session.execute(select(table.id, table.tenant_id).where(table.id.in_(ids))).all())


def count_rows(connection: Connection, table: Any) -> int:
    """Rows of a table, of all tenants."""
    return connection.scalar(select(func.count()).select_from(table)) or 0


def copy_table(reading: Connection, writing: Connection, table: Any) -> None:
    """Copy all rows of a table to another database, some at a time."""
    found = reading.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for rows in found.mappings().partitions(ROWS_AT_ONCE):
        writing.execute(insert(table), [dict(row) for row in rows])


def continue_numbers(connection: Connection) -> None:
    """Let PostgreSQL count on after the highest event that was copied; SQLite looks by itself."""
    if connection.dialect.name == "postgresql":
        highest = select(func.coalesce(func.max(JobEvent.id), 0)).scalar_subquery()
        sequence = func.pg_get_serial_sequence(JobEvent.__tablename__, "id")
        connection.execute(select(func.setval(sequence, highest + 1, text("false"))))

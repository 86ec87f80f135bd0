"""SQL of what all tenants share: hosts, robots files, and which tenants' sources are due.

Nothing of any tenant is kept in these tables; `due_sources` alone reads tenants' rows, for the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from services.models import Host, Job, RobotsFile, Source
from services.models.base import insert_into


def lock_hosts(session: Session, names: Sequence[str], now: datetime) -> dict[str, Host]:
    """The rows of these hosts, made when they are new and locked until the transaction ends.

    On SQLite the write transaction is the lock. On PostgreSQL it is the update that changes nothing: it finds no gap
    between looking and locking in which `forget_idle` could remove a row. In the order of names, so that two callers
    never wait for each other.
    """
    rows = [{"name": name, "next_allowed_at": now, "refusals": 0} for name in sorted(set(names))]
    insert = insert_into(Host, session).values(rows)
    session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"name": insert.excluded.name}))
    found = select(Host).where(Host.name.in_(names)).execution_options(populate_existing=True)
    return {host.name: host for host in session.scalars(found)}


def find_robots(session: Session, origin: str) -> RobotsFile | None:
    """The robots.txt of an origin as it was last answered."""
    return session.get(RobotsFile, origin)


def save_robots(session: Session, values: dict[str, Any]) -> None:
    """Store the answer of an origin, whoever else stores one at the same moment."""
    insert = insert_into(RobotsFile, session).values(**values)
    changed = {name: value for name, value in values.items() if name != "origin"}
    session.execute(insert.on_conflict_do_update(index_elements=["origin"], set_=changed))


def save_tdmrep(session: Session, origin: str, body: str) -> None:
    """Store an origin's tdmrep.json; empty when it has none."""
    session.execute(update(RobotsFile).where(RobotsFile.origin == origin).values(tdmrep=body))


def forget_idle(session: Session, moment: datetime) -> None:
    """Drop hosts that nobody waits for and robots files that expired before this moment; those in use stay."""
    idle = (
        select(Host.name)
        .where(Host.next_allowed_at < moment, Host.resting_until.is_(None) | (Host.resting_until < moment))
        .with_for_update(skip_locked=True)
    )
    expired = select(RobotsFile.origin).where(RobotsFile.expires_at < moment).with_for_update(skip_locked=True)
    session.execute(delete(Host).where(Host.name.in_(idle)).execution_options(synchronize_session=False))
    session.execute(
        delete(RobotsFile).where(RobotsFile.origin.in_(expired)).execution_options(synchronize_session=False)
    )


def due_sources(session: Session, now: datetime, limit: int) -> list[tuple[str, str]]:
    """(tenant, source) of sources that are due, not paused and not being crawled or about to be, over all tenants."""
    waiting = exists().where(
        Job.subject_id == Source.id, Job.tenant_id == Source.tenant_id, Job.status.in_(("queued", "running"))
    )
    statement = (
        select(Source.tenant_id, Source.id)
        .where(Source.paused_at.is_(None), Source.next_poll_at <= now, ~waiting)
        .order_by(Source.next_poll_at, Source.id)
        .limit(limit)
    )
    return [(tenant_id, source_id) for tenant_id, source_id in session.execute(statement)]

"""SQL of the today slice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func

from services.models import Document, SavedSearch, Source
from services.scope import Tx
from services.search.repository import live


def find(tx: Tx, actor_id: str, saved_id: str) -> SavedSearch | None:
    """One of a person's saved searches."""
    return tx.session.scalar(tx.select(SavedSearch).where(SavedSearch.actor_id == actor_id, SavedSearch.id == saved_id))


def page(tx: Tx, actor_id: str, before: str | None, limit: int) -> Sequence[SavedSearch]:
    """A person's saved searches, the latest first: ids sort by time."""
    statement = tx.select(SavedSearch).where(SavedSearch.actor_id == actor_id)
    if before is not None:
        statement = statement.where(SavedSearch.id < before)
    return tx.session.scalars(statement.order_by(SavedSearch.id.desc()).limit(limit)).all()


def count(tx: Tx, actor_id: str) -> int:
    """How many searches a person keeps."""
    return tx.session.scalar(tx.select_columns(SavedSearch, func.count()).where(SavedSearch.actor_id == actor_id)) or 0


def remove(tx: Tx, row: SavedSearch) -> None:
    """Remove a saved search."""
    tx.session.delete(row)


def came_since(tx: Tx, since: datetime) -> tuple[int, int, datetime | None]:
    """Live documents first seen since then, of how many outlets, and when the latest of all was."""
    columns = (func.count(), func.count(Document.source.distinct()))
    counted = tx.session.execute(
        tx.select_columns(Document, *columns).where(*live(), Document.first_seen_at >= since)
    ).one()
    latest = func.max(Document.first_seen_at, type_=Document.first_seen_at.type)
    return counted[0], counted[1], tx.session.scalar(tx.select_columns(Document, latest).where(*live()))


def watched(tx: Tx) -> int:
    """Sources that are visited."""
    return tx.session.scalar(tx.select_columns(Source, func.count()).where(Source.paused_at.is_(None))) or 0

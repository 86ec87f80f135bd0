"""SQL of the uploads slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func

from services.models import Upload, utc_now
from services.scope import Tx


def find(tx: Tx, upload_id: str) -> Upload | None:
    """An upload by id, as long as its time is not over."""
    return tx.session.scalar(tx.select(Upload).where(Upload.id == upload_id, Upload.expires_at > utc_now()))


def unfinished(tx: Tx, limit: int) -> Sequence[Upload]:
    """Uploads that are not documents yet, the latest first."""
    open_ = tx.select(Upload).where(Upload.document_id.is_(None), Upload.expires_at > utc_now())
    return tx.session.scalars(open_.order_by(Upload.created_at.desc(), Upload.id.desc()).limit(limit)).all()


def outstanding(tx: Tx) -> tuple[int, int]:
    """How many uploads are unfinished, and bytes that are still to come for them."""
    missing = func.coalesce(func.sum(Upload.byte_count - Upload.received), 0)
    counted = tx.select_columns(Upload, func.count(), missing)
    row = tx.session.execute(counted.where(Upload.document_id.is_(None), Upload.expires_at > utc_now())).one()
    return int(row[0]), int(row[1])


def expired(tx: Tx, limit: int) -> Sequence[Upload]:
    """Uploads whose time is over."""
    return tx.session.scalars(tx.select(Upload).where(Upload.expires_at <= utc_now()).limit(limit)).all()

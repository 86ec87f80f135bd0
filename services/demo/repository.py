"""SQL of the demo: its documents are those of the source `demo`, which is not one that is visited."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func

from services.ingest.repository import VISIBLE
from services.models import Document
from services.scope import Tx

SOURCE_ID = "demo"


def count_by_status(tx: Tx) -> dict[str, int]:
    """How many documents of the demo there are, by status."""
    counts = tx.select_columns(Document, Document.status, func.count()).group_by(Document.status)
    found = tx.session.execute(counts.where(Document.source_id == SOURCE_ID, Document.status.in_(VISIBLE)))
    return {status: count for status, count in found}  # noqa: C416


def documents(tx: Tx) -> Sequence[Document]:
    """The documents of the demo."""
    visible = tx.select(Document).where(Document.source_id == SOURCE_ID, Document.status.in_(VISIBLE))
    return tx.session.scalars(visible).all()

"""SQL of retention. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func

from services.ingest.repository import unexpired
from services.models import AnswerSource, Document, RetentionRule
from services.scope import Tx

# Publication where it is known, else the day it came in: the date that search goes by too.
DATED_AT = func.coalesce(Document.published_at, Document.first_seen_at, type_=Document.first_seen_at.type)


def rules(tx: Tx, *, only_enabled: bool = False) -> Sequence[RetentionRule]:
    """The tenant's rules, the oldest first."""
    statement = tx.select(RetentionRule)
    if only_enabled:
        statement = statement.where(RetentionRule.is_enabled)
    return tx.session.scalars(statement.order_by(RetentionRule.created_at, RetentionRule.id)).all()


def rule(tx: Tx, rule_id: str) -> RetentionRule | None:
    """One rule."""
    return tx.session.scalar(tx.select(RetentionRule).where(RetentionRule.id == rule_id))


def remove(tx: Tx, rule_id: str) -> None:
    """Remove a rule."""
    tx.session.execute(tx.delete(RetentionRule).where(RetentionRule.id == rule_id))


def not_cited(tx: Tx) -> ColumnElement[bool]:
    """Documents that no stored answer rests on."""
    return Document.id.not_in(tx.select_columns(AnswerSource, AnswerSource.document_id))


def count(tx: Tx, conditions: Sequence[ColumnElement[bool]]) -> int:
    """How many documents meet the conditions."""
    return tx.session.scalar(tx.select_columns(Document, func.count()).where(unexpired(), *conditions)) or 0


def oldest(tx: Tx, conditions: Sequence[ColumnElement[bool]], limit: int) -> Sequence[Document]:
    """Documents that meet the conditions, the oldest first."""
    statement = tx.select(Document).where(unexpired(), *conditions)
    return tx.session.scalars(statement.order_by(DATED_AT, Document.id).limit(limit)).all()

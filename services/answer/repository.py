"""SQL of the answer slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_

from services.models import Answer, AnswerSource, Document
from services.scope import Tx
from services.search.repository import live


def find(tx: Tx, answer_id: str) -> Answer | None:
    """One answer."""
    return tx.session.scalar(tx.select(Answer).where(Answer.id == answer_id))


def page(tx: Tx, before: tuple[datetime, str] | None, limit: int) -> tuple[Sequence[Answer], int]:
    """Answers, newest first, and how many there are in all."""
    total = tx.session.scalar(tx.select_columns(Answer, func.count())) or 0
    statement = tx.select(Answer)
    if before is not None:
        moment, answer_id = before
        statement = statement.where(
            or_(Answer.created_at < moment, and_(Answer.created_at == moment, Answer.id < answer_id))
        )
    return tx.session.scalars(statement.order_by(Answer.created_at.desc(), Answer.id.desc()).limit(limit)).all(), total


def remove(tx: Tx, answer: Answer) -> None:
    """Remove an answer and its links to documents."""
    tx.session.execute(tx.delete(AnswerSource).where(AnswerSource.answer_id == answer.id))
    tx.session.delete(answer)


def ready_texts(tx: Tx, document_ids: Sequence[str]) -> dict[str, str]:
    """The texts of these documents as far as they are live."""
    statement = tx.select_columns(Document, Document.id, Document.text).where(Document.id.in_(document_ids), *live())
    return {document_id: text or "" for document_id, text in tx.session.execute(statement)}


def documents(tx: Tx, document_ids: Sequence[str]) -> dict[str, Document]:
    """Live documents by id."""
    statement = tx.select(Document).where(Document.id.in_(document_ids), *live())
    return {row.id: row for row in tx.session.scalars(statement)}

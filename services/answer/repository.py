"""SQL of the answer slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_

from services.answer.types import ThreadSummary
from services.models import Answer, AnswerFeedback, AnswerSource, Document, User
from services.scope import Tx
from services.search.repository import live


def find(tx: Tx, answer_id: str) -> Answer | None:
    """One answer."""
    return tx.session.scalar(tx.select(Answer).where(Answer.id == answer_id))


def status(tx: Tx, answer_id: str) -> str | None:
    """How an answer stands as its row has it; None for one that is gone."""
    found: str | None = tx.session.scalar(tx.select_columns(Answer, Answer.status).where(Answer.id == answer_id))
    return found


def link(tx: Tx, answer_id: str, document_ids: Sequence[str]) -> None:
    """Note that an answer shows these documents."""
    known = tx.select_columns(AnswerSource, AnswerSource.document_id).where(AnswerSource.answer_id == answer_id)
    for document_id in set(document_ids).difference(tx.session.scalars(known)):
        tx.add(AnswerSource(answer_id=answer_id, document_id=document_id))


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


def thread(tx: Tx, thread_id: str, limit: int) -> list[Answer]:
    """The last answers of a thread, in the order in which they were asked."""
    statement = tx.select(Answer).where(Answer.thread_id == thread_id)
    return list(tx.session.scalars(statement.order_by(Answer.created_at.desc(), Answer.id.desc()).limit(limit)))[::-1]


def threads(tx: Tx, before: tuple[datetime, str] | None, limit: int) -> tuple[list[ThreadSummary], int]:
    """Threads, the one asked in last first, and how many there are in all."""
    total = tx.session.scalar(tx.select_columns(Answer, func.count(Answer.thread_id.distinct()))) or 0
    latest_at = func.max(Answer.created_at, type_=Answer.created_at.type)
    columns = (Answer.thread_id, func.count(), func.max(Answer.id), latest_at, func.min(Answer.id))
    statement = tx.select_columns(Answer, *columns).group_by(Answer.thread_id)
    if before is not None:
        moment, thread_id = before
        statement = statement.having(
            or_(latest_at < moment, and_(latest_at == moment, Answer.thread_id < thread_id)),
        )
    found = tx.session.execute(statement.order_by(latest_at.desc(), Answer.thread_id.desc()).limit(limit)).all()
    # Ids sort by time, so the least is that of the first question.
    first = tx.select_columns(Answer, Answer.id, Answer.question).where(Answer.id.in_([row[-1] for row in found]))
    asked = {row.id: row.question for row in tx.session.execute(first)}
    return [
        ThreadSummary(thread_id, asked[first_id], count, latest_id, at)
        for thread_id, count, latest_id, at, first_id in found
    ], total


def remove_thread(tx: Tx, thread_id: str) -> int:
    """Remove the answers of a thread with their links to documents; returns how many there were."""
    ids = list(tx.session.scalars(tx.select_columns(Answer, Answer.id).where(Answer.thread_id == thread_id)))
    tx.session.execute(tx.delete(AnswerSource).where(AnswerSource.answer_id.in_(ids)))
    tx.session.execute(tx.delete(Answer).where(Answer.id.in_(ids)))
    return len(ids)


def remove(tx: Tx, answer: Answer) -> None:
    """Remove an answer and its links to documents."""
    tx.session.execute(tx.delete(AnswerSource).where(AnswerSource.answer_id == answer.id))
    tx.session.delete(answer)


def ready_texts(tx: Tx, document_ids: Sequence[str]) -> dict[str, str]:
    """The texts of these documents as far as they are live."""
    statement = tx.select_columns(Document, Document.id, Document.text).where(Document.id.in_(document_ids), *live())
    return {document_id: text or "" for document_id, text in tx.session.execute(statement)}


def documents(tx: Tx, document_ids: Sequence[str]) -> dict[str, Document]:
    """Live documents by id, and archived ones: what was answered from them still stands."""
    searchable, *others = live()
    statement = tx.select(Document).where(
        Document.id.in_(document_ids), searchable | (Document.status == "archived"), *others
    )
    return {row.id: row for row in tx.session.scalars(statement)}


def own_feedback(tx: Tx, answer_id: str, actor_id: str) -> AnswerFeedback | None:
    """What somebody said of an answer."""
    mine = (AnswerFeedback.answer_id == answer_id, AnswerFeedback.actor_id == actor_id)
    return tx.session.scalar(tx.select(AnswerFeedback).where(*mine))


def ratings(tx: Tx, answer_id: str) -> dict[str, int]:
    """How many opinions of each kind an answer has."""
    counted = tx.select_columns(AnswerFeedback, AnswerFeedback.rating, func.count())
    counted = counted.where(AnswerFeedback.answer_id == answer_id).group_by(AnswerFeedback.rating)
    return {row[0]: row[1] for row in tx.session.execute(counted)}


def feedback(
    tx: Tx, before: tuple[datetime, str] | None, limit: int, rating: str | None
) -> tuple[list[tuple[AnswerFeedback, Answer]], int]:
    """Opinions with their answers, the latest first, and how many there are; of this rating, when one is given."""
    wanted = [] if rating is None else [AnswerFeedback.rating == rating]
    total = tx.session.scalar(tx.select_columns(AnswerFeedback, func.count()).where(*wanted)) or 0
    statement = (
        tx.select(AnswerFeedback).where(*wanted).add_columns(Answer).join(Answer, Answer.id == AnswerFeedback.answer_id)
    )
    if before is not None:
        at, last = AnswerFeedback.updated_at, AnswerFeedback.id
        statement = statement.where(or_(at < before[0], and_(at == before[0], last < before[1])))
    order = (AnswerFeedback.updated_at.desc(), AnswerFeedback.id.desc())
    found: Any = tx.session.execute(statement.order_by(*order).limit(limit))
    return [(row, answer) for row, answer in found], total


def role(tx: Tx, actor_id: str) -> str | None:
    """A person's role; None for an API key."""
    found: str | None = tx.session.scalar(tx.select_columns(User, User.role).where(User.id == actor_id))
    return found

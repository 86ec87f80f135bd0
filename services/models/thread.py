"""Questions people asked, the answers they got, and what they thought of these."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, TenantOwned, utc_now


class Answer(TenantOwned, Base):
    """One question and its answer: sentences with citations, kept once and read by every API shape.

    A thread is the answers that share its id. `asked`: the question as it was searched, which for one that leans on those
    before it in the thread is joined with them. `status`: running, done, no_sources or stopped; one that is written by the
    model is stored from its beginning and grows. `running_until`: whoever writes it would have said something by then.
    `made`: the language model's part in it (model, prompt, sampling), if any.
    """

    __tablename__ = "answers"
    __table_args__ = (Index("ix_answers_thread", "tenant_id", "thread_id", "created_at"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    thread_id: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str] = mapped_column(String(40))
    question: Mapped[str] = mapped_column(Text)
    asked: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20))
    mode: Mapped[str] = mapped_column(String(20))
    sentences: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    conflicts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    usage: Mapped[dict[str, Any]] = mapped_column(default=dict)
    running_until: Mapped[datetime | None]
    made: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class AnswerSource(TenantOwned, Base):
    """Which documents an answer shows, so that deleting one deletes the answers that quote it."""

    __tablename__ = "answer_sources"
    answer_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)


class AnswerFeedback(TenantOwned, Base):
    """What one person or program thinks of an answer: `rating` up or down, and why. It goes with the answer."""

    __tablename__ = "answer_feedback"
    __table_args__ = (
        UniqueConstraint("answer_id", "actor_id"),
        Index("ix_answer_feedback_listed", "tenant_id", "updated_at", "id"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    answer_id: Mapped[str] = mapped_column(String(40), ForeignKey("answers.id", ondelete="CASCADE"))
    actor_id: Mapped[str] = mapped_column(String(40))
    rating: Mapped[str] = mapped_column(String(10))
    reasons: Mapped[list[str]] = mapped_column(default=list)
    comment: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)

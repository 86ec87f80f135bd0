"""Questions people asked and the answers they got."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, TenantOwned, utc_now


class Answer(TenantOwned, Base):
    """One question and its answer: sentences with citations, kept once and read by every API shape."""

    __tablename__ = "answers"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    actor_id: Mapped[str] = mapped_column(String(40))
    question: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20))
    mode: Mapped[str] = mapped_column(String(20))
    sentences: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    usage: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class AnswerSource(TenantOwned, Base):
    """Which documents an answer shows, so that deleting one deletes the answers that quote it."""

    __tablename__ = "answer_sources"
    answer_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)

"""Uploads that are sent in parts, as long as they are not documents yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, TenantOwned, utc_now


class Upload(TenantOwned, Base):
    """A file that is being sent, in order, until all of its bytes are there and it becomes a document.

    `segments`: the blobs that hold what came so far, `received` bytes in all, each `{"key": ..., "size": ...}`.
    """

    __tablename__ = "uploads"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    # What it will be: the options of a plain upload. The password is sealed.
    filename: Mapped[str] = mapped_column(String(300))
    title: Mapped[str | None] = mapped_column(Text)
    content_type: Mapped[str | None] = mapped_column(String(100))
    password: Mapped[str | None] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(String(200), default="")
    tags: Mapped[list[str]] = mapped_column(default=list)
    byte_count: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    # How far it is
    received: Mapped[int] = mapped_column(default=0)
    segments: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    document_id: Mapped[str | None] = mapped_column(String(40))
    duplicate: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]

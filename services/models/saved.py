"""What a person keeps: searches under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, TenantOwned, utc_now


class SavedSearch(TenantOwned, Base):
    """A search that one person keeps. `filters`: as Filters.to_json writes them. `seen_at`: what came later is new."""

    __tablename__ = "saved_searches"
    __table_args__ = (Index("ix_saved_searches_person", "tenant_id", "actor_id", "id"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    actor_id: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    query: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

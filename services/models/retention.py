"""What a tenant keeps for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, true
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, TenantOwned, utc_now


class RetentionRule(TenantOwned, Base):
    """What happens to which documents every night. `action`: delete, archive.

    `conditions`: as ingest.retention.rules.Conditions; all of them must hold. `keep_cited`: documents that stored answers
    rest on are left alone.
    """

    __tablename__ = "retention_rules"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(20))
    conditions: Mapped[dict[str, Any]]
    keep_cited: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    actor_id: Mapped[str] = mapped_column(String(40))
    # The last time it was applied, and to how many documents.
    applied_at: Mapped[datetime | None]
    applied_count: Mapped[int] = mapped_column(default=0, server_default="0")

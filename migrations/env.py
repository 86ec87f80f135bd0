"""Alembic's entry: runs migrations on the connection it is given, or as the owner of the tables."""

from __future__ import annotations

import os
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine

from services.models import Base
from services.models.base import UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our time type as the plain column type it is."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out what is PostgreSQL's alone: the key of row-level security is no model."""
    return not (kind == "table" and name == "tenant_seal")


def run(connection: Connection) -> None:
    """Run the migrations."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_name=include_name,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    owner = os.environ.get("TIDINGS_DATABASE_ADMIN_URL") or os.environ["TIDINGS_DATABASE_URL"]
    with create_engine(owner).begin() as own:
        run(own)

"""What a PostgreSQL server says of its settings and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, text

SETTINGS = (
    *("server_version", "server_version_num", "server_encoding", "fsync", "synchronous_commit", "full_page_writes"),
    *("max_connections", "superuser_reserved_connections", "reserved_connections"),
)


@dataclass(frozen=True)
class PostgresFacts:
    """`settings` as they hold for this database. `skew_seconds`: the server's clock minus ours."""

    settings: Mapping[str, str]
    is_standby: bool
    connections: int
    skew_seconds: float

    @property
    def usable_connections(self) -> int:
        """Connections that roles without special rights can have."""
        reserved = int(self.settings["superuser_reserved_connections"]) + int(
            self.settings.get("reserved_connections", 0)
        )
        return int(self.settings["max_connections"]) - reserved


def postgres_facts(engine: Engine) -> PostgresFacts:
    """Ask. Raises: SQLAlchemyError."""
    with engine.connect() as connection:
        asked = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
        rows = connection.execute(asked, {"names": list(SETTINGS)})
        settings = {str(row.name): str(row.setting) for row in rows}
        before = datetime.now(UTC)
        theirs, standby, connections = connection.execute(
            text("SELECT clock_timestamp(), pg_is_in_recovery(), (SELECT count(*) FROM pg_stat_activity)")
        ).one()
        middle = before + (datetime.now(UTC) - before) / 2
    return PostgresFacts(
        settings=settings,
        is_standby=standby,
        connections=connections,
        skew_seconds=(theirs - middle).total_seconds(),
    )

"""The database's history: one for SQLite and PostgreSQL. `history` migrates; here is what every start asks.

Apart, because Alembic takes a tenth of a second to import, and most starts find nothing to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect

VERSIONS = Path(__file__).parent / "versions"


def newest() -> str:
    """The newest version of the tables: files are named after theirs, in order."""
    return max(path.name for path in VERSIONS.glob("[0-9]*_*.py")).partition("_")[0]


def is_current(engine: Engine) -> bool:
    """Whether a database has the tables of this version."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return found == [newest()]

"""Alembic over the versions of the tables: what a database lacks, and bringing it there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from services.engines.database import transaction_options
from services.errors import ConfigurationError

# Held while a process migrates, so that a second one waits and then finds nothing to do.
MIGRATING = 0x71D1_0004
# A migration waits so long for others' transactions to let go of a table: behind one that waits, everybody waits.
LOCK_TIMEOUT = "15s"


def migration_config() -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def pending(engine: Engine) -> list[str]:
    """The revisions that a database lacks, oldest first. Raises: ConfigurationError when it is of a newer Tidings."""
    config = migration_config()
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        refuse_newer(config, connection)
        current = MigrationContext.configure(connection).get_current_heads()
    missing = script.iterate_revisions("heads", current or "base")
    return [revision.revision for revision in missing][::-1]


def known_revisions() -> set[str]:
    """The versions of the tables that this Tidings knows."""
    return {script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()}


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest version; nothing happens when it is there. On PostgreSQL as the tables' owner.

    Raises: ConfigurationError when the database was brought further by a newer Tidings.
    """
    config = migration_config()
    with engine.connect().execution_options(**transaction_options(write=True)) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        refuse_newer(config, connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def refuse_newer(config: Config, connection: Connection) -> None:
    """Old code on new tables would lose what it does not know of."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known_revisions():
        raise ConfigurationError(
            f"The database is of a newer Tidings (version {current} of its tables). Install that version or a later one, "
            "or restore the backup from before the upgrade."
        )

"""One history for SQLite and PostgreSQL: up, complete, down, and up again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from migrations import migration_config, upgrade
from services.engines.database import open_database
from tests.require import need

POSTGRES = os.environ.get("TIDINGS_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
SCRATCH = "tidings_migrations"


def postgres_answers() -> bool:
    engine = create_engine(POSTGRES, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'tidings.sqlite'}")
        yield engine
        engine.dispose()
        return
    need(postgres_answers(), "no PostgreSQL answers; set TIDINGS_TEST_POSTGRES_URL")
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {SCRATCH}"))
    engine = open_database(str(admin.url.set(database=SCRATCH).render_as_string(hide_password=False)))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {SCRATCH} WITH (FORCE)"))
    admin.dispose()


def test_up_is_what_the_models_say_and_runs_twice(database: Engine) -> None:
    upgrade(database)
    upgrade(database)
    config = migration_config()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_down_and_up_again(database: Engine) -> None:
    upgrade(database)
    config = migration_config()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database).get_table_names() == ["alembic_version"]
    upgrade(database)
    assert "documents" in inspect(database).get_table_names()

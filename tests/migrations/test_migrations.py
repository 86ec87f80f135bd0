"""One history for SQLite and PostgreSQL: up, complete, down, and up again, with rows and without."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Engine, MetaData, func, insert, inspect, select, text

from migrations import VERSIONS, is_current, newest
from migrations.history import migration_config, upgrade
from services.engines.database import open_database
from services.errors import ConfigurationError
from services.models import Base
from tests.postgres import HOW_TO, postgres_answers, scratch_database
from tests.require import need

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind, as the role that owns its tables."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'tidings.sqlite'}")
        yield engine
        engine.dispose()
        return
    need(postgres_answers(), HOW_TO)
    with scratch_database(current=False) as scratch:
        engine = open_database(scratch.admin_url)
        yield engine
        engine.dispose()


def move(database: Engine, revision: str) -> None:
    """Go up or down to a version, `base` for none."""
    config = migration_config()
    is_up = "alembic_version" not in inspect(database).get_table_names()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        (command.upgrade if is_up else command.downgrade)(config, revision)


def seed(database: Engine) -> dict[str, int]:
    """Put a row into every table there is, whatever its columns are; returns how many rows each holds."""
    tables = MetaData()
    tables.reflect(database)
    counts = {}
    with database.begin() as connection:
        for table in tables.sorted_tables:
            if table.name not in ("alembic_version", "tenant_seal"):
                row = {column.name: value_for(column) for column in table.columns if not column.nullable}
                connection.execute(insert(table).values(**row))
                counts[table.name] = 1
    return counts


def value_for(column: object) -> object:
    """Any value of a column's type, the same in all tables, so that foreign keys fit."""
    kind = column.type  # type: ignore[attr-defined]
    samples: dict[type, object] = {int: 1, float: 1.0, bool: True, bytes: b"x", datetime: NOW, str: "one"}
    return {} if isinstance(kind, JSON) else samples[kind.python_type]


def counts_of(database: Engine, names: list[str]) -> dict[str, int]:
    tables = MetaData()
    tables.reflect(database)
    with database.connect() as connection:
        return {name: connection.scalar(select(func.count()).select_from(tables.tables[name])) or 0 for name in names}


def test_up_is_what_the_models_say_and_runs_twice(database: Engine) -> None:
    upgrade(database)
    upgrade(database)
    config = migration_config()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_what_a_start_asks_agrees_with_alembic(database: Engine) -> None:
    script = ScriptDirectory.from_config(migration_config())
    assert newest() == script.get_current_head()
    files = {path.name.partition("_")[0] for path in VERSIONS.glob("*.py")}
    assert files == {each.revision for each in script.walk_revisions()}
    assert not is_current(database)
    move(database, "0013")
    assert not is_current(database)
    upgrade(database)
    assert is_current(database)


def test_down_and_up_again(database: Engine) -> None:
    upgrade(database)
    move(database, "base")
    assert inspect(database).get_table_names() == ["alembic_version"]
    upgrade(database)
    assert "documents" in inspect(database).get_table_names()


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_rows_of_an_older_version_are_kept_on_the_way_up(database: Engine, version: str) -> None:
    move(database, version)
    counts = seed(database)
    assert "documents" in counts
    upgrade(database)
    assert counts_of(database, list(counts)) == counts


def test_rows_are_kept_on_the_way_down_as_far_as_their_tables_go(database: Engine) -> None:
    upgrade(database)
    seed(database)
    for version in ("0003", "0002", "0001"):
        move(database, version)
        left = [name for name in inspect(database).get_table_names() if name != "alembic_version"]
        assert counts_of(database, left) == dict.fromkeys(left, 1)
    upgrade(database)
    assert counts_of(database, ["documents"]) == {"documents": 1}


def test_a_database_of_a_newer_version_is_refused(database: Engine) -> None:
    upgrade(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer Tidings"):
        upgrade(database)


def migrate(url: str) -> None:
    """What each of several processes does that start at once."""
    engine = open_database(url)
    upgrade(engine)
    engine.dispose()


def test_processes_that_migrate_at_once_wait_for_each_other(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    start = multiprocessing.get_context("spawn")
    processes = [start.Process(target=migrate, args=(url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert set(Base.metadata.tables) <= set(inspect(database).get_table_names())

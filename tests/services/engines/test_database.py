"""SQLite as it is opened."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from services.engines.database import open_database


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process has mapped")
def test_rows_are_read_through_mapped_memory(tmp_path: Path) -> None:
    file = tmp_path / "tidings.sqlite"
    database = open_database(f"sqlite:///{file}")
    with database.connect() as connection:
        connection.execute(text("CREATE TABLE notes (words TEXT)"))
        connection.execute(text("INSERT INTO notes VALUES ('The ferry ran late.')"))
        connection.commit()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert connection.execute(text("SELECT words FROM notes")).scalar_one() == "The ferry ran late."
        mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(file))]
    database.dispose()
    assert mapped

"""SQLite as it is opened."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from services.runtime import open_runtime
from services.settings import Settings


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process has mapped")
@pytest.mark.parametrize("maps", [True, False])
def test_rows_are_read_through_mapped_memory_unless_address_space_is_bounded(tmp_path: Path, maps: bool) -> None:
    runtime = open_runtime(Settings(data_dir=tmp_path), with_bell=False)
    runtime.maps_database = maps
    database, file = runtime.database, tmp_path / "tidings.sqlite"
    with database.connect() as connection:
        connection.execute(text("CREATE TABLE notes (words TEXT)"))
        connection.execute(text("INSERT INTO notes VALUES ('The ferry ran late.')"))
        connection.commit()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert connection.execute(text("SELECT words FROM notes")).scalar_one() == "The ferry ran late."
        mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(file))]
    runtime.close()
    assert bool(mapped) == maps

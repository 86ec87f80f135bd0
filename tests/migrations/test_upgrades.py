"""A data folder of an older Tidings is copied, then brought to this version; killed at any point it is done again."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import event

from cli.data.upgrade import bring_up_to_date
from migrations.history import migration_config, pending
from services.engines.database import open_database
from services.errors import ConfigurationError
from services.runtime import open_runtime
from services.settings import SQLITE_FILE, Settings
from services.system.keep.backup import revision_of
from services.system.keep.copies import copies

OLD = "0007"
DOCUMENTS = 60
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose tables are of an older version, with rows in them."""
    folder = tmp_path_factory.mktemp("old") / "data"
    folder.mkdir()
    engine = open_database(f"sqlite:///{folder / SQLITE_FILE}")
    config = migration_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    engine.dispose()
    with closing(sqlite3.connect(folder / SQLITE_FILE)) as database, database:
        insert(database, "tenants", id="ten_1", name="Newsroom", cache_salt=b"0" * 16)
        for number in range(DOCUMENTS):
            insert(
                database,
                "documents",
                id=f"doc_{number}",
                tenant_id="ten_1",
                content_hash=str(number),
                text="text " * 500,
            )
            insert(database, "answers", id=f"ans_{number}", tenant_id="ten_1", question="Why?")
    return folder


def insert(database: sqlite3.Connection, table: str, **values: Any) -> None:
    """A row, with something in every column that must hold something."""
    for _, name, kind, is_needed, default, _ in database.execute(f"PRAGMA table_info({table})").fetchall():
        if is_needed and default is None and name not in values:
            if "INT" in kind or kind in ("BOOLEAN", "FLOAT"):
                values[name] = 1
            else:
                values[name] = "2026-11-27 09:00:00.000000" if "TIME" in kind else "[]" if kind == "JSON" else "x"
    marks = ", ".join("?" * len(values))
    database.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))


def start(folder: Path, die_at: int | None = None, die_copying: bool = False) -> int:
    """What a start does to the database; dies before that statement where one is given. Returns how many there were."""
    runtime = open_runtime(
        Settings(data_dir=folder, embedder_model="fake:hash", database_url="", database_admin_url="")
    )
    count = 0

    def before(*_: object) -> None:
        nonlocal count
        count += 1
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def tell(*_: object) -> None:
        if die_copying:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(runtime.database, "before_cursor_execute", before)
    bring_up_to_date(runtime, tell)
    assert pending(runtime.database) == []
    runtime.close()
    return count


def check(folder: Path) -> None:
    """Nothing was lost and nothing is broken."""
    with closing(sqlite3.connect(folder / SQLITE_FILE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*), min(length(text)) FROM documents").fetchone() == (DOCUMENTS, 2500)
        assert database.execute("SELECT count(*) FROM answers WHERE thread_id LIKE 'thr_%'").fetchone() == (DOCUMENTS,)
        assert database.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE '_alembic_tmp%'").fetchone() == (0,)


def test_killed_at_any_point_the_next_start_brings_it_up_to_date(old: Path, tmp_path: Path) -> None:
    shutil.copytree(old, tmp_path / "whole")
    total = start(tmp_path / "whole")
    check(tmp_path / "whole")
    points = [{"die_copying": True}, *({"die_at": max(1, total * step // 12)} for step in range(13))]
    for number, point in enumerate(points):
        folder = tmp_path / str(number)
        shutil.copytree(old, folder)
        child = FORK.Process(target=start, args=(folder,), kwargs=point)
        child.start()
        child.join(60)
        assert child.exitcode == -signal.SIGKILL, point
        start(folder)
        check(folder)
        [copy] = copies(folder)
        assert revision_of(copy) in {OLD, revision_of(folder / SQLITE_FILE)}
        assert not list((folder / "backups").glob(".copying-*"))


def test_three_versions_are_kept_and_a_current_database_is_not_copied(old: Path, tmp_path: Path) -> None:
    shutil.copytree(old, tmp_path / "data")
    kept = tmp_path / "data" / "backups"
    kept.mkdir()
    for revision in ("0001", "0002", "0003"):
        (kept / f"tidings-{revision}-20260101-00000{revision[-1]}.sqlite").touch()
    start(tmp_path / "data")
    assert [copy.name.split("-")[1] for copy in copies(tmp_path / "data")] == [OLD, "0003", "0002"]
    start(tmp_path / "data")
    assert len(copies(tmp_path / "data")) == 3
    assert revision_of(copies(tmp_path / "data")[0]) == OLD


def test_a_folder_of_a_newer_version_is_left_alone_and_says_what_to_do(old: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    start(folder)
    (folder / "written-by").write_text("9.9.0\n")
    with closing(sqlite3.connect(folder / SQLITE_FILE)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = (folder / SQLITE_FILE).read_bytes()
    with pytest.raises(
        ConfigurationError, match=r"was written by Tidings 9\.9\.0.*install Tidings 9\.9\.0.*tidings-0007-"
    ):
        start(folder)
    assert (folder / SQLITE_FILE).read_bytes() == before
    assert (folder / "written-by").read_text() == "9.9.0\n"

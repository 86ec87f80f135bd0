"""A copy of an embedded installation in one file, made while the server runs.

    tidings.sqlite               the database, as of one moment
    blobs/<tenant>/<xx>/<key>    the bytes that the rows of that moment name
    cache/vectors.sqlite         vectors of texts, so that restoring needs no model for them
    secret.key, operator.token, cli.key     unless they are left out

The index is not in it: its files are being written and can only be copied while nobody does. It is built from the rows
when the archive is restored, with the very numbers that the cache holds (docs/adr/0026).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from services.engines.blobs import sync_folder
from services.engines.database import fold
from services.engines.disk import demand_room
from services.errors import ConfigurationError, EngineUnavailable
from services.settings import SQLITE_FILE, Settings
from services.system.keep.archive import ArchiveReader, ArchiveWriter, Tell, blocks_of
from services.system.transfer import KEYS

KIND, LAYOUT = "tidings-backup", 1
CACHE_FILE = "cache/vectors.sqlite"
MEMBERS = re.compile(rf"{SQLITE_FILE}|{CACHE_FILE}|{'|'.join(KEYS)}|blobs/[\w.-]+/[\w.-]+/[\w.-]+")
# What a person deletes while the copy is made makes another one necessary; each is quicker than the one before.
MOST_SNAPSHOTS = 5
POLL_SECONDS = 0.1
COUNTED = ("tenants", "users", "documents", "chunks", "answers", "sources")


def backup(settings: Settings, file: Path, tell: Tell, *, with_keys: bool = True) -> dict[str, Any]:
    """Copy everything in the data folder into a new file; returns what its manifest says. Reads alone; nobody waits.

    Raises: ConfigurationError where the data is not in this folder; Conflict when the file exists; EngineUnavailable
    when there is no room.
    """
    folder = settings.data_dir
    demand_embedded(settings)
    demand_room(file.parent, folder.joinpath(SQLITE_FILE).stat().st_size)
    with (
        ArchiveWriter(file) as archive,
        tempfile.TemporaryDirectory(prefix=".tidings-", dir=file.parent) as beside,
        links_folder(folder) as links,
    ):
        database = Path(beside) / SQLITE_FILE
        keys, lost = snapshot_with_blobs(folder, database, links, tell)
        about = describe(database)
        copied = copy_cache(folder, Path(beside) / "vectors.sqlite", tell)
        files = [(SQLITE_FILE, database, True), *([(CACHE_FILE, copied, False)] if copied else [])]
        files += [(name, folder / name, True) for name in KEYS if with_keys and (folder / name).exists()]
        files += [(f"blobs/{member_of(key)}", links / key.replace("/", "@"), True) for key in keys]
        demand_room(file.parent, files[0][1].stat().st_size)
        done, total = 0, sum(path.stat().st_size for _, path, _ in files)

        def more(size: int) -> None:
            nonlocal done
            done += size
            tell("Writing", done, total)

        for name, path, compress in files:
            archive.add(name, blocks_of(path, more), compress=compress)
        counts = {**about["counts"], "originals": len(keys), "originals_lost": lost}
        return archive.finish(KIND, LAYOUT, **{**about, "counts": counts, "keys": with_keys, "bytes": total})


def open_backup(file: Path) -> ArchiveReader:
    """A backup that was looked at; raises ArchiveInvalid."""
    return ArchiveReader(file, kind=KIND, layout=LAYOUT, allowed=MEMBERS)


def demand_embedded(settings: Settings) -> None:
    """Raises ConfigurationError unless all data is in the data folder, and there is some."""
    if settings.database_url or settings.qdrant_url:
        raise ConfigurationError(
            "The data of this installation is in servers, not in one folder: pg_dump, Qdrant's snapshots and the blobs "
            "are its backup; docs/operations.md, 'Back up and restore', has the commands."
        )
    if not (settings.data_dir / SQLITE_FILE).is_file():
        raise ConfigurationError(
            f"{settings.data_dir} is no data folder of Tidings: it holds no {SQLITE_FILE}. Set TIDINGS_DATA_DIR."
        )


def snapshot_with_blobs(folder: Path, database: Path, links: Path, tell: Tell) -> tuple[list[str], int]:
    """A copy of the database and a link to each blob that it names; their keys, and how many were lost long ago.

    Linked, a blob stays readable when its document is deleted meanwhile. One that is deleted between the copy and its
    link is gone from the live rows as well: then both are made once more.
    """
    for _ in range(MOST_SNAPSHOTS):
        database.unlink(missing_ok=True)
        copy_database(folder / SQLITE_FILE, database, tell)
        keys = blob_keys(database)
        missing = [key for key in keys if not link_blob(folder, links, key)]
        lost = set(missing) & set(blob_keys(folder / SQLITE_FILE)) if missing else set()
        if len(lost) == len(missing):
            return [key for key in keys if key not in lost], len(lost)
    raise EngineUnavailable("Documents are being deleted faster than they can be copied; try again in a while.")


def copy_database(source: Path, target: Path, tell: Tell) -> None:
    """A compact copy of a SQLite database as of one moment, on disk when this returns; writers do not wait.

    Not with sqlite3's own backup: whenever another process writes it begins anew (docs/adr/0026).
    """
    size = source.stat().st_size
    failure: list[BaseException] = []

    def copy() -> None:
        try:
            with closing(sqlite3.connect(source, isolation_level=None)) as connection:
                connection.create_function("lower", 1, fold, deterministic=True)
                connection.execute("PRAGMA busy_timeout=60000")
                connection.execute("VACUUM INTO ?", (str(target),))
        except BaseException as error:
            failure.append(error)

    copying = Thread(target=copy, name="copy", daemon=True)
    copying.start()
    while copying.is_alive():
        copying.join(POLL_SECONDS)
        tell("Copying the database", target.stat().st_size if target.exists() else 0, size)
    if failure:
        raise EngineUnavailable(f"The database could not be copied: {failure[0]}.") from failure[0]
    target.chmod(0o600)
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
    sync_folder(target.parent)


def copy_cache(folder: Path, target: Path, tell: Tell) -> Path | None:
    """A copy of the embedding cache; None where there is none or it is broken: it can do without."""
    if not (folder / CACHE_FILE).is_file():
        return None
    try:
        copy_database(folder / CACHE_FILE, target, tell)
    except EngineUnavailable:
        return None
    return target


@contextmanager
def links_folder(folder: Path) -> Iterator[Path]:
    """A folder for links, on the disk that holds the blobs; those that killed backups left are removed."""
    for left in folder.glob(".backup-*"):
        shutil.rmtree(left, ignore_errors=True)
    links = folder / f".backup-{secrets.token_hex(4)}"
    links.mkdir(mode=0o700)
    try:
        yield links
    finally:
        shutil.rmtree(links, ignore_errors=True)


def link_blob(folder: Path, links: Path, key: str) -> bool:
    """Keep a blob from disappearing; copied where the disk knows no links. Returns whether it is there."""
    there = links / key.replace("/", "@")
    source = folder / "blobs" / member_of(key)
    if there.exists():
        return True
    try:
        os.link(source, there)
    except FileNotFoundError:
        return False
    except OSError:
        try:
            shutil.copyfile(source, there)
        except FileNotFoundError:
            return False
    return True


def member_of(key: str) -> str:
    """Where a blob lies under `blobs/`, as FolderBlobs has it."""
    tenant_id, name = key.split("/")
    return f"{tenant_id}/{name[-2:]}/{name}"


def blob_keys(database: Path) -> list[str]:
    """The keys of all blobs that documents and unfinished uploads of all tenants need."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT blob_key FROM documents WHERE status != 'deleting' "
            "UNION SELECT json_extract(part.value, '$.key') FROM uploads, json_each(uploads.segments) AS part"
        ).fetchall()
    return [key for (key,) in rows]


def describe(database: Path) -> dict[str, Any]:
    """The version of the tables of a database file, and how many rows matter to people."""
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] if name in tables else 0  # noqa: S608
            for name in COUNTED
        }
    return {"tables": revision_of(database), "counts": counts}


def revision_of(database: Path) -> str | None:
    """The version of the tables of a database file; None when it has none."""
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None

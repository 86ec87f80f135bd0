"""Copies of the database from before an upgrade, and which Tidings a data folder was written by.

    <data folder>/backups/tidings-<version of its tables>-<time>.sqlite     the latest three versions
    <data folder>/written-by                                                the version of Tidings that started last

Rows alone: blobs are never changed by an upgrade, and the index is made from the rows.
"""

from __future__ import annotations

import re
from pathlib import Path

from services.engines.blobs import sync_folder
from services.engines.disk import FULL_BYTES, demand_room
from services.models import utc_now
from services.settings import SQLITE_FILE
from services.system.keep.archive import Tell
from services.system.keep.backup import copy_database, revision_of
from services.version import VERSION

FOLDER, WRITTEN_BY = "backups", "written-by"
NAME = re.compile(r"tidings-(?P<revision>\w+)-\d{8}-\d{6}\.sqlite")
KEPT = 3


def keep_copy(folder: Path, tell: Tell) -> Path | None:
    """Copy the database of a data folder, in place of a copy of the same version; None when there is nothing in it.

    Raises: EngineUnavailable when there is no room.
    """
    database, place = folder / SQLITE_FILE, folder / FOLDER
    if not database.is_file() or (revision := revision_of(database)) is None:
        return None
    place.mkdir(mode=0o700, exist_ok=True)
    for left in place.glob(".copying-*"):
        left.unlink()
    demand_room(folder, database.stat().st_size + FULL_BYTES)
    making = place / ".copying-tidings.sqlite"
    copy_database(database, making, tell)
    made = place / f"tidings-{revision}-{utc_now():%Y%m%d-%H%M%S}.sqlite"
    making.rename(made)
    sync_folder(place)
    revisions = {revision}
    for copy in copies(folder):
        of = version_of(copy)
        if copy != made and (of in revisions or len(revisions) >= KEPT):
            copy.unlink()
        revisions.add(of)
    return made


def copies(folder: Path) -> list[Path]:
    """The copies in a data folder, the newest first."""
    found = [path for path in (folder / FOLDER).glob("*.sqlite") if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name.rsplit("-", 2)[1:], reverse=True)


def version_of(copy: Path) -> str:
    """The version of a copy's tables, as its name says."""
    match = NAME.fullmatch(copy.name)
    return match["revision"] if match else ""


def write_version(folder: Path) -> None:
    """Say which Tidings writes here now."""
    if written_by(folder) != VERSION:
        making = folder / f".{WRITTEN_BY}"
        making.write_text(VERSION + "\n")
        making.rename(folder / WRITTEN_BY)


def written_by(folder: Path) -> str | None:
    """The Tidings that started here last; None when it did not say."""
    try:
        return (folder / WRITTEN_BY).read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None

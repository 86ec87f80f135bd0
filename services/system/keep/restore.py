"""A backup becomes a data folder again: unpacked and made searchable aside, then moved in place.

    <data folder>/.restoring/                 the folder in the making; while it is there no server starts
    <data folder>/.restoring/moving           it is whole, and being moved in place
    <data folder>/before-restore-<time>/      what was there before, where that was asked for

Killed at any moment it is done again by the same command. Everything stays inside the data folder, which may be the mount
point of a volume.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

from services.engines.blobs import sync_folder
from services.engines.disk import FULL_BYTES, demand_room
from services.errors import ConfigurationError
from services.ingest.pipeline import EMBED_JOB
from services.ingest.sweep import sweep_blobs
from services.jobs.claim import Handler, work
from services.models import utc_now
from services.runtime import Runtime
from services.settings import SQLITE_FILE
from services.system import repository
from services.system.keep.archive import ArchiveReader, Tell
from services.system.transfer import KEYS, MODELS, QUEUE, enqueue_index

RESTORING, MOVING = ".restoring", "moving"
BEFORE = "before-restore-"
# What a restore makes, the database last: a folder that has one is whole.
MADE = ("blobs", "cache", "vectors", MODELS, *KEYS, SQLITE_FILE)
# What may be in a folder that counts as empty: no data of anybody.
NOTHING = {"lock", "running.json", MODELS, RESTORING}
POLL_SECONDS = 0.2


def unpack(archive: ArchiveReader, folder: Path, tell: Tell, *, replace: bool) -> Path:
    """Unpack a backup into a folder aside, and return that. Nothing that was there is touched yet.

    Raises: ConfigurationError when the data folder holds something and `replace` does not allow that; ArchiveInvalid;
    EngineUnavailable when there is no room.
    """
    aside = folder / RESTORING
    forget_half_restored(folder)
    held = held_in(folder)
    if held and not replace:
        raise ConfigurationError(
            f"{folder.resolve()} is not empty: it holds {', '.join(held[:5])}. Set TIDINGS_DATA_DIR to another folder, or "
            f"restore with --replace, which moves what is there into {BEFORE}<time> inside it."
        )
    demand_room(folder, archive.total_bytes + FULL_BYTES)
    done, total = 0, archive.total_bytes
    aside.mkdir(mode=0o700)
    for name in archive.sums:
        target = aside / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for block in archive.blocks(name):
                file.write(block)
                done += len(block)
                tell("Unpacking", done, total)
    if (folder / MODELS).is_dir():
        (aside / MODELS).symlink_to(folder.resolve() / MODELS)
    return aside


def build_index(runtime: Runtime, handlers: Mapping[str, Handler], tell: Tell) -> bool:
    """Have every searchable document indexed from its rows; False when there is no model yet, and jobs wait for it.

    Cost: with vectors from the cache about 1 ms per chunk, without it what embedding costs (docs/adr/0026).
    """
    sweep_blobs(runtime, older_than_seconds=0)
    enqueue_index(runtime)
    return run_jobs(runtime, handlers, tell)


def run_jobs(runtime: Runtime, handlers: Mapping[str, Handler], tell: Tell) -> bool:
    """Do the jobs of the maintenance queue in this process; False when there is no model, and they wait for it."""
    if not runtime.embedder.wait(0):
        return False
    total = waiting(runtime)
    working = Thread(target=work, args=(runtime, QUEUE, handlers), name="index", daemon=True)
    working.start()
    while working.is_alive():
        working.join(POLL_SECONDS)
        tell("Indexing", total - waiting(runtime), total)
    return True


def waiting(runtime: Runtime) -> int:
    """How many documents are still to be indexed, of all tenants."""
    with runtime.session(write=False) as (session, _):
        return repository.open_jobs(session, EMBED_JOB)


def put_in_place(folder: Path) -> Path | None:
    """Move what was restored in place; returns where that is which was there before, None when nothing was."""
    aside, before = folder / RESTORING, None
    held = held_in(folder)
    if held:
        before = folder / f"{BEFORE}{utc_now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        before.mkdir(mode=0o700)
        for name in held:
            (folder / name).rename(before / name)
    if (aside / MODELS).is_symlink():
        (aside / MODELS).unlink()
    sync_folder(folder)
    (aside / MOVING).touch()
    sync_folder(aside)
    for name in MADE:
        for path in (*aside.glob(f"{name}-*"), aside / name):
            if path.exists():
                path.rename(folder / path.name)
    sync_folder(folder)
    shutil.rmtree(aside)
    return before


def forget_half_restored(folder: Path) -> None:
    """Remove what a killed restore left; what was there before it stays."""
    aside = folder / RESTORING
    if (aside / MOVING).exists():
        for name in MADE:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if aside.exists():
        shutil.rmtree(aside)


def refuse_half_restored(folder: Path) -> None:
    """Raises ConfigurationError when a restore into this folder did not end."""
    if (folder / RESTORING).exists():
        raise ConfigurationError(
            f"A restore into {folder.resolve()} was not finished. Run `tidings restore FILE` again; to give it up, remove "
            f"{RESTORING} in it" + (f" and take what was there back from {BEFORE}<time>." if befores(folder) else ".")
        )


def befores(folder: Path) -> list[Path]:
    """What restores moved aside."""
    return sorted(folder.glob(f"{BEFORE}*"))


def held_in(folder: Path) -> list[str]:
    """The names of what a data folder holds, folders without files aside."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in NOTHING
        and not path.name.startswith(BEFORE)
        and (not path.is_dir() or any(each.is_file() for each in path.rglob("*")))
    )

"""Bringing a data folder to this version: a copy of the database first, then its tables, and a plain word where it is newer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from migrations import is_current
from services.engines.database import database_errors
from services.errors import ConfigurationError, EngineUnavailable
from services.runtime import Runtime
from services.settings import SQLITE_FILE, Settings
from services.system.keep.archive import Tell
from services.system.keep.copies import FOLDER, copies, keep_copy, version_of, write_version, written_by
from services.version import VERSION


def bring_up_to_date(runtime: Runtime, tell: Tell = lambda *_: None) -> None:
    """Migrate where that is needed; on SQLite after copying the database. Nothing happens on a current one.

    One transaction: killed at any moment, the next start finds the database as it was, and does it again.
    Raises: ConfigurationError when the data was written by a newer Tidings, or there is no room for the copy.
    """
    settings = runtime.settings
    # What PostgreSQL says of a wrong role or database helps; the command's end puts it into a sentence.
    guard = nullcontext if settings.database_url else database_errors
    with guard():
        current = is_current(runtime.database)
    if not current:
        migrate(runtime, guard, tell)
    if not settings.database_url:
        write_version(settings.data_dir)


def migrate(runtime: Runtime, guard: Callable[[], AbstractContextManager[None]], tell: Tell) -> None:
    """Copy a SQLite database that has something to lose, then migrate. Raises as `bring_up_to_date`."""
    from migrations.history import pending, upgrade

    settings = runtime.settings
    try:
        with guard():
            missing = pending(runtime.database)
    except ConfigurationError as error:
        if settings.database_url:
            raise
        raise ConfigurationError(newer(settings)) from error
    if missing and not settings.database_url:
        try:
            keep_copy(settings.data_dir, tell)
        except EngineUnavailable as error:
            raise ConfigurationError(
                f"Nothing was changed: the database must be copied into {settings.data_dir / FOLDER} before its tables are "
                f"brought to this version. {error.detail}"
            ) from error
    with guard():
        upgrade(runtime.database)


def newer(settings: Settings) -> str:
    """What to do with data that this version does not know."""
    from migrations.history import known_revisions

    folder = settings.data_dir.resolve()
    by = written_by(settings.data_dir)
    who = f"Tidings {by}" if by and by != VERSION else "a newer Tidings"
    words = f"{folder} was written by {who}, this is {VERSION}: install {who if by != VERSION else 'that version'} or a later one."
    known = known_revisions()
    usable = next((copy for copy in copies(settings.data_dir) if version_of(copy) in known), None)
    if usable is not None:
        words += (
            f" Or go back to before the upgrade, without what came since: put {FOLDER}/{usable.name} in the place of "
            f"{SQLITE_FILE}, remove {SQLITE_FILE}-wal and -shm, then run `tidings reconcile`."
        )
    return words

"""`tidings doctor`: the checks of services.system.doctor, and those that only the command line can make."""

from __future__ import annotations

from collections.abc import Iterator

from api.ui import DIST
from cli.running import running_url
from migrations.history import known_revisions, pending
from services.errors import ConfigurationError
from services.settings import Settings
from services.system.doctor import Check, Examination, Finding
from services.system.doctor import examine as examine_installation


def examine(settings: Settings) -> Iterator[Finding]:
    """Run all checks; a check that breaks or hangs is a finding itself."""
    more = (Check("migrations", migrations), Check("web pages", interface), Check("server", server))
    yield from examine_installation(settings, server_url=running_url(settings), more=more)


def migrations(on: Examination) -> Iterator[Finding]:
    """Whether the tables are those of this version. A new database is brought up to date by the first start."""
    try:
        missing = pending(on.runtime.database)
    except ConfigurationError:
        detail = "a newer version of Tidings has used this database"
        yield Finding("migrations", "fail", detail, "Install that version again, or restore a backup of before.")
        return
    alone = on.settings.profile == "embedded"
    if not missing:
        yield Finding("migrations", "ok", "the database is current")
    elif alone and len(missing) == len(known_revisions()):
        detail = f"there is no library in {on.settings.data_dir.resolve()} yet"
        fix = "Begin with `tidings up`. If yours is elsewhere, go to its folder or name that with TIDINGS_DATA_DIR."
        yield Finding("migrations", "warn", detail, fix)
    else:
        fix = "Restart `tidings up`: it brings the database up to date." if alone else "tidings migrate"
        yield Finding("migrations", "warn", f"{len(missing)} pending, first {missing[0]}", fix)


def interface(_on: Examination) -> Iterator[Finding]:
    """Whether the web pages are built."""
    if (DIST / "index.html").exists():
        yield Finding("web pages", "ok", "built")
    else:
        yield Finding("web pages", "warn", "not built", "make ui")


def server(on: Examination) -> Iterator[Finding]:
    """Whether a server runs on this folder."""
    if on.server_url is None:
        yield Finding("server", "warn", "not running", "tidings up")
    else:
        yield Finding("server", "ok", on.server_url)

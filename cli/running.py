"""Which server runs on a data folder: it holds the folder's lock and says there how it is reached."""

from __future__ import annotations

import fcntl
import json
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from services.settings import Settings

LOOK_SECONDS = 0.1


def running_file(settings: Settings) -> Path:
    """Where a running service says how to reach it."""
    return settings.data_dir / "running.json"


def running_url(settings: Settings, *, patience_seconds: float = 0.0) -> str | None:
    """The address of the service that runs on this data folder, None when none does.

    One that is starting has none yet; it is waited for as long as `patience_seconds`.
    """
    until = monotonic() + patience_seconds
    while is_locked(settings):
        with suppress(OSError, ValueError, KeyError):
            return str(json.loads(running_file(settings).read_text())["url"])
        if monotonic() > until:
            return None
        sleep(LOOK_SECONDS)
    return None


def is_locked(settings: Settings) -> bool:
    """Whether a process has the data folder open."""
    try:
        with (settings.data_dir / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True

"""Which server runs on a data folder: it holds the folder's lock and says there how it is reached."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from services.settings import Settings


def running_file(settings: Settings) -> Path:
    """Where a running service says how to reach it."""
    return settings.data_dir / "running.json"


def running_url(settings: Settings) -> str | None:
    """The address of the service that runs on this data folder, None when none does."""
    try:
        with (settings.data_dir / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        try:
            return str(json.loads(running_file(settings).read_text())["url"])
        except (OSError, ValueError, KeyError):
            return None

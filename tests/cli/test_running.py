"""Which server a command finds on its data folder: the one that runs, or the one that is just starting."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from cli.client import own_server
from cli.running import running_file, running_url
from cli.service import lock_folder
from services.errors import ConfigurationError
from services.settings import Settings

URL = "http://127.0.0.1:8123"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a folder that nobody has open."""
    return Settings(data_dir=tmp_path)


@pytest.fixture
def starting(settings: Settings) -> Iterator[Settings]:
    """Of a folder whose server says soon where it is."""
    lock = lock_folder(settings)
    soon = Timer(0.3, running_file(settings).write_text, [json.dumps({"url": URL})])
    soon.start()
    yield settings
    soon.join()
    lock.close()


def test_a_command_waits_for_a_server_that_is_starting(starting: Settings) -> None:
    assert running_url(starting) is None
    assert running_url(starting, patience_seconds=10) == URL


def test_a_command_whose_own_server_comes_too_late_asks_the_other_one(starting: Settings) -> None:
    with own_server(starting, new=True) as address:
        assert address == URL


def test_nobody_is_waited_for_where_none_starts(settings: Settings) -> None:
    assert running_url(settings, patience_seconds=1000) is None


def test_the_address_of_a_killed_server_is_forgotten(settings: Settings) -> None:
    running_file(settings).write_text(json.dumps({"url": URL}))
    with lock_folder(settings):
        assert running_url(settings) is None


def test_who_looks_for_a_server_keeps_none_from_starting(settings: Settings) -> None:
    looking = (settings.data_dir / "lock").open("w")
    fcntl.flock(looking, fcntl.LOCK_EX)
    Timer(0.03, looking.close).start()
    lock_folder(settings).close()


def test_one_server_at_a_time(settings: Settings) -> None:
    with lock_folder(settings), pytest.raises(ConfigurationError, match="already runs"):
        lock_folder(settings)

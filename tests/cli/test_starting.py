"""What a start says when it cannot: a sentence about the cause and the next step, never a trace of calls."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.start import demand_folder
from services.errors import ConfigurationError
from tests.cli.conftest import run_inside
from tests.server import ROOT, environment_for

NOBODY = 65534
FORK = multiprocessing.get_context("fork")


def refused(folder: Path, **settings: str) -> str:
    """What `tidings up` says, on one line."""
    done = run_inside(environment_for(folder, **settings), ("up",))
    assert done.code == 1
    assert "Traceback" not in done.err
    return " ".join(done.err.split())


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("this user may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file is a file" in refused(tmp_path / "file")
    assert "file is a file" in refused(tmp_path / "file" / "below")


@pytest.mark.parametrize("below", ["", "data"])
def test_a_disk_that_is_read_only(tmp_path: Path, below: str) -> None:
    with mounted(tmp_path / "disk", "ro,size=1m") as disk:
        said = refused(disk / below)
    assert "mounted read-only" in said
    assert "TIDINGS_DATA_DIR" in said


@pytest.mark.parametrize("size", ["16k", "200k"])
def test_a_disk_that_is_full(tmp_path: Path, size: str) -> None:
    with mounted(tmp_path / "disk", f"size={size}") as disk:
        said = refused(disk)
    assert "free some space" in said or "database cannot be used" in said


def test_an_address_of_another_machine_and_a_port_that_is_taken(tmp_path: Path) -> None:
    assert "192.0.2.1 is no address of this machine" in refused(tmp_path / "data", host="192.0.2.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65535))
        taken.listen()
        said = refused(tmp_path / "data", port="65535")
    assert "No free port from 65535" in said
    assert "TIDINGS_PORT" in said


def as_somebody_else(folder: Path, tell: Callable[[str], None]) -> None:
    if os.geteuid() == 0:
        os.setuid(NOBODY)
    try:
        demand_folder(folder)
    except ConfigurationError as error:
        tell(str(error))


def test_a_folder_of_another_user_names_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700 if os.geteuid() == 0 else 0o500)
    for above in [tmp_path, *tmp_path.parents][:-1]:
        if not above.stat().st_mode & 0o001 and os.geteuid() == 0:
            above.chmod(above.stat().st_mode | 0o011)
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=as_somebody_else, args=(folder, theirs.send))
    child.start()
    child.join(60)
    assert ours.poll(), "it could write there"
    said = ours.recv()
    assert f"{folder} cannot be written" in said
    assert "belongs to" in said
    assert "Run it as that user" in said


def test_an_older_python_is_named_before_anything_is_imported() -> None:
    script = "import sys; sys.version_info = (3, 10, 1); import cli.main"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Tidings needs Python 3.11 or newer, and this is 3.10")

"""`make run` on a bare machine: a line for each step, and a log for all the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.require import need
from tests.server import ROOT

# Stands for Python, pip, npm and tidings: as chatty as they are, and failing where a file `broken` names their verb.
PROGRAM = """#!/bin/bash
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin; for name in python npm tidings; do cp "$0" .venv/bin/$name; done;;
  *"pip"*|*"install"*|*"build"*)
    for number in $(seq 200); do echo "Collecting part $number"; done
    if [ -e broken ] && [[ "$*" == *"$(cat broken)"* ]]; then echo "ERROR: No space left on device" >&2; exit 1; fi
    case "$*" in
      *"--no-save"*) mkdir -p frontend/node_modules; touch frontend/node_modules/.package-lock.json;;
      *"build"*) mkdir -p frontend/dist; touch frontend/dist/index.html;;
    esac;;
  up) echo "Tidings is up";;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working copy with what `make run` looks at."""
    need(shutil.which("make"), "no make in the path")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "frontend").mkdir()
    (tmp_path / "frontend" / "package-lock.json").write_text("{}")
    program = tmp_path / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return tmp_path


def make_run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "run", "PYTHON=./program"]
    # As a person types it, although these tests may themselves be run by make, which announces itself to others.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_the_first_start_prints_a_line_for_each_step(folder: Path) -> None:
    done = make_run(folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[:3] for line in lines[:-1]] == ["1/5", "2/5", "3/5", "4/5", "5/5"]
    assert all(line.endswith(" s") for line in lines[:-1])
    assert lines[-1] == "Tidings is up"
    assert (folder / "build" / "install.log").read_text().count("Collecting part") == 800
    assert make_run(folder).stdout == "Tidings is up\n"


@pytest.mark.parametrize("step", ["torch", "models", "--no-save", "build"])
def test_a_step_that_fails_shows_its_end_the_log_and_what_to_do(folder: Path, step: str) -> None:
    (folder / "broken").write_text(step)
    done = make_run(folder)
    assert done.returncode != 0
    assert "ERROR: No space left on device" in done.stdout
    assert "build/install.log" in done.stdout
    assert "run make again" in done.stdout
    assert len(done.stdout.splitlines()) < 25
    (folder / "broken").unlink()
    assert make_run(folder).stdout.splitlines()[-1] == "Tidings is up"

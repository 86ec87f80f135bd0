"""What people install: a wheel that starts from an empty folder, without Node, a compiler, torch or a checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest

from tests.embedding import prepared_copy
from tests.require import need
from tests.server import ROOT

SOURCES = ("services", "api", "worker", "crawler", "cli", "migrations", "deploy")
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore")
# What a wheel must do without; each of these is found first, and fails.
ABSENT = ("torch", "sentence_transformers", "transformers")
# A wheel of this size is downloaded in a minute at 8 Mbit/s; PyPI takes 100 MB.
MOST_BYTES = 60 * 2**20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `make dist` builds it."""
    need(find_spec("hatchling") is not None, "needs hatchling: make test installs it")
    need((ROOT / "frontend" / "dist" / "index.html").exists(), "needs the web pages: make ui")
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, tree / name)
    shutil.copytree(ROOT / "frontend" / "dist", tree / "frontend" / "dist")
    prepared_copy(tree / "build" / "model")
    for name in ("LICENSE", "NOTICE"):
        shutil.copy(ROOT / "deploy" / "model" / name, tree / "build" / "model")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tree / "out")]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, timeout=240)
    [made] = (tree / "out").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel; its dependencies are those of this one."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(home / "bin" / "python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "-q", str(wheel)], check=True, timeout=240)
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name in ABSENT:
        (packages / f"{name}.py").write_text("raise ImportError('not installed')\n")
    return home / "bin"


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A server started from an empty folder, and its environment."""
    environment = {
        "PATH": str(installed),
        "HOME": str(tmp_path),
        "TIDINGS_PORT": "0",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(installed / "tidings"), "up"],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = tmp_path / ".data" / "running.json"
    deadline = time.monotonic() + 60
    while not (running.exists() and running.read_text()):
        assert server.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.1)
    yield json.loads(running.read_text())["url"], environment
    os.killpg(server.pid, 9)
    server.wait()


@pytest.mark.slow
@pytest.mark.model
def test_an_installed_wheel_starts_from_nothing_and_finds_by_meaning(
    installed: Path, address: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    url, environment = address
    words = [str(installed / "tidings"), "--json", "setup", "--yes"]
    made = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=True)
    page = httpx2.get(url)
    assert page.status_code == 200
    assert "<script" in page.text
    assert "not built" not in page.text
    headers = {"Authorization": f"Bearer {json.loads(made.stdout)['api_key']}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=30) as http:
        note = {"title": "Ferries", "text": "The ships to the islands were late because of the storm."}
        assert http.post("/v1/documents", json=note).status_code == 202
        deadline = time.monotonic() + 60
        found = {"mode": "", "data": []}
        while not (found["data"] and found["mode"] == "hybrid"):
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.3)
            found = http.post("/v1/search", json={"query": "vessels delayed by bad weather"}).json()
        assert found["data"][0]["document"]["title"] == "Ferries"
    # The graph in the wheel was used, and none made; an 8-bit copy of it may be there.
    assert not list((tmp_path / ".data" / "models").glob("*/meta.json"))


@pytest.mark.slow
@pytest.mark.model
def test_a_wheel_holds_what_it_needs_and_says_whose_the_model_is(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = "services/engines/openvino/shipped"
    assert {f"{shipped}/NOTICE", f"{shipped}/LICENSE", f"{shipped}/openvino_model.bin", "api/web/index.html"} <= names
    assert any(name.startswith("migrations/versions/") for name in names)
    assert any(name.startswith("services/demo/pack/") for name in names)
    assert not any(name.startswith(("tests/", "frontend/", "bench/", "build/")) for name in names)

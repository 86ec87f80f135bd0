"""A real `tidings up` in a process of its own, for benches that ask it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bench.common import ROOT, resident_mib

PORT = "18950"
START_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A running server."""

    process_id: int
    url: str

    def memory_mib(self) -> dict[str, int]:
        """Resident memory of the server, and of its children together."""
        children = Path(f"/proc/{self.process_id}/task").glob("*/children")
        ids = [child for file in children for child in file.read_text().split()]
        return {"server": resident_mib(self.process_id), "children": sum(resident_mib(child) for child in ids)}


def without_settings() -> dict[str, str]:
    """The environment without settings of Tidings, so that the defaults are measured, and with compiled modules kept."""
    unwanted = ("TIDINGS_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


@contextmanager
def serve(folder: Path, *, until: str = "ready", **settings: str) -> Iterator[Server]:
    """Start it on a data folder and wait until it searches by meaning, or only `until` it "answers"; stop it at the end."""
    given = {"TIDINGS_DATA_DIR": str(folder), "TIDINGS_PORT": PORT, "TIDINGS_REQUESTS_PER_MINUTE": "1000000"}
    (folder / "running.json").unlink(missing_ok=True)
    log = (folder / "server.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up"],
        cwd=ROOT,
        env=without_settings() | given | settings,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield Server(process.pid, wait_ready(process, folder, until))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def wait_ready(process: subprocess.Popen[bytes], folder: Path, until: str) -> str:
    """The address, once the model is ready, or once it answers at all."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            url = str(json.loads((folder / "running.json").read_text())["url"])
            if httpx2.get(f"{url}/readyz", timeout=5).json()["status"] == "ready" or until == "answers":
                return url
        except (OSError, ValueError, httpx2.HTTPError):
            pass
        time.sleep(0.05)
    raise SystemExit(f"The server did not get ready: {(folder / 'server.log').read_text()[-2000:]}")

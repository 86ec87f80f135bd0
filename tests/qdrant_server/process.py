"""The stand-in as a process that a test starts, kills, starts again and makes lie."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parent.parent.parent


class QdrantServer:
    """A stand-in on a folder. Its address stays the same when it is started again."""

    def __init__(self, folder: Path, *, api_key: str = "") -> None:
        self.folder, self.api_key = folder, api_key
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> QdrantServer:
        """Start, and wait until it says where it is."""
        port = self.url.rsplit(":", 1)[-1] or "0"
        command = [sys.executable, "-m", "tests.qdrant_server", "--port", port, "--folder", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, "--api-key", self.api_key], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the stand-in for Qdrant did not start"
        return self

    def kill(self) -> None:
        """End it as a power cut of the process would."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def close(self) -> None:
        """End it if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def faults(self, **faults: Any) -> None:
        """Make it stall, lie or fail, as `Faults` says; no arguments make it honest again."""
        httpx2.put(f"{self.url}/faults", json=faults).raise_for_status()

    def lose(self, collection: str, *, every: int = 1) -> int:
        """Take every n-th point of a collection away behind everybody's back; returns how many."""
        answer = httpx2.post(f"{self.url}/faults/lose", json={"collection": collection, "every": every})
        return int(answer.raise_for_status().json()["lost"])

    def requests(self) -> list[tuple[str, str, Any]]:
        """Method, path and body of the latest requests."""
        return [tuple(each) for each in httpx2.get(f"{self.url}/faults/requests").json()]

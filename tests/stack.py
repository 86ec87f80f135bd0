"""The distributed profile for tests: own PostgreSQL database, own Redis, a stand-in for Qdrant, and our processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2

from cli.supervisor import MIGRATE, PROCESSES
from services.runtime import Runtime, open_runtime
from services.settings import load_settings
from tests.postgres import HOW_TO, SERVER, postgres_answers, scratch_database
from tests.qdrant_server.process import QdrantServer
from tests.redis_server import RedisServer, free_port
from tests.require import need
from tests.server import COMMAND, ROOT, environment_for, run_command

START_SECONDS = 90
API_KEY = "a key of the stand-in"


class Stack:
    """Servers and processes of one test. Each of ours has a log of its own; what was stored stays between starts.

    `server`: the PostgreSQL to use, for tests that stop it; else the one that is there for all.
    """

    def __init__(self, folder: Path, *, server: str = SERVER, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.redis = RedisServer(folder / "redis")
        self.qdrant = QdrantServer(folder / "qdrant", api_key=API_KEY)
        need(server != SERVER or postgres_answers(), HOW_TO)
        self.kept = ExitStack()
        self.database = self.kept.enter_context(scratch_database(current=False, durable=True, server=server))
        self.settings = settings
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = ""
        self.environment: dict[str, str] = {}

    def start_servers(self) -> Stack:
        """Start Redis and the stand-in, and write the environment of our processes."""
        self.redis.start()
        self.qdrant.start()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        engines = {
            "profile": "distributed",
            "database_url": self.database.url,
            "database_admin_url": self.database.admin_url,
            "broker_url": self.redis.url,
            "qdrant_url": self.qdrant.url,
            "qdrant_api_key": API_KEY,
            "port": str(port),
        }
        self.environment = environment_for(self.folder / "data", **{**engines, **self.settings})
        return self

    def start(self) -> Stack:
        """Servers, tables, and every process; returns when requests are answered."""
        if not self.environment:
            self.start_servers()
        done = run_command(*MIGRATE, environment=self.environment)
        assert done.returncode == 0, done.stderr
        for name in PROCESSES:
            self.start_process(name)
        self.wait_until_it_answers()
        return self

    def start_process(self, name: str, called: str = "") -> None:
        """Start one of our processes, in a group of its own; a second one of its kind is `called` something else."""
        with self.log(called or name).open("ab") as log:
            self.processes[called or name] = subprocess.Popen(
                [*COMMAND, *PROCESSES[name]],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_it_answers(self) -> None:
        """Wait for the gateway."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"{self.url}/livez", timeout=2).status_code == 200:
                    return
            except httpx2.HTTPError:
                ended = self.processes["gateway"].poll()
                assert ended is None, f"the gateway ended with {ended}:\n{self.said('gateway')[-3000:]}"
                time.sleep(0.05)
        raise AssertionError(f"the gateway did not start:\n{self.said('gateway')[-3000:]}")

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self.folder / f"{name}.log"

    def said(self, name: str) -> str:
        """Everything it wrote so far."""
        return self.log(name).read_text() if self.log(name).exists() else ""

    def kill(self, name: str) -> None:
        """End one process with its children as a power cut would."""
        process = self.processes[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def terminate(self, name: str) -> int:
        """Ask one process to stop, once it can hear that; its exit code."""
        deadline = time.monotonic() + START_SECONDS
        while not hears_sigterm(self.processes[name].pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.processes[name].send_signal(signal.SIGTERM)
        return self.processes[name].wait(30)

    def make_key(self) -> str:
        """Set up, and return an API key that may write."""
        done = run_command("--json", "setup", "--yes", environment=self.environment)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["api_key"])

    def client(self, key: str) -> httpx2.Client:
        """An HTTP client with this key; close it."""
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def open_runtime(self) -> Runtime:
        """A runtime of this process on the same engines, with the model ready; close it."""
        with patch.dict(os.environ, self.environment, clear=True):
            runtime = open_runtime(load_settings(), with_bell=False)
        runtime.embedder.start()
        runtime.embedder.wait(10)
        return runtime

    def close(self) -> None:
        """End everything and drop the database."""
        for name in list(self.processes):
            self.kill(name)
        self.qdrant.close()
        self.redis.kill()
        self.kept.close()


def hears_sigterm(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM by now; where that cannot be known, yes."""
    status = Path(f"/proc/{pid}/status")
    caught = (
        [line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt:")]
        if status.exists()
        else []
    )
    return not caught or bool(int(caught[0], 16) >> (signal.SIGTERM - 1) & 1)


def settled(http: httpx2.Client, count: int, *, seconds: float = 90) -> list[dict[str, Any]]:
    """All documents, once there are `count` and each is ready or failed."""
    deadline = time.monotonic() + seconds
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        found = documents(http)
        if len(found) == count and all(document["status"] in {"ready", "failed"} for document in found):
            return found
        time.sleep(0.2)
    states = [document["status"] for document in found]
    raise AssertionError(f"{len(found)} of {count} documents: { {state: states.count(state) for state in states} }")


def documents(http: httpx2.Client) -> list[dict[str, Any]]:
    """Every document of the tenant."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = http.get("/v1/documents", params={"limit": "100", **({"cursor": cursor} if cursor else {})}).json()
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found

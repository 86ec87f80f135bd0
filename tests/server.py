"""A real `tidings up` for tests: a process of its own on a folder of its own, and the commands that speak to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parent.parent
START_SECONDS = 60
COMMAND = (sys.executable, "-m", "cli.main")
SETUP_LINK = re.compile(r"http://\S+/setup\?token=\S+")


def environment_for(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a server on this folder: hashing embedder, any free port, short times, then `settings`."""
    defaults = {
        "data_dir": str(folder),
        "embedder_model": "fake:hash",
        "port": "0",
        "tick_seconds": "0.3",
        "requests_per_minute": "100000",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    ours = {f"TIDINGS_{name.upper()}": value for name, value in {**defaults, **settings}.items()}
    # Rich would break the lines of a narrow terminal.
    return {**inherited, **ours, "COLUMNS": "200", "NO_COLOR": "1"}


class Server:
    """A server that a test starts, kills and asks. Its output is in `log`; what it stored stays between starts."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        self.environment = environment_for(folder, **settings)
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> Server:
        """Start, and wait until it answers."""
        running = self.folder / "running.json"
        running.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up"], cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll()
            assert ended is None, f"the server ended with {ended}:\n{self.said()[-3000:]}"
            if running.exists() and running.read_text():
                self.url = json.loads(running.read_text())["url"]
                if self.answers():
                    return self
            time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{self.said()[-3000:]}")

    def answers(self) -> bool:
        """Whether it answers just now."""
        try:
            return httpx2.get(f"{self.url}/livez", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def said(self) -> str:
        """Everything it wrote so far."""
        return self.log.read_text()

    def setup_link(self) -> str:
        """The latest one-time link it printed."""
        return SETUP_LINK.findall(self.said())[-1]

    def kill(self) -> None:
        """End it as a power cut would, children too."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> float:
        """Ctrl+C; returns the seconds it took to end."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(20) == 0
        return time.monotonic() - started

    def close(self) -> None:
        """End it if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def command(self, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a `tidings` command with this server's settings; `given` is its standard input."""
        return run_command(*words, environment=self.environment, given=given)

    def json(self, *words: str) -> Any:
        """What a command that succeeds prints with --json."""
        done = self.command("--json", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def make_key(self) -> str:
        """Set the server up and return an API key that may write."""
        return str(self.json("setup", "--yes")["api_key"])


def run_command(*words: str, environment: dict[str, str], given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a `tidings` command to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

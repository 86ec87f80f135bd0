"""A real vLLM on the processor, as a process group of its own that a test may stop, kill and start again."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx2

START_SECONDS = 240
KEY = "sesame"
# Only what runs the server: nothing of this process's settings or paths.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
SETTINGS = {
    "VLLM_TARGET_DEVICE": "cpu",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


class VllmServer:
    """vLLM serving a model folder. Compilation is off: it would take half of the start and save nothing here."""

    def __init__(self, environment: Path, model: Path, log: Path, *arguments: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = log
        # The `vllm` command of this build does not start; its module does.
        module = ("-m", "vllm.entrypoints.openai.api_server")
        where = ("--host", "127.0.0.1", "--port", str(self.port), "--api-key", KEY, "--enforce-eager")
        self.command = (str(environment / "bin" / "python"), *module, "--model", str(model), *where, *arguments)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Begin to start; `wait` says when it answers."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env={**passed, **SETTINGS},
                cwd=self.log.parent,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> VllmServer:
        """Wait until it answers."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"vLLM ended:\n{self.log.read_text()[-3000:]}"
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"http://127.0.0.1:{self.port}/health", timeout=2).status_code == 200:
                    return self
            time.sleep(0.2)
        raise AssertionError(f"vLLM did not start:\n{self.log.read_text()[-3000:]}")

    def metric(self, name: str) -> float:
        """The sum of one of its metrics, such as `vllm:num_requests_running`, over all labels."""
        text = httpx2.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text
        values = re.findall(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
        assert values, f"no metric {name}"
        return sum(float(value) for value in values)

    def send(self, number: signal.Signals) -> None:
        """Signal all of its processes."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.send(signal.SIGKILL)
            self.process.wait()
            self.process = None

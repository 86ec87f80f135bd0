"""Running a child process that reports its progress as JSON lines, and stopping it for certain."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import services
from services.errors import EngineUnavailable

Progress = Callable[[str, str], None]


class Child:
    """Runs one Python module at a time as a child that reports on its standard output.

    The lines are {"stage", "detail"}; the last has the stage "done" and carries the result, or "failed" and the reason.
    The child's standard input is a pipe that closes when this process dies, however it dies: the child watches it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self.stopped = False

    def run(
        self, module: str, *arguments: str, progress: Progress, environ: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Run to the end; the last line. Raises EngineUnavailable with the child's reason, or when stopped."""
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            process = self._start([sys.executable, "-m", module, *arguments], errors.fileno(), environ)
            last: dict[str, Any] = {}
            with process:
                for line in process.stdout or ():
                    last = parse(line) or last
                    progress(str(last.get("stage", "")), str(last.get("detail", "")))
            if last.get("stage") == "done":
                return last
            if self.stopped:
                raise EngineUnavailable("Tidings is shutting down.")
            errors.seek(0)
            raise EngineUnavailable(reason(last, process.returncode, errors.read()))

    def stop(self) -> None:
        """Kill what runs, its own children too, and start nothing more."""
        with self._lock:
            self.stopped = True
            process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _start(self, command: list[str], errors: int, environ: Mapping[str, str] | None) -> subprocess.Popen[str]:
        with self._lock:
            if self.stopped:
                raise EngineUnavailable("Tidings is shutting down.")
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **module_path(), **(environ or {})},
                start_new_session=True,
            )
            return self._process


def module_path() -> dict[str, str]:
    """The environment in which the child finds our modules, wherever it is started."""
    ours = str(Path(services.__file__).parents[1])
    given = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{ours}{os.pathsep}{given}" if given else ours}


def parse(line: str) -> dict[str, Any] | None:
    """One line of progress, or None when a library wrote something else."""
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def reason(last: Mapping[str, Any], returncode: int, errors: str) -> str:
    """Why the child ended early, for the person."""
    if last.get("stage") == "failed":
        return str(last.get("detail", ""))
    if returncode < 0:
        return (
            f"Preparing the embedding model was stopped by signal {-returncode}, perhaps for lack of memory "
            "(it takes 1 GiB once); start again."
        )
    lines = [line for line in errors.splitlines() if line.strip()]
    return f"Preparing the embedding model failed: {lines[-1] if lines else f'exit status {returncode}'}"

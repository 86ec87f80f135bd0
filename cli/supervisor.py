"""The distributed profile on one machine: the same commands as in docker-compose.yml, as child processes.

Their output is printed line by line with a prefix. A process that ends is started again, ever more slowly; all end when
this one is told to.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.markup import escape

from cli.output import out

MIGRATE = ("migrate",)
# Name -> arguments of `tidings`. docker-compose.yml has a service for each; tests/test_compose.py compares them.
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "gateway": ("gateway",),
    "ingest": ("worker", "interactive", "ingest"),
    "crawl": ("worker", "crawl", "crawl_now"),
    "maintenance": ("worker", "maintenance"),
    "beat": ("beat",),
}
COLOURS = ("cyan", "green", "yellow", "magenta", "blue")
# An orderly stop hands work back within this time.
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
# Who ran for so long did not end because of how it starts.
STEADY_SECONDS = 60.0


@dataclass
class Process:
    """One child, and when it may be started again."""

    name: str
    arguments: Sequence[str]
    colour: str
    child: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    readers: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start it, and a thread that prints what it says."""
        self.started_at = time.monotonic()
        self.child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-u", "-m", "cli.main", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl+C reaches only this process, which stops the others in order.
            start_new_session=True,
        )
        reader = threading.Thread(target=self.print_lines, args=(self.child,), name=self.name, daemon=True)
        reader.start()
        self.readers = [thread for thread in self.readers if thread.is_alive()] + [reader]

    def print_lines(self, child: subprocess.Popen[str]) -> None:
        """Print what it says, each line with its name."""
        for line in child.stdout or ():
            out.print(f"[{self.colour}]{self.name:>12}[/{self.colour}] {escape(line.rstrip())}", soft_wrap=True)

    def start_again_if_it_ended(self) -> None:
        """Start it again after a pause that grows while it keeps ending."""
        if self.child is None or self.child.poll() is None:
            return
        ran = time.monotonic() - self.started_at
        if ran > STEADY_SECONDS:
            self.pause = FIRST_PAUSE_SECONDS
        if ran < self.pause:
            return
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        out.print(f"[red]{self.name} ended with {self.child.returncode}; starting it again[/red]")
        self.start()

    def stop(self, deadline: float) -> None:
        """Wait for its orderly end until `deadline` (monotonic seconds), then end it."""
        if self.child is None:
            return
        try:
            self.child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        for reader in self.readers:
            reader.join(1)


def supervise() -> int:
    """Migrate, then run every process until SIGINT or SIGTERM; the exit code."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    code = migrate()
    if code:
        return code
    processes = [
        Process(name, arguments, COLOURS[index % len(COLOURS)])
        for index, (name, arguments) in enumerate(PROCESSES.items())
    ]
    for process in processes:
        process.start()
    while not stop.wait(LOOK_SECONDS):
        for process in processes:
            process.start_again_if_it_ended()
    out.print("Stopping …")
    for process in processes:
        if process.child is not None:
            with contextlib.suppress(ProcessLookupError):
                process.child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.stop(deadline)
    return 0


def migrate() -> int:
    """Bring the database up to date before anything uses it; the exit code."""
    process = Process("migrate", MIGRATE, "white")
    process.start()
    if process.child is None:
        return 1
    code = process.child.wait()
    for reader in process.readers:
        reader.join(1)
    return code

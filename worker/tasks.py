"""The only two tasks: work on a queue, and tick."""

from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict

from celery import Celery

from services.engines.queue import TICK_TASK, WORK_TASK
from services.handlers import HANDLERS
from services.jobs.claim import work
from services.jobs.tick import tick
from services.runtime import Runtime

# Bulk threads give way to queries: embedding in a niced thread costs queries 1.3 ms at p95 (bench/interference.py).
NICE = {"interactive": 2, "ingest": 10, "crawl": 10, "maintenance": 10}


def register(app: Celery, runtime: Runtime) -> None:
    """Add both tasks to the Celery application of this process."""
    lanes: defaultdict[str, Lane] = defaultdict(Lane)

    def work_on(queue: str) -> int:
        """Work on a queue until nothing is due."""
        return lanes[queue].run(runtime, queue)

    def tick_once() -> list[str]:
        """Ring for rows that nobody took."""
        return tick(runtime)

    # Not shared: Celery would give these to every later application of the process, with this one's runtime inside.
    app.task(work_on, name=WORK_TASK, shared=False)
    app.task(tick_once, name=TICK_TASK, shared=False)


class Lane:
    """One thread at a time works on a queue in this process; a ring that comes meanwhile is remembered, not queued."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rung = threading.Event()

    def run(self, runtime: Runtime, queue: str) -> int:
        """Work until nothing is due and nobody rang since the last look."""
        self.rung.set()
        total = 0
        while self.rung.is_set() and self.lock.acquire(blocking=False):
            try:
                self.rung.clear()
                with niced(NICE[queue]):
                    total += work(runtime, queue, HANDLERS)
            finally:
                self.lock.release()
        return total


class niced:
    """Lower this thread's share of the processor for a while. Linux only: elsewhere threads have no niceness."""

    def __init__(self, level: int) -> None:
        self.level = level

    def __enter__(self) -> None:
        self.set(self.level)

    def __exit__(self, *_: object) -> None:
        # An unprivileged process may not raise its priority again, so the pool thread simply stays niced then.
        try:
            self.set(0)
        except PermissionError:
            return

    def set(self, level: int) -> None:
        """Set the niceness of the calling thread."""
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), level)

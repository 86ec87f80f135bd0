"""The only task: work on a queue."""

from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from celery import Celery

from services.engines.queue import WORK_TASK
from services.handlers import HANDLERS
from services.jobs.claim import work
from services.runtime import Runtime
from services.system.figures import hand_in_figures

# Bulk threads give way to queries; bench/interference.py measures how well.
NICE = {"interactive": 2, "ingest": 10, "crawl": 10, "crawl_now": 5, "maintenance": 10}


class Lanes:
    """The queues of this process, one lane each."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.lanes: defaultdict[str, Lane] = defaultdict(Lane)

    def work_on(self, queue: str) -> int:
        """Work on a queue until nothing is due; returns how many jobs were run. Returns at once while it is worked on."""
        hand_in_figures(self.runtime)
        return self.lanes[queue].run(self.runtime, queue)


def register(app: Celery, lanes: Lanes) -> None:
    """Add the one task to the Celery application of this process."""

    def work_on(queue: str) -> int:
        """Work on a queue until nothing is due."""
        return lanes.work_on(queue)

    # Not shared: Celery would give it to every later application of the process, with this one's runtime inside.
    app.task(work_on, name=WORK_TASK, shared=False)


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
                total += in_niced_thread(NICE[queue], lambda: work(runtime, queue, HANDLERS))
            finally:
                self.lock.release()
        return total


def in_niced_thread(niceness: int, run: Callable[[], int]) -> int:
    """Run in a new thread with a lower share of the processor, and wait for it.

    A thread of its own, because an unprivileged process may not raise a priority again: a pool thread that was niced for
    bulk work would stay so for a person's upload. Linux only; elsewhere threads have no niceness.
    """
    with ThreadPoolExecutor(1, initializer=nice, initargs=(niceness,)) as pool:
        return pool.submit(run).result()


def nice(niceness: int) -> None:
    """Set the niceness of the calling thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)

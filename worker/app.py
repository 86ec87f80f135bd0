"""Workers: Celery's consumer as threads of this process, the same in both profiles. The queue rings; rows say what."""

from __future__ import annotations

import platform
import threading
from collections.abc import Sequence
from typing import Any

import structlog
from celery import Celery
from celery.app.trace import setup_worker_optimizations
from celery.worker import WorkController

from services.engines.queues import QUEUES
from services.runtime import Runtime
from worker.tasks import Lanes, register

log = structlog.get_logger()

# How often a worker looks at its queues though nobody rang: what a broker that is away costs at most.
LOOK_SECONDS = 20.0


class Workers:
    """Threads that work on some queues when they are rung, and now and then without."""

    def __init__(self, runtime: Runtime, queues: Sequence[str] = QUEUES) -> None:
        self.runtime = runtime
        self.queues = list(queues)
        self.app: Celery = runtime.celery
        self.lanes = Lanes(runtime)
        register(self.app, self.lanes)
        self.controller = make_controller(self.app, self.queues)
        self.consumer = threading.Thread(target=self.consume, name="celery", daemon=True)
        self.lookouts = [
            threading.Thread(target=self.look, args=(queue,), name=f"look-out {queue}", daemon=True)
            for queue in self.queues
        ]

    @property
    def threads(self) -> list[threading.Thread]:
        """All of them."""
        return [self.consumer, *self.lookouts]

    def start(self) -> None:
        """Start the threads; returns at once."""
        for thread in self.threads:
            thread.start()

    def consume(self) -> None:
        """Answer rings until told to stop."""
        try:
            self.controller.start()
        except Exception:
            log.exception("the queue's consumer ended")

    def look(self, queue: str) -> None:
        """Work on a queue from time to time, rung or not: a lost broker delays work, and stops none."""
        while not self.runtime.stopping.wait(LOOK_SECONDS):
            try:
                self.lanes.work_on(queue)
            except Exception as error:
                # Whatever it was: this thread is what still works when the broker is away.
                log.warning("the queue could not be looked at", queue=queue, reason=type(error).__name__)

    def stop(self, timeout_seconds: float = 8.0) -> None:
        """Let running batches end at their next step, parsers at once, then stop; what is left goes back to its queue."""
        self.runtime.interrupt()
        self.controller.stop()
        for thread in self.threads:
            thread.join(timeout_seconds)


def make_controller(app: Celery, queues: Sequence[str]) -> Any:
    """Celery's worker of these queues: one thread per queue, and one for a ring that finds its lane busy."""
    hostname = f"tidings@{platform.node()}"
    # What the `celery worker` command does first: pool threads look their task up in this application, not in
    # whichever was made last.
    setup_worker_optimizations(app, hostname)
    return WorkController(
        app=app,
        pool="threads",
        concurrency=len(queues) + 1,
        queues=list(queues),
        hostname=hostname,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        enable_remote_control=False,
    )

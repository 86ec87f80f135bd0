"""Workers as threads inside the gateway process: Celery's consumer on the memory broker, and the clock."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog
from celery import Celery
from celery.app.trace import setup_worker_optimizations
from celery.worker import WorkController

from services.engines.database import refresh_statistics
from services.engines.queue import QUEUES
from services.hosts import hosts
from services.ingest.sweep import sweep_blobs, sweep_expired
from services.jobs.tick import forget, tick
from services.models import utc_now
from services.runtime import Runtime
from services.sources.jobs import enqueue_due
from worker.tasks import register

log = structlog.get_logger()

HOSTNAME = "tidings@embedded"


class EmbeddedWorkers:
    """Celery's consumer and a tick thread in this process, on the memory broker."""

    def __init__(self, runtime: Runtime, queues: Sequence[str] = QUEUES) -> None:
        self.runtime = runtime
        self.app: Celery = runtime.celery
        register(self.app, runtime)
        # What the `celery worker` command does first: pool threads look their task up in this application, not in
        # whichever was made last.
        setup_worker_optimizations(self.app, HOSTNAME)
        # One thread per queue and one for a ring that finds its lane busy.
        self.controller = WorkController(
            app=self.app,
            pool="threads",
            concurrency=len(queues) + 1,
            queues=list(queues),
            hostname=HOSTNAME,
            loglevel="WARNING",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            enable_remote_control=False,
        )
        self.threads = [
            threading.Thread(target=self.controller.start, name="celery", daemon=True),
            threading.Thread(target=self.run_clock, name="tick", daemon=True),
        ]

    def start(self) -> None:
        """Start both threads; returns at once."""
        for thread in self.threads:
            thread.start()

    def run_clock(self) -> None:
        """Tick until the process stops; delete what expired every minute, tidy up about once an hour."""
        seconds = self.runtime.settings.tick_seconds
        rounds = 0
        while True:
            try:
                enqueue_due(self.runtime)
                tick(self.runtime)
                if rounds % max(1, int(60 / seconds)) == 0:
                    sweep_expired(self.runtime)
                if rounds % max(1, int(3600 / seconds)) == 0:
                    forget(self.runtime)
                    sweep_blobs(self.runtime)
                    hosts.forget(self.runtime, utc_now())
                    refresh_statistics(self.runtime.database)
            except Exception:
                log.exception("tick failed")
            rounds += 1
            if self.runtime.stopping.wait(seconds):
                return

    def stop(self, timeout_seconds: float = 8.0) -> None:
        """Let running batches end at their next step, parsers at once, then stop; what is left goes back to its queue."""
        self.runtime.interrupt()
        self.controller.stop()
        for thread in self.threads:
            thread.join(timeout_seconds)

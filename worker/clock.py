"""The clock: makes due work, rings for rows that nobody took, and tidies up. Safe in any number of processes."""

from __future__ import annotations

import threading

import structlog

from services.engines.database import Statistics
from services.hosts import hosts
from services.ingest.index.reconcile import enqueue_nightly
from services.ingest.retention import apply as retention
from services.ingest.sweep import sweep_blobs, sweep_expired
from services.jobs.tick import forget, tick
from services.models import utc_now
from services.runtime import Runtime
from services.sources.jobs import enqueue_due
from services.system.figures import hand_in_figures
from services.uploads.uploads import sweep_uploads

log = structlog.get_logger()

EXPIRED_SECONDS, TIDY_SECONDS = 60, 3600


class Clock:
    """Ticks every `tick_seconds` until the runtime stops; deletes what expired and looks at table sizes every minute, tidies up hourly."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.statistics = Statistics(runtime.database)
        self.thread = threading.Thread(target=self.run, name="tick", daemon=True)

    def start(self) -> None:
        """Tick in a thread; returns at once."""
        self.thread.start()

    def run(self) -> None:
        """Tick until the process stops. A tick that fails is logged and the next one tries again."""
        hand_in_figures(self.runtime)
        seconds = self.runtime.settings.tick_seconds
        rounds = 0
        while True:
            try:
                self.beat(rounds)
            except Exception:
                log.exception("tick failed")
            rounds += 1
            if self.runtime.stopping.wait(seconds):
                return

    def beat(self, rounds: int) -> None:
        """One round."""
        seconds = self.runtime.settings.tick_seconds
        enqueue_due(self.runtime)
        tick(self.runtime)
        if rounds % max(1, int(EXPIRED_SECONDS / seconds)) == 0:
            sweep_expired(self.runtime)
            sweep_uploads(self.runtime)
            self.statistics.refresh()
        if rounds % max(1, int(TIDY_SECONDS / seconds)) == 0:
            forget(self.runtime)
            sweep_blobs(self.runtime)
            enqueue_nightly(self.runtime)
            retention.enqueue_nightly(self.runtime)
            hosts.forget(self.runtime, utc_now())

    def join(self, timeout_seconds: float) -> None:
        """Wait for the thread, once the runtime is stopping."""
        self.thread.join(timeout_seconds)

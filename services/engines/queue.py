"""The queue is a bell: it says that a lane has work, never what the work is. Job rows are the truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Lock, Timer
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import OperationalError

from services.engines.queues import QUEUES
from services.metrics import BROKER_MESSAGES

WORK_TASK = "tidings.work"
# How long a queue is not rung again; in those that a person waits for, shorter.
QUIET_SECONDS = 2.0
QUIET_SECONDS_AWAITED = 0.7
AWAITED = ("interactive", "crawl_now")
# A broker that falls silent is given up after the first; after a failure nobody sends for the second.
BROKER_SECONDS, AWAY_SECONDS = 2, 5.0


class Bell(Protocol):
    """Rings a queue after a commit. Losing a ring is harmless: `tick` rings again for rows nobody took."""

    def ring(self, queue: str) -> None:
        """Tell the workers of this queue that there is something to claim; never raises."""


class NullBell:
    """For child processes and tools: says nothing, and relies on tick."""

    def ring(self, queue: str) -> None:
        """Do nothing."""


class CeleryBell:
    """Sends the `work(queue)` task: at once after a pause, and once for all rings within quiet_seconds() after that.

    A worker that was rung works until nothing is due, so a ring in between says nothing new.
    """

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._lock = Lock()
        self._quiet_until: dict[str, float] = {}
        self._waiting: set[str] = set()

    def ring(self, queue: str) -> None:
        """Send one message now or soon. A broker that is away costs a delay until the next tick, not the job."""
        with self._lock:
            wait = self._quiet_until.get(queue, 0.0) - time.monotonic()
            if wait > 0:
                if queue not in self._waiting:
                    self._waiting.add(queue)
                    later = Timer(wait, self._send, args=(queue,))
                    later.daemon = True
                    later.start()
                return
        self._send(queue)

    def _send(self, queue: str) -> None:
        with self._lock:
            self._waiting.discard(queue)
            self._quiet_until[queue] = time.monotonic() + quiet_seconds(queue)
        try:
            self.app.send_task(WORK_TASK, args=(queue,), queue=queue, retry=False, ignore_result=True)
        except (OSError, OperationalError):
            BROKER_MESSAGES.labels(queue, "lost").inc()
            with self._lock:
                # Rings meanwhile wait in a thread of their own: a request must not find out again.
                self._quiet_until = dict.fromkeys(QUEUES, time.monotonic() + AWAY_SECONDS)
            return
        BROKER_MESSAGES.labels(queue, "sent").inc()


def make_celery(broker_url: str) -> Celery:
    """The Celery application both the producer and the workers use: JSON only, no results, late acknowledgement."""
    app = Celery("tidings", broker=broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="maintenance",
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        # A worker waits for a broker that is away as long as it takes; it looks at its queues meanwhile.
        broker_connection_max_retries=None,
        broker_transport_options=transport_options(broker_url),
    )
    return app


def is_in_process(broker_url: str) -> bool:
    """Whether the bell rings inside this process alone."""
    return broker_url.startswith("memory")


def transport_options(broker_url: str) -> dict[str, Any]:
    """Per transport: the memory broker is polled every 50 ms; Redis re-delivers after the longest task, not before.

    No retries to connect: a request must not wait 6 s for a bell that tick will ring anyway.
    """
    if is_in_process(broker_url):
        return {"polling_interval": 0.05}
    return {
        "visibility_timeout": 3600,
        "max_retries": 0,
        "socket_connect_timeout": BROKER_SECONDS,
        "socket_timeout": BROKER_SECONDS,
    }


def quiet_seconds(queue: str) -> float:
    """How long after a ring the next one of this queue is held back."""
    return QUIET_SECONDS_AWAITED if queue in AWAITED else QUIET_SECONDS


def rings(bell: Bell, queues: Sequence[str]) -> None:
    """Ring each queue once, however many rows were added to it."""
    for queue in dict.fromkeys(queues):
        bell.ring(queue)

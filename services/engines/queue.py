"""The queue is a bell: it says that a lane has work, never what the work is. Job rows are the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import OperationalError

# `crawl_now` is the lane of crawls that a person waits for.
QUEUES = ("interactive", "ingest", "crawl", "crawl_now", "maintenance")
WORK_TASK = "tidings.work"
TICK_TASK = "tidings.tick"


class Bell(Protocol):
    """Rings a queue after a commit. Losing a ring is harmless: `tick` rings again for rows nobody took."""

    def ring(self, queue: str) -> None:
        """Tell the workers of this queue that there is something to claim; never raises."""


class NullBell:
    """For child processes and tools: says nothing, and relies on tick."""

    def ring(self, queue: str) -> None:
        """Do nothing."""


class CeleryBell:
    """Sends the `work(queue)` task."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def ring(self, queue: str) -> None:
        """Send one message. A broker that is away costs a delay until the next tick, not the job."""
        try:
            self.app.send_task(WORK_TASK, args=(queue,), queue=queue, retry=False, ignore_result=True)
        except (OSError, OperationalError):
            return


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
        broker_transport_options=transport_options(broker_url),
    )
    return app


def transport_options(broker_url: str) -> dict[str, Any]:
    """Per transport: the memory broker is polled every 50 ms; Redis re-delivers after the longest task, not before.

    No retries to connect: a request must not wait 6 s for a bell that tick will ring anyway.
    """
    if broker_url.startswith("memory"):
        return {"polling_interval": 0.05}
    return {"visibility_timeout": 3600, "max_retries": 0, "socket_connect_timeout": 2}


def rings(bell: Bell, queues: Sequence[str]) -> None:
    """Ring each queue once, however many rows were added to it."""
    for queue in dict.fromkeys(queues):
        bell.ring(queue)

"""What every bell keeps: it rings once per commit, and never breaks the caller."""

from __future__ import annotations

import time

import pytest

from services.engines.queue import Bell, CeleryBell, NullBell, make_celery, quiet_seconds, rings
from services.jobs.jobs import enqueue
from services.scope import Scope


@pytest.fixture(params=["null", "memory", "away"])
def bell(request: pytest.FixtureRequest) -> Bell:
    """No bell, Celery's in this process, and one whose broker is away."""
    if request.param == "null":
        return NullBell()
    return CeleryBell(make_celery("memory://" if request.param == "memory" else "redis://127.0.0.1:9/0"))


def test_ringing_never_raises_and_never_waits_long(bell: Bell) -> None:
    started = time.monotonic()
    bell.ring("ingest")
    assert time.monotonic() - started < 5


class CountingBell:
    """Counts its rings."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def ring(self, queue: str) -> None:
        self.heard.append(queue)


def test_however_many_rows_a_queue_rings_once() -> None:
    bell = CountingBell()
    rings(bell, ["ingest", "ingest", "interactive", "ingest"])
    assert bell.heard == ["ingest", "interactive"]


def test_it_rings_after_the_commit_and_not_without_one(scope: Scope) -> None:
    bell = CountingBell()
    scope.runtime.__dict__["bell"] = bell
    with scope.write() as tx:
        enqueue(tx, "test", "doc_1", queue="ingest")
        assert bell.heard == []
    assert bell.heard == ["ingest"]

    def fail() -> None:
        with scope.write() as tx:
            enqueue(tx, "test", "doc_2", queue="ingest")
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        fail()
    assert bell.heard == ["ingest"]


@pytest.mark.parametrize("queue", ["ingest", "interactive"])
def test_rings_close_together_are_few_messages_and_the_last_one_is_sent(queue: str) -> None:
    app = make_celery("memory://coalesced/")
    bell = CeleryBell(app)
    bell.ring("maintenance")  # the first message connects, which takes longer than the quiet time
    with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        waiting.clear()  # memory brokers of one process share their queues
        for _ in range(200):
            bell.ring(queue)
        assert len(waiting) == 1
        deadline = time.monotonic() + 20
        while len(waiting) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(waiting) == 2, "the rings after the first one were never heard"
        time.sleep(2 * quiet_seconds(queue))
        assert len(waiting) == 2
    app.close()

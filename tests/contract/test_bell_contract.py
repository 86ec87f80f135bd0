"""What every bell keeps: it rings once per commit, and never breaks the caller."""

from __future__ import annotations

import time

import pytest

from services.engines.queue import Bell, CeleryBell, NullBell, make_celery, rings
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

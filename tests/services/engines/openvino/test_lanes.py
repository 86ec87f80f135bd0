"""The order in which waiters get the model."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from services.engines.embedder import Lane
from services.engines.openvino.lanes import LaneLock


def test_the_most_urgent_waiter_goes_next_and_equals_go_in_order() -> None:
    lock = LaneLock()
    order: list[str] = []
    arrivals = [("bulk 1", Lane.BULK), ("bulk 2", Lane.BULK), ("upload", Lane.INTERACTIVE), ("query", Lane.QUERY)]

    def take(name: str, lane: Lane) -> None:
        with lock.turn(lane):
            order.append(name)

    threads: list[Thread] = []
    with lock.turn(Lane.BULK):
        for count, (name, lane) in enumerate(arrivals, start=1):
            threads.append(Thread(target=take, args=(name, lane)))
            threads[-1].start()
            while len(lock._waiting) < count:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == ["query", "upload", "bulk 1", "bulk 2"]


def test_an_error_in_a_turn_frees_the_lock() -> None:
    lock = LaneLock()
    with pytest.raises(ValueError, match="broken"), lock.turn(Lane.BULK):
        raise ValueError("broken")
    with lock.turn(Lane.QUERY):
        pass

"""Whose turn it is: one lock whose waiters go by lane first, then in order of arrival."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Condition

from services.engines.embedder import Lane

PRIORITY = {Lane.QUERY: 0, Lane.INTERACTIVE: 1, Lane.BULK: 2}


class LaneLock:
    """A lock given to the most urgent waiter. Long work takes it in short turns, so that others get in between."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: list[tuple[int, int]] = []
        self._arrivals = count()
        self._busy = False

    @contextmanager
    def turn(self, lane: Lane) -> Iterator[None]:
        """Hold the lock for one turn. A caller that comes back at once stands behind those of its lane who waited."""
        with self._changed:
            ticket = (PRIORITY[lane], next(self._arrivals))
            heapq.heappush(self._waiting, ticket)
            self._changed.wait_for(lambda: not self._busy and self._waiting[0] == ticket)
            heapq.heappop(self._waiting)
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

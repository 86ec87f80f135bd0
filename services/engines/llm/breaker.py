"""A circuit breaker: a server that fails is left alone for a while, then one request finds out whether it is back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "trial"]

# Failures in a row that open it; one may be chance.
FAILURES = 3
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 30.0


class Breaker:
    """Closed, it lets every request through; open, none; after the pause, one on trial. Thread-safe.

    A failed trial doubles the pause. Every `admit` that was granted is followed by one of succeed, fail or leave.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause_seconds = 0.0
        self._opened_at = 0.0
        self._trial = False

    @property
    def state(self) -> State:
        """What the next request would find."""
        with self._lock:
            return self._state()

    def retry_after_seconds(self) -> float:
        """Seconds until a request may be let through; 0 when one is now."""
        with self._lock:
            if self._failures < FAILURES:
                return 0.0
            waited = self._opened_at + self._pause_seconds - self._clock()
            return max(waited, 1.0 if self._trial else 0.0)

    def admit(self) -> bool:
        """Whether a request may go; on trial only one may, until it has ended."""
        with self._lock:
            state = self._state()
            if state == "trial":
                if self._trial:
                    return False
                self._trial = True
            return state != "open"

    def succeed(self) -> None:
        """The request was answered: everything is forgotten."""
        with self._lock:
            self._failures, self._pause_seconds, self._trial = 0, 0.0, False

    def fail(self) -> None:
        """The request failed through the server's fault."""
        with self._lock:
            self._failures += 1
            # What was under way when it opened fails too, and says nothing new.
            if self._failures == FAILURES or self._trial:
                doubled = self._pause_seconds * 2 or FIRST_PAUSE_SECONDS
                self._pause_seconds = min(doubled, LONGEST_PAUSE_SECONDS)
                self._opened_at = self._clock()
            self._trial = False

    def leave(self) -> None:
        """The request ended in a way that says nothing about the server, such as a cancellation."""
        with self._lock:
            self._trial = False

    def _state(self) -> State:
        if self._failures < FAILURES:
            return "closed"
        return "open" if self._clock() - self._opened_at < self._pause_seconds else "trial"

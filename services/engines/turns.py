"""Whose request is worked on next: a few at a time, tenants in turn, and the last place for who else is about.

So one that floods delays mostly itself: others find a place free, not one that is given back after a long answer, and
while they are served the flood begins nothing new and stops between two steps of what it has begun: Python computes for
one at a time, whatever the number of places.
"""

from __future__ import annotations

import math
import os
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic

from services.errors import EngineUnavailable

# More requests of one tenant than this waiting at once would only take threads away from the others.
MOST_WAITING = 48
# And more of all tenants together would leave none for anything else.
MOST_WAITING_IN_ALL = 120
BUSY_SECONDS = 2
# How long after its last turn a tenant is about: somebody who reads results and types again.
ABOUT_SECONDS = 10.0
# A tenant floods beside another when it had so many seconds of turns lately and so many times those of the other; or else
# when it has so many requests at once, and so many times those of the other. It waits while that one is served, but has
# one turn in PATIENCE_SECONDS.
FLOOD_SECONDS, FLOOD_TIMES = 2.0, 1.5
CROWD, CROWD_TIMES = 4, 3
PATIENCE_SECONDS = 0.5
GIVE_WAY_SECONDS = 0.1


class FairTurns:
    """A semaphore whose free places go to the tenant that has fewest, then to the one that was served longest ago.

    No tenant takes a second place when it is the last and somebody is about who has none, and none that floods takes any
    while somebody else is served. Not for work inside another turn of the same thread. Thread-safe.
    """

    def __init__(
        self,
        places: int | None = None,
        *,
        most_waiting: int = MOST_WAITING,
        most_waiting_in_all: int = MOST_WAITING_IN_ALL,
    ) -> None:
        """`places` requests at once: one per processor, and two at least, so that one long answer holds up nobody.

        Past `most_waiting` of a tenant, or as many in all, who comes next is sent away.
        """
        self._most_waiting, self._most_waiting_in_all = most_waiting, most_waiting_in_all
        self.places = places or max(2, os.cpu_count() or 2)
        self._changed = Condition()
        self._busy: Counter[str] = Counter()
        # Tickets by tenant; the order of the tenants is that of their last turn.
        self._waiting: dict[str, deque[object]] = {}
        # When each tenant last began or ended a turn, and the seconds of its turns as they stood then: they fade.
        self._lately: dict[str, tuple[float, float]] = {}

    @contextmanager
    def turn(self, tenant_id: str) -> Iterator[None]:
        """Work inside the block. Raises EngineUnavailable when too many requests wait, of the tenant or of all."""
        self._enter(tenant_id)
        began = monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._busy[tenant_id] -= 1
                if not self._busy[tenant_id]:
                    del self._busy[tenant_id]
                self._note(tenant_id, monotonic() - began)
                self._changed.notify_all()

    def give_way(self, tenant_id: str) -> None:
        """Between two steps of a turn: who floods waits while somebody else is served, GIVE_WAY_SECONDS at most."""
        with self._changed:
            if self._floods(tenant_id):
                began = monotonic()
                self._changed.wait_for(lambda: not self._floods(tenant_id), timeout=GIVE_WAY_SECONDS)
                # The end of the turn will count them.
                self._note(tenant_id, began - monotonic())

    def _enter(self, tenant_id: str) -> None:
        ticket = object()
        with self._changed:
            line = self._waiting.setdefault(tenant_id, deque())
            in_all = sum(map(len, self._waiting.values()))
            if len(line) >= self._most_waiting or in_all >= self._most_waiting_in_all:
                raise EngineUnavailable(
                    "Too many requests are waiting; ask again in a moment.",
                    retry_after_seconds=BUSY_SECONDS,
                )
            line.append(ticket)
            while not self._changed.wait_for(lambda: self._is_next(tenant_id, ticket), timeout=PATIENCE_SECONDS):
                pass
            line.popleft()
            del self._waiting[tenant_id]
            if line:
                # Behind the others, who were served longer ago.
                self._waiting[tenant_id] = line
            self._busy[tenant_id] += 1
            self._note(tenant_id)
            self._changed.notify_all()

    def _is_next(self, tenant_id: str, ticket: object) -> bool:
        free = self.places - self._busy.total()
        if free < 1 or self._waiting[tenant_id][0] is not ticket:
            return False
        if free == 1 and self._busy[tenant_id] and self._somebody_is_about():
            return False
        able = [waiting for waiting in self._waiting if not self._floods(waiting)]
        fewest = min((self._busy[waiting] for waiting in able), default=0)
        return tenant_id == next((waiting for waiting in able if self._busy[waiting] == fewest), None)

    def _floods(self, tenant_id: str) -> bool:
        """Whether somebody is being served who had far less lately or asks for far less at once, and the tenant's own last
        turn was a moment ago."""
        if monotonic() - self._lately.get(tenant_id, (0.0, 0.0))[0] > PATIENCE_SECONDS:
            return False
        others = self._busy.keys() - {tenant_id}
        return any(
            self._had_more(tenant_id, other)
            or (self._crowds(tenant_id, other) and not self._had_more(other, tenant_id))
            for other in others
        )

    def _had_more(self, tenant_id: str, other: str) -> bool:
        return self._spent(tenant_id) > FLOOD_SECONDS + FLOOD_TIMES * self._spent(other)

    def _crowds(self, tenant_id: str, other: str) -> bool:
        asked = self._asked(tenant_id)
        return asked >= CROWD and asked >= CROWD_TIMES * self._asked(other)

    def _asked(self, tenant_id: str) -> int:
        """Requests of a tenant that wait or are worked on."""
        return self._busy[tenant_id] + len(self._waiting.get(tenant_id, ()))

    def _spent(self, tenant_id: str) -> float:
        """Seconds of turns that a tenant ended, the longer ago the less."""
        at, seconds = self._lately.get(tenant_id, (0.0, 0.0))
        return seconds * math.exp((at - monotonic()) / ABOUT_SECONDS)

    def _note(self, tenant_id: str, seconds: float = 0.0) -> None:
        self._lately[tenant_id] = (monotonic(), self._spent(tenant_id) + seconds)

    def _somebody_is_about(self) -> bool:
        """Whether a tenant without a place, which may take one, was served a moment ago."""
        since = monotonic() - ABOUT_SECONDS
        self._lately = {tenant: each for tenant, each in self._lately.items() if each[0] > since}
        return any(not self._busy[tenant] and not self._floods(tenant) for tenant in self._lately)

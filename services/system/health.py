"""Health of the parts, for probes and people. Asking is cheap, ends in time, and never starts anything heavy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Literal

import structlog

from services.models.base import utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.system import repository
from services.system.looks import LOOKS, Finding, State

log = structlog.get_logger()

Overall = Literal["ready", "warming", "degraded", "down"]

# Probes come from balancers, people and pages at once; they share one look.
LOOK_SECONDS = 1.0
# A server that takes a connection and says nothing must not hold a probe: balancers give up after a few seconds.
DEADLINE_SECONDS = 2.0
# A look that hangs for so long is given up for lost, and the part is asked anew.
LOST_SECONDS = 30.0


@dataclass(frozen=True)
class Component:
    """One part: its state, one sentence, since when this process has seen it so, and how long the last look took."""

    name: str
    state: State
    detail: str
    since: datetime
    took_ms: float


class Look:
    """One look at one part, in a thread of its own, because nothing can stop a call to a server that is silent."""

    def __init__(self, look: Callable[[Runtime], Finding], runtime: Runtime) -> None:
        self.began = time.monotonic()
        self.took = 0.0
        self.finding: Finding | None = None
        self.ended = Event()
        Thread(target=self._run, args=(look, runtime), name="health", daemon=True).start()

    def _run(self, look: Callable[[Runtime], Finding], runtime: Runtime) -> None:
        try:
            self.finding = look(runtime)
        except Exception as error:
            # The message of an unknown error may quote addresses and credentials; its type is enough to start with.
            log.error("health check failed", error=type(error).__name__)
            self.finding = ("down", "The check itself failed; see the log.")
        self.took = time.monotonic() - self.began
        self.ended.set()

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def result(self) -> Finding:
        """What it found, or that no answer came in time; waits for the rest of its deadline."""
        self.ended.wait(max(0.0, DEADLINE_SECONDS - self.age))
        return self.finding or ("down", f"No answer within {DEADLINE_SECONDS:g} seconds.")


class Health:
    """Looks at the parts of one runtime and remembers since when each is as it is."""

    def __init__(self, runtime: Runtime, looks: Mapping[str, Callable[[Runtime], Finding]] = LOOKS) -> None:
        self.runtime = runtime
        self.looks = looks
        self._lock = Lock()
        self._looked_at = -LOOK_SECONDS
        self._under_way: dict[str, Look] = {}
        self._components: dict[str, Component] = {}

    def components(self) -> list[Component]:
        """The parts as they are now, or were at the last look. Takes DEADLINE_SECONDS at most."""
        # Whoever comes while another looks gets the last result: probes must not queue up behind a silent server.
        if self._lock.acquire(blocking=not self._components):
            try:
                if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                    self._look()
            finally:
                self._lock.release()
        return list(self._components.values())

    def _look(self) -> None:
        looks = {name: self._begun(name) for name in self.looks}
        seen = {name: self._component(name, look) for name, look in looks.items()}
        self._components = {name: component for name, component in seen.items() if component.state != "off"}
        self._looked_at = time.monotonic()

    def _begun(self, name: str) -> Look:
        """A new look, unless the last one still hangs: silent servers must not collect threads."""
        last = self._under_way.get(name)
        if last is None or last.ended.is_set() or last.age > LOST_SECONDS:
            self._under_way[name] = last = Look(self.looks[name], self.runtime)
        return last

    def _component(self, name: str, look: Look) -> Component:
        state, detail = look.result()
        known = self._components.get(name)
        since = known.since if known is not None and known.state == state else utc_now()
        took = look.took if look.ended.is_set() else look.age
        return Component(name, state, detail, since, round(took * 1000, 1))


def overall(components: list[Component]) -> Overall:
    """`down` only when nothing works, that is without the database; else the worst of the rest."""
    states = {component.name: component.state for component in components}
    if states["database"] == "down":
        return "down"
    if {"down", "degraded"} & set(states.values()):
        return "degraded"
    return "warming" if "warming" in states.values() else "ready"


def count_documents(scope: Scope) -> dict[str, int]:
    """The tenant's documents that are ready, under way, failed, stopped and archived; those being deleted count nowhere."""
    with scope.read() as tx:
        counts = repository.documents_by_status(tx)
    working = counts.get("queued", 0) + counts.get("processing", 0)
    stopped = counts.get("paused", 0) + counts.get("cancelled", 0)
    alone = {name: counts.get(name, 0) for name in ("ready", "failed", "archived")}
    return {**alone, "working": working, "stopped": stopped}

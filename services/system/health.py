"""Health of the parts. Asking never starts anything heavy: a part that nobody has opened yet says so."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from services.engines.embedder import EmbedderState
from services.errors import TidingsError
from services.models.base import utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.system import repository

State = Literal["ready", "warming", "degraded", "down", "off"]
Overall = Literal["ready", "warming", "degraded", "down"]
Finding = tuple[State, str]

MIB = 2**20
LOW_DISK_BYTES = 1024 * MIB
FULL_DISK_BYTES = 100 * MIB
# A job that could have run for so long was not picked up: the worker is away or far behind.
STUCK_AFTER = timedelta(minutes=2)
# Probes come from balancers, people and pages at once; they share one look.
LOOK_SECONDS = 1.0
# A collection that no tenant can have; counting it asks the engine whether it is there.
PROBE_COLLECTION = "health-probe"

EMBEDDER_STATES: Mapping[EmbedderState, State] = {
    EmbedderState.PREPARING: "warming",
    EmbedderState.LOADING: "warming",
    EmbedderState.READY: "ready",
    EmbedderState.FAILED: "degraded",
}


@dataclass(frozen=True)
class Component:
    """One part: its state, one sentence, and since when this process has seen it so."""

    name: str
    state: State
    detail: str
    since: datetime


class Health:
    """Looks at the parts of one runtime and remembers since when each is as it is."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._lock = Lock()
        self._looked_at = -LOOK_SECONDS
        self._components: dict[str, Component] = {}

    def components(self) -> list[Component]:
        """The parts as they are now, or were less than a second ago."""
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                for name, look in LOOKS.items():
                    self._note(name, *look(self.runtime))
                self._looked_at = time.monotonic()
            return list(self._components.values())

    def _note(self, name: str, state: State, detail: str) -> None:
        known = self._components.get(name)
        since = known.since if known is not None and known.state == state else utc_now()
        self._components[name] = Component(name, state, detail, since)


def overall(components: list[Component]) -> Overall:
    """`down` only when nothing works, that is without the database; else the worst of the rest."""
    states = {component.name: component.state for component in components}
    if states["database"] == "down":
        return "down"
    if {"down", "degraded"} & set(states.values()):
        return "degraded"
    return "warming" if "warming" in states.values() else "ready"


def look_at_database(runtime: Runtime) -> Finding:
    """One statement."""
    try:
        with runtime.session(write=False) as (session, _):
            repository.answers(session)
    except (SQLAlchemyError, TidingsError):
        return "down", "The database does not answer; see the log."
    return "ready", "Answers."


def look_at_vectors(runtime: Runtime) -> Finding:
    """One count, when the index is open; a Qdrant server is always asked."""
    if "vectors" not in runtime.__dict__ and not runtime.settings.qdrant_url:
        return "ready", "Opens with the first document or search."
    try:
        runtime.vectors.count(PROBE_COLLECTION)
    except TidingsError as error:
        return "down", error.detail
    return "ready", "Answers."


def look_at_embedder(runtime: Runtime) -> Finding:
    """Its own word; asking neither waits nor starts it."""
    if "embedder" not in runtime.__dict__:
        return "warming", "The embedding model is not started yet; search works by keyword."
    return EMBEDDER_STATES[runtime.embedder.state], runtime.embedder.detail


def look_at_queue(runtime: Runtime) -> Finding:
    """The job rows are the truth, so they tell whether somebody works on them."""
    try:
        with runtime.session(write=False) as (session, _):
            waiting_since = repository.oldest_waiting_since(session)
    except (SQLAlchemyError, TidingsError):
        return "down", "Jobs are in the database, which does not answer."
    if waiting_since is not None and waiting_since < utc_now() - STUCK_AFTER:
        return "degraded", "Work has been waiting for minutes; check that a worker runs and see its log."
    return "ready", "Work is picked up."


def look_at_disk(runtime: Runtime) -> Finding:
    """Free space of the data folder."""
    try:
        free = shutil.disk_usage(runtime.settings.data_dir).free
    except OSError:
        return "down", "The data folder cannot be read."
    if free < FULL_DISK_BYTES:
        return "down", "The data folder's disk is full; nothing can be stored."
    if free < LOW_DISK_BYTES:
        return "degraded", "Less than 1 GiB is free for the data folder."
    return "ready", "Space is free."


LOOKS: Mapping[str, Callable[[Runtime], Finding]] = {
    "database": look_at_database,
    "vectors": look_at_vectors,
    "embedder": look_at_embedder,
    "queue": look_at_queue,
    "disk": look_at_disk,
}


def count_documents(scope: Scope) -> dict[str, int]:
    """The tenant's documents that are ready, under way and failed; those being deleted count nowhere."""
    with scope.read() as tx:
        counts = repository.documents_by_status(tx)
    working = counts.get("queued", 0) + counts.get("processing", 0)
    return {"ready": counts.get("ready", 0), "working": working, "failed": counts.get("failed", 0)}

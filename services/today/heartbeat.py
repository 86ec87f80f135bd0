"""Whether news comes in: how much did in a day, and when the last one did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.models import utc_now
from services.scope import Scope
from services.today import repository

WINDOW = timedelta(days=1)


@dataclass(frozen=True)
class Heartbeat:
    """Documents that came in the last 24 hours, of how many outlets; `watched`: sources that are visited, paused ones not."""

    documents: int
    outlets: int
    watched: int
    latest_at: datetime | None


def heartbeat(scope: Scope) -> Heartbeat:
    """How news comes in now. Cost: counts over an index."""
    with scope.read() as tx:
        documents, outlets, latest_at = repository.came_since(tx, utc_now() - WINDOW)
        return Heartbeat(documents, outlets, repository.watched(tx), latest_at)

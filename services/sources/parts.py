"""The sitemaps of an index that are still to be read, kept with their source until each was read or given up.

By address: how often it was tried, and when it may be tried again. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

FIRST_RETRY = timedelta(minutes=5)
MAX_TRIES = 3
# What may pass, so that trying again helps.
PASSING = frozenset(
    {"timeout", "unreachable", "dns", "tls", "robots_unreachable", "rate_limited", "server_error", "broken"}
    | {"internal_error"}
)

Parts = Mapping[str, Any]


def opened(parts: Parts, urls: Sequence[str], now: datetime) -> dict[str, Any]:
    """With these to read; those that wait already keep their tries."""
    return {**parts, **{url: parts.get(url) or _entry(0, now) for url in urls}}


def due(parts: Parts, now: datetime) -> tuple[str, ...]:
    """Those that may be read now."""
    return tuple(url for url, entry in parts.items() if _at(entry) <= now)


def next_at(parts: Parts) -> datetime | None:
    """When the first of them may be read; None when none is left."""
    return min((_at(entry) for entry in parts.values()), default=None)


def put_off(parts: Parts, url: str, until: datetime) -> dict[str, Any]:
    """With one that was not asked for, and is later."""
    return {**parts, url: _entry(parts[url]["tries"], until)} if url in parts else dict(parts)


def answered(
    parts: Parts, url: str, now: datetime, *, problem: str | None, retry_at: datetime | None
) -> dict[str, Any]:
    """Without one that was read or is given up; with a later moment for one whose failure may pass."""
    tries = parts.get(url, _entry(0, now))["tries"] + 1
    left = {other: entry for other, entry in parts.items() if other != url}
    if problem not in PASSING or tries >= MAX_TRIES:
        return left
    later: datetime = now + FIRST_RETRY * int(4 ** (tries - 1))
    return {**left, url: _entry(tries, max(later, retry_at or now))}


def _entry(tries: int, at: datetime) -> dict[str, Any]:
    return {"tries": tries, "at": at.isoformat()}


def _at(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])

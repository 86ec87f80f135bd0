"""Turns at hosts: one queue per host for all tenants and workers, kept in rows so that it outlives every process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.hosts import repository
from services.models import RobotsFile
from services.runtime import Runtime

IDLE_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Turn:
    """When a host may be asked. `taken` False: not before `latest`, and nothing was reserved.

    `refusals`: how often in a row the host refused before.
    """

    moment: datetime
    taken: bool
    refusals: int


def reserve(runtime: Runtime, delays: dict[str, float], now: datetime, latest: datetime) -> Turn:
    """Take the next turn at which all of these names may be asked, and move their following one by its delay in seconds.

    `delays` names the host and its registrable domain, each with the time it is left alone after this request. Atomic:
    of any number of workers that ask at once, each gets a moment of its own.
    """
    with runtime.session(write=True) as (session, _):
        hosts = repository.lock_hosts(session, list(delays), now)
        moments = [now]
        for host in hosts.values():
            moments += [host.next_allowed_at, *([host.resting_until] if host.resting_until else [])]
        moment = max(moments)
        refusals = max(host.refusals for host in hosts.values())
        if moment > latest:
            return Turn(moment, False, refusals)
        for name, host in hosts.items():
            host.next_allowed_at = moment + timedelta(seconds=delays[name])
        return Turn(moment, True, refusals)


def hold(runtime: Runtime, name: str, until: datetime, now: datetime) -> None:
    """Leave a host alone until then at least."""
    with runtime.session(write=True) as (session, _):
        host = repository.lock_hosts(session, [name], now)[name]
        host.next_allowed_at = max(host.next_allowed_at, until)


def rest(runtime: Runtime, name: str, until: datetime | None, now: datetime) -> None:
    """Note that a host refused and rests until then; None: it answered well, its refusals are forgotten."""
    with runtime.session(write=True) as (session, _):
        host = repository.lock_hosts(session, [name], now)[name]
        if until is None:
            host.refusals, host.resting_until = 0, None
        else:
            host.refusals += 1
            host.resting_until = max(until, host.resting_until or until)


def robots_file(runtime: Runtime, origin: str, now: datetime) -> RobotsFile | None:
    """What an origin's robots.txt last said, while that holds."""
    with runtime.session(write=False) as (session, _):
        found = repository.find_robots(session, origin)
        return found if found is not None and found.expires_at > now else None


def store_robots(runtime: Runtime, file: RobotsFile) -> None:
    """Keep the answer of an origin."""
    columns = ("origin", "outcome", "http_status", "body", "tdmrep", "fetched_at", "expires_at")
    with runtime.session(write=True) as (session, _):
        repository.save_robots(session, {name: getattr(file, name) for name in columns})


def store_tdmrep(runtime: Runtime, origin: str, body: str) -> None:
    """Keep an origin's tdmrep.json; empty when it has none."""
    with runtime.session(write=True) as (session, _):
        repository.save_tdmrep(session, origin, body)


def due_sources(runtime: Runtime, now: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """(tenant, source) pairs that the clock should crawl now."""
    with runtime.session(write=False) as (session, _):
        return repository.due_sources(session, now, limit)


def forget(runtime: Runtime, now: datetime) -> None:
    """Drop hosts and robots files that nobody asked about for a week."""
    with runtime.session(write=True) as (session, _):
        repository.forget_idle(session, now - IDLE_KEPT)

"""Turns at hosts: each worker gets a moment of its own, and what a host asked for outlives everything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import event

from services.hosts import hosts
from services.models import RobotsFile
from services.runtime import Runtime

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_workers_that_ask_at_once_get_turns_apart(runtime: Runtime) -> None:
    def take(_: int) -> datetime:
        return hosts.reserve(runtime, {"news.example:443": 5.0}, NOW, LATER).moment

    with ThreadPoolExecutor(8) as pool:
        moments = sorted(pool.map(take, range(20)))
    assert moments[0] == NOW
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(seconds=5)}


def test_subdomains_share_the_budget_of_their_domain(runtime: Runtime) -> None:
    moments = [
        hosts.reserve(runtime, {f"a{number}.example.org:443": 4.0, "example.org": 1.0}, NOW, LATER).moment
        for number in range(10)
    ]
    assert moments == [NOW + timedelta(seconds=number) for number in range(10)]


def test_a_turn_after_the_batch_is_not_taken(runtime: Runtime) -> None:
    hosts.rest(runtime, "news.example:443", NOW + timedelta(hours=2), NOW)
    turn = hosts.reserve(runtime, {"news.example:443": 5.0}, NOW, LATER)
    assert (turn.taken, turn.moment, turn.refusals) == (False, NOW + timedelta(hours=2), 1)
    again = hosts.reserve(runtime, {"news.example:443": 5.0}, NOW, NOW + timedelta(hours=3))
    assert (again.taken, again.moment) == (True, NOW + timedelta(hours=2))


def test_a_good_answer_ends_the_rest(runtime: Runtime) -> None:
    hosts.rest(runtime, "news.example:443", LATER, NOW)
    hosts.rest(runtime, "news.example:443", None, NOW)
    assert hosts.reserve(runtime, {"news.example:443": 5.0}, NOW, LATER) == hosts.Turn(NOW, True, 0)


def test_holding_never_shortens_a_wait(runtime: Runtime) -> None:
    hosts.hold(runtime, "news.example:443", NOW + timedelta(seconds=30), NOW)
    hosts.hold(runtime, "news.example:443", NOW + timedelta(seconds=10), NOW)
    assert hosts.reserve(runtime, {"news.example:443": 5.0}, NOW, LATER).moment == NOW + timedelta(seconds=30)


def test_robots_files_hold_until_they_expire_and_are_replaced(runtime: Runtime) -> None:
    for body in ("Disallow: /a", "Disallow: /b"):
        file = RobotsFile(
            origin="https://news.example:443", outcome="rules", body=body, fetched_at=NOW, expires_at=LATER
        )
        hosts.store_robots(runtime, file)
    hosts.store_tdmrep(runtime, "https://news.example:443", "[]")
    found = hosts.robots_file(runtime, "https://news.example:443", NOW)
    assert found is not None
    assert (found.body, found.tdmrep) == ("Disallow: /b", "[]")
    assert hosts.robots_file(runtime, "https://news.example:443", LATER) is None


def test_idle_hosts_are_forgotten(runtime: Runtime) -> None:
    hosts.reserve(runtime, {"old.example:80": 5.0}, NOW, LATER)
    hosts.rest(runtime, "resting.example:80", NOW + timedelta(days=30), NOW)
    hosts.forget(runtime, NOW + timedelta(days=8))
    late = NOW + timedelta(days=60)
    assert hosts.reserve(runtime, {"resting.example:80": 1.0}, NOW, late).moment == NOW + timedelta(days=30)
    assert hosts.reserve(runtime, {"old.example:80": 1.0}, NOW, late).moment == NOW


def test_a_host_is_not_forgotten_between_being_found_and_taken(runtime: Runtime) -> None:
    delays = {"news.example:443": 5.0, "example": 1.0}
    hosts.reserve(runtime, delays, NOW, LATER)
    with ThreadPoolExecutor(1) as pool:

        def tidy(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("INSERT INTO hosts"):
                # On SQLite it waits for us, so we do not wait for it.
                wait([pool.submit(hosts.forget, runtime, NOW + timedelta(days=30))], timeout=0.5)

        event.listen(runtime.database, "after_cursor_execute", tidy)
        assert hosts.reserve(runtime, delays, NOW, LATER).moment == NOW + timedelta(seconds=5)

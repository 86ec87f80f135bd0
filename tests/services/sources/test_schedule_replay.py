"""A month of 500 feeds with a clock that jumps: few requests, nothing missed, everybody back after an outage."""

from __future__ import annotations

import pytest

from bench.schedule import TARGETS, Feed, figures, make_feeds, play

DAYS = 30


@pytest.fixture(scope="module")
def month() -> list[Feed]:
    feeds = make_feeds(500, DAYS, seed=7)
    play(feeds, DAYS, seed=7)
    return feeds


@pytest.fixture(scope="module")
def found(month: list[Feed]) -> dict[str, float]:
    return figures(month, DAYS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_month_reaches(found: dict[str, float], name: str) -> None:
    assert TARGETS[name].met(found[name]), f"{name}: {found[name]}, wanted {TARGETS[name]}"


def test_the_month_holds_what_it_claims(month: list[Feed], found: dict[str, float]) -> None:
    assert len({feed.kind for feed in month}) == 7
    assert sum(feed.lies for feed in month) >= 10
    assert sum(feed.ttl > 0 for feed in month) >= 50
    statuses = {phase[2] for feed in month for phase in feed.phases}
    assert {None, 404, 429, 502, 503} <= statuses
    assert found["useless_polls"] > 1000


def test_our_own_outage_leaves_no_failure_behind(month: list[Feed]) -> None:
    """Six hours in which no host could be reached, ten days before the end."""
    assert sum(feed.state.failures > 0 for feed in month) <= 5

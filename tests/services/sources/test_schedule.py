"""When sources are polled: bounds, patience, recovery, and servers that say "not modified" wrongly."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.models import Source
from services.sources.schedule import (
    DISTRUSTED_POLLS,
    PollOutcome,
    ScheduleState,
    after_poll,
    backoff_seconds,
    first_interval,
    network_down,
    plan_poll,
    server_wait,
    weight,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING_NEW = PollOutcome(304)


def state(**changes: object) -> ScheduleState:
    usual = ScheduleState(3600, NOW, 10, polled_at=NOW - HOUR, succeeded_at=NOW - HOUR, new_at=NOW - HOUR)
    return replace(usual, **changes)  # type: ignore[arg-type]


def news(new: int, of: int = 30, **more: object) -> PollOutcome:
    return replace(PollOutcome(200, item_count=of, new_count=new), **more)  # type: ignore[arg-type]


def test_every_field_is_a_column_of_the_source() -> None:
    assert set(ScheduleState.__dataclass_fields__) <= set(Source.__table__.columns.keys())


@pytest.mark.parametrize(
    ("gaps", "interval"),
    [
        ([HOUR * n for n in range(1, 25)], HOUR),
        ([MINUTE * n for n in range(1, 50)], 5 * MINUTE),
        ([DAY * 3 * n for n in range(1, 10)], DAY),
        ([HOUR * n for n in range(1, 11)] + [DAY * 300, DAY * 400], HOUR),
        ([], HOUR),
        ([HOUR * 3], HOUR * 3),
        ([HOUR * 5] * 20, HOUR),
        ([-DAY, -HOUR], HOUR),
    ],
)
def test_the_start_is_the_average_gap(gaps: list[timedelta], interval: timedelta) -> None:
    assert abs(first_interval([NOW - gap for gap in gaps], NOW) - interval) < timedelta(seconds=2)


def test_the_first_answer_sets_the_tempo() -> None:
    fresh = ScheduleState(3600, NOW)
    dates = [NOW - 10 * MINUTE * n for n in range(1, 21)]
    assert after_poll(fresh, news(20, 20, dates=dates), NOW, random.Random(1)).interval_seconds == 600


def test_news_shorten_the_interval_and_silence_lengthens_it() -> None:
    rng = random.Random(1)
    assert after_poll(state(), news(5), NOW, rng).interval_seconds < 3600
    assert after_poll(state(), news(1), NOW, rng).interval_seconds == 3600
    assert after_poll(state(), NOTHING_NEW, NOW, rng).interval_seconds > 3600


def test_a_feed_that_turned_over_is_polled_much_sooner() -> None:
    assert after_poll(state(), news(15, 15), NOW, random.Random(1)).interval_seconds <= 900


def test_an_outage_is_no_sign_of_a_busy_feed() -> None:
    back = state(succeeded_at=NOW - 2 * DAY, polled_at=NOW - HOUR, failures=4.0, error_count=8)
    found = after_poll(back, news(20, 30), NOW, random.Random(1))
    assert found.interval_seconds >= 3600
    assert (found.failures, found.error_count) == (0.0, 0)
    assert found.next_poll_at - NOW < 1.3 * HOUR


def test_the_longest_wait_that_the_server_asks_for_counts() -> None:
    assert server_wait(NOW) == 0
    assert server_wait(NOW, ttl_seconds=600, max_age_seconds=7200, expires_at=NOW + HOUR) == 7200
    assert server_wait(NOW, expires_at=NOW - DAY, max_age_seconds=-5) == 0
    assert server_wait(NOW, ttl_seconds=10**9) == server_wait(NOW, retry_at=NOW + 9 * DAY) == 86_400
    assert server_wait(NOW, max_age_seconds=float("nan")) == 0
    asked = after_poll(state(), replace(NOTHING_NEW, wait_seconds=40_000), NOW, random.Random(1))
    assert asked.next_poll_at == NOW + timedelta(seconds=40_000)


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (PollOutcome(503), 0.5),
        (PollOutcome(429), 0.5),
        (PollOutcome(404), 0.5),
        (PollOutcome(error="dns"), 0.5),
        (PollOutcome(error="tls"), 0.5),
        (PollOutcome(error="timeout"), 0.25),
        (PollOutcome(403), 1.0),
        (PollOutcome(410), 1.0),
        (PollOutcome(200, error="invalid"), 1.0),
    ],
)
def test_failures_weigh_what_they_say(outcome: PollOutcome, counted: float) -> None:
    assert weight(outcome) == counted
    assert not outcome.succeeded
    found = after_poll(state(), outcome, NOW, random.Random(1))
    assert (found.failures, found.error_count, found.interval_seconds) == (counted, 1, 3600)
    assert found.succeeded_at == NOW - HOUR


def test_a_refusal_is_not_asked_before_it_said() -> None:
    found = after_poll(state(), PollOutcome(429, wait_seconds=50_000), NOW, random.Random(1))
    assert found.next_poll_at >= NOW + timedelta(seconds=50_000)


@given(st.integers(0, 10**6), st.floats(0, 60), st.floats(0, 60))
def test_more_failures_never_shorten_the_wait(interval: int, one: float, other: float) -> None:
    fewer, more = sorted((one, other))
    assert 300 <= backoff_seconds(interval, fewer) <= backoff_seconds(interval, more) <= 86_400


def test_a_source_is_asked_weekly_in_the_end_and_never_given_up() -> None:
    rng, found, now = random.Random(1), state(), NOW
    waits = []
    for _ in range(400):
        found = after_poll(found, PollOutcome(404), now, rng)
        waits.append(found.next_poll_at - now)
        now = found.next_poll_at
    assert waits[0] < 2 * HOUR
    assert max(waits[:40]) <= DAY
    assert all(5 * DAY < wait <= 7 * DAY for wait in waits[-100:])
    back = after_poll(found, news(3), now, rng)
    assert back.next_poll_at - now < 2 * HOUR


def test_three_days_without_an_answer_make_nobody_weekly() -> None:
    for interval in (300, 3600, 86_400):
        for outcome in (PollOutcome(403), PollOutcome(503), PollOutcome(error="timeout")):
            rng, found, now = random.Random(1), state(interval_seconds=interval), NOW
            while now < NOW + 3 * DAY:
                found = after_poll(found, outcome, now, rng)
                now = found.next_poll_at
            assert now <= NOW + 4 * DAY


def test_every_twenty_fourth_poll_asks_for_everything() -> None:
    found, now, rng, plans = state(new_at=None), NOW, random.Random(1), []
    for _ in range(72):
        conditional = plan_poll(found, now)
        plans.append(conditional)
        outcome = NOTHING_NEW if conditional else news(0)
        found = after_poll(found, outcome, now, rng)
        now = found.next_poll_at
    assert plans.count(False) == 3
    assert not plans[23]


def test_without_validators_everything_is_asked_for() -> None:
    assert not plan_poll(state(), NOW, has_validators=False)
    assert plan_poll(state(), NOW)


def test_an_unusual_silence_is_checked_once() -> None:
    found, now, rng, plans = state(new_at=NOW, polled_at=NOW), NOW, random.Random(1), []
    for _ in range(12):
        now = max(found.next_poll_at, now + MINUTE)
        conditional = plan_poll(found, now)
        plans.append(conditional)
        found = after_poll(found, NOTHING_NEW if conditional else news(0), now, rng)
    assert 1 <= plans.count(False) <= 2
    assert plans.index(False) >= 2


@pytest.mark.parametrize("proof", [{"same_validators": True}, {"oldest_new_at": NOW - 5 * HOUR}])
def test_a_server_caught_saying_304_wrongly_is_not_believed(proof: dict[str, object]) -> None:
    found = after_poll(state(conditional_polls=5), news(3, **proof), NOW, random.Random(1))
    assert found.conditional_polls == -DISTRUSTED_POLLS
    for _ in range(DISTRUSTED_POLLS):
        assert not plan_poll(found, NOW)
        found = after_poll(found, news(1), NOW, random.Random(1))
    assert plan_poll(found, NOW)


def test_news_since_the_last_look_prove_nothing() -> None:
    found = after_poll(state(conditional_polls=5), news(3, oldest_new_at=NOW - HOUR), NOW, random.Random(1))
    assert found.conditional_polls == 0


def test_our_own_network_is_down_when_most_hosts_fail_at_once() -> None:
    def tries(*errors: str | None) -> list[tuple[str, datetime, str | None]]:
        return [(f"h{number}", NOW - timedelta(seconds=number), error) for number, error in enumerate(errors)]

    assert network_down(tries("dns", "timeout", "connection"), NOW)
    assert network_down(tries("dns", "dns", None), NOW)
    assert not network_down(tries("dns", "dns"), NOW)
    assert not network_down(tries("dns", "dns", None, None), NOW)
    assert not network_down(tries("tls", "invalid", "dns"), NOW)
    assert not network_down([("h1", NOW, "dns")] * 9, NOW)
    assert not network_down([(host, NOW - 2 * MINUTE, "dns") for host in "abcd"], NOW)
    assert not network_down([*tries("dns", "dns", "dns"), *((f"h{n}", NOW, None) for n in range(3))], NOW)


def test_while_our_network_is_down_nothing_counts_and_soon_is_soon() -> None:
    before = state(failures=1.0)
    down = PollOutcome(error="dns", network_down=True)
    found = after_poll(before, down, NOW, random.Random(1))
    assert replace(found, next_poll_at=before.next_poll_at) == before
    assert 2 * MINUTE <= found.next_poll_at - NOW <= 20 * MINUTE
    later = after_poll(before, down, NOW + 9 * DAY, random.Random(1))
    assert later.next_poll_at - (NOW + 9 * DAY) <= 1.25 * HOUR


TIMES = st.none() | st.integers(0, 400 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds))
STATES = st.builds(
    ScheduleState,
    interval_seconds=st.integers(0, 10**7),
    next_poll_at=st.just(NOW),
    poll_count=st.integers(0, 10**6),
    failures=st.floats(0, 1000),
    polled_at=TIMES,
    succeeded_at=TIMES,
    new_at=TIMES,
    error_count=st.integers(0, 1000),
    conditional_polls=st.integers(-300, 300),
)
OUTCOMES = st.builds(
    PollOutcome,
    status=st.none() | st.sampled_from([200, 204, 301, 304, 403, 404, 410, 429, 500, 503]),
    error=st.none() | st.sampled_from(["dns", "tls", "timeout", "connection", "invalid", "other"]),
    item_count=st.integers(0, 1000),
    new_count=st.integers(0, 1000),
    dates=st.lists(TIMES.filter(lambda at: at is not None), max_size=5),
    oldest_new_at=TIMES,
    same_validators=st.booleans(),
    wait_seconds=st.floats(0, 86_400),
    network_down=st.booleans(),
)


@given(STATES, OUTCOMES, st.integers())
def test_whatever_happens_the_next_poll_lies_within_bounds(
    before: ScheduleState, outcome: PollOutcome, seed: int
) -> None:
    found = after_poll(before, outcome, NOW, random.Random(seed))
    wait = found.next_poll_at - NOW
    probing = not outcome.succeeded and not outcome.network_down and found.failures >= 30
    assert 2 * MINUTE <= wait <= (7 * DAY if probing else DAY)
    assert found.failures >= 0
    if outcome.succeeded and not outcome.network_down:
        assert 300 <= found.interval_seconds <= 86_400
        assert found.failures == 0
        assert wait >= timedelta(seconds=outcome.wait_seconds) - timedelta(milliseconds=1)
    assert plan_poll(found, found.next_poll_at) in (True, False)


@given(STATES, st.integers(1, 200))
def test_more_news_never_lengthen_the_interval(before: ScheduleState, new: int) -> None:
    few = after_poll(before, news(new, 200), NOW, random.Random(1))
    more = after_poll(before, news(min(new + 1, 200), 200), NOW, random.Random(1))
    assert more.interval_seconds <= few.interval_seconds

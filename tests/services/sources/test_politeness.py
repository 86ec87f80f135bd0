"""How long hosts rest, what is tried again, and which addresses have no end."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sources.etiquette.politeness import (
    budget_key,
    host_delay,
    host_key,
    is_soft,
    is_trap,
    parse_retry_after,
    rest_after,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("0", MINUTE),
        ("1000000000", DAY),
        ("9" * 500, DAY),
        ("Wed, 25 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Wednesday, 25-Nov-26 13:00:00 GMT", timedelta(hours=1)),
        ("Wed, 25 Nov 2020 13:00:00 GMT", MINUTE),
        ("Wed, 25 Nov 2093 13:00:00 GMT", DAY),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(value: str | None, rest: timedelta | None) -> None:
    assert parse_retry_after(value, NOW) == (NOW + rest if rest else None)


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1)))
def test_any_date_gives_a_minute_to_a_day(at: datetime) -> None:
    found = parse_retry_after(format_datetime(at.replace(tzinfo=UTC), usegmt=True), NOW)
    assert found is not None
    assert MINUTE <= found - NOW <= DAY


@given(st.text(max_size=40))
def test_any_text_gives_nothing_or_a_bounded_time(text: str) -> None:
    found = parse_retry_after(text, NOW)
    assert found is None or MINUTE <= found - NOW <= DAY


@given(
    st.sampled_from([408, 425, 429, 500, 502, 503, 599, 403]),
    st.none() | st.text(max_size=30) | st.integers(0, 10**12).map(str),
    st.integers(-5, 10**6),
    st.integers(),
)
def test_a_host_rests_a_minute_to_a_day(status: int, retry_after: str | None, refusals: int, seed: int) -> None:
    rest = rest_after(status, retry_after, refusals, NOW, random.Random(seed))
    assert rest is not None
    assert MINUTE <= rest - NOW <= DAY


def test_rests_grow_and_never_undercut_what_was_asked() -> None:
    shortest, longest = random.Random(), random.Random()
    shortest.random = lambda: 0.0  # type: ignore[method-assign]
    longest.random = lambda: 0.999  # type: ignore[method-assign]
    rests = [rest_after(503, None, refusals, NOW, shortest) for refusals in range(20)]
    assert rests == sorted(rests)  # type: ignore[type-var]
    assert rests[0] == NOW + MINUTE
    assert rests[-1] == NOW + DAY
    for rng in (shortest, longest):
        asked = rest_after(429, "3600", 0, NOW, rng)
        assert asked is not None
        assert asked - NOW >= timedelta(hours=1)


def test_answers_that_are_no_refusal_need_no_rest() -> None:
    for status in (200, 301, 304, 404, 410):
        assert rest_after(status, "60", 3, NOW, random.Random(1)) is None


def test_what_is_refused_for_good_is_no_reason_to_wait() -> None:
    assert all(map(is_soft, (408, 425, 429, 500, 503)))
    assert not any(map(is_soft, (200, 304, 403, 404)))


def test_the_longer_delay_counts_up_to_half_a_minute() -> None:
    assert host_delay(5, None) == 5
    assert host_delay(5, 2) == 5
    assert host_delay(5, 10) == 10
    assert host_delay(5, 10**9) == 30
    assert host_delay(60, 10) == 60


def test_hosts_have_one_name_and_publishers_one_budget() -> None:
    assert host_key("https://News.Example/a") == "news.example:443"
    assert host_key("http://news.example:8080/a") == "news.example:8080"
    assert host_key("http://[::1]/a") == "[::1]:80"
    assert budget_key("https://a.b.bbc.co.uk/x") == budget_key("http://bbc.co.uk:81/") == "bbc.co.uk"
    with pytest.raises(ValueError, match="no host"):
        host_key("mailto:a@b.example")


@pytest.mark.parametrize(
    ("url", "trap"),
    [
        ("https://x.example/a/a/a/story", True),
        ("https://x.example/a/b/a/b/a/b", True),
        ("https://x.example/s?PHPSESSID=0123456789abcdef0123", True),
        ("https://x.example/s;jsessionid=77AA/x", True),
        ("https://x.example/calendar/?month=3&year=2031", True),
        ("https://x.example/list?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1", True),
        ("https://x.example/" + "a" * 2000, True),
        ("https://[x.example/a", True),
        ("https://x.example/story.php?sid=1234", False),
        ("https://x.example/2026/11/11/11/eleven", False),
        ("https://x.example/news/world/news-of-the-world", False),
        ("https://x.example/events/2026/opening-of-the-fair", False),
        ("https://x.example/archive?year=2026", False),
    ],
)
def test_addresses_without_end_are_known_by_their_look(url: str, trap: bool) -> None:
    assert is_trap(url) is trap

"""Queries taken apart: filters, phrases and dates in words, and everything else as words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInput
from services.search.grammar import understand
from services.search.query import Filters

# A Friday.
NOW = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_kind_of_filter_is_read_and_leaves_the_words() -> None:
    found = understand(
        "rates source:BBC.com -source:www.x.example lang:de category:sport type:pdf after:2026-11-01 before:2026-11-20"
        ' -word "exact phrase" -"not this"',
        NOW,
    )
    assert found.text == "rates exact phrase"
    assert found.filters == Filters(
        source=("bbc.com",),
        not_source=("x.example",),
        lang=("de",),
        category=("sport",),
        type=("pdf",),
        published_after=day("2026-11-01"),
        published_before=day("2026-11-21"),
        phrases=("exact phrase",),
        not_phrases=("word", "not this"),
    )
    assert [part.kind for part in found.parts] == [
        *("source", "source", "lang", "category", "type", "date", "date", "phrase", "phrase", "phrase")
    ]


@pytest.mark.parametrize(
    "query",
    [
        '"unclosed phrase',
        'foo"bar baz" x',
        'near:"a b" c',
        "- a -5 degrees --x",
        '""',
        '"..."',
        "source:bbc",
        "lang:german",
        "category:sports",
        "type:exe",
        "after:2026-13-01",
        "after:soon",
        "-after:2026-01-01",
        "https://bbc.com/news?a=b",
        "12:30 o'clock",
        "covid-19 co-operation",
    ],
)
def test_what_is_no_filter_stays_words(query: str) -> None:
    assert understand(query, NOW).text == query
    assert understand(query, NOW).parts == ()


def test_a_part_says_what_the_query_is_without_it() -> None:
    found = understand('floods -rain last week "the valley"', NOW)
    assert {part.value: part.without for part in found.parts} == {
        "rain": 'floods last week "the valley"',
        "last week": 'floods -rain "the valley"',
        "the valley": "floods -rain last week",
    }


def test_curly_quotes_full_width_letters_and_other_scripts_are_read() -> None:
    assert understand("“中国 经济” ｓｏｕｒｃｅ：bbc.com", NOW).filters == Filters(
        phrases=("中国 经济",), source=("bbc.com",)
    )
    assert understand("-Überschwemmung", NOW).filters == Filters(not_phrases=("Überschwemmung",))


def test_of_two_dates_that_exclude_each_other_the_first_holds() -> None:
    found = understand("after:2026-11-20 before:2026-11-01 x", NOW)
    assert (found.text, len(found.parts)) == ("before:2026-11-01 x", 1)
    both = understand("since October until 2026-11-10", NOW).filters
    assert (both.published_after, both.published_before) == (day("2026-10-01"), day("2026-11-11"))


@pytest.mark.parametrize(
    ("query", "after", "before"),
    [
        ("rates last week", "2026-11-16", "2026-11-23"),
        ("rates in the last week", "2026-11-20", None),
        ("rates past week", "2026-11-20", None),
        ("rates this week", "2026-11-23", "2026-11-30"),
        ("rates yesterday", "2026-11-26", "2026-11-27"),
        ("rates past 3 days", "2026-11-25", None),
        ("rates over the past two weeks", "2026-11-13", None),
        ("rates 3 days ago", "2026-11-24", "2026-11-25"),
        ("rates since March", "2026-03-01", None),
        ("rates since Monday", "2026-11-23", None),
        ("rates in October 2026", "2026-10-01", "2026-11-01"),
        ("rates October 2026", "2026-10-01", "2026-11-01"),
        ("rates in December", "2025-12-01", "2026-01-01"),
        ("rates in may", "2026-05-01", "2026-06-01"),
        ("rates last month", "2026-10-01", "2026-11-01"),
        ("rates last October", "2026-10-01", "2026-11-01"),
        ("rates between March and May 2026", "2026-03-01", "2026-06-01"),
        ("rates on 5 November", "2026-11-05", "2026-11-06"),
        ("rates 12 Nov 2026", "2026-11-12", "2026-11-13"),
        ("rates November 12th, 2026", "2026-11-12", "2026-11-13"),
        ("rates before June 2026", None, "2026-06-01"),
        ("rates until 2025", None, "2026-01-01"),
        ("rates in 2024", "2024-01-01", "2025-01-01"),
        ("rates last weekend", "2026-11-21", "2026-11-23"),
        ("RATES LAST WEEK", "2026-11-16", "2026-11-23"),
    ],
)
def test_dates_in_words_are_filters(query: str, after: str | None, before: str | None) -> None:
    found = understand(query, NOW)
    assert found.text.lower() == "rates"
    assert found.filters.published_after == (None if after is None else day(after))
    assert found.filters.published_before == (None if before is None else day(before))
    [part] = found.parts
    assert (part.kind, part.without.lower()) == ("date", "rates")


@pytest.mark.parametrize(
    "query",
    [
        "may resigned",
        "Theresa May",
        "march on Washington",
        "protest march",
        "after march on the city",
        "since may be",
        "days of may",
        "in march of progress",
        "USA Today editor",
        "election 2024",
        "september 11 attacks",
        "growth in 2027",
        "before 2030",
        "last days of Pompeii",
        "the last day",
        "last year's budget",
        "31 February 2026",
        "friday the 13th",
        "a week is a long time",
        "Monday Club",
        "second",
        "past its best",
    ],
)
def test_ordinary_words_and_the_future_are_no_dates(query: str) -> None:
    assert understand(query, NOW).parts == ()


def test_dates_in_a_pasted_sentence_are_words_of_it() -> None:
    sentence = "Americans have gone to the polls four times this month to vote in major races."
    assert understand(sentence, NOW).text == sentence
    assert understand(sentence, NOW).filters == Filters()
    marked = understand(f"{sentence} after:2026-03", NOW)
    assert [part.value for part in marked.parts] == ["after:2026-03"]
    assert [part.value for part in understand("gone to the polls four times this month", NOW).parts] == ["this month"]


def test_a_quoted_date_is_a_phrase() -> None:
    assert understand('"last week" floods', NOW).filters == Filters(phrases=("last week",))


def test_days_begin_at_the_readers_midnight() -> None:
    late = datetime(2026, 11, 27, 23, 30, tzinfo=UTC).astimezone(timezone(timedelta(hours=2)))
    assert understand("yesterday", late).filters.published_after == datetime(2026, 11, 26, 22, tzinfo=UTC)
    assert understand("after:2026-11-01", late).filters.published_after == datetime(2026, 10, 31, 22, tzinfo=UTC)


def test_hours_count_from_now() -> None:
    assert understand("past 24 hours", NOW).filters.published_after == NOW - timedelta(hours=24)


def test_a_query_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidInput):
        understand("word " * 1000, NOW)


PIECES = st.sampled_from(
    [
        *(
            '"',
            "-",
            ":",
            "source:",
            "lang:de",
            "after:",
            "2026-11-01",
            "0001-01-01",
            "9999-12-31",
            "last",
            "week",
            "ago",
        ),
        *("since", "may", "31", "february", "a", "999", "years", "past", "\x00", "“", "bbc.com", "éa", "中", " "),
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12), st.integers(-840, 840))
def test_no_query_is_wrong(pieces: list[str], offset: int) -> None:
    now = NOW.astimezone(timezone(timedelta(minutes=offset)))
    for text in (" ".join(pieces), "".join(pieces)):
        found = understand(text, now)
        after, before = found.filters.published_after, found.filters.published_before
        assert after is None or before is None or after.astimezone(UTC) < before.astimezone(UTC)
        for part in found.parts:
            assert len(understand(part.without, now).parts) <= len(text)

"""Dates in a query: "last week", "since March", "in October 2026". English, pure, and rather words than a wrong date.

What is also an ordinary word ("may", "march", a year, a weekday) needs a preposition or a year beside it; what lies in
the future is no date of publication. "last week" is the calendar week before this one, "past week" the last seven days.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MONTHS = (
    "january february march april may june july august september october november december".split()
)  # in the order of the year
SHORT = {name[:3]: number for number, name in enumerate(MONTHS, start=1)} | {"sept": 9}
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)
} | {"a": 1, "an": 1, "couple of": 2}
UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
# As many days as people mean by them.
DAYS = {"month": 30, "year": 365}
# Months that are words of every day too.
ORDINARY = frozenset(("march", "may"))
# "USA Today" is a newspaper.
PAPERS = r"(?<!usa )(?<!india )(?<!russia )(?<!china )(?<!psychology )"

MONTH = rf"(?:{'|'.join(MONTHS)})"
ANY_MONTH = rf"(?:{'|'.join((*MONTHS, *sorted(SHORT, key=len, reverse=True)))})\.?"
YEAR = r"(?:19|20)\d\d"
NUMBER = rf"(?:\d{{1,3}}|{'|'.join(NUMBERS)})"
DAY = r"\d{1,2}(?:st|nd|rd|th)?"
FULL_DAY = rf"(?:{YEAR}-\d\d-\d\d|{DAY} (?:of )?{ANY_MONTH},? {YEAR}|{ANY_MONTH} {DAY},? {YEAR})"
FULL_MONTH = rf"(?:{MONTH},? {YEAR})"
# Only beside a preposition.
BARE = rf"(?:{DAY} (?:of )?{ANY_MONTH}|{ANY_MONTH} {DAY}|{MONTH}|{YEAR}|{'|'.join(WEEKDAYS)})"
NAMED = r"(?:yesterday|today|(?:last|this) (?:week|month|year|weekend))"
LAST_NAMED = rf"(?:last (?:{'|'.join(WEEKDAYS)}|{'|'.join(name for name in MONTHS if name not in ORDINARY)}))"
CERTAIN = rf"(?:{FULL_DAY}|{FULL_MONTH}|{NAMED}|{LAST_NAMED})"
ANY = rf"(?:{CERTAIN}|{BARE})"
# What follows a month that is none: "march on Washington", "may have", "march madness".
NO_MONTH = r"(?! (?:on|of|for|through|against|to|madness|be|have|not|the|in)\b)"


@dataclass(frozen=True)
class DateRange:
    """Characters [start, end) of a text, and the times they mean: from `after` on, and before `before`; one may be None."""

    start: int
    end: int
    after: datetime | None
    before: datetime | None


Span = tuple[datetime, datetime]
Range = tuple[datetime | None, datetime | None]


def find_dates(text: str, now: datetime) -> list[DateRange]:
    """The dates in a query, in order. `now`: the reader's time with its zone; days begin at its midnight."""
    found: list[DateRange] = []
    for rule, read in RULES:
        for match in rule.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            try:
                wanted = read(match, now)
            except (ValueError, OverflowError):
                continue
            if wanted is not None and is_past(wanted, now):
                found.append(DateRange(match.start(), match.end(), *wanted))
    return sorted(found, key=lambda each: each.start)


def is_past(wanted: Range, now: datetime) -> bool:
    """Whether something may have been published then, and not everything was."""
    after, before = wanted
    if after is None:
        return before is not None and before <= midnight(now) + timedelta(days=1)
    return after <= now and (before is None or after < before)


def midnight(moment: datetime) -> datetime:
    """When its day begins."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def period(text: str, now: datetime) -> Span | None:
    """The days that a date in words means, from the first one's beginning to the last one's end."""
    words = text.lower().replace(",", "").replace(".", "").split()
    words = [word for word in words if word not in ("of", "the")]
    today = midnight(now)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", words[0]):
        return one_day(datetime.fromisoformat(words[0]).replace(tzinfo=now.tzinfo))
    if words[0] in ("today", "yesterday"):
        return one_day(today - timedelta(days=words[0] == "yesterday"))
    if words[0] in ("last", "this"):
        return relative(words[0], words[1], today)
    if words[0] in WEEKDAYS:
        return one_day(today - timedelta(days=(today.weekday() - WEEKDAYS.index(words[0])) % 7))
    year = next((int(word) for word in words if re.fullmatch(YEAR, word)), None)
    month = next((SHORT[word[:3]] for word in words if word[:3] in SHORT), None)
    day = next((int(found[0]) for word in words if (found := re.match(r"\d{1,2}(?!\d)", word))), None)
    if month is None:
        return None if year is None else (today.replace(year, 1, 1), today.replace(year + 1, 1, 1))
    if year is None:
        year = now.year - (today.replace(day=1) < today.replace(month=month, day=1))
        if day is not None and today < today.replace(year, month, day):
            year -= 1
    first = today.replace(year, month, day or 1)
    return one_day(first) if day else (first, next_month(first))


def relative(which: str, unit: str, today: datetime) -> Span | None:
    """The week, month, year, weekend, weekday or month that `last` or `this` names."""
    if unit in WEEKDAYS:
        back = (today.weekday() - WEEKDAYS.index(unit)) % 7 or 7
        return one_day(today - timedelta(days=back))
    if unit in MONTHS:
        first = today.replace(month=MONTHS.index(unit) + 1, day=1)
        first = first.replace(year=first.year - (next_month(first) > today))
        return first, next_month(first)
    monday = today - timedelta(days=today.weekday())
    if unit == "weekend":
        saturday = monday + timedelta(days=5)
        saturday -= timedelta(days=7 * (which == "last" or saturday > today))
        return saturday, saturday + timedelta(days=2)
    if unit == "week":
        start = monday - timedelta(days=7 * (which == "last"))
        return start, start + timedelta(days=7)
    if unit == "month":
        start = today.replace(day=1)
        start = start if which == "this" else (start - timedelta(days=1)).replace(day=1)
        return start, next_month(start)
    start = today.replace(year=today.year - (which == "last"), month=1, day=1)
    return start, start.replace(year=start.year + 1)


def one_day(start: datetime) -> Span:
    """From a midnight to the next."""
    return start, start + timedelta(days=1)


def next_month(first: datetime) -> datetime:
    """The first of the month after."""
    return (first + timedelta(days=31)).replace(day=1)


def count_of(text: str | None) -> int:
    """A number in digits or words; one where there is none."""
    return 1 if text is None else NUMBERS.get(text.lower()) or int(text)


def ago(match: re.Match[str], now: datetime) -> Range | None:
    """The day that lies so many days, weeks or months back."""
    unit = match["unit"].lower()
    days = count_of(match["number"]) * (UNITS[unit].days if unit in UNITS else DAYS[unit])
    return one_day(midnight(now) - timedelta(days=days))


def past(match: re.Match[str], now: datetime) -> Range | None:
    """The last so many hours, days, weeks, months or years; whole days but for hours, today among them."""
    count, unit = count_of(match["number"]), match["unit"].lower()
    if match["number"] is None:
        # "last week" is the one before this, "the last week" is not; "the last days" says nothing, nor "the last day".
        named = match["the"] is None or unit == "day"
        if match["many"] or (match["word"].lower() != "past" and unit != "hour" and named):
            return None
    if unit == "hour":
        return now - count * UNITS[unit], None
    days = count * (UNITS[unit].days if unit in UNITS else DAYS[unit])
    return midnight(now) - timedelta(days=days - (unit == "day")), None


def between(match: re.Match[str], now: datetime) -> Range | None:
    """From the first date to the second, both whole."""
    first, last = period(match["first"], now), period(match["last"], now)
    return None if first is None or last is None else (first[0], last[1])


def within(match: re.Match[str], now: datetime) -> Range | None:
    """In that time."""
    return period(match["date"], now)


def since(match: re.Match[str], now: datetime) -> Range | None:
    """From its beginning on."""
    span = period(match["date"], now)
    return None if span is None else (span[0], None)


def until(match: re.Match[str], now: datetime) -> Range | None:
    """To its end."""
    span = period(match["date"], now)
    return None if span is None else (None, span[1])


def before(match: re.Match[str], now: datetime) -> Range | None:
    """To its beginning."""
    span = period(match["date"], now)
    return None if span is None else (None, span[0])


def later(match: re.Match[str], now: datetime) -> Range | None:
    """From its end on."""
    span = period(match["date"], now)
    return None if span is None else (span[1], None)


def rule(pattern: str) -> re.Pattern[str]:
    """Whole words, in any case."""
    return re.compile(rf"(?<![\w'’.:-])(?:{pattern})(?![\w'’:-])", re.IGNORECASE)


THE = r"(?:the )?"
RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Range | None]], ...] = (
    (rule(rf"between (?P<first>{ANY}) and (?P<last>{ANY})"), between),
    (rule(rf"from (?P<first>{ANY}) (?:to|until|till|through) (?P<last>{ANY})"), between),
    (
        rule(
            rf"(?:(?:in|over|within|during|for|from) )?(?P<the>the )?(?P<word>past|last|previous) (?:(?P<number>{NUMBER}) )?"
            r"(?P<unit>hour|day|week|month|year)(?P<many>s)?"
        ),
        past,
    ),
    (rule(rf"(?P<number>{NUMBER}) (?P<unit>day|week|month)s? ago"), ago),
    (rule(rf"since {THE}(?P<date>{ANY}){NO_MONTH}"), since),
    (rule(rf"(?:until|till) {THE}(?P<date>{ANY}){NO_MONTH}"), until),
    (rule(rf"before (?P<date>{CERTAIN}|{YEAR})"), before),
    (rule(rf"after (?P<date>{CERTAIN}|{YEAR})"), later),
    (rule(rf"(?:(?:in|during|from|of|on) )?{THE}(?P<date>{FULL_DAY}|{FULL_MONTH}|{LAST_NAMED})"), within),
    (rule(rf"(?:from )?{PAPERS}(?P<date>{NAMED})"), within),
    (rule(rf"(?:in|during) (?P<date>{MONTH}|{YEAR}){NO_MONTH}"), within),
    (rule(rf"on (?P<date>{'|'.join(WEEKDAYS)}|{DAY} (?:of )?{ANY_MONTH}|{ANY_MONTH} {DAY})"), within),
)

"""Dates as people and programs write them in tables. Strict: what may be something else is no date."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

EARLIEST_YEAR = 1600
LATEST_YEAR = 2200
LONGEST = 60
# Seconds, milliseconds and microseconds since 1970, from 2001 to 2286.
EPOCHS = {10: 1, 13: 1_000, 16: 1_000_000}
CLOCK = r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?)?)?"
ZONE = r"(?P<zone>\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){CLOCK}{ZONE}$", re.IGNORECASE
)
YEAR_LAST = re.compile(
    rf"(?P<first>\d{{1,2}})[-/.](?P<second_>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}}){CLOCK}{ZONE}$", re.I
)
NAMED = (
    re.compile(
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?[ -](?:de |of )?(?P<name>[^\W\d]{{3,12}})\.?[ ,-]+(?:de |del )?"
        rf"(?P<year>\d{{4}}){CLOCK}{ZONE}$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<name>[^\W\d]{{3,12}})\.?[ -](?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? +(?P<year>\d{{4}}){CLOCK}{ZONE}$",
        re.IGNORECASE,
    ),
)
WEEKDAY = re.compile(r"[^\W\d]{2,12}\.?, ?(?=\S)")
# How months begin, without accents: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish.
MONTHS = (
    ("jan", "ene", "gen"), ("feb", "fev"), ("mar", "maa", "mrt"), ("apr", "avr", "abr"), ("may", "mai", "mag", "mei", "maj"),
    ("jun", "juin", "giu"), ("jul", "juil", "lug"), ("aug", "aou", "ago"), ("sep", "set"), ("oct", "okt", "ott", "out"),
    ("nov",), ("dec", "dez", "dic"),
)  # fmt: skip


def parse_date(value: str, *, day_first: bool) -> tuple[datetime, int | None] | None:
    """The moment in UTC, and the zone it was written in, minutes east; None for what is no date.

    A time without a zone counts as UTC, a day as its first moment.
    """
    value = " ".join(value[: LONGEST + 1].split())
    if not value or len(value) > LONGEST:
        return None
    try:
        moment = _parse(value, day_first)
        if moment is None or not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            return None
        shift = moment.utcoffset()
        at = moment.replace(tzinfo=UTC) if shift is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, IndexError):
        return None
    return at, int(shift.total_seconds() // 60) if shift else None


def order_of(value: str) -> bool | None:
    """Whether a date with the year last can only have its day first, or only its month; None when it may be either."""
    match = YEAR_LAST.match(" ".join(value[: LONGEST + 1].split()))
    if match is None:
        return None
    first, second = int(match["first"]), int(match["second_"])
    return True if first > 12 >= second else False if second > 12 >= first else None


def may_be_either(value: str) -> bool:
    """Whether day and month of a date cannot be told apart."""
    match = YEAR_LAST.match(" ".join(value[: LONGEST + 1].split()))
    return (
        match is not None
        and int(match["first"]) <= 12
        and int(match["second_"]) <= 12
        and match["first"] != match["second_"]
    )


def _parse(value: str, day_first: bool) -> datetime | None:
    if value.isdigit() and value.isascii():
        if len(value) in EPOCHS:
            return datetime.fromtimestamp(int(value) / EPOCHS[len(value)], UTC)
        return datetime.strptime(value, "%Y%m%d") if len(value) == 8 else None
    match = YEAR_FIRST.match(value)
    if match:
        return _moment(match, int(match["month"]), int(match["day"]))
    match = YEAR_LAST.match(value)
    if match:
        first, second = int(match["first"]), int(match["second_"])
        day, month = (first, second) if (day_first and second <= 12) or first > 12 else (second, first)
        return _moment(match, month, day)
    plain = WEEKDAY.sub("", value, count=1) if WEEKDAY.match(value) else value
    for pattern in NAMED:
        match = pattern.match(plain)
        named = _month(match["name"]) if match else None
        if match and named:
            return _moment(match, named, int(match["day"]))
    return (
        parsedate_to_datetime(value) if "," in value[:5] or re.match(r"\d{1,2} [A-Za-z]{3} \d{4} \d", value) else None
    )


def _month(name: str) -> int | None:
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return next((number for number, starts in enumerate(MONTHS, 1) if plain.startswith(starts)), None)


def _moment(match: re.Match[str], month: int, day: int) -> datetime:
    year = int(match["year"])
    if len(match["year"]) == 2:
        # As POSIX reads two digits.
        year += 1900 if year >= 69 else 2000
    hour, half = int(match["hour"] or 0), (match["half"] or "").casefold()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    moment = datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0))
    zone = (match["zone"] or "").strip().upper()
    if not zone:
        return moment
    sign = -1 if zone[0] == "-" else 1
    minutes = 0 if zone in ("Z", "UTC", "GMT") else sign * (int(zone[1:3]) * 60 + int(zone[-2:]))
    return moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))

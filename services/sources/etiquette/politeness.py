"""How not to be a burden: how long a host is left alone, and where crawling is a trap."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from services.ingest.urls import registrable_domain

MIN_REST, MAX_REST = timedelta(minutes=1), timedelta(hours=24)
MAX_CRAWL_DELAY_SECONDS = 30.0

# Answers that pass: the host is busy, not unwilling. All of 5xx too.
SOFT = frozenset({408, 425, 429})

MAX_URL_LENGTH = 2000
MAX_SEGMENTS = 20
MAX_PARAMETERS = 8
SESSION = re.compile(r"(?:php)?sess(?:ion)?_?id|sid|jsessionid|aspsessionid\w*|cfid|cftoken|zenid", re.IGNORECASE)
SESSION_IN_PATH = re.compile(r";jsessionid=|/\(S\([a-z0-9]{20,}\)\)/", re.IGNORECASE)
CALENDAR = re.compile(r"/(?:calendar|calendario|kalender|calendrier|agenda|events?)(?:/|$)", re.IGNORECASE)
CALENDAR_PARAMETERS = frozenset({"month", "year", "day", "week", "tribe-bar-date", "cal_date", "mini"})
# A session's key rather than the number of a story, which some sites call `sid` as well.
MIN_SESSION_KEY = 16


def parse_retry_after(value: str | None, now: datetime) -> datetime | None:
    """When a host wants to be asked again (RFC 9110, 10.2.3: seconds or a date), 1 minute to 24 hours from `now`.

    None when it said nothing or nothing that can be read.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return now + _bounded(timedelta(seconds=min(int(text[:12]), 10**9)))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return now + _bounded(at - now)


def host_delay(minimum_seconds: float, crawl_delay: float | None) -> float:
    """Seconds between two requests to a host: our own minimum or what its robots.txt asks for, up to 30."""
    return max(minimum_seconds, min(crawl_delay or 0.0, MAX_CRAWL_DELAY_SECONDS))


def is_soft(status: int) -> bool:
    """Whether a status says that the host is busy or broken for now."""
    return status in SOFT or 500 <= status < 600


def rest_after(
    status: int, retry_after: str | None, refusals: int, now: datetime, rng: random.Random
) -> datetime | None:
    """Until when a host is left alone after an answer; None when the answer is no reason to rest.

    `refusals`: how often in a row it refused before. What it asked for is a lower bound; without it the rest doubles
    from one minute. Spread by up to a quarter, so that hosts behind one door are not asked together.
    """
    if not is_soft(status) and status != 403:
        return None
    doubled = MIN_REST * 2 ** min(max(refusals, 0), 11)
    asked = parse_retry_after(retry_after, now) if status in (429, 503) else None
    rest = max(asked - now, MIN_REST) if asked else _bounded(doubled)
    return now + min(rest * (1 + rng.random() / 4), MAX_REST)


def host_key(url: str) -> str:
    """host:port, the name under which one server's delay is kept. Raises: ValueError when the URL has no host."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    return f"{host}:{port}"


def budget_key(url: str) -> str:
    """The registrable domain, under which all subdomains of a publisher share one budget."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host")
    return registrable_domain(parts.hostname.rstrip("."))


def is_trap(url: str) -> bool:
    """Whether an address alone shows that it has no end: repeated path parts, session ids, calendars, hopeless length."""
    if len(url) > MAX_URL_LENGTH or SESSION_IN_PATH.search(url):
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    segments = [segment for segment in parts.path.split("/") if segment]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name.lower() for name, _ in pairs]
    if len(segments) > MAX_SEGMENTS or len(names) > MAX_PARAMETERS:
        return True
    if any(SESSION.fullmatch(name) and len(value) >= MIN_SESSION_KEY for name, value in pairs):
        return True
    if CALENDAR_PARAMETERS.intersection(names) and (CALENDAR.search(parts.path) or len(names) > 1):
        return True
    return _repeats(segments)


def _repeats(segments: list[str]) -> bool:
    """Whether a part stands three times in a path, or a number, which dates may repeat, four times."""
    return any(count >= (4 if part.isdigit() else 3) for part, count in Counter(segments).items())


def _bounded(rest: timedelta) -> timedelta:
    return min(max(rest, MIN_REST), MAX_REST)

"""The grammar of a query: what the command line, the API and the pages take for a filter, and not for a word.

    source:bbc.com -source:x.example lang:de category:sport type:pdf after:2026-11-01 before:2026-11
    -word  -"some words"  "exact phrase"      and dates in words, see dates.py

`after` and `before` take days, months and years, and both hold them. Whatever cannot be read so (an unknown name, a
value that no document can have, a quotation without end) stays words: a query is never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.ingest.types import CATEGORIES, TYPES
from services.search.dates import find_dates, next_month, one_day
from services.search.highlight import WORD
from services.search.query import FACET_NAMES, Filters, clean_text

QUOTES = '"“”„‟'
TOKEN = re.compile(
    rf"(?<!\S)(?P<minus>-)?(?:(?P<name>[A-Za-z]+):)?"
    rf"(?:[{QUOTES}](?P<quoted>[^{QUOTES}]+)[{QUOTES}](?![^\s.,;:!?)])|(?P<bare>[^\s{QUOTES}]\S*))"
)
HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?")
LANGUAGE = re.compile(r"[a-z]{2,3}")
# More than anybody writes; what comes after is words.
MOST_PARTS = 50
# Each phrase has texts read for it.
MOST_PHRASES = 10
# Queries are shorter than this; what is longer is a sentence that somebody copied.
MOST_WORDS_WITH_DATES = 12
DATE = "date"
PHRASE = "phrase"


@dataclass(frozen=True)
class Part:
    """A piece of a query that is a filter.

    `kind`: the name of a facet, `phrase` or `date`. `value`: the facet's value, the words, or the date as it was written.
    `without`: the query without it. `after` is included, `before` is not; both only where `kind` is `date`.
    """

    kind: str
    value: str
    excluded: bool
    without: str
    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Understood:
    """A query taken apart: the words to look for, the filters it holds, and these one by one."""

    text: str
    filters: Filters = field(default_factory=Filters)
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Piece:
    """Characters [start, end) of a query, the filter they are, and the words that stay to be looked for."""

    start: int
    end: int
    kind: str
    value: str
    excluded: bool
    filters: Filters
    words: str = ""


def understand(query: str, now: datetime | None = None, *, marked: bool = False) -> Understood:
    """Take a query apart. `now`: the reader's time with its zone, which dates in words count from; else that in UTC.

    `marked`: only what a colon or a minus marks is a filter. So are questions read: what they quote, and when it was, is
    what they ask about.

    Raises InvalidInput for a query that is too long, and nothing else.
    """
    text = clean_text(query)
    pieces = find_pieces(text, now or datetime.now(UTC), marked=marked)
    filters = Filters()
    kept: list[Piece] = []
    for piece in pieces:
        both = filters.and_also(piece.filters)
        if both.published_after and both.published_before and both.published_after >= both.published_before:
            continue  # Two dates that exclude each other: the first holds, the second is words.
        filters = both
        kept.append(piece)
    words = cut(text, kept, lambda piece: piece.words)
    parts = tuple(
        Part(
            piece.kind,
            piece.value,
            piece.excluded,
            cut(text, [piece], lambda _: ""),
            piece.filters.published_after,
            piece.filters.published_before,
        )
        for piece in kept
    )
    return Understood(words, filters, parts)


def cut(text: str, pieces: Iterable[Piece], instead: Callable[[Piece], str]) -> str:
    """A text with something else, or nothing, where its pieces stand."""
    made, end = "", 0
    for piece in pieces:
        made += f"{text[end : piece.start]} {instead(piece)} "
        end = piece.end
    return " ".join((made + text[end:]).split())


def find_pieces(text: str, now: datetime, *, marked: bool) -> list[Piece]:
    """What of a text are filters, in its order. Dates in the words of a pasted sentence are part of what it reports."""
    read = [piece for match in TOKEN.finditer(text) if (piece := read_token(match, now))]
    if marked:
        return [piece for piece in read if piece.kind != PHRASE or piece.excluded][:MOST_PARTS]
    phrases = [piece for piece in read if piece.kind == PHRASE]
    found = [piece for piece in read if piece not in phrases[MOST_PHRASES:]][:MOST_PARTS]
    rest = text
    for piece in found:
        rest = rest[: piece.start] + "\0" * (piece.end - piece.start) + rest[piece.end :]
    if len(rest.split()) > MOST_WORDS_WITH_DATES:
        return found
    dates = [
        Piece(
            each.start,
            each.end,
            DATE,
            text[each.start : each.end],
            False,
            Filters(published_after=each.after, published_before=each.before),
        )
        for each in find_dates(rest, now)
    ]
    return sorted(found + dates[: MOST_PARTS - len(found)], key=lambda piece: piece.start)


def read_token(match: re.Match[str], now: datetime) -> Piece | None:
    """The filter that a token is; None for words."""
    excluded = match["minus"] is not None
    name, value = (match["name"] or "").lower(), match["quoted"] or match["bare"]
    if name in BOUNDS:
        filters = None if excluded else BOUNDS[name](value, now)
        return None if filters is None else Piece(*match.span(), DATE, match[0], False, filters)
    if name in FACET_NAMES:
        wanted = READERS.get(name, str.strip)(value)
        if not wanted:
            return None
        given: dict[str, Any] = {f"not_{name}" if excluded else name: (wanted,)}
        return Piece(*match.span(), name, wanted, excluded, Filters(**given))
    if name or not WORD.search(value):
        return None
    value = value.strip()
    if match["quoted"]:
        words = "" if excluded else value
        return Piece(*match.span(), PHRASE, value, excluded, phrase_filter(value, excluded=excluded), words)
    # "-5 degrees" is no exclusion.
    if not excluded or not value[0].isalpha():
        return None
    value = value.rstrip(".,;:!?")
    return Piece(*match.span(), PHRASE, value, True, phrase_filter(value, excluded=True))


def phrase_filter(value: str, *, excluded: bool) -> Filters:
    """The words must be there in this order, or must not."""
    return Filters(not_phrases=(value,)) if excluded else Filters(phrases=(value,))


def read_source(value: str) -> str | None:
    """A host as documents carry it, or `upload`."""
    host = value.strip().lower().removeprefix("https://").removeprefix("http://").split("/")[0].removeprefix("www.")
    return host if host == "upload" or HOST.fullmatch(host) else None


def read_language(value: str) -> str | None:
    """A code of ISO 639."""
    code = value.strip().lower()
    return code if LANGUAGE.fullmatch(code) else None


def read_category(value: str) -> str | None:
    """One of the twelve."""
    return value.lower() if value.lower() in CATEGORIES else None


def read_type(value: str) -> str | None:
    """A type of document."""
    return value.lower() if value.lower() in TYPES else None


def read_after(value: str, now: datetime) -> Filters | None:
    """From the beginning of a day, a month or a year on."""
    span = read_days(value, now)
    return None if span is None else Filters(published_after=span[0])


def read_before(value: str, now: datetime) -> Filters | None:
    """To the end of a day, a month or a year."""
    span = read_days(value, now)
    return None if span is None else Filters(published_before=span[1])


def read_days(value: str, now: datetime) -> tuple[datetime, datetime] | None:
    """The beginning and the end of `2026-11-01`, `2026-11` or `2026`."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?", value.strip())
    if match is None:
        return None
    try:
        first = datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=now.tzinfo)
        end = one_day(first)[1] if match[3] else next_month(first) if match[2] else first.replace(year=first.year + 1)
        # The ends of time have no name in every zone.
        first.astimezone(UTC), end.astimezone(UTC)
        return first, end
    except (ValueError, OverflowError):
        return None


# How a facet's value is read; those without a rule take any.
READERS: dict[str, Callable[[str], str | None]] = {
    "source": read_source,
    "lang": read_language,
    "category": read_category,
    "type": read_type,
}
BOUNDS: dict[str, Callable[[str, datetime], Filters | None]] = {"after": read_after, "before": read_before}

"""How many documents a query finds, by the values of each facet and by time.

What counts is every document with one of the query's words, and those nearest in meaning that the results show; with no
words, every document that meets the filters. Counted here, from ids: the engine does not know which rows are live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.engines.vectors.base import HybridQuery, Vector
from services.models.base import utc_now
from services.scope import Scope
from services.search import repository
from services.search.exact import engine_filter, narrowed
from services.search.query import FACET_NAMES, Filters, clean_text
from services.search.repository import Counted
from services.search.search import query_vectors, retrieve
from services.search.types import FacetValue
from services.traces import note, span

# Chunks with a word of the query that are counted. They take 20 ms to fetch from Edge at 20,000 chunks, their rows 15.
MOST_MATCHES = 5000
FACET_VALUES = 50
# Bars that a histogram has at most.
MOST_BINS = 400
# The share of the oldest documents that a histogram may leave out, when that halves the time it spans.
OUTLIERS = 0.02
# Where only the beginning is given the bars begin there, if they span no more than this; else at the oldest document.
SHORT = timedelta(days=31)
DAY_SECONDS = 86_400
HOUR_SECONDS = 3600


class Interval(StrEnum):
    """How much time a bar of a histogram stands for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


# The longest time that is shown in bars of each kind.
LONGEST = {
    Interval.HOUR: timedelta(days=3),
    Interval.DAY: timedelta(days=100),
    Interval.WEEK: timedelta(days=2 * 365),
    Interval.MONTH: timedelta(days=12 * 365),
}


@dataclass(frozen=True)
class FacetCounts:
    """The most frequent values of each facet under the other filters, and how many documents meet all of them.

    `is_exact`: False when there may be more than were looked at.
    """

    values: dict[str, list[FacetValue]]
    total: int
    is_exact: bool


@dataclass(frozen=True)
class Bin:
    """How many documents are dated in [start, end)."""

    start: datetime
    end: datetime
    count: int


@dataclass(frozen=True)
class Histogram:
    """Bars without gaps, the oldest first. `earlier`: documents before the first of them."""

    interval: Interval
    bins: Sequence[Bin]
    earlier: int
    total: int
    is_exact: bool


@dataclass(frozen=True)
class Matched:
    """The rows of the documents that a query finds, and whether these are all."""

    rows: Sequence[Counted]
    is_exact: bool


def facets(scope: Scope, filters: Filters, *, text: str = "") -> FacetCounts:
    """For each facet, how many documents that the query finds have each value under the other filters.

    A facet's own values do not narrow it. Copies of one text count once per value.
    """
    words = clean_text(text)
    with span("facets"), scope.runtime.turns.turn(scope.tenant_id):
        return counted_facets(scope, words, filters) if words else listed_facets(scope, filters)


def counted_facets(scope: Scope, text: str, filters: Filters) -> FacetCounts:
    """Of a query with words."""
    [vector], _ = query_vectors(scope.runtime, [text])
    found = {filters: matched(scope, text, vector, filters)}
    values = {}
    for name in FACET_NAMES:
        others = filters.without(name)
        if others not in found:
            found[others] = matched(scope, text, vector, others)
        values[name] = frequent(found[others].rows, name)
    total = len({row.root for row in found[filters].rows})
    return FacetCounts(values, total, all(each.is_exact for each in found.values()))


def frequent(rows: Sequence[Counted], name: str) -> list[FacetValue]:
    """The values of one facet, most frequent first; folders in the order of their paths."""
    counts = Counter(value for value, _ in {(value, row.root) for row in rows for value in row.values[name]})
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ranked = repository.in_tree_order(counts) if name == "folder" else by_count
    return [FacetValue(value, count) for value, count in ranked[:FACET_VALUES]]


def listed_facets(scope: Scope, filters: Filters) -> FacetCounts:
    """Of all documents."""
    exact, limits = narrowed(scope, filters)
    values = {}
    for name in FACET_NAMES:
        others = filters.without(name)
        if others != filters:
            others, limited = narrowed(scope, others)
            limits = limits or limited
        else:
            others = exact
        with scope.read() as tx:
            values[name] = [
                FacetValue(value, count)
                for value, count in repository.facet(tx, name, others.for_rows(tx), FACET_VALUES)
            ]
    with scope.read() as tx:
        total = repository.count_roots(tx, exact.for_rows(tx))
    return FacetCounts(values, total, limits is None)


def matched(scope: Scope, text: str, vector: Vector | None, filters: Filters) -> Matched:
    """The documents that a query with words finds: what its results show, and all others that have one of its words."""
    exact, limits = narrowed(scope, filters)
    candidates, _ = retrieve(scope, text, vector, exact)
    with scope.read() as tx:
        collection, wanted = repository.collection(tx), engine_filter(tx, exact)
    if wanted is None:
        return Matched([], limits is None)
    query = HybridQuery(text, None, MOST_MATCHES, wanted, language="en")
    with span("vectors.matching"):
        found = scope.runtime.vectors.matching(collection, query)
        note(found=len(found.documents))
    versions = {candidate.document.id: candidate.document.version for candidate in candidates} | dict(found.documents)
    with span("rows"), scope.read() as tx:
        rows = [row for row in repository.counted(tx, versions, exact.for_rows(tx)) if row.version == versions[row.id]]
    return Matched(rows, found.is_complete and limits is None)


def histogram(
    scope: Scope, filters: Filters, *, text: str = "", interval: Interval | None = None, utc_offset: int = 0
) -> Histogram:
    """How many documents that the query finds were published in each hour, day, week, month or year.

    `interval` None: what fits the time they span; a finer one than MOST_BINS bars allow is made coarser. `utc_offset`:
    minutes east of UTC, where days begin at midnight. Copies of one text count once, where the results show them.
    """
    words = clean_text(text)
    with span("histogram"), scope.runtime.turns.turn(scope.tenant_id):
        hours, is_exact = counted_hours(scope, words, filters, utc_offset * 60)
    return binned(hours, filters, interval, timedelta(minutes=utc_offset), is_exact=is_exact)


def counted_hours(scope: Scope, text: str, filters: Filters, offset: int) -> tuple[Counter[int], bool]:
    """How many documents each hour has, as hours since 1970 by a clock `offset` seconds east of UTC."""
    if text:
        [vector], _ = query_vectors(scope.runtime, [text])
        found = matched(scope, text, vector, filters)
        first: dict[str, Counted] = {}
        for row in sorted(found.rows, key=lambda row: (row.id != row.root, row.first_seen_at, row.id)):
            first.setdefault(row.root, row)
        moments = (int(row.dated_at.timestamp()) for row in first.values())
        return Counter((moment + offset) // HOUR_SECONDS for moment in moments), found.is_exact
    exact, limits = narrowed(scope, filters)
    with scope.read() as tx:
        wanted = [*exact.for_rows(tx), repository.is_first_of_fold(tx, lambda rows: exact.for_rows(tx, rows=rows))]
        return Counter(repository.by_hour(tx, wanted, offset)), limits is None


def binned(
    hours: Counter[int], filters: Filters, interval: Interval | None, offset: timedelta, *, is_exact: bool
) -> Histogram:
    """The bars of these hours."""
    total = sum(hours.values())
    if not total:
        return Histogram(interval or Interval.DAY, (), 0, 0, is_exact)
    first, last = to_moment(min(hours)), to_moment(max(hours))
    after, before = filters.published_after, filters.published_before
    if before is not None:
        last = max(last, local(min(before, utc_now()), offset) - timedelta(microseconds=1))
    if after is None:
        first = without_outliers(hours)
    elif before is not None or last - local(after, offset) <= SHORT:
        first = min(first, local(after, offset))
    chosen = interval or next((each for each, most in LONGEST.items() if last - first <= most), Interval.YEAR)
    while not (starts := bars(first, last, chosen)) and chosen is not Interval.YEAR:
        chosen = list(Interval)[list(Interval).index(chosen) + 1]
    if not starts:
        starts = bars(last.replace(year=max(1, last.year - MOST_BINS + 2)), last, chosen)
    counts = Counter(dict.fromkeys(starts, 0))
    earlier = 0
    for hour, count in hours.items():
        start = bar_of(to_moment(hour), chosen)
        if start in counts:
            counts[start] += count
        else:
            earlier += count
    bins = [
        Bin((start - offset).replace(tzinfo=UTC), (next_bar(start, chosen) - offset).replace(tzinfo=UTC), counts[start])
        for start in starts
    ]
    return Histogram(chosen, bins, earlier, total, is_exact)


def to_moment(hour: int) -> datetime:
    """A number of hours as the clock's time, without a zone."""
    return datetime(1970, 1, 1) + timedelta(hours=hour)


def local(moment: datetime, offset: timedelta) -> datetime:
    """A moment as the clock's time, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None) + offset


def without_outliers(hours: Counter[int]) -> datetime:
    """Where the bars begin: at the oldest document, or past the oldest few when these would take half of the room."""
    ordered = sorted(hours)
    left, start = int(sum(hours.values()) * OUTLIERS), ordered[0]
    for hour in ordered:
        if left < 0:
            break
        start, left = hour, left - hours[hour]
    return to_moment(start if ordered[-1] - start < (ordered[-1] - ordered[0]) / 2 else ordered[0])


def bars(first: datetime, last: datetime, interval: Interval) -> list[datetime]:
    """Where each bar begins, from that of `first` to that of `last`; none at all when there are too many."""
    starts: list[datetime] = []
    start = bar_of(first, interval)
    while start <= last:
        if len(starts) == MOST_BINS:
            return []
        starts.append(start)
        start = next_bar(start, interval)
    return starts


def bar_of(moment: datetime, interval: Interval) -> datetime:
    """Where the bar begins that holds a moment; weeks begin on Monday."""
    if interval is Interval.HOUR:
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    if interval is Interval.MONTH:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if interval is Interval.YEAR else day


def next_bar(start: datetime, interval: Interval) -> datetime:
    """Where the bar after this one begins."""
    if interval is Interval.YEAR:
        return start.replace(year=start.year + 1)
    if interval is Interval.MONTH:
        return (start + timedelta(days=31)).replace(day=1)
    return start + {Interval.HOUR: timedelta(hours=1), Interval.DAY: timedelta(days=1)}.get(interval, timedelta(days=7))

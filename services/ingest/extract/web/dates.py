"""When a page was published, in which zone its publisher lives, and how we know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from htmldate import find_date

from services.ingest.extract.web.jsonld import strings
from services.ingest.extract.web.page import Page

META_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date",
    "dc.date.issued", "dcterms.created", "citation_publication_date", "publishdate", "publish_date", "pubdate",
    "article.published", "article_date_original", "date", "dc.date",
)  # fmt: skip
MODIFIED_NAMES = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "lastmod")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
URL_MONTH = re.compile(rf"/((?:19|20)\d{{2}})/({'|'.join(MONTHS)})/(\d\d?)(?=/)", re.IGNORECASE)
URL_DATE = re.compile(r"/((?:19|20)\d{2})[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})$")
# A clock that runs ahead, or a page dated tomorrow in its own time zone.
AHEAD = timedelta(days=1)
# Witnesses agree within a day and the widest time zone: an address knows only the day.
SAME_DAY = timedelta(hours=38)
EARLIEST_YEAR = 1600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()
# What a witness weighs. The first time tag of an article may be a comment's or that of a related story.
WEIGHTS = {"json-ld": 1.0, "meta": 1.0, "time-tag": 1.0, "feed": 1.0, "url": 1.0, "some-time": 0.5}
# A publication date that is only the last change again counts as half a witness.
MODIFIED_PENALTY = 0.5


@dataclass(frozen=True)
class Found:
    """A moment in UTC (midnight when only the day is known), where it stood, and the zone it was written in."""

    at: datetime
    provenance: str
    offset: int | None = None


def publication_date(page: Page, override: str | None = None) -> tuple[Found | None, bool]:
    """The date that most independent witnesses name, and whether a declared one was beyond belief.

    Witnesses are JSON-LD, meta tags, marked times, the feed and the address; between equals the first of these counts.
    A date in the text is searched only when there are none. Nothing later than a day after the fetch is believed.
    """
    latest = (page.fetched_at or datetime.now(UTC)) + AHEAD
    given = _found("rule", override or "")
    if given and _is_believable(given.at, latest):
        return given, False
    declared = [found for provenance, value in _candidates(page) if (found := _found(provenance, value))]
    if page.hints and page.hints.published_at:
        declared.append(Found(page.hints.published_at, "feed"))
    believed = [found for found in declared if _is_believable(found.at, latest)]
    if believed:
        return _elect(believed, _modified(page)), False
    try:
        limit = latest.strftime("%Y-%m-%d")
        day = find_date(page.tree, original_date=True, extensive_search=False, url=page.url, max_date=limit)
    except (ValueError, OverflowError):
        day = None
    found = _found("text", day or "")
    return found, bool(declared)


def parse_moment(value: str) -> datetime | None:
    """ISO 8601 in the variants pages use, in its own zone; without one it counts as UTC."""
    value = OFFSET_WITHOUT_COLON.sub(r"\1:\2", value.strip().replace("/", "-")[:40])
    try:
        moment = datetime.fromisoformat(value)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _found(provenance: str, value: str) -> Found | None:
    moment = parse_moment(value)
    if moment is None:
        return None
    shift = moment.utcoffset() or timedelta()
    zoned = len(value.strip()) > len("2026-01-01")
    return Found(moment.astimezone(UTC), provenance, int(shift.total_seconds() // 60) if zoned and shift else None)


def _is_believable(moment: datetime, latest: datetime) -> bool:
    return moment.year >= EARLIEST_YEAR and moment.date() != EPOCH and moment <= latest


def _elect(found: list[Found], modified: set[datetime]) -> Found:
    def votes(candidate: Found) -> float:
        agreeing = {other.provenance for other in found if abs(other.at - candidate.at) <= SAME_DAY}
        total = sum(WEIGHTS[provenance] for provenance in agreeing)
        return total - MODIFIED_PENALTY if candidate.at in modified else total

    # The list is in order of trust and max keeps the first of equals.
    best = max(found, key=votes)
    zones = (other.offset for other in (best, *found) if other.offset is not None and other.at == best.at)
    provenance = "time-tag" if best.provenance == "some-time" else best.provenance
    return Found(best.at, provenance, next(zones, None))


def _modified(page: Page) -> set[datetime]:
    """The moments that the page declares as those of its last change."""
    values = [value for item in page.items for value in strings(item.get("dateModified"))]
    values += [value for name in MODIFIED_NAMES for value in page.metas.get(name, ())]
    return {moment.astimezone(UTC) for value in values if (moment := parse_moment(value))}


def _candidates(page: Page) -> Iterator[tuple[str, str]]:
    for item in page.items:
        for value in strings(item.get("datePublished")):
            yield "json-ld", value
    for name in META_NAMES:
        for value in page.metas.get(name, ()):
            yield "meta", value
    marked = (
        "//time[@pubdate or @itemprop='datePublished']/@datetime | //*[@itemprop='datePublished']/@content |"
        "//*[@itemprop='datePublished' and not(self::time) and not(@content)]/@datetime"
    )
    for value in page.tree.xpath(marked):
        yield "time-tag", str(value)
    times = page.tree.xpath("//article//time/@datetime")
    if times:
        yield "some-time", str(times[0])
    match = URL_DATE.search(page.url or "")
    if match:
        yield "url", "-".join(match.groups())
    match = URL_MONTH.search(page.url or "")
    if match:
        yield "url", f"{match[1]}-{MONTHS.index(match[2].lower()) + 1:02}-{int(match[3]):02}"

"""When a page was published, and how we know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from htmldate import find_date
from lxml.html import HtmlElement

from services.ingest.extract.jsonld import strings

META_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date",
    "dc.date.issued", "dcterms.created", "citation_publication_date", "publishdate", "publish_date", "pubdate",
    "article.published", "article_date_original", "date", "dc.date",
)  # fmt: skip
URL_DATE = re.compile(r"/((?:19|20)\d{2})[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})$")
# A clock that runs ahead, or a page dated tomorrow in its own time zone.
AHEAD = timedelta(days=1)
EARLIEST_YEAR = 1600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()


@dataclass(frozen=True)
class Found:
    """A moment in UTC (midnight when only the day is known) and where it stood."""

    at: datetime
    provenance: str


def publication_date(
    tree: HtmlElement, items: list[dict[str, Any]], url: str | None, fetched_at: datetime | None
) -> Found | None:
    """The first believable of: JSON-LD datePublished, meta, a marked time tag, the URL, a date in the text."""
    latest = (fetched_at or datetime.now(UTC)) + AHEAD
    for provenance, value in _candidates(tree, items, url):
        moment = parse_moment(value)
        if moment and moment.year >= EARLIEST_YEAR and moment.date() != EPOCH and moment <= latest:
            return Found(moment, provenance)
    try:
        day = find_date(tree, original_date=True, extensive_search=False, url=url, max_date=latest.strftime("%Y-%m-%d"))
    except (ValueError, OverflowError):
        day = None
    moment = parse_moment(day or "")
    return Found(moment, "text") if moment else None


def parse_moment(value: str) -> datetime | None:
    """ISO 8601 in the variants pages use; without a zone it counts as UTC."""
    value = OFFSET_WITHOUT_COLON.sub(r"\1:\2", value.strip().replace("/", "-")[:40])
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _candidates(tree: HtmlElement, items: list[dict[str, Any]], url: str | None) -> Iterator[tuple[str, str]]:
    for item in items:
        for value in strings(item.get("datePublished")):
            yield "json-ld", value
    metas = _metas(tree)
    for name in META_NAMES:
        for value in metas.get(name, ()):
            yield "meta", value
    for value in tree.xpath(
        "//time[@pubdate or @itemprop='datePublished']/@datetime | //*[@itemprop='datePublished']/@content"
    ):
        yield "time-tag", str(value)
    times = tree.xpath("//article//time/@datetime")
    if times:
        yield "time-tag", str(times[0])
    match = URL_DATE.search(url or "")
    if match:
        yield "url", "-".join(match.groups())


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    """Content by lower-case name of meta tags."""
    found: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        if name and meta.get("content"):
            found.setdefault(name, []).append(meta.get("content"))
    return found

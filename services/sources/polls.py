"""What the answer to a poll shows: the URLs of a feed, a sitemap or a section page, as items to fetch. Pure."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from services.errors import TidingsError
from services.ingest.types import Hints
from services.ingest.urls import normalise_url, registrable_domain
from services.sources.etiquette.politeness import is_trap
from services.sources.etiquette.rights import page_rights
from services.sources.formats.feeds import parse_feed
from services.sources.formats.sitemaps import parse_sitemap
from services.sources.identity import identities
from services.sources.links import article_links, read_page
from services.sources.types import FeedItem, Sitemap, SitemapEntry

# How far back a sitemap is read at first, and how much before the last visit later: dates in sitemaps lag.
FIRST_LOOK, OVERLAP = timedelta(days=14), timedelta(days=2)
# Sitemaps of an index that one visit reads, the newest first.
MAX_PARTS = 10


@dataclass(frozen=True)
class Found:
    """One URL that a source shows. `refused` says why it is never fetched; None when it may be."""

    identity: str
    url: str
    hints: Hints
    published_at: datetime | None = None
    updated_at: datetime | None = None
    refused: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Reading:
    """What a poll's answer shows. `parts` are further sitemaps to read; `ttl_seconds` what a feed asks for."""

    found: tuple[Found, ...] = ()
    parts: tuple[str, ...] = ()
    is_index: bool = False
    ttl_seconds: int | None = None
    site_url: str | None = None
    title: str | None = None


def read_poll(
    kind: str,
    content: bytes,
    *,
    headers: Sequence[tuple[str, str]] = (),
    content_type: str | None,
    url: str,
    since: datetime | None,
    now: datetime,
) -> Reading:
    """Read the answer of a source of this kind. `since`: when all it showed had been taken up, None at first.

    `headers` may ask that a page's links be left alone.
    Raises: FeedInvalid, SitemapInvalid.
    """
    if kind == "feed":
        return _of_feed(content, content_type, url)
    if kind == "page":
        return _of_page(content, headers, url, now)
    after = (since - OVERLAP) if since else (now - FIRST_LOOK)
    return _of_sitemap(parse_sitemap(content, url=url), url, after)


def _of_feed(content: bytes, content_type: str | None, url: str) -> Reading:
    feed = parse_feed(content, content_type=content_type, url=url)
    found = [_of_item(item, identity) for item, identity in zip(feed.items, identities(feed.items), strict=True)]
    return Reading(_each_once(found), ttl_seconds=feed.ttl_seconds, site_url=feed.site_url, title=feed.title or None)


def _of_item(item: FeedItem, identity: str) -> Found:
    hints = Hints(
        title=item.title or None,
        authors=item.authors,
        published_at=item.published_at,
        categories=item.categories,
        language=item.language,
        image_url=item.image_url,
        text=item.content or item.summary,
    )
    found = Found(identity, item.url or "", hints, item.published_at, item.updated_at)
    return _checked(found) if item.url else replace(found, refused="no_address", detail="The feed gives no address.")


def _of_page(content: bytes, headers: Sequence[tuple[str, str]], url: str, now: datetime) -> Reading:
    tree = read_page(content)
    if tree is None:
        return Reading()
    metas = [(meta.get("name"), meta.get("content")) for meta in tree.xpath("//meta[@name and @content]")]
    if not page_rights(headers, metas, now=now).follow:
        return Reading()
    links = article_links(tree, url)
    return Reading(_each_once([_checked(Found(_digest(link.url), link.url, Hints())) for link in links]))


def _of_sitemap(sitemap: Sitemap, url: str, after: datetime) -> Reading:
    entries = sorted(sitemap.entries, key=_moment, reverse=True)
    if sitemap.kind == "index":
        fresh = [entry.url for entry in entries if entry.modified_at is None or entry.modified_at >= after]
        return Reading(parts=tuple(part for part in fresh if _same_site(part, url))[:MAX_PARTS], is_index=True)
    chosen = [entry for entry in entries if entry.is_news or entry.modified_at is None or entry.modified_at >= after]
    return Reading(_each_once([_of_entry(entry, url) for entry in chosen]))


def _of_entry(entry: SitemapEntry, url: str) -> Found:
    hints = Hints(title=entry.title, published_at=entry.published_at, language=entry.language)
    found = Found(_digest(entry.url), entry.url, hints, entry.published_at or entry.modified_at, entry.modified_at)
    if not _same_site(entry.url, url):
        return replace(found, refused="off_site", detail="The sitemap lists an address of another site.")
    return _checked(found)


def _checked(found: Found) -> Found:
    """With the address in canonical spelling, or why it is never fetched."""
    try:
        url = normalise_url(found.url)
    except TidingsError as error:
        return replace(found, refused=error.code, detail=error.detail)
    if is_trap(url):
        return replace(found, url=url, refused="trap", detail="The address looks like one of an endless series.")
    return replace(found, url=url)


def _each_once(found: Sequence[Found]) -> tuple[Found, ...]:
    return tuple({each.identity: each for each in reversed(found)}.values())[::-1]


def _moment(entry: SitemapEntry) -> datetime:
    return entry.modified_at or entry.published_at or datetime.min.replace(tzinfo=UTC)


def _same_site(url: str, other: str) -> bool:
    return registrable_domain(urlsplit(url).hostname or "") == registrable_domain(urlsplit(other).hostname or "")


def _digest(url: str) -> str:
    """The identity of an item that is nothing but an address: that of a feed's item with the same link."""
    with contextlib.suppress(TidingsError):
        url = normalise_url(url)
    return hashlib.sha256(f"page\x1f{url.partition('://')[2]}".encode("utf-8", "replace")).hexdigest()

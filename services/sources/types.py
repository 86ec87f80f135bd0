"""What a feed or sitemap says, whatever format it was written in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class FeedItem:
    """One entry of a feed. Times are UTC; URLs are absolute http(s); `summary` and `content` are plain text.

    `published_at` falls back to `updated_at` in Atom, which demands only the latter. `url` is the publisher's own page:
    where a redirector stands between, its original link.
    """

    url: str | None
    guid: str | None
    title: str
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    categories: tuple[str, ...] = ()
    summary: str | None = None
    content: str | None = None
    language: str | None = None
    image_url: str | None = None


@dataclass(frozen=True)
class Feed:
    """A feed with its items in document order. `ttl_seconds` is how long the publisher asks us to wait between reads."""

    kind: Literal["rss", "atom", "rdf", "json"]
    title: str
    site_url: str | None = None
    description: str | None = None
    language: str | None = None
    items: tuple[FeedItem, ...] = ()
    ttl_seconds: int | None = None


@dataclass(frozen=True)
class SitemapEntry:
    """One page, or one further sitemap of an index. `title`, `published_at`, `language` come from news sitemaps."""

    url: str
    modified_at: datetime | None = None
    title: str | None = None
    published_at: datetime | None = None
    language: str | None = None
    is_news: bool = False


@dataclass(frozen=True)
class Sitemap:
    """A sitemap of pages (`urlset`) or of further sitemaps (`index`), in document order."""

    kind: Literal["urlset", "index"]
    entries: tuple[SitemapEntry, ...]

"""What passes through ingest: a raw document in, an article out of extraction, chunks out of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

# What can be read, by detected type: the word in API and UI, and the media type stored with the bytes.
TYPES = {
    "html": "text/html",
    "markdown": "text/markdown",
    "pdf": "application/pdf",
    "text": "text/plain",
}


# The news categories that sections are mapped to (IPTC's top level, in the words of front pages).
CATEGORIES = (
    "world", "politics", "business", "technology", "science", "health", "environment", "sport", "culture", "society",
    "crime", "opinion",
)  # fmt: skip

# What a publisher may say (Rights.directives). `no_ai` is a reservation of text and data mining or of use by models.
NOARCHIVE, NOSNIPPET, NO_AI = "noarchive", "nosnippet", "no_ai"


@dataclass(frozen=True)
class Rights:
    """What a publisher allows with a page. Stored on the document, enforced at retrieval and in prompts.

    `directives`: of NOARCHIVE (no full text is kept: the document holds what the feed published), NOSNIPPET (no passage
    is shown or quoted), NO_AI (no passage reaches a model or an answer). `max_snippet`: most characters of a passage.
    """

    directives: tuple[str, ...] = ()
    max_snippet: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Hints:
    """What a feed or sitemap said of a page before anybody read it: one vote among others in extraction.

    `text` is plain text, the feed's own summary or content. `category` is the one given to the source.
    """

    title: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    categories: tuple[str, ...] = ()
    language: str | None = None
    image_url: str | None = None
    text: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Selectors:
    """How to read the pages of one domain: XPath when it begins with `/` or `(`, else CSS. Data rows (SiteRule)."""

    content: str | None = None
    remove: str | None = None
    title: str | None = None
    authors: str | None = None
    published: str | None = None


@dataclass(frozen=True)
class RawDocument:
    """Bytes as they came. `content_type` and `filename` are claims; extraction looks at the bytes.

    Either `url` (a fetched page) or `filename` (an upload or pasted text) says where it came from.
    """

    content: bytes
    content_type: str | None = None
    url: str | None = None
    filename: str | None = None
    title: str | None = None
    fetched_at: datetime | None = None
    source_id: str | None = None
    hints: Hints | None = None
    rights: Rights = Rights()
    selectors: Selectors | None = None
    partial: bool = False


@dataclass(frozen=True)
class PageSpan:
    """The characters [start, end) of the text that page `number` (from 1) gave."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Article:
    """What extraction read. `text` is plain text with blank lines between paragraphs, never empty.

    `published_from` says where the date came from: json-ld, meta, time-tag, url, text, pdf-info, feed, rule, fetched.
    `published_offset` is the publisher's zone in minutes east of UTC. `category` is one of CATEGORIES, `category_from`
    where it came from: source, json-ld, meta, feed, url. `partial`: only part of the story is there.
    `quality` is 0..1; `quality_reasons` are stable words such as `short`, `boilerplate`, `low_confidence_encoding`.
    """

    title: str
    text: str
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_from: str | None = None
    published_offset: int | None = None
    language: str | None = None
    section: str | None = None
    category: str | None = None
    category_from: str | None = None
    image_url: str | None = None
    partial: bool = False
    quality: float = 1.0
    quality_reasons: tuple[str, ...] = ()
    pages: tuple[PageSpan, ...] = field(default=())


@dataclass(frozen=True)
class ChunkSpan:
    """A chunk: `text` equals the document's text[start:end] exactly."""

    ordinal: int
    start: int
    end: int
    text: str
    token_count: int

"""What passes through ingest: a raw document in, an article out of extraction, chunks out of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

# What can be read, by detected type: the word in API and UI, and the media type stored with the bytes; of an image its own.
TYPES = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "image": "image/png",
    "markdown": "text/markdown",
    "pdf": "application/pdf",
    "text": "text/plain",
}
# The types whose pages can be looked at. An image is read like a scanned PDF: JPEG and PNG are one page, TIFF may be many.
PAGED = ("pdf", "image")
# The images that are read, by their first bytes.
IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}
# The type of a table that is taken row by row: its rows are documents (of type csv), and it has no text of its own.
ROWS = "rows"
# The media type of such a row's own bytes: JSON, as extract/records/record.py writes it.
ROW_MEDIA = "application/vnd.tidings.row+json"

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
class Bookmark:
    """Where reading a long document goes on. What it says of the pages before is settled: their text never changes.

    `page`: pages read so far. `position`: characters of their text, which ends with `tail`. `heads`: running heads known
    by then. `pictures`: pages among them that were pictures of text. `reasons`: what is to be said about them.
    """

    page: int = 0
    position: int = 0
    tail: str = ""
    heads: tuple[str, ...] = ()
    pictures: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawDocument:
    """Bytes as they came. `content_type` and `filename` are claims; extraction looks at the bytes.

    Either `url` (a fetched page) or `filename` (an upload or pasted text) says where it came from. `password` opens an
    encrypted PDF. `folder` and `tags`: where a person puts it; a document that is there already stays where it is.
    `bookmark`: where to go on reading a PDF, a part at a time; None reads all of it.
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
    password: str | None = field(default=None, repr=False)
    folder: str = ""
    tags: tuple[str, ...] = ()
    bookmark: Bookmark | None = None


# Characters [start, end) of a page's text, and their box: left, top, right, bottom in parts of PARTS of the page.
WordPlace = tuple[int, int, int, int, int, int]
PARTS = 10_000


@dataclass(frozen=True)
class PageSpan:
    """The characters [start, end) of the text that page `number` (from 1) gave.

    Of a page that was recognised also: how sure that is, 0..1; by how many quarters against the clock it must be turned
    to be read; and where its words stand when it is turned so, since finding them again would cost seconds.
    """

    number: int
    start: int
    end: int
    confidence: float | None = None
    turn: int = 0
    words: tuple[WordPlace, ...] = ()


@dataclass(frozen=True)
class Article:
    """What extraction read. `text` is plain text with blank lines between paragraphs, empty only with `pictures`:
    the pages (from 1) whose text is in pictures and was not recognised.

    `published_from` says where the date came from: json-ld, meta, time-tag, url, text, pdf-info, docx-core, feed, rule,
    column, fetched.
    `published_offset` is the publisher's zone in minutes east of UTC. `category` is one of CATEGORIES, `category_from`
    where it came from: source, json-ld, meta, feed, url. `partial`: only part of the story is there.
    `quality` is 0..1; `quality_reasons` are stable words such as `short`, `boilerplate`, `low_confidence_encoding`.
    `page_count`: pages of a PDF that are read. `bookmark`: this is a part, and reading goes on there; its spans count from
    the start of the whole text.
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
    pictures: tuple[int, ...] = ()
    page_count: int | None = None
    bookmark: Bookmark | None = None


@dataclass(frozen=True)
class ChunkSpan:
    """A chunk: `text` equals the document's text[start:end] exactly."""

    ordinal: int
    start: int
    end: int
    text: str
    token_count: int

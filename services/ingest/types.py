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


@dataclass(frozen=True)
class PageSpan:
    """The characters [start, end) of the text that page `number` (from 1) gave."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Article:
    """What extraction read. `text` is plain text with blank lines between paragraphs, never empty.

    `published_from` says where the date came from: json-ld, meta, time-tag, url, text, pdf-info.
    `quality` is 0..1; `quality_reasons` are stable words such as `short`, `boilerplate`, `low_confidence_encoding`.
    """

    title: str
    text: str
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_from: str | None = None
    language: str | None = None
    section: str | None = None
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

"""What the parser's child process and its parent send each other, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.ingest.extract.looks import PageLook, look_json
from services.ingest.hints import hints_json, stored_hints
from services.ingest.types import PARTS, Article, Bookmark, PageSpan, RawDocument, Selectors, WordPlace


def request_json(raw: RawDocument, type_: str, look: PageLook | None = None) -> dict[str, Any]:
    """A document to read, or to look at, without its bytes, which follow."""
    return {
        "type": type_,
        "size": len(raw.content),
        "content_type": raw.content_type,
        "url": raw.url,
        "filename": raw.filename,
        "title": raw.title,
        "fetched_at": raw.fetched_at.isoformat() if raw.fetched_at else None,
        "source_id": raw.source_id,
        "password": raw.password,
        "hints": hints_json(raw.hints) if raw.hints else None,
        "selectors": asdict(raw.selectors) if raw.selectors else None,
        "look": look_json(look) if look else None,
        "bookmark": bookmark_json(raw.bookmark) if raw.bookmark else None,
    }


def raw_document(request: dict[str, Any], content: bytes) -> RawDocument:
    """The document of a request; the parent made it, so it is believed."""
    fields = {name: request[name] for name in ("content_type", "url", "filename", "title", "source_id", "password")}
    return RawDocument(
        content=content,
        fetched_at=datetime.fromisoformat(request["fetched_at"]) if request["fetched_at"] else None,
        hints=stored_hints(request["hints"]) if request["hints"] else None,
        selectors=Selectors(**request["selectors"]) if request["selectors"] else None,
        bookmark=read_bookmark(request["bookmark"]) if request["bookmark"] else None,
        **fields,
    )


def article_json(article: Article) -> dict[str, Any]:
    """What was read."""
    fields = dict(article.__dict__)
    fields["published_at"] = article.published_at.isoformat() if article.published_at else None
    fields["pages"] = [
        [span.number, span.start, span.end, span.confidence, span.turn, span.words] for span in article.pages
    ]
    fields["bookmark"] = bookmark_json(article.bookmark) if article.bookmark else None
    return fields


def bookmark_json(bookmark: Bookmark) -> dict[str, Any]:
    """A bookmark, also as it is kept on the document's row; read again with `read_bookmark`."""
    return asdict(bookmark)


def read_bookmark(fields: dict[str, Any]) -> Bookmark:
    """Rebuild a bookmark."""
    return Bookmark(
        page=int(fields["page"]),
        position=int(fields["position"]),
        tail=str(fields["tail"]),
        heads=tuple(str(head) for head in fields["heads"]),
        pictures=int(fields["pictures"]),
        reasons=tuple(str(reason) for reason in fields["reasons"]),
    )


def read_article(fields: Any) -> Article | None:
    """Rebuild the article. The child handled hostile bytes, so what it sends is checked, not believed."""
    try:
        return _article(fields)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _article(fields: Any) -> Article:
    published, offset = fields["published_at"], fields["published_offset"]
    return Article(
        title=str(fields["title"]),
        text=str(fields["text"]),
        authors=tuple(str(name) for name in fields["authors"]),
        published_at=datetime.fromisoformat(published) if published else None,
        published_from=_text_or_none(fields["published_from"]),
        published_offset=None if offset is None else int(offset),
        language=_text_or_none(fields["language"]),
        section=_text_or_none(fields["section"]),
        category=_text_or_none(fields["category"]),
        category_from=_text_or_none(fields["category_from"]),
        image_url=_text_or_none(fields["image_url"]),
        partial=bool(fields["partial"]),
        quality=float(fields["quality"]),
        quality_reasons=tuple(str(reason) for reason in fields["quality_reasons"]),
        pages=tuple(_page_span(*span) for span in fields["pages"]),
        pictures=tuple(int(number) for number in fields["pictures"]),
        page_count=None if fields["page_count"] is None else int(fields["page_count"]),
        bookmark=None if fields["bookmark"] is None else read_bookmark(fields["bookmark"]),
    )


def _page_span(number: Any, start: Any, end: Any, confidence: Any, turn: Any, words: Any) -> PageSpan:
    sure = None if confidence is None else float(confidence)
    return PageSpan(int(number), int(start), int(end), sure, int(turn), tuple(_word(*word) for word in words))


def _word(start: Any, end: Any, *box: Any) -> WordPlace:
    x0, y0, x1, y1 = (min(max(int(edge), 0), PARTS) for edge in box)
    return int(start), int(end), x0, y0, x1, y1


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)

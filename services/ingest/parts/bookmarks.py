"""Where reading a document goes on, and a part put behind what was read before. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.errors import ParseFailed
from services.ingest.extract.messages import read_bookmark
from services.ingest.types import Article, Bookmark
from services.models import Document

IN_PARTS = "pdf"


def begun(row: Document) -> Bookmark | None:
    """Where reading this document begins or goes on; None for types that are read as a whole."""
    if row.type != IN_PARTS:
        return None
    return read_bookmark(row.bookmark) if row.bookmark else Bookmark()


def joined(row: Document, part: Article) -> Article:
    """What was read of a document, by its row with its text, and the part that follows, as one article.

    What the first part said of the whole document stays, the language too, unless its pages had too little text to tell.
    The pages are those of the part.
    """
    return replace(
        part,
        title=row.title,
        text=(row.text or "") + part.text,
        authors=tuple(row.authors),
        published_at=row.published_at,
        published_from=row.published_from,
        published_offset=row.published_offset,
        language=row.language or part.language,
        section=row.section,
        category=row.category,
        category_from=row.category_from,
        image_url=row.image_url,
    )


def check_progress(start: Bookmark | None, article: Article) -> None:
    """Whether a part ends further on than it began: its reader handled hostile bytes. Raises ParseFailed."""
    following = article.bookmark
    if start is None or following is None:
        return
    if following.page <= start.page or following.position != start.position + len(article.text):
        raise ParseFailed("parser_crash", "The parser lost its place in this document. Try saving it anew.")


def with_reason(article: Article, reason: str) -> Article:
    """Say something more about an article, and remember it for the parts that follow."""
    following = article.bookmark
    if following is not None:
        following = replace(following, reasons=(*following.reasons, reason))
    return replace(article, quality_reasons=(*article.quality_reasons, reason), bookmark=following)

"""Hints as JSON, on the document's row and on their way to the parser's child process; and where nobody else knew.

The row's hints also hold the password of an encrypted document, sealed, until it was read or has failed.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from services.ingest.category import categorise
from services.ingest.types import Article, Hints

# The row's key for the sealed password, and what it is sealed for.
PASSWORD, SEALED_FOR = "password", "document-password"


def hints_json(hints: Hints) -> dict[str, Any]:
    """Hints as they are stored; read again with `stored_hints`."""
    fields = {name: value for name, value in asdict(hints).items() if value}
    if hints.published_at:
        fields["published_at"] = hints.published_at.isoformat()
    return fields


def stored_hints(fields: dict[str, Any]) -> Hints | None:
    """The hints of a stored document; None when nobody gave any."""
    fields = without_password(fields)
    if not fields:
        return None
    published = fields.get("published_at")
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    known["published_at"] = datetime.fromisoformat(published) if published else None
    return Hints(**known)


def hinted(article: Article, hints: Hints | None) -> Article:
    """An article whose bytes do not say when and by whom it was published, with what the hints say.

    Not for web pages, whose reader weighs the hints against what the page says.
    """
    if hints is None:
        return article
    given = (hints.category,) if hints.category else ()
    category, category_from = categorise({"source": given, "feed": hints.categories})
    dated = article.published_at or not hints.published_at
    return replace(
        article,
        authors=article.authors or hints.authors,
        published_at=article.published_at if dated else hints.published_at,
        published_from=article.published_from if dated else "feed",
        category=article.category or category,
        category_from=article.category_from if article.category else category_from,
    )


def without_password(fields: dict[str, Any]) -> dict[str, Any]:
    """The hints alone."""
    return {name: value for name, value in fields.items() if name != PASSWORD}

"""Citations, and the check that they hold: a quote must stand in its document at exactly its span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.answer.extractive import Choice
from services.answer.types import Citation, Source
from services.search.repository import page_of

VERBATIM = "verbatim"


def cite(choice: Choice, source: Source, pages: Sequence[dict[str, int]]) -> Citation:
    """The citation of a sentence that was taken word for word."""
    return Citation(
        source_number=source.number,
        document_id=source.document.id,
        start=choice.start,
        end=choice.end,
        quote=choice.text,
        match=VERBATIM,
        page=page_of(pages, choice.start),
    )


def holds(citation: Citation, texts: Mapping[str, str]) -> bool:
    """Whether the quoted words stand at the cited span of the document as it is stored now."""
    text = texts.get(citation.document_id)
    return text is not None and text[citation.start : citation.end] == citation.quote

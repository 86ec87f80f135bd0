"""What a publisher allows with a document, asked wherever its text is about to be shown, quoted or read by a model."""

from __future__ import annotations

from services.ingest.types import NO_AI, NOSNIPPET
from services.models import Document

WITHHELD = "The publisher does not allow showing this text here. Open the original page to read it."


def shown_characters(document: Document) -> int | None:
    """How much of its text may be shown at a time: None for all, 0 for nothing."""
    return 0 if NOSNIPPET in document.directives else document.max_snippet


def is_withheld(document: Document) -> bool:
    """Whether nothing of its text may be shown."""
    return shown_characters(document) == 0


def may_answer(document: Document) -> bool:
    """Whether answers may rest on it: its text may be shown, and its publisher does not reserve it from models."""
    return NO_AI not in document.directives and not is_withheld(document)


def cut_at_word(text: str, limit: int | None) -> str:
    """The first `limit` characters of a text, ending with a whole word; the text itself without a limit."""
    if limit is None or len(text) <= limit:
        return text
    end = limit
    while end > 0 and not text[end].isspace():
        end -= 1
    return text[:end].rstrip()

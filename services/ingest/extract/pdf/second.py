"""A second opinion on PDFs that MuPDF cannot read, or reads as garbage: PDFium."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pypdfium2

from services.ingest.extract.clean import tidy
from services.ingest.extract.text import paragraphs

# What fonts without a map to characters come out as.
UNKNOWN = re.compile("[\ufffd\x00-\x08\x0e-\x1f\ue000-\uf8ff]")
MAX_UNKNOWN_SHARE = 0.1


def is_garbage(text: str) -> bool:
    """Whether a text is mostly characters that mean nothing."""
    if text.isascii() and text.isprintable():
        return False
    return len(UNKNOWN.findall(text)) > len(text) * MAX_UNKNOWN_SHARE


class SecondOpinion:
    """The pages of one document as PDFium reads them. It is opened when first asked, and never raises."""

    def __init__(self, content: bytes, password: str) -> None:
        self._content, self._password = content, password
        self._document: Any = None
        self._failed = False

    @property
    def page_count(self) -> int:
        """Pages; 0 when it cannot be opened either."""
        return self._ask(len) or 0

    def page(self, index: int) -> list[str]:
        """The paragraphs of a page; none where there are none, or only garbage."""
        text = self._ask(lambda document: str(document[index].get_textpage().get_text_bounded())) or ""
        text = tidy(text)
        return [] if not text or is_garbage(text) else paragraphs(text).split("\n\n")

    def close(self) -> None:
        """Let the document go."""
        if self._document is not None:
            with suppress(pypdfium2.PdfiumError):
                self._document.close()

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """The answer of the document; nothing when PDFium fails, too."""
        if self._failed:
            return None
        try:
            if self._document is None:
                self._document = pypdfium2.PdfDocument(self._content, password=self._password or None)
            return question(self._document)
        except (pypdfium2.PdfiumError, ValueError, IndexError, OverflowError):
            self._failed = self._document is None
            return None

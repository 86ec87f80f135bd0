"""Long PDFs for tests: each page has a word that stands on no other, and a running head."""

from __future__ import annotations

import pymupdf

RUNNING_HEAD = "Harbour authority, yearly report"


def word_of(page: int) -> str:
    """A word that stands on this page and on no other."""
    return f"canary{page:04d}"


def long_pdf(pages: int, *, first: int = 1) -> bytes:
    """So many printed pages, numbered from `first`."""
    with pymupdf.open() as document:
        for number in range(first, first + pages):
            page = document.new_page(width=595, height=842)
            page.insert_text((60, 40), RUNNING_HEAD, fontsize=8)
            lines = [
                f"The {word_of(number)} chapter tells how the ferry of pier {number} was repaired.",
                f"It cost the town {number} thousand and took {number} weeks.",
            ]
            page.insert_textbox((60, 80, 535, 400), "\n".join(lines), fontsize=11)
            page.insert_text((280, 820), f"page {number}", fontsize=8)
        # Without an id of its own the same pages would be other bytes each time.
        return bytes(document.tobytes(no_new_id=True))

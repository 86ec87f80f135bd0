"""Reading documents: bytes in, an `Article` out.

`detect` looks at the bytes and is cheap enough for a request. `extract` runs a parser on content that nobody has
checked, so the product calls it through `sandbox.Sandbox`, in a child process; parsers are imported there only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Protocol

from services.errors import ParseFailed
from services.ingest.extract.clean import MAX_CHARACTERS, one_line, tidy
from services.ingest.extract.detect import detect, is_misnamed, media_type
from services.ingest.types import Article, RawDocument, Selectors

__all__ = [
    "READERS",
    "SCAN",
    "Limits",
    "check_selectors",
    "detect",
    "extract",
    "is_misnamed",
    "load_reader",
    "media_type",
]

# Type -> module with `read(raw, limits) -> Article`. Named, not imported: PyMuPDF and trafilatura cost up to a second
# and 120 MB, and belong in the child process. A new type is a line here, one in ingest/types.py and one in detect.py.
READERS = {
    "csv": "services.ingest.extract.sheet",
    "docx": "services.ingest.extract.office.docx",
    "html": "services.ingest.extract.web.html",
    "image": "services.ingest.extract.pdf.reader",
    "markdown": "services.ingest.extract.markdown",
    "pdf": "services.ingest.extract.pdf.reader",
    "text": "services.ingest.extract.text",
}
# Reads a PDF or an image once more, pages that are pictures of text included: slow and large, so it has a child of its own.
SCAN = "scan"
RECOGNISER = "services.ingest.extract.pdf.scan"
MAX_TITLE_CHARACTERS = 300
MAX_AUTHORS = 20
MAX_NAME_CHARACTERS = 120


class Limits(Protocol):
    """What a reader must respect; `Settings` has it, and so does the copy sent to the child process."""

    @property
    def max_pdf_pages(self) -> int:
        """Most pages read from one PDF."""

    @property
    def max_unpacked_mib(self) -> int:
        """Largest size of a compressed document once unpacked."""

    @property
    def max_ocr_pages(self) -> int:
        """Most pages of one document whose text is recognised."""


class Reader(Protocol):
    """What a module named in READERS offers; RECOGNISER has `recognise` instead."""

    def read(self, raw: RawDocument, limits: Limits) -> Article:
        """Read the document.

        Raises: ParseFailed with its reason.
        """

    def recognise(self, raw: RawDocument, limits: Limits, progress: Callable[[int, int], None]) -> Article:
        """Read the document, pictures of text included."""


def load_reader(type_: str) -> Reader:
    """Import the reader of a type; slow the first time."""
    reader: Reader = import_module(RECOGNISER if type_ == SCAN else READERS[type_])
    return reader


def check_selectors(selectors: Selectors) -> dict[str, str]:
    """What is wrong with the selectors of a site rule, one sentence by field; empty when all can be used.

    Compiles the expressions and reads no document, so it may be called in a request; brings lxml in (10 MB) once.
    """
    problems: dict[str, str] = import_module("services.ingest.extract.web.rules").check_selectors(selectors)
    return problems


def extract(raw: RawDocument, type: str, limits: Limits, progress: Callable[[int, int], None] | None = None) -> Article:
    """Read one document of a detected type, in this process. `progress` is told of pages in text recognition (SCAN).

    `text` has a blank line between paragraphs, is NFC and free of control characters and lone surrogates; page spans
    count its code points. The language is the recognised one when the text is long enough to be sure, else the
    document's own claim. A title given with the document wins over the one found in it.
    Raises: ParseFailed. Whatever else a parser raises on hostile bytes is reported as `damaged`, except MemoryError.
    """
    from services.ingest.extract.language import recognise

    try:
        reader = load_reader(type)
        article = reader.recognise(raw, limits, progress or _pass) if type == SCAN else reader.read(raw, limits)
    except (ParseFailed, MemoryError):
        raise
    except RecursionError as error:
        raise ParseFailed("too_complex", "The document is nested too deeply to be read.") from error
    except Exception as error:
        raise ParseFailed("damaged", "The document is damaged and could not be read. Try saving it anew.") from error
    text = article.text if article.pages else tidy(article.text)
    before = raw.bookmark.position if raw.bookmark else 0
    if not text and not article.pictures and not before and article.bookmark is None:
        raise ParseFailed("no_text", "There is no readable text in this document.")
    if before + len(text) > MAX_CHARACTERS:
        raise ParseFailed(
            "too_complex", f"The document holds more than {MAX_CHARACTERS:,} characters of text. Split it into parts."
        )
    names = dict.fromkeys(one_line(name, MAX_NAME_CHARACTERS) for name in article.authors)
    return replace(
        article,
        title=one_line(raw.title or article.title, MAX_TITLE_CHARACTERS),
        text=text,
        authors=tuple(name for name in names if name)[:MAX_AUTHORS],
        language=recognise(text, article.language),
        section=one_line(article.section or "", MAX_NAME_CHARACTERS) or None,
    )


def _pass(page: int, count: int) -> None:
    """Progress that nobody wants to know."""

"""Parts shared by the extraction tests: one warm sandbox and small PDFs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import pytest

from services.ingest.extract.sandbox import Sandbox
from services.settings import Settings


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with the default limits and a short clock, warm for the whole session."""
    sandbox = Sandbox(Settings(parse_seconds=20))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """Makes a PDF: a list of pages, each a list of (text, font size) lines; keywords go to its information."""
    with warnings.catch_warnings():
        # PyMuPDF's generated bindings define types without a module.
        warnings.simplefilter("ignore", DeprecationWarning)
        from services.ingest.extract.pdf.layout import pymupdf

    def make(
        pages: list[list[tuple[str, float]]], *, password: str = "", owner_password: str = "", **info: str
    ) -> bytes:
        with pymupdf.open() as document:
            for lines in pages:
                page = document.new_page()
                top = 72.0
                for text, size in lines:
                    page.insert_text((72, top), text, fontsize=size)
                    top += size * 1.2 if text else 24
            document.set_metadata(info)
            locked = {
                "encryption": pymupdf.PDF_ENCRYPT_AES_256,
                "user_pw": password,
                "owner_pw": owner_password or password,
            }
            return bytes(document.tobytes(**(locked if password or owner_password else {})))

    return make

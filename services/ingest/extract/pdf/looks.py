"""How the pages of a PDF look: their sizes, a picture of one, and where a span of its text stands."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from services.errors import ParseFailed
from services.ingest.extract import Limits
from services.ingest.extract.looks import MAX_PICTURE_PIXELS, PageLook
from services.ingest.extract.pdf.layout import COLUMNS, FLAGS, pymupdf
from services.ingest.extract.pdf.reader import PAGE_ERRORS, opened, raise_for_memory
from services.ingest.extract.places import Box, Place, Word, align, boxes_of, share_found
from services.ingest.types import RawDocument

# Three quarters of a PNG's bytes for print, far less for scans. More effort saves a fifth more and takes three times as long.
QUALITY, EFFORT = 80, 0
# WebP's own limit, less what rounding adds.
MAX_SIDE = 16_380
# A page whose words in MuPDF's order give less of its text was put in order by its columns.
IN_ORDER = 0.9
NO_PICTURE = "This page is damaged and cannot be drawn."


def sizes(raw: RawDocument, limits: Limits) -> list[tuple[float, float]]:
    """Width and height of each page in points, as it is shown; (0, 0) for one that cannot be loaded.

    Raises: ParseFailed as `reader.opened` does.
    """
    with opened(raw) as (document, _):
        found = []
        for number in range(1, min(document.page_count if document else 0, limits.max_pdf_pages) + 1):
            try:
                rect = _page(document, number).rect
                found.append((float(rect.width), float(rect.height)))
            except ParseFailed:
                found.append((0.0, 0.0))
        return found


def picture(raw: RawDocument, look: PageLook) -> tuple[bytes, int, int]:
    """A page as WebP of at most `look.width` pixels and MAX_PICTURE_PIXELS, turned by `look.turn` quarters; its sides.

    Raises: ParseFailed as `reader.opened` does, and `damaged`.
    """
    with opened(raw) as (document, _):
        page = _page(document, look.number)
        try:
            width, height = page.rect.width, page.rect.height
            scale = look.width / (height if look.turn % 2 else width)
            scale = min(scale, (MAX_PICTURE_PIXELS / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
            pixels = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False)
            drawn = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples)
        except (ZeroDivisionError, OverflowError, *PAGE_ERRORS) as error:
            raise_for_memory(error)
            raise ParseFailed("damaged", NO_PICTURE) from error
        if look.turn:
            drawn = drawn.rotate(90 * look.turn, expand=True)
        file = BytesIO()
        drawn.save(file, "WEBP", quality=QUALITY, method=EFFORT)
        return file.getvalue(), drawn.width, drawn.height


def boxes(raw: RawDocument, look: PageLook) -> list[Box]:
    """Where the characters [look.start, look.end) of the page's text stand, a box per line; none if it is not found.

    Raises: ParseFailed as `reader.opened` does, and `damaged`.
    """
    with opened(raw) as (document, _):
        return boxes_of(_places(_page(document, look.number), look.text), look.start, look.end)


def _places(page: Any, text: str) -> list[Place]:
    """The places of a page's words, read again in MuPDF's order, and by columns if that gives more."""
    best: list[Place] = []
    for flags in (FLAGS, COLUMNS):
        places = align(_words(page, flags), text)
        if share_found(places, text) > share_found(best, text):
            best = places
        if share_found(best, text) >= IN_ORDER:
            break
    return best


def _words(page: Any, flags: int) -> list[Word]:
    """Words as they stand: one that is broken at a line end is two, each with a box of its own."""
    try:
        rect, matrix = page.rect, page.rotation_matrix
        found = []
        text_page = page.get_textpage(flags=flags & ~pymupdf.TEXT_DEHYPHENATE)
        for x0, y0, x1, y1, text, *_ in text_page.extractWORDS():
            shown = pymupdf.Rect(x0, y0, x1, y1) * matrix & pymupdf.Rect(0, 0, rect.width, rect.height)
            if shown.is_valid and not shown.is_empty:
                sides = (rect.width, rect.height) * 2
                found.append(Word(text, *(edge / side for edge, side in zip(shown, sides, strict=True))))
        return found
    except PAGE_ERRORS as error:
        raise_for_memory(error)
        raise ParseFailed("damaged", "The words of this page cannot be read.") from error


def _page(document: Any | None, number: int) -> Any:
    if document is None:
        raise ParseFailed("damaged", NO_PICTURE)
    if number > document.page_count:
        raise ParseFailed("no_page", "There is no such page.")
    try:
        return document.load_page(number - 1)
    except PAGE_ERRORS as error:
        raise_for_memory(error)
        raise ParseFailed("damaged", NO_PICTURE) from error

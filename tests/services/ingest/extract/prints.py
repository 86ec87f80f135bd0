"""Known texts, printed as PDFs in one or two columns, and scanned: for measuring what is read of them."""

from __future__ import annotations

import difflib
import random
import re
import warnings
from typing import Any, NamedTuple

with warnings.catch_warnings():
    # PyMuPDF's generated bindings define types without a module.
    warnings.simplefilter("ignore", DeprecationWarning)
    from services.ingest.extract.pdf.layout import pymupdf

WORDS = (
    "the council of northern city voted on tuesday to build a bridge over river after years debate and mayor said it"
    " would open in spring while engineers from two firms examine ground near old harbour where ferries run hourly"
).split()
WIDTH, HEIGHT, MARGIN, GUTTER, SIZE = 595, 842, 60, 24, 10.5
FONT = pymupdf.Font("helv")


def story(count: int, seed: int = 1) -> list[str]:
    """So many paragraphs, with a heading before every third."""
    pick = random.Random(seed)
    paragraphs = []
    for number in range(count):
        if number % 3 == 0:
            paragraphs.append(f"Heading number {number}")
        sentences = [
            " ".join(pick.choices(WORDS, k=pick.randint(8, 14))).capitalize() + "." for _ in range(pick.randint(2, 4))
        ]
        paragraphs.append(" ".join(sentences))
    return paragraphs


class Known(NamedTuple):
    """A word as it was printed, and the core of its ink in fractions of the page: from the line it stands on, half its size up."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


def printed(paragraphs: list[str], columns: int = 1, *, across: bool = False, hyphens: bool = False) -> bytes:
    """One page. `across`: drawn line by line over both columns, as some programs do. `hyphens`: words broken at line ends."""
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for top, left, size, line in _drawn(paragraphs, columns, across=across, hyphens=hyphens):
            page.insert_text((left, top), line, fontsize=size)
        return bytes(document.tobytes())


def known_places(paragraphs: list[str], columns: int = 1, *, hyphens: bool = False) -> list[Known]:
    """Where `printed` puts the words, in the order of the text, by the font's own widths; halves of broken ones apart."""
    places = []
    for top, left, size, line in _drawn(paragraphs, columns, hyphens=hyphens):
        position = left
        for word in line.split(" "):
            end = position + FONT.text_length(word, size)
            places.append(Known(word, position / WIDTH, (top - size / 2) / HEIGHT, end / WIDTH, top / HEIGHT))
            position = end + FONT.text_length(" ", size)
    return places


def _drawn(
    paragraphs: list[str], columns: int, *, across: bool = False, hyphens: bool = False
) -> list[tuple[float, float, float, str]]:
    """Lines: baseline, left edge, size and text."""
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GUTTER) / columns
    share = -(-len(paragraphs) // columns)
    drawn: list[tuple[float, float, float, str]] = []
    for column in range(columns):
        top, left = 90.0, MARGIN + column * (width + GUTTER)
        for paragraph in paragraphs[column * share : (column + 1) * share]:
            size = SIZE * (1.3 if paragraph.startswith("Heading") else 1)
            for line in _wrapped(paragraph, width, size, hyphens=hyphens):
                drawn.append((top, left, size, line))
                top += SIZE * 1.25
            top += SIZE * 0.9
    if across:
        drawn.sort(key=lambda line: line[:2])
    return drawn


def scanned(content: bytes, dpi: int = 150, turn: int = 0) -> bytes:
    """The pages as pictures, turned by `turn` degrees."""
    with pymupdf.open(stream=content, filetype="pdf") as source, pymupdf.open() as document:
        for page in source:
            picture: Any = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
            sides = (WIDTH, HEIGHT) if turn % 180 == 0 else (HEIGHT, WIDTH)
            copy = document.new_page(width=sides[0], height=sides[1])
            copy.insert_image(copy.rect, pixmap=picture, rotate=turn)
        return bytes(document.tobytes())


def photographed(content: bytes, dpi: int = 150) -> bytes:
    """The first page as a JPEG that does not tell its resolution."""
    with pymupdf.open(stream=content, filetype="pdf") as source:
        return bytes(source[0].get_pixmap(dpi=dpi).tobytes("jpeg"))


def agreement(found: str, expected: str) -> float:
    """Share of characters that are the same and in the same order; white space counts as one space."""
    texts = [" ".join(text.split()) for text in (found, expected)]
    return difflib.SequenceMatcher(None, *texts, autojunk=False).ratio()


def _wrapped(paragraph: str, width: float, size: float, *, hyphens: bool = False) -> list[str]:
    lines, line = [], ""
    for word in paragraph.split():
        longer = f"{line} {word}".strip()
        half = f"{line} {word[:3]}-"
        if FONT.text_length(longer, size) <= width:
            line = longer
        elif hyphens and len(word) > 6 and word.isalpha() and FONT.text_length(half, size) <= width:
            lines.append(half)
            line = word[3:]
        else:
            lines.append(line)
            line = word
    return [*lines, line]


def spans_of_words(text: str, known: list[Known]) -> list[tuple[int, int, list[Known]]]:
    """The words of a text in order, each with its characters [start, end) and its place, two places when it was broken."""
    found, waiting = [], iter(known)
    for match in re.finditer(r"\S+", text):
        parts = [next(waiting)]
        if parts[0].text != match[0]:
            parts.append(next(waiting))
            assert parts[0].text.removesuffix("-") + parts[1].text == match[0]
        found.append((match.start(), match.end(), parts))
    return found


def is_boxed(boxes: list[Any], inside: list[Known], outside: list[Known]) -> bool:
    """Whether boxes lie over three quarters of the core of each word inside, and over the middle of none outside."""

    def share(word: Known) -> float:
        shared = (
            max(0.0, min(word.x1, box.x1) - max(word.x0, box.x0))
            * max(0.0, min(word.y1, box.y1) - max(word.y0, box.y0))
            for box in boxes
        )
        return max(shared, default=0.0) / ((word.x1 - word.x0) * (word.y1 - word.y0))

    def is_hit(word: Known) -> bool:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        return any(box.x0 < x < box.x1 and box.y0 < y < box.y1 for box in boxes)

    return all(share(word) >= 0.75 for word in inside) and not any(map(is_hit, outside))


def turned(word: Known, quarters: int) -> Known:
    """The place of a word on a page that is shown turned with the clock."""
    for _ in range(quarters):
        word = Known(word.text, 1 - word.y1, word.x0, 1 - word.y0, word.x1)
    return word

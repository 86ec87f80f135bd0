"""Setting text on pages: columns, headings and tables in the fonts that every PDF reader has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymupdf

A4 = (595, 842)
MARGIN, GUTTER, BOTTOM = 56, 24, 790
SERIF, BOLD = "tiro", "tibo"


@dataclass
class Paper:
    """A document that is filled from top to bottom, column by column, page by page."""

    columns: int = 1
    head: str = ""
    size: float = 10.5
    document: Any = field(default_factory=pymupdf.open)
    column: int = 0
    top: float = MARGIN
    y: float = 0.0

    def __post_init__(self) -> None:
        """Begin the first page."""
        self.turn()

    @property
    def width(self) -> float:
        """Width of a column, points."""
        return (A4[0] - 2 * MARGIN - GUTTER * (self.columns - 1)) / self.columns

    @property
    def x(self) -> float:
        """Left edge of the column."""
        return MARGIN + self.column * (self.width + GUTTER)

    def turn(self) -> None:
        """Begin a page."""
        self.page = self.document.new_page(width=A4[0], height=A4[1])
        self.column, self.top = 0, MARGIN + (18 if self.head else 0)
        self.y = self.top
        if self.head:
            self.line(MARGIN, MARGIN - 14, self.head, 8)

    def across(self, columns: int) -> None:
        """Go on in another number of columns, below what stands on the page."""
        self.columns, self.column, self.top = columns, 0, self.y

    def room(self, height: float) -> None:
        """Go to the next column or page when less than this is left."""
        if self.y + height <= BOTTOM:
            return
        if self.column + 1 < self.columns:
            self.column, self.y = self.column + 1, self.top
        else:
            self.turn()

    def line(self, x: float, y: float, text: str, size: float, font: str = SERIF) -> None:
        """One line of text, as it is."""
        self.page.insert_text((x, y + size), text, fontsize=size, fontname=font)

    def heading(self, text: str, size: float = 13) -> None:
        """A heading, kept with what follows."""
        self.room(size * 4)
        self.y += size * 0.6
        self.text(text, size=size, font=BOLD)

    def text(self, text: str, *, size: float | None = None, font: str = SERIF) -> None:
        """A paragraph."""
        size = size or self.size
        for line in wrapped(text, self.width, size, font):
            self.room(size * 1.25)
            self.line(self.x, self.y, line, size, font)
            self.y += size * 1.25
        self.y += size * 0.65

    def table(self, rows: Sequence[Sequence[str]], widths: Sequence[float], *, size: float = 9.5) -> None:
        """A table with ruled rows; its head stands on each page that it reaches. `widths` are shares of the column."""
        height = size * 1.7
        self._row(rows[0], widths, size, BOLD)
        for row in rows[1:]:
            if self.y + height > BOTTOM:
                self.turn()
                self._row(rows[0], widths, size, BOLD)
            self._row(row, widths, size, SERIF)
        self.y += size

    def _row(self, cells: Sequence[str], widths: Sequence[float], size: float, font: str) -> None:
        x = self.x
        for cell, share in zip(cells, widths, strict=True):
            self.line(x + 3, self.y + size * 0.2, cell, size, font)
            x += share * self.width
        self.y += size * 1.7
        self.page.draw_line((self.x, self.y), (self.x + self.width, self.y), width=0.4)

    def save(self, path: Path, title: str) -> None:
        """Write the file; without dates, so that it is the same each time."""
        for number, page in enumerate(self.document, start=1):
            self.page = page
            if self.head:
                self.line(A4[0] - MARGIN - 30, BOTTOM + 24, f"Page {number}", 8)
            page.clean_contents()
        self.document.set_metadata({"title": title})
        self.document.save(path, garbage=4, deflate=True, use_objstms=1, no_new_id=True)


def wrapped(text: str, width: float, size: float, font: str) -> list[str]:
    """A paragraph in lines of at most this width."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pymupdf.get_text_length(longer, fontname=font, fontsize=size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]

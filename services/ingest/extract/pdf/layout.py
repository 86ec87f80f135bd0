"""The paragraphs of a page, from the lines that MuPDF finds: its order and blocks, tables as rows, columns apart."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from services.ingest.extract.clean import tidy
from services.ingest.extract.places import Word

# PyMuPDF 2.0 imports its layout models and with them onnxruntime: 0.5 s, 64 MB and 270 MB of address space that plain
# text does not need. It treats the layout part as optional, so we say that it is not there.
sys.modules.setdefault("pymupdf.layout", None)  # type: ignore[arg-type]
import pymupdf as pymupdf  # noqa: E402

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

FLAGS = (
    pymupdf.TEXT_DEHYPHENATE
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
)
# Finds columns whatever the order of drawing; takes the columns of a table for columns of text, and five times as long.
COLUMNS = FLAGS | pymupdf.TEXT_SEGMENT | pymupdf.TEXT_PARAGRAPH_BREAK
SENTENCE_END = re.compile(r"""[.!?…:;。！？][)\]"'”’»」]*$""")
# A word broken at a line end. MuPDF's own mending (TEXT_DEHYPHENATE) leaves many, so it is done here alike for all.
LINE_HYPHEN = re.compile(r"([^\W\d_])-\n([a-zß-öø-ÿα-ωа-я])")
BROKEN_WORD = re.compile(r"[^\W\d_]-$")
ITEM_MARK = re.compile(r"(?:[-*•·–◦▪]|\(?[\dA-Za-z]{1,3}[.)]?(?:\d+\.?)*)$")
# Lines stand beside each other when they share this part of the smaller one's height.
BESIDE = 0.6
# Cells of a column begin, or end, within so many points of each other.
ALIGNED = 3.0
# White space between cells, in line heights; between words of justified text there is less.
CELL_GAP = 1.2
# A page drawn across its columns: so many rows, and this part of all, hold two runs of prose side by side.
PROSE_WORDS, PROSE_ROWS, PROSE_SHARE = 3, 8, 0.4
ARABIC = re.compile("[\u0600-\u06ff]")
ALEFS, LAM = "\u0622\u0623\u0625\u0627", "\u0644"


class Line(NamedTuple):
    """A line of text and where it stands, in points from the top left corner; recognised ones with their words."""

    block: int
    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    words: tuple[Word, ...] = ()


def paragraphs(page: Any) -> list[str]:
    """The page's paragraphs in reading order; consecutive rows of a table are one, a line each."""
    lines = _lines(page, FLAGS)
    rows = _rows(lines)
    prose = sum(len(row) > 1 and sum(line.text.count(" ") + 1 >= PROSE_WORDS for line in row) > 1 for row in rows)
    if prose >= PROSE_ROWS and prose >= len(rows) * PROSE_SHARE:
        rows = [[block] for block in _columns(page)]
    found: list[str] = []
    for paragraph, is_table in _runs(rows):
        goes_on = bool(found) and not is_table and paragraph[0].islower() and not SENTENCE_END.search(found[-1])
        if goes_on and "\n" not in found[-1]:
            found[-1] = joined(found[-1], paragraph)
        else:
            found.append(paragraph)
    return found


def joined(head: str, tail: str) -> str:
    """Two parts of a paragraph as one; a word broken by a hyphen is mended."""
    return head[:-1] + tail if BROKEN_WORD.search(head) else f"{head} {tail}"


def _lines(page: Any, flags: int) -> list[Line]:
    text_page = page.get_textpage(flags=flags)
    lines = list(_joined_words(text_page.extractWORDS()))
    if any(not line.text.isascii() and ARABIC.search(line.text) for line in lines):
        return list(mended_lines(text_page.extractRAWDICT()))
    return lines


def _joined_words(words: Iterable[tuple[float, float, float, float, str, int, int, int]]) -> Iterator[Line]:
    """Words as lines. Written out, as every word of every page passes here: half the time of grouping them."""
    parts: list[str] = []
    in_block = in_line = -1
    left = top = right = bottom = 0.0
    for x0, y0, x1, y1, word, block, line, _ in words:
        if line == in_line and block == in_block:
            parts.append(word)
            if x0 < left:
                left = x0
            if y0 < top:
                top = y0
            if x1 > right:
                right = x1
            if y1 > bottom:
                bottom = y1
            continue
        if parts:
            yield Line(in_block, left, top, right, bottom, " ".join(parts))
        parts, in_block, in_line = [word], block, line
        left, top, right, bottom = x0, y0, x1, y1
    if parts:
        yield Line(in_block, left, top, right, bottom, " ".join(parts))


def _columns(page: Any) -> Iterator[Line]:
    """Blocks of a page whose columns are found by the white space between them."""
    for number, (x0, y0, x1, y1, text, *_) in enumerate(page.get_text("blocks", flags=COLUMNS)):
        yield Line(number, x0, y0, x1, y1, text)


def mended_lines(page: dict[str, Any]) -> Iterator[Line]:
    """Lines of Arabic letters. A lam-alef is one glyph, whose letters MuPDF gives in the order of the eye: alef, lam."""
    for number, block in enumerate(page["blocks"]):
        for line in block.get("lines", ()):
            chars = [char for span in line["spans"] for char in span["chars"]]
            text = [char["c"] for char in chars]
            for index in range(len(chars) - 1):
                x0, _, x1, _ = chars[index]["bbox"]
                if text[index] in ALEFS and text[index + 1] == LAM and x1 - x0 < 0.01:
                    text[index], text[index + 1] = LAM, text[index]
            left, top, right, bottom = line["bbox"]
            yield Line(number, left, top, right, bottom, "".join(text))


def _rows(lines: list[Line]) -> list[list[Line]]:
    """Lines that follow each other and stand beside each other, together."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and _is_beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _is_beside(one: Line, other: Line) -> bool:
    if other.y0 >= one.y1:
        return False
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    apart = other.x0 >= one.x1 or other.x1 <= one.x0
    return apart and shared >= BESIDE * min(one.y1 - one.y0, other.y1 - other.y0)


def _runs(rows: list[list[Line]]) -> Iterator[tuple[str, bool]]:
    """Paragraphs, and whether each is a table."""
    plain: list[Line] = []
    index = 0
    while index < len(rows):
        end = index + 1
        while end < len(rows) and len(rows[index]) > 1 and _is_table(rows[end - 1], rows[end]):
            end += 1
        if end - index > 1:
            yield from _blocks(plain)
            plain = []
            yield "\n".join(tidy(" | ".join(line.text.strip() for line in row)) for row in rows[index:end]), True
        else:
            plain += rows[index]
        index = end
    yield from _blocks(plain)


def _is_table(row: list[Line], following: list[Line]) -> bool:
    """Whether two rows are of one table: cells below cells. Numbers and bullets before items are no cells."""
    if len(row) < 2 or len(following) < 2 or (ITEM_MARK.match(row[0].text.strip()) and len(row) == 2):
        return False
    height = row[0].y1 - row[0].y0
    if any(
        after.x0 - before.x1 < CELL_GAP * height for before, after in pairwise(sorted(row, key=lambda line: line.x0))
    ):
        return False
    pairs = sum(
        any(abs(one.x0 - other.x0) < ALIGNED or abs(one.x1 - other.x1) < ALIGNED for other in following) for one in row
    )
    return pairs >= 2


def _blocks(lines: list[Line]) -> Iterator[tuple[str, bool]]:
    """MuPDF's blocks as paragraphs, their lines joined."""
    for _, block in groupby(lines, key=lambda line: line.block):
        text = tidy("\n".join([line.text for line in block]))
        paragraph = (LINE_HYPHEN.sub(r"\1\2", text) if "-\n" in text else text).replace("\n", " ")
        if paragraph:
            yield paragraph, False

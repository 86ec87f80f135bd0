"""Pages that are pictures of text, read by text recognition (RapidOCR, with the models of its wheel)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from services.errors import ParseFailed
from services.ingest.extract import Limits
from services.ingest.extract.pdf.layout import Line, pymupdf
from services.ingest.extract.pdf.reader import PAGE_ERRORS, Page, article, opened, raise_for_memory, read_pages
from services.ingest.extract.pdf.recognised import paragraphs, words
from services.ingest.extract.places import Word
from services.ingest.types import Article, RawDocument

Progress = Callable[[int, int], None]
Picture = NDArray[np.uint8]

DPI, LEAST_DPI = 150, 50
# A page that would have more at LEAST_DPI is not drawn.
MAX_PIXELS = 40_000_000
# The classifier of upside-down lines is off: it turns good ones, too. Turned pages are found by their scores. Lines one
# by one: on one core that is a fifth faster than six together, which are padded to the longest.
PARAMETERS = {
    "Global.use_cls": False,
    "Rec.rec_batch_num": 1,
    # 8 % of the time, and the words are where they are printed to 2 points (bench/pdf.py).
    "Global.return_word_box": True,
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
# Lines below are dropped.
SURE_LINE = 0.85
# The mean of an upright page is .99 when its print is clear, of one upside down .6 to .75.
RIGHT_WAY_UP = 0.9
# Below, more than 3 characters in 100 are wrong: .98 at 46 dpi (1 in 100), .94 at 40 dpi (7 in 100), .83 at 36 (60).
SURE_PAGE = 0.95


class Reading(NamedTuple):
    """The lines of a picture in one position. `score`: the mean over characters; `upright`: most run from left to right."""

    lines: list[Line]
    scores: list[float]
    score: float
    upright: bool


def recognise(raw: RawDocument, limits: Limits, progress: Progress) -> Article:
    """Read a PDF or an image, the pages that are pictures by text recognition; before each `progress` is told page n of m in all.

    Each such page has its confidence in `pages`. Pages past `max_ocr_pages` stay pictures.
    Raises: ParseFailed as `reader.read` does, and `no_text` when nothing was legible.
    """
    with opened(raw) as (document, second):
        found = read_pages(document, second, limits.max_pdf_pages, raw.bookmark)
        pictures = [page for page in found.pages if page.is_picture]
        left = max(0, limits.max_ocr_pages - found.start.pictures)
        if len(pictures) > left:
            found.add_reason("truncated")
        scores: list[tuple[int, float]] = []
        turn = 0
        for page in pictures[:left]:
            progress(page.number, found.count)
            picture = draw(document, page.number)
            if picture is None:
                found.add_reason("skipped_pages")
                continue
            turn, reading = read_picture(picture, turn)
            scores.append((sum(len(line.text) for line in reading.lines), reading.score))
            _take(page, reading, turn)
        if any(characters for characters, _ in scores) and _mean(scores) < SURE_PAGE:
            found.add_reason("ocr_low_confidence")
        result = article(document, found)
        if not result.text and not found.start.position and result.bookmark is None:
            raise ParseFailed("no_text", "No text could be recognised in this document. Try a sharper scan.")
        return result


def draw(document: Any, number: int) -> Picture | None:
    """A page as a picture of at most MAX_PIXELS; None when it is too large or cannot be drawn."""
    try:
        page = document.load_page(number - 1)
        inches = page.rect.width / 72 * (page.rect.height / 72)
        dpi = int(min(DPI, _sharpness(page), (MAX_PIXELS / max(inches, 0.01)) ** 0.5))
        if dpi < LEAST_DPI:
            return None
        pixels = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csRGB, alpha=False)
        return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)
    except PAGE_ERRORS as error:
        raise_for_memory(error)
        return None


def _sharpness(page: Any) -> float:
    """The pixels per inch of an image by itself, which may call itself huge: more only cost time. No limit for a PDF."""
    if page.parent.is_pdf:
        return inf
    return max((image["width"] / page.rect.width * 72 for image in page.get_image_info()), default=inf)


def read_picture(picture: Picture, turn: int) -> tuple[int, Reading]:
    """Read a picture in the position in which it can be read: quarter turns, and what was read.

    `turn` is tried first: pages of one scan lie alike. A page that reads well there costs one recognition, another two
    or three.
    """
    first = _read(picture, turn)
    if not first.lines or (first.upright and first.score >= RIGHT_WAY_UP):
        return turn, first
    others = (turn + 2,) if first.upright else (turn + 1, turn + 3)
    readings = [(turn, first), *((other % 4, _read(picture, other)) for other in others)]
    return max(readings, key=lambda entry: (entry[1].upright, entry[1].score))


def _take(page: Page, reading: Reading, turn: int) -> None:
    """Put what was read onto the page, unless the page has more text of its own."""
    kept = [line for line, score in zip(reading.lines, reading.scores, strict=True) if score >= SURE_LINE]
    blocks = paragraphs(kept)
    page.is_picture = False
    if sum(map(len, blocks)) > sum(map(len, page.blocks)):
        page.blocks, page.confidence = blocks, round(reading.score, 3)
        page.turn, page.words = turn % 4, words(kept)


def _read(picture: Picture, turn: int) -> Reading:
    turned = np.ascontiguousarray(np.rot90(picture, turn))
    result = _engine()(turned)
    if result.boxes is None or not result.txts:
        return Reading([], [], 0.0, True)
    sides = turned.shape[1], turned.shape[0]
    found = result.word_results or [()] * len(result.txts)
    lines = [
        Line(0, *_around(box), text, tuple(_word(word, corners, sides) for word, _, corners in in_line if corners))
        for box, text, in_line in zip(result.boxes, result.txts, found, strict=True)
    ]
    scores = [float(score) for score in result.scores]
    characters = sum(len(line.text) for line in lines)
    wide = sum(len(line.text) for line in lines if line.x1 - line.x0 >= line.y1 - line.y0)
    score = _mean([(len(line.text), score) for line, score in zip(lines, scores, strict=True)])
    return Reading(lines, scores, score, 2 * wide >= characters)


def _around(corners: Any) -> tuple[float, float, float, float]:
    """The upright box around the corners of another one."""
    x, y = zip(*corners, strict=True)
    return float(min(x)), float(min(y)), float(max(x)), float(max(y))


def _word(text: str, corners: Any, sides: tuple[int, int]) -> Word:
    x0, y0, x1, y1 = (min(max(edge / side, 0.0), 1.0) for edge, side in zip(_around(corners), sides * 2, strict=True))
    return Word(text, x0, y0, x1, y1)


def _mean(weighted: Sequence[tuple[int, float]]) -> float:
    """The mean of scores by weight; nothing of nothing."""
    total = sum(weight for weight, _ in weighted)
    return sum(weight * score for weight, score in weighted) / total if total else 0.0


@cache
def _engine() -> Any:
    """The models, loaded once per process: 1 s and 0.5 GB."""
    return RapidOCR(params=PARAMETERS)

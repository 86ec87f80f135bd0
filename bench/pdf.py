"""Reading the text of PDFs beside pypdf, and how much text recognition is spared on pages that have text.

    python -m bench.pdf [--pages 40] [--rounds 3]

Speed: known texts in one and two columns with an embedded font, and with one that is built in, there with words broken
at line ends. Both sides open the file and give the text of every page, in turns in this process; processor time, best
round of each. The figure is pages per second, ours to pypdf's; it counts only where our agreement with the known texts
is no lower.

Recognition: a set of digital pages, pages with a picture over most of them, scans under an invisible layer of text, and
bare scans. Counts which pages with text were not recognised, and how the bare scans were read; beside it the time of
recognising every page. Fails below TARGET, below AVOIDED, or where a scan is read worse than SCAN_AGREEMENT.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pypdf

from bench.common import Target, record
from services.ingest.extract.pdf import reader, scan
from services.ingest.extract.pdf.layout import pymupdf
from services.ingest.types import RawDocument
from services.settings import Settings
from tests.services.ingest.extract.prints import GUTTER, HEIGHT, MARGIN, WIDTH, agreement, printed, scanned, story

TARGET = Target(10)
AVOIDED, SCAN_AGREEMENT = 0.95, 0.97
# What rounding and a wrong blank may cost before texts no longer count as equally good.
SLACK = 0.002
SETTINGS = Settings()
# Recognising every page is timed on one in so many.
SAMPLED = 4


@dataclass(frozen=True)
class Print:
    """A PDF and the text of each of its pages."""

    content: bytes
    texts: list[str]


def main() -> int:
    """Measure both, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=40, help="pages of each kind of print")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    report: dict[str, Any] = {"pypdf": pypdf.__version__, "mupdf": pymupdf.VersionFitz}
    seconds, equal, pages = {"ours": 0.0, "pypdf": 0.0}, True, 0
    for name, sample in prints(options.pages).items():
        found = compare(sample, options.rounds)
        report[name] = found
        equal &= found["agreement"]["ours"] >= found["agreement"]["pypdf"] - SLACK
        pages += len(sample.texts)
        for side in seconds:
            seconds[side] += found["seconds"][side]
    report["pages_per_second"] = {side: round(pages / spent, 1) for side, spent in seconds.items()}
    spared = recognition()
    report["recognition"] = spared
    enough = spared["avoided"] >= AVOIDED and spared["scans_agreement"] >= SCAN_AGREEMENT
    figure = round(seconds["pypdf"] / seconds["ours"], 2)
    return record("pdf", "PDF pages read per second / pypdf", figure, TARGET, report, also=equal and enough)


def prints(count: int) -> dict[str, Print]:
    """Samples of so many pages each."""
    return {
        "one column": joined([(set_from_html(text, 1), text) for text in stories(count, 8)]),
        "two columns": joined([(set_from_html(text, 2), text) for text in stories(count, 16)]),
        "built-in font, one column": joined([(printed(text), text) for text in stories(count, 8)]),
        "built-in font, broken words": joined([(printed(text, 2, hyphens=True), text) for text in stories(count, 16)]),
    }


def stories(count: int, paragraphs: int) -> list[list[str]]:
    # Without the first heading: on every page alike, it would be a running head.
    return [story(paragraphs, seed)[1:] for seed in range(count)]


def joined(pages: list[tuple[bytes, list[str]]]) -> Print:
    """One PDF of the pages."""
    with pymupdf.open() as document:
        for content, _ in pages:
            with pymupdf.open(stream=content, filetype="pdf") as page:
                document.insert_pdf(page)
        return Print(bytes(document.tobytes(garbage=4, deflate=True)), ["\n\n".join(text) for _, text in pages])


def set_from_html(paragraphs: list[str], columns: int) -> bytes:
    """A page with an embedded font that is addressed by glyphs, as nearly all programs write them."""
    width, share = (WIDTH - 2 * MARGIN) / columns, -(-len(paragraphs) // columns)
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for column in range(columns):
            left = MARGIN + column * width
            body = "".join(f"<p>{text}</p>" for text in paragraphs[column * share : (column + 1) * share])
            box = (left, MARGIN, left + width - GUTTER, HEIGHT - MARGIN)
            page.insert_htmlbox(box, body, css="p { font-size: 10px }")
        return bytes(document.tobytes())


def compare(sample: Print, rounds: int) -> dict[str, Any]:
    """Seconds and agreement of both sides."""
    sides: dict[str, Callable[[bytes], list[str]]] = {"ours": read_ours, "pypdf": read_pypdf}
    best = dict.fromkeys(sides, float("inf"))
    texts: dict[str, list[str]] = {}
    for _ in range(rounds):
        for side, read in sides.items():
            started = time.process_time()
            texts[side] = read(sample.content)
            best[side] = min(best[side], time.process_time() - started)
    scores = {
        side: [agreement(*pair) for pair in zip(found, sample.texts, strict=True)] for side, found in texts.items()
    }
    return {
        "seconds": {side: round(spent, 4) for side, spent in best.items()},
        "ratio": round(best["pypdf"] / best["ours"], 2),
        "agreement": {side: round(sum(each) / len(each), 4) for side, each in scores.items()},
    }


def read_ours(content: bytes) -> list[str]:
    """As the product does, in the child's own process: paragraphs, running heads, title and all."""
    article = reader.read(RawDocument(content), SETTINGS)
    return [article.text[page.start : page.end] for page in article.pages]


def read_pypdf(content: bytes) -> list[str]:
    """As its documentation shows."""
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def recognition() -> dict[str, Any]:
    """Which pages were recognised in a mixed file, and what recognising all of them would cost."""
    with_text, bare = [], []
    for seed in range(5):
        text = story(5, seed)
        with_text += [printed(text), beside_picture(text, seed), under_text(text)]
    for seed in range(5, 8):
        bare.append(story(4, seed))
    contents = [*with_text, *(scanned(printed(text)) for text in bare)]
    sample = joined([(content, [""]) for content in contents])
    started = time.perf_counter()
    article = scan.recognise(RawDocument(sample.content), SETTINGS, lambda page, count: None)
    ours = time.perf_counter() - started
    recognised = {page.number for page in article.pages if page.confidence is not None}
    last = len(with_text)
    read = [article.text[page.start : page.end] for page in article.pages if page.number > last]
    scores = [agreement(found, "\n\n".join(text)) for found, text in zip(read, bare, strict=True)]
    started = time.perf_counter()
    with pymupdf.open(stream=sample.content, filetype="pdf") as document:
        for number in range(1, len(contents) + 1, SAMPLED):
            picture = scan.draw(document, number)
            if picture is not None:
                scan.read_picture(picture, 0)
    everything = (time.perf_counter() - started) * SAMPLED
    return {
        "pages_with_text": last,
        "bare_scans": len(bare),
        "avoided": round(sum(number not in recognised for number in range(1, last + 1)) / last, 4),
        "scans_recognised": sum(number > last for number in recognised),
        "scans_agreement": round(sum(scores) / len(scores), 4),
        "seconds": {"ours": round(ours, 1), "every page": round(everything, 1)},
        "every page / ours": round(everything / ours, 1),
    }


def beside_picture(paragraphs: list[str], seed: int) -> bytes:
    """A printed page with a picture over most of it, under the text."""
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        picture = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 64, 64))
        picture.set_rect(picture.irect, (200 + seed, 220, 240))
        page.insert_image((0, 0, WIDTH, HEIGHT * 0.7), pixmap=picture, keep_proportion=False)
        with pymupdf.open(stream=printed(paragraphs), filetype="pdf") as text:
            page.show_pdf_page(page.rect, text, 0)
        return bytes(document.tobytes())


def under_text(paragraphs: list[str]) -> bytes:
    """A scan with the invisible text that another program's recognition left over it."""
    with (
        pymupdf.open(stream=scanned(printed(paragraphs)), filetype="pdf") as document,
        pymupdf.open(stream=printed(paragraphs), filetype="pdf") as text,
    ):
        for x0, _, _, y1, word, *_ in text[0].get_text("words"):
            document[0].insert_text((x0, y1 - 3), word, fontsize=10.5, render_mode=3)
        return bytes(document.tobytes())


if __name__ == "__main__":
    sys.exit(main())

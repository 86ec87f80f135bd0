"""PDF: the text of each page in reading order, as paragraphs."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from services.errors import ParseFailed
from services.ingest.extract import Limits
from services.ingest.extract.clean import MAX_CHARACTERS, one_line, tidy
from services.ingest.types import Article, PageSpan, RawDocument

# PyMuPDF 2.0 imports its layout models and with them onnxruntime: 0.5 s, 64 MB and 270 MB of address space that plain
# text does not need. It treats the layout part as optional, so we say that it is not there.
sys.modules.setdefault("pymupdf.layout", None)  # type: ignore[arg-type]
import pymupdf  # noqa: E402

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

TEXT_BLOCK = 0
FLAGS = (
    pymupdf.TEXT_DEHYPHENATE
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
)
INFO_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:([+-])(\d{2})'?(\d{2})?|Z)?")
FILE_NAME = re.compile(
    r"\.(?:pdf|docx?|indd|qxd|pptx?|xlsx?|tex|dvi|ps|p65|rtf|odt|cdr)\b"
    r"|^(?:untitled|microsoft word|slide 1|document\d*$)",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"""[.!?…:;。！？][)\]"'”’»」]*$""")
# A word broken at a line end. MuPDF's own mending (TEXT_DEHYPHENATE) leaves many, so it is done here alike for all.
LINE_HYPHEN = re.compile(r"([^\W\d_])-\n([a-zß-öø-ÿα-ωа-я])")
BROKEN_WORD = re.compile(r"[^\W\d_]-$")
# A line at the top or bottom that stands on more than this share of pages is a running head, not text.
REPEATED_SHARE = 0.5
MIN_PAGES_FOR_HEADS = 4
HEAD_CHARACTERS = 160
# Pages in a row that cannot be loaded, after which the rest is given up: damaged files claim millions of pages.
MAX_BROKEN_RUN = 50
TITLE_CHARACTERS = 200
SCAN = "This PDF has no text: it looks like a scan. Run it through text recognition (OCR) and upload the result."
PAGES_SEARCHED_FOR_IMAGES = 10


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read a PDF that has text. An empty password is tried; forms, attachments and scripts are ignored."""
    try:
        document = pymupdf.open(stream=raw.content, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError, ValueError) as error:
        raise ParseFailed(
            "damaged", "This PDF is damaged and cannot be opened. Export or download it again."
        ) from error
    with document:
        if document.needs_pass and not document.authenticate(""):
            raise ParseFailed(
                "encrypted", "This PDF is protected by a password. Save a copy without one and upload that."
            )
        return _read(document, limits.max_pdf_pages)


def _read(document: Any, max_pages: int) -> Article:
    pages, reasons = _pages(document, max_pages)
    text, spans = _lay_out(_without_running_heads(pages))
    if not text:
        if reasons and not any(blocks for _, blocks in pages) and "damaged_pages" in reasons:
            raise ParseFailed("damaged", "No page of this PDF could be read. Export or download it again.")
        raise ParseFailed("no_text", SCAN if _has_images(document) else "There is no text on the pages of this PDF.")
    info = document.metadata or {}
    published = _info_date(info.get("creationDate") or "")
    title = one_line(info.get("title") or "", TITLE_CHARACTERS)
    return Article(
        title=title if title and not FILE_NAME.search(title) else _largest_line(document),
        text=text,
        authors=tuple(name.strip() for name in re.split(r"[;,&]| and ", info.get("author") or "") if name.strip()),
        published_at=published,
        published_from="pdf-info" if published else None,
        quality_reasons=tuple(reasons),
        pages=spans,
    )


def _pages(document: Any, max_pages: int) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Number and text blocks of each page that can be read, and what is to be said about the rest."""
    pages: list[tuple[int, list[str]]] = []
    reasons = []
    broken = characters = 0
    count = document.page_count
    if count > max_pages:
        reasons.append("truncated")
    for index in range(min(count, max_pages)):
        try:
            blocks = _blocks(document.load_page(index))
        except (RuntimeError, ValueError, AttributeError, pymupdf.mupdf.FzErrorBase) as error:
            if "malloc" in str(error) or "memory" in str(error):
                raise MemoryError from error
            broken += 1
            if broken == 1:
                reasons.append("damaged_pages")
            if broken > MAX_BROKEN_RUN and not pages:
                break
            continue
        pages.append((index + 1, blocks))
        characters += sum(map(len, blocks))
        if characters > MAX_CHARACTERS:
            raise ParseFailed(
                "too_complex", f"This PDF holds more than {MAX_CHARACTERS:,} characters of text. Split it into parts."
            )
    return pages, reasons


def _blocks(page: Any) -> list[str]:
    """The page's paragraphs: MuPDF's blocks, lines joined, a block that goes on in the next one joined to it."""
    found: list[str] = []
    for block in page.get_text("blocks", flags=FLAGS):
        if block[6] != TEXT_BLOCK:
            continue
        paragraph = LINE_HYPHEN.sub(r"\1\2", tidy(block[4])).replace("\n", " ")
        if not paragraph:
            continue
        if found and paragraph[0].islower() and not SENTENCE_END.search(found[-1]):
            found[-1] = _joined(found[-1], paragraph)
        else:
            found.append(paragraph)
    return found


def _joined(head: str, tail: str) -> str:
    """Two parts of a paragraph as one; a word broken by a hyphen is mended."""
    return head[:-1] + tail if BROKEN_WORD.search(head) else f"{head} {tail}"


def _without_running_heads(pages: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Drop first and last blocks that return on most pages; page numbers differ, so digits count as equal."""
    if len(pages) < MIN_PAGES_FOR_HEADS:
        return pages
    edges = [block for _, blocks in pages if len(blocks) > 1 for block in (blocks[0], blocks[-1])]
    seen = Counter(_shape(block) for block in edges if len(block) <= HEAD_CHARACTERS)
    repeated = {shape for shape, count in seen.items() if count > len(pages) * REPEATED_SHARE}

    def body(blocks: list[str]) -> list[str]:
        first = 1 if len(blocks) > 1 and _shape(blocks[0]) in repeated else 0
        last = len(blocks) - 1 if len(blocks) > first + 1 and _shape(blocks[-1]) in repeated else len(blocks)
        return blocks[first:last]

    return [(number, body(blocks)) for number, blocks in pages]


def _shape(block: str) -> str:
    return re.sub(r"\d+", "#", block)


def _lay_out(pages: list[tuple[int, list[str]]]) -> tuple[str, tuple[PageSpan, ...]]:
    """One text and the span of each page in it. A paragraph that runs over a page break is joined by a space."""
    parts: list[str] = []
    spans: list[PageSpan] = []
    position = 0
    for number, blocks in pages:
        page = "\n\n".join(blocks)
        if not page:
            continue
        if parts:
            runs_on = page[0].islower() and not SENTENCE_END.search(parts[-1][-10:])
            separator = " " if runs_on else "\n\n"
            parts.append(separator)
            position += len(separator)
        spans.append(PageSpan(number, position, position + len(page)))
        parts.append(page)
        position += len(page)
    return "".join(parts), tuple(spans)


def _has_images(document: Any) -> bool:
    try:
        return any(
            document.get_page_images(index) for index in range(min(document.page_count, PAGES_SEARCHED_FOR_IMAGES))
        )
    except (RuntimeError, ValueError, pymupdf.mupdf.FzErrorBase):
        return False


def _largest_line(document: Any) -> str:
    """The largest print in the upper two thirds of the first page, if it is no longer than a title."""
    try:
        page = document.load_page(0)
        lines = [
            (round(span["size"], 1), line["bbox"][1], span["text"])
            for line in _lines(page)
            for span in line["spans"]
            if span["text"].strip()
        ]
    except (RuntimeError, ValueError, IndexError, pymupdf.mupdf.FzErrorBase):
        return ""
    upper = [entry for entry in lines if entry[1] < page.rect.height * 2 / 3]
    size = max((entry[0] for entry in upper), default=0.0)
    title = " ".join(text.strip() for entry_size, _, text in upper if entry_size == size)
    return one_line(title, TITLE_CHARACTERS + 1) if 3 < len(title) <= TITLE_CHARACTERS else ""


def _lines(page: Any) -> Iterator[Any]:
    for block in page.get_text("dict", flags=FLAGS)["blocks"]:
        yield from block.get("lines", ())


def _info_date(value: str) -> datetime | None:
    """A date string of the document information dictionary (PDF 1.7, 7.9.4)."""
    match = INFO_DATE.match(value)
    if not match:
        return None
    year, month, day, hour, minute, second = (
        int(part) if part else default for part, default in zip(match.groups()[:6], (0, 1, 1, 0, 0, 0), strict=True)
    )
    sign, hours, minutes = match.groups()[6:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment <= datetime.now(UTC) + timedelta(days=1) else None

"""PDF and images: the text of each page in reading order, as paragraphs. To MuPDF an image is a document of one picture a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from services.errors import ParseFailed
from services.ingest.extract import Limits
from services.ingest.extract.clean import MAX_CHARACTERS, is_file_name, one_line
from services.ingest.extract.pdf.layout import FLAGS, SENTENCE_END, paragraphs, pymupdf
from services.ingest.extract.pdf.second import SecondOpinion, is_garbage
from services.ingest.extract.places import Word, align
from services.ingest.types import IMAGES, PARTS, Article, Bookmark, PageSpan, RawDocument, WordPlace

INFO_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:([+-])(\d{2})'?(\d{2})?|Z)?")
# A line at the top or bottom that stands on more than this share of pages is a running head, not text.
REPEATED_SHARE = 0.5
MIN_PAGES_FOR_HEADS = 4
HEAD_CHARACTERS = 160
# Pages in a row that cannot be loaded, after which the rest is given up: damaged files claim millions of pages.
MAX_BROKEN_RUN = 50
TITLE_CHARACTERS = 200
# A part of a long document: so many pages, later half as many as were read before, so that the parts stay few. What is
# less than half a part is read with the one before it: a document of up to 71 pages is read in one.
PART_PAGES = 48
# Pages to recognise take seconds each: so many end a part, and are what a killed process loses.
PART_PICTURES = 6
# Characters by which the end of a text tells whether its last sentence is over.
TAIL_CHARACTERS = 10
# A page with less text than this is a picture when an image covers most of it: stamps and page numbers are no text.
FEW_CHARACTERS = 40
PICTURE_SHARE = 0.5
# At this resolution ink shows, and a blank page costs next to nothing.
INK_DPI = 18
AGAIN = "Export or download it again."
LOCKED = "This PDF is protected by a password. Try it again with its password, or save a copy without one."
WRONG = "The password does not open this PDF. Try it again with the right one."
# What MuPDF raises on hostile bytes.
PAGE_ERRORS = (RuntimeError, ValueError, AttributeError, IndexError, pymupdf.mupdf.FzErrorBase)


@dataclass
class Page:
    """What one page gave. `is_picture`: it shows something that is no text.

    Of recognised text: how sure it is, the quarters by which the picture was turned, and its words in reading order.
    """

    number: int
    blocks: list[str]
    is_picture: bool = False
    confidence: float | None = None
    turn: int = 0
    words: Sequence[Word] = ()


@dataclass
class Pages:
    """The pages that could be read, and what is to be said about the rest.

    `count`: pages of the document. `start`: what is known of those before; `end`: pages read so far, broken ones too.
    `picture_count`: pages among these that are pictures, recognised or not.
    """

    count: int
    start: Bookmark
    end: int = 0
    pages: list[Page] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    picture_count: int = 0

    def add_reason(self, reason: str) -> None:
        """Say it once."""
        if reason not in self.reasons:
            self.reasons.append(reason)


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read the text of a PDF or an image; pages that are pictures are named in `pictures`. Forms, attachments, scripts are ignored.

    The document's password is tried, else an empty one. PDFium is asked where MuPDF fails, finds nothing on a page or reads garbage.
    """
    with opened(raw) as (document, second):
        return article(document, read_pages(document, second, limits.max_pdf_pages, raw.bookmark))


@contextmanager
def opened(raw: RawDocument) -> Iterator[tuple[Any | None, SecondOpinion]]:
    """The document as MuPDF and PDFium see it; one of them may fail to.

    Raises: ParseFailed `encrypted`, `damaged`.
    """
    second = SecondOpinion(raw.content, raw.password or "")
    document = _open(raw.content)
    try:
        if document is not None and document.needs_pass and not _unlock(document, raw.password):
            raise ParseFailed("encrypted", WRONG if raw.password else LOCKED)
        if (document is None or not _count(document)) and not second.page_count:
            raise ParseFailed("damaged", f"This {_kind(raw.content)} is damaged and cannot be opened. {AGAIN}")
        yield document, second
    finally:
        second.close()
        if document is not None:
            document.close()


def read_pages(document: Any | None, second: SecondOpinion, max_pages: int, start: Bookmark | None) -> Pages:
    """The text of each page that can be read: of all of them, or of the part that begins at `start`.

    Where a part ends depends on the document alone, so that reading it again gives the same part.
    Raises: ParseFailed `too_complex` for a text of more than MAX_CHARACTERS; MemoryError.
    """
    count = _count(document) or second.page_count
    found = Pages(min(count, max_pages), start or Bookmark())
    found.reasons += found.start.reasons
    if count > max_pages:
        found.add_reason("truncated")
    first, last = found.start.page, found.count if start is None else _end_of_part(start.page, found.count)
    broken, characters = 0, found.start.position
    for index in range(first, last):
        page = _page(document, second, index)
        found.end = index + 1
        if page is None:
            found.add_reason("damaged_pages")
            broken += 1
            if broken > MAX_BROKEN_RUN and not found.pages:
                break
            continue
        found.pages.append(page)
        found.picture_count += page.is_picture
        characters += sum(map(len, page.blocks))
        if characters > MAX_CHARACTERS:
            raise ParseFailed(
                "too_complex", f"This PDF holds more than {MAX_CHARACTERS:,} characters of text. Split it into parts."
            )
        if start is not None and found.picture_count == PART_PICTURES:
            break
    return found


def _end_of_part(first: int, count: int) -> int:
    """The page before which a part ends that begins at page `first`, from 0."""
    last = first + max(PART_PAGES, first // 2)
    return count if count - last < PART_PAGES // 2 else last


def article(document: Any | None, found: Pages) -> Article:
    """The article of a document's pages; without text when all of it is in pictures.

    Raises: ParseFailed `damaged`, `no_text`, unless there was text before or more pages follow.
    """
    pictures = tuple(page.number for page in found.pages if page.is_picture)
    heads = {*found.start.heads, *_running_heads(found.pages)}
    text, spans = _lay_out([_without(heads, page) for page in found.pages], found.start)
    # A part of which no page can be read is the last one.
    bookmark = _bookmark(found, text, heads) if found.pages and found.end < found.count else None
    if not text and not pictures and not found.start.position and bookmark is None:
        if not found.pages:
            raise ParseFailed("damaged", f"No page of this document could be read. {AGAIN}")
        raise ParseFailed("no_text", "There is no text on the pages of this document.")
    info = (document.metadata if document is not None else None) or {}
    published = _info_date(info.get("creationDate") or "")
    title = one_line(info.get("title") or "", TITLE_CHARACTERS)
    return Article(
        title=title if title and not is_file_name(title) else _largest_line(document),
        text=text,
        authors=tuple(name.strip() for name in re.split(r"[;,&]| and ", info.get("author") or "") if name.strip()),
        published_at=published,
        published_from="pdf-info" if published else None,
        quality_reasons=tuple(found.reasons),
        pages=spans,
        pictures=pictures,
        page_count=found.count,
        bookmark=bookmark,
    )


def _bookmark(found: Pages, text: str, heads: set[str]) -> Bookmark:
    """Where the next part begins."""
    return Bookmark(
        page=found.end,
        position=found.start.position + len(text),
        tail=(found.start.tail + text)[-TAIL_CHARACTERS:],
        heads=tuple(sorted(heads)),
        pictures=found.start.pictures + found.picture_count,
        reasons=tuple(found.reasons),
    )


def _open(content: bytes) -> Any | None:
    try:
        return pymupdf.open(stream=content, filetype=_kind(content).lower())
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, *PAGE_ERRORS) as error:
        raise_for_memory(error)
        return None


def _kind(content: bytes) -> str:
    """What MuPDF shall open it as, in the word for people."""
    return next((IMAGES[start].removeprefix("image/").upper() for start in IMAGES if content.startswith(start)), "PDF")


def _unlock(document: Any, password: str | None) -> bool:
    return bool(document.authenticate("") or (password and document.authenticate(password)))


def _count(document: Any | None) -> int:
    try:
        return int(document.page_count) if document is not None else 0
    except PAGE_ERRORS:
        return 0


def _page(document: Any | None, second: SecondOpinion, index: int) -> Page | None:
    """One page, by whoever can read it; None when nobody can."""
    page, blocks = None, None
    if document is not None:
        try:
            page = document.load_page(index)
            blocks = paragraphs(page)
        except PAGE_ERRORS as error:
            raise_for_memory(error)
    text = "".join(blocks or ())
    if len(text) < FEW_CHARACTERS or is_garbage(text):
        opinion = second.page(index)
        if is_garbage(text) or len("".join(opinion)) > 2 * len(text):
            text, blocks = "".join(opinion), opinion or ([] if blocks is not None else None)
    if blocks is None:
        return None
    return Page(index + 1, blocks, len(text) < FEW_CHARACTERS and page is not None and _is_picture(page, bool(text)))


def _is_picture(page: Any, has_text: bool) -> bool:
    """Whether a page shows what is no text: any ink where there is no text, else an image over most of it."""
    try:
        if has_text:
            shown = (pymupdf.Rect(image["bbox"]) & page.rect for image in page.get_image_info())
            return any(rect.width * rect.height > PICTURE_SHARE * abs(page.rect) for rect in shown if rect.is_valid)
        scale = INK_DPI / 72
        if page.rect.width * page.rect.height * scale * scale > 4_000_000:
            return bool(page.get_image_info())
        return not page.get_pixmap(dpi=INK_DPI, colorspace=pymupdf.csGRAY).is_unicolor
    except PAGE_ERRORS as error:
        raise_for_memory(error)
        return False


def raise_for_memory(error: BaseException) -> None:
    """MuPDF's way to say that memory ran out."""
    if "malloc" in str(error) or "memory" in str(error):
        raise MemoryError from error


def _running_heads(pages: list[Page]) -> set[str]:
    """First and last blocks that return on most pages; page numbers differ, so digits count as equal."""
    if len(pages) < MIN_PAGES_FOR_HEADS:
        return set()
    edges = [block for page in pages if len(page.blocks) > 1 for block in (page.blocks[0], page.blocks[-1])]
    seen = Counter(_shape(block) for block in edges if len(block) <= HEAD_CHARACTERS)
    return {shape for shape, count in seen.items() if count > len(pages) * REPEATED_SHARE}


def _without(heads: set[str], page: Page) -> Page:
    """A page without its running heads, unless it holds nothing else."""
    blocks = page.blocks
    first = 1 if len(blocks) > 1 and _shape(blocks[0]) in heads else 0
    last = len(blocks) - 1 if len(blocks) > first + 1 and _shape(blocks[-1]) in heads else len(blocks)
    return replace(page, blocks=blocks[first:last])


def _shape(block: str) -> str:
    return re.sub(r"\d+", "#", block)


def _lay_out(pages: list[Page], start: Bookmark) -> tuple[str, tuple[PageSpan, ...]]:
    """The text that follows `start` and the span of each page in the whole text.

    A paragraph that runs over a page break is joined by a space.
    """
    parts: list[str] = []
    spans: list[PageSpan] = []
    position, tail = start.position, start.tail
    for page in pages:
        text = "\n\n".join(page.blocks)
        if not text:
            continue
        if tail:
            runs_on = text[0].islower() and not SENTENCE_END.search(tail)
            separator = " " if runs_on else "\n\n"
            parts.append(separator)
            position += len(separator)
        span = PageSpan(page.number, position, position + len(text), page.confidence, page.turn)
        spans.append(replace(span, words=_placed(page.words, text)) if page.words else span)
        parts.append(text)
        position, tail = position + len(text), text[-TAIL_CHARACTERS:]
    return "".join(parts), tuple(spans)


def _placed(words: Sequence[Word], text: str) -> tuple[WordPlace, ...]:
    """Where the characters of a recognised page stand, as it is stored."""
    return tuple(
        (place.start, place.end, *(round(edge * PARTS) for edge in place.box))  # type: ignore[misc]
        for place in align(words, text)
    )


def _largest_line(document: Any | None) -> str:
    """The largest print in the upper two thirds of the first page, if it is no longer than a title."""
    lines: list[tuple[float, float, str]] = []
    height = 0.0
    with suppress(*PAGE_ERRORS):
        page = document.load_page(0) if document is not None else None
        height = page.rect.height if page is not None else 0.0
        lines = [
            (round(span["size"], 1), line["bbox"][1], span["text"])
            for line in _lines(page)
            for span in line["spans"]
            if span["text"].strip()
        ]
    upper = [entry for entry in lines if entry[1] < height * 2 / 3]
    size = max((entry[0] for entry in upper), default=0.0)
    title = " ".join(text.strip() for entry_size, _, text in upper if entry_size == size)
    return one_line(title, TITLE_CHARACTERS + 1) if 3 < len(title) <= TITLE_CHARACTERS else ""


def _lines(page: Any) -> Iterator[Any]:
    for block in page.get_text("dict", flags=FLAGS)["blocks"] if page is not None else ():
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

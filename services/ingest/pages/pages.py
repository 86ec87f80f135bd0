"""The pages of a PDF or an image: what they are, a picture of one, and boxes around a span of its text.

Pictures are drawn when somebody looks and kept nowhere, so that nothing of them outlives their document. Browsers keep
theirs, and ask each time whether they still may show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from services.engines.turns import FairTurns
from services.errors import Conflict, NotFound, ParseFailed, TextWithheld, TidingsError
from services.ingest import repository
from services.ingest.documents import NOT_FOUND
from services.ingest.extract.looks import PageLook, Picture
from services.ingest.extract.places import Box, Place, boxes_of
from services.ingest.extract.sandbox import Sandbox
from services.ingest.rights import WITHHELD, shown_characters
from services.ingest.types import PAGED, PARTS, RawDocument
from services.models import Document
from services.scope import Scope
from services.settings import Settings

# A person waits for a page: most take less than 0.1 s, and all of the malformed files that can be drawn less than 4.
LOOK_SECONDS = 15
# Pages looked at by one process at once, each in a child of up to `parse_memory_mib`; more wait, and too many are sent away.
PLACES = 2
MOST_WAITING, MOST_WAITING_IN_ALL = 12, 24
# Grows when pages are drawn in another way: pictures that browsers hold are then old.
DRAWING = 1
LOCKED = "This PDF is protected by a password, which is not kept, so its pages cannot be shown. Its text can."
NO_SUCH_PAGE = "This document has no such page."


@dataclass(frozen=True)
class Page:
    """A page of a PDF or an image. `width` and `height`: points, as it is shown; None when it cannot be drawn.

    `start` and `end`: its characters in the text of the document; None when it has none there. `confidence`: how sure
    text recognition was, None for printed text.
    """

    number: int
    width: float | None
    height: float | None
    start: int | None = None
    end: int | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class DocumentPages:
    """The pages of a document; none for what has none. `problem` says why there are no pictures of them, if so."""

    document: Document
    pages: list[Page]
    problem: ParseFailed | None = None


class Desk:
    """The children that look at pages, warm ones first; tenants take turns. One per process, closed with the runtime."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.model_copy(update={"parse_seconds": min(LOOK_SECONDS, settings.parse_seconds)})
        self._turns = FairTurns(PLACES, most_waiting=MOST_WAITING, most_waiting_in_all=MOST_WAITING_IN_ALL)
        self._all = [Sandbox(self._settings, duty="look") for _ in range(PLACES)]
        self._free = list(self._all)
        self._lock = Lock()

    @contextmanager
    def seat(self, tenant_id: str) -> Iterator[Sandbox]:
        """A sandbox for one look. Raises EngineUnavailable, with the time to come back, when too many wait."""
        with self._turns.turn(tenant_id):
            with self._lock:
                sandbox = self._free.pop()
            try:
                yield sandbox
            finally:
                with self._lock:
                    self._free.append(sandbox)

    def close(self) -> None:
        """End the children."""
        for sandbox in self._all:
            sandbox.close()


def list_pages(scope: Scope, document_id: str) -> DocumentPages:
    """The pages of a document that was read. Cost: opens the file, 5 ms and 0.1 ms a page.

    Raises: NotFound, TextWithheld, Conflict while there is no text yet, EngineUnavailable.
    """
    document = _document(scope, document_id)
    if document.type not in PAGED:
        return DocumentPages(document, [])
    known = {int(page["number"]): page for page in document.pages}
    sizes: list[tuple[float, float]] = []
    problem = None
    try:
        with _seat(scope) as sandbox:
            sizes = sandbox.page_sizes(_raw(scope, document))
    except ParseFailed as error:
        problem = ParseFailed(error.reason, _explained(error).detail)
    numbers = range(1, max(len(sizes), max(known, default=0)) + 1)
    return DocumentPages(document, [_page(number, known.get(number), sizes) for number in numbers], problem)


def picture_mark(scope: Scope, document_id: str, number: int, width: int) -> str:
    """What stands for the present look of a page: it changes when its picture would. Raises as `draw_page` does."""
    document = _document(scope, document_id)
    _check_page(document, number)
    return f"{document.id}-{document.version}-{number}-{width}-{_turn(document, number)}-{DRAWING}"


def draw_page(scope: Scope, document_id: str, number: int, width: int) -> Picture:
    """A page as a picture of that many pixels across, or fewer if it is long.

    Raises: NotFound, TextWithheld, Conflict while there is no text yet, ParseFailed when it cannot be drawn,
    EngineUnavailable when too many pages are being drawn.
    """
    document = _document(scope, document_id)
    _check_page(document, number)
    look = PageLook("picture", number, width=width, turn=_turn(document, number))
    with _seat(scope) as sandbox, _explaining():
        return sandbox.picture(_raw(scope, document), look)


def find_boxes(scope: Scope, document_id: str, number: int, start: int, end: int) -> tuple[Document, list[Box]]:
    """The document, and boxes around the characters [start, end) of the document's text that page `number` has, one per line.

    None when the page has none of them, or they are not found on it. Raises as `draw_page` does.
    """
    document = _document(scope, document_id)
    _check_page(document, number)
    page = _known_page(document, number)
    if page is None or page["start"] >= end or start >= page["end"]:
        return document, []
    first, last = max(start, page["start"]) - page["start"], min(end, page["end"]) - page["start"]
    if page.get("confidence") is not None:
        # Pages recognised before places were kept have none.
        places = [Place(word[0], word[1], Box(*(edge / PARTS for edge in word[2:]))) for word in page.get("words", ())]
        return document, boxes_of(places, first, last)
    with scope.read() as tx:
        text = repository.part_of_text(tx, document_id, page["start"], page["end"])
    look = PageLook("boxes", number, text=text, start=first, end=last)
    with _seat(scope) as sandbox, _explaining():
        return document, sandbox.boxes(_raw(scope, document), look)


def _document(scope: Scope, document_id: str) -> Document:
    """The document with its pages."""
    with scope.read() as tx:
        document = repository.find(tx, document_id, with_pages=True)
    if document is None:
        raise NotFound(NOT_FOUND)
    if document.status not in ("ready", "archived"):
        raise Conflict("This document has no pages yet; its status says why.", retry_after_seconds=2)
    if shown_characters(document) is not None:
        raise TextWithheld(WITHHELD)
    return document


def _check_page(document: Document, number: int) -> None:
    if document.type not in PAGED or number < 1:
        raise NotFound(NO_SUCH_PAGE)


def _seat(scope: Scope) -> AbstractContextManager[Sandbox]:
    desk = scope.runtime.keep("pages", lambda: Desk(scope.runtime.settings))
    return desk.seat(scope.tenant_id)


def _raw(scope: Scope, document: Document) -> RawDocument:
    return RawDocument(scope.runtime.blobs.get(document.blob_key), filename=document.filename)


def _page(number: int, known: dict[str, Any] | None, sizes: list[tuple[float, float]]) -> Page:
    width, height = sizes[number - 1] if number <= len(sizes) else (0.0, 0.0)
    if known and known.get("turn", 0) % 2:
        width, height = height, width
    span = (known["start"], known["end"], known.get("confidence")) if known else (None, None, None)
    return Page(number, width or None, height or None, *span)


def _known_page(document: Document, number: int) -> dict[str, Any] | None:
    return next((page for page in document.pages if page["number"] == number), None)


def _turn(document: Document, number: int) -> int:
    page = _known_page(document, number)
    return int(page.get("turn", 0)) if page else 0


@contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except ParseFailed as error:
        raise _explained(error) from error


def _explained(error: ParseFailed) -> TidingsError:
    """The same refusal in words about a page: its document was read before."""
    if error.reason == "no_page":
        return NotFound(NO_SUCH_PAGE)
    return ParseFailed(error.reason, LOCKED) if error.reason == "encrypted" else error

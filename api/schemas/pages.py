"""The pages of documents as the API shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import Resource
from api.schemas.documents import Failure
from services.ingest.extract.places import Box
from services.ingest.pages.pages import DocumentPages

DEFAULT_WIDTH, MIN_WIDTH, MAX_WIDTH = 1200, 100, 2400


class PageResource(Resource):
    """One page of a PDF, as it is shown."""

    number: int
    width: float | None = Field(description="Points; null when there is no picture of the page.")
    height: float | None
    start: int | None = Field(description="Its characters [start, end) in the text, in code points; null without any.")
    end: int | None
    kind: Literal["digital", "ocr"] = Field(description="Whether its text was printed in the file, or recognised.")
    confidence: float | None = Field(description="How sure text recognition was, 0 to 1; null for printed text.")


class DocumentPagesResource(Resource):
    """The pages of a document, none for what has none. `problem` says why there are no pictures of them, if so."""

    document_id: str
    version: int
    problem: Failure | None
    pages: list[PageResource]


class BoxResource(Resource):
    """A rectangle on a page, in fractions of its width and height from the top left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


class PageBoxes(Resource):
    """Where a span stands on a page: a box per line. None when it is not on this page, or not found there."""

    document_id: str
    version: int
    number: int
    boxes: list[BoxResource]


def pages_resource(found: DocumentPages) -> DocumentPagesResource:
    """The API's view of a document's pages."""
    problem = Failure(code=found.problem.reason, detail=found.problem.detail) if found.problem else None
    pages = [
        PageResource.model_validate({**page.__dict__, "kind": "digital" if page.confidence is None else "ocr"})
        for page in found.pages
    ]
    return DocumentPagesResource(
        document_id=found.document.id, version=found.document.version, problem=problem, pages=pages
    )


def boxes_resource(boxes: list[Box]) -> list[BoxResource]:
    """The API's view of boxes, to a tenth of a thousandth of the page."""
    return [BoxResource(**{name: round(edge, 4) for name, edge in box._asdict().items()}) for box in boxes]

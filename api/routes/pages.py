"""The pages of PDFs: what they are, pictures of them, and where a span of the text stands."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import ReadScope
from api.schemas.pages import (
    DEFAULT_WIDTH,
    MAX_WIDTH,
    MIN_WIDTH,
    DocumentPagesResource,
    PageBoxes,
    boxes_resource,
    pages_resource,
)
from services.ingest.pages import pages

router = APIRouter(prefix="/v1/documents/{document_id}/pages", tags=["Documents"])

PICTURE = "image/webp"
# A browser may keep a picture for its person, and asks each time whether the document is still there.
CACHING = "private, no-cache"
MAX_OFFSET = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=1_000_000, description="The page, from 1.")]


@router.get("")
def pages_list(document_id: str, scope: ReadScope) -> DocumentPagesResource:
    """The pages of a PDF: sizes, spans in the text, and how sure text recognition was. None for other documents."""
    return pages_resource(pages.list_pages(scope, document_id))


@router.get(
    "/{number}/image",
    response_class=Response,
    responses={
        200: {"content": {PICTURE: {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "The picture of this ETag is still right."},
    },
)
def pages_image(
    document_id: str,
    number: Number,
    scope: ReadScope,
    width: Annotated[
        int, Query(ge=MIN_WIDTH, le=MAX_WIDTH, description="Pixels; long pages get fewer.")
    ] = DEFAULT_WIDTH,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """A page as a picture (WebP), a scan the right way up. 503 with Retry-After while too many are being drawn."""
    mark = pages.picture_mark(scope, document_id, number, width)
    headers = {"ETag": f'"{hashlib.sha256(mark.encode()).hexdigest()[:32]}"', "Cache-Control": CACHING}
    if headers["ETag"] in [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]:
        return Response(status_code=304, headers=headers)
    picture = pages.draw_page(scope, document_id, number, width)
    return Response(picture.content, media_type=PICTURE, headers=headers)


@router.get("/{number}/boxes")
def pages_boxes(
    document_id: str,
    number: Number,
    scope: ReadScope,
    start: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="First code point of the document's text.")] = 0,
    end: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="The one after the last.")] = MAX_OFFSET,
) -> PageBoxes:
    """Where the characters [start, end) stand on a page, a box per line; by default all of them."""
    document, boxes = pages.find_boxes(scope, document_id, number, start, end)
    return PageBoxes(document_id=document.id, version=document.version, number=number, boxes=boxes_resource(boxes))

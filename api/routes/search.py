"""Search, by address for people and caches, by body for large filters; and the values to filter by."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from api.deps import ReadScope
from api.schemas.common import Cursor, Limit, Moment
from api.schemas.documents import Category, DocumentType
from api.schemas.search import (
    MAX_VALUES,
    CountBody,
    Facets,
    FilterBody,
    HistogramBody,
    HistogramResource,
    PartResource,
    SearchBody,
    SearchPage,
    Suggestion,
    Understanding,
    UtcOffset,
    facets_resource,
    histogram_resource,
    reader_time,
    search_page,
)
from services.cursors import decode_cursor, encode_cursor
from services.models.base import utc_now
from services.scope import Scope
from services.search.counts import Interval, facets, histogram
from services.search.export import MEDIA_TYPES, MOST_ROWS, Format, Row, rows_of, written
from services.search.grammar import understand
from services.search.query import MAX_QUERY_CHARACTERS, Sort, clean_text
from services.search.search import search
from services.search.vocabulary import suggestion

router = APIRouter(prefix="/v1", tags=["Search"])

Values = Annotated[list[str] | None, Query(max_length=MAX_VALUES)]
Types = Annotated[list[DocumentType] | None, Query(max_length=MAX_VALUES)]
Q = Annotated[
    str,
    Query(
        max_length=MAX_QUERY_CHARACTERS,
        description='Words, and filters such as `source:bbc.com -lang:de "exact words" -word after:2026-11-01 last week`. '
        "Empty lists the newest.",
    ),
]
Fold = Annotated[bool, Query(description="Show copies of one text as one hit.")]
Categories = Annotated[list[Category] | None, Query(max_length=MAX_VALUES)]


async def filters(  # noqa: PLR0913
    source: Values = None,
    lang: Values = None,
    type: Types = None,
    not_source: Values = None,
    not_lang: Values = None,
    not_type: Types = None,
    category: Categories = None,
    not_category: Categories = None,
    folder: Values = None,
    not_folder: Values = None,
    tag: Values = None,
    not_tag: Values = None,
    published_after: Annotated[Moment | None, Query()] = None,
    published_before: Annotated[Moment | None, Query()] = None,
) -> FilterBody:
    """The filters of a query string: the same names as in a body; repeat a name for alternatives.

    This and `asked` are async because they wait for nothing: a plain function would wait for a thread, twice per search.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    return FilterBody(**given)


QueryFilters = Annotated[FilterBody, Depends(filters)]


async def asked(conditions: QueryFilters, q: Q = "", utc_offset: UtcOffset = 0) -> CountBody:
    """The query and the filters of a query string."""
    return CountBody(query=q, filters=conditions, utc_offset=utc_offset)


Asked = Annotated[CountBody, Depends(asked)]


EXPORTED = {
    kind.split(";")[0]: {
        "schema": {"type": "array", "items": TypeAdapter(Row).json_schema()}
        if form is Format.JSON
        else {"type": "string"}
    }
    for form, kind in MEDIA_TYPES.items()
}


@router.get("/search", response_model=SearchPage)
def search_get(
    scope: ReadScope, what: Asked, sort: Sort = Sort.BEST, fold: Fold = True, limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Search by meaning and by keyword; the same as the POST form, with everything in the address."""
    return written_out(run(scope, SearchBody(**dict(what), sort=sort, fold=fold, limit=limit, cursor=cursor)))


@router.post("/search", response_model=SearchPage)
def search_post(scope: ReadScope, body: SearchBody) -> Response:
    """Search by meaning and by keyword."""
    return written_out(run(scope, body))


@router.get(
    "/search/export",
    response_class=StreamingResponse,
    responses={200: {"content": EXPORTED}},
)
def search_export(
    request: Request,
    scope: ReadScope,
    what: Asked,
    format: Format = Format.CSV,
    sort: Sort = Sort.BEST,
    fold: Fold = True,
) -> StreamingResponse:
    """The first 200 results as a file, with what their publishers allow to show."""
    body = SearchBody(**dict(what), sort=sort, fold=fold)
    understood = understand(body.query, reader_time(body.utc_offset))
    found = search(scope, replace(body.to_query(understood, 0), limit=MOST_ROWS))
    address = str(request.base_url).rstrip("/")
    name = "-".join(["tidings", *re.findall("[a-z0-9]+", body.query.lower())[:6], f"{utc_now():%F}"])
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format.value}"'}
    lines = written(rows_of(found.hits, address), format, body.query, address)
    return StreamingResponse(lines, media_type=MEDIA_TYPES[format], headers=headers)


@router.get("/facets")
def facets_get(scope: ReadScope, what: Asked) -> Facets:
    """How many documents that a query finds have each source, category, language, type, folder and tag, under the
    other filters."""
    return count_facets(scope, what)


@router.post("/facets")
def facets_count(scope: ReadScope, body: CountBody) -> Facets:
    """The same as the GET form, with any number of filters."""
    return count_facets(scope, body)


@router.get("/histogram")
def histogram_get(
    scope: ReadScope, what: Asked, interval: Literal["auto", "hour", "day", "week", "month", "year"] = "auto"
) -> HistogramResource:
    """How many documents that a query finds were published when."""
    return count_by_time(scope, HistogramBody(**dict(what), interval=interval))


@router.post("/histogram")
def histogram_count(scope: ReadScope, body: HistogramBody) -> HistogramResource:
    """The same as the GET form, with any number of filters."""
    return count_by_time(scope, body)


@router.get("/suggestions")
def suggestions_get(scope: ReadScope, q: Q = "") -> Suggestion:
    """What may have been meant by a query with words that the library does not have."""
    return Suggestion(query=suggestion(scope, clean_text(q)))


@router.get("/understood")
def query_understand(
    scope: ReadScope, q: Q = "", utc_offset: Annotated[UtcOffset, Query()] = 0, question: bool = False
) -> Understanding:
    """What of a query would be read as filters; with `question` true, what of a question would."""
    found = understand(q, reader_time(utc_offset), marked=question)
    return Understanding(words=found.text, parts=[PartResource.model_validate(part) for part in found.parts])


def run(scope: Scope, body: SearchBody) -> SearchPage:
    """One page of a search; the cursor holds only for the same query, filters and order."""
    name = "search/" + json.dumps(body.model_dump(mode="json", exclude={"cursor", "limit"}), sort_keys=True)
    offset = decode_cursor(scope, name, body.cursor, length=1)[0] if body.cursor else 0
    understood = understand(body.query, reader_time(body.utc_offset))
    result = search(scope, body.to_query(understood, offset))
    next_cursor = None if result.next_offset is None else encode_cursor(scope, name, (result.next_offset,))
    return search_page(result, understood, next_cursor)


def written_out(page: SearchPage) -> Response:
    """The page as JSON, written in the thread that made it: FastAPI would wait for another one to check it once more."""
    return Response(page.model_dump_json(by_alias=True), media_type="application/json")


def count_facets(scope: Scope, body: CountBody) -> Facets:
    """The counts of a query."""
    understood = understand(body.query, reader_time(body.utc_offset))
    filters = body.filters.to_filters().and_also(understood.filters)
    return facets_resource(facets(scope, filters, text=understood.text))


def count_by_time(scope: Scope, body: HistogramBody) -> HistogramResource:
    """The bars of a query."""
    understood = understand(body.query, reader_time(body.utc_offset))
    filters = body.filters.to_filters().and_also(understood.filters)
    interval = None if body.interval == "auto" else Interval(body.interval)
    found = histogram(scope, filters, text=understood.text, interval=interval, utc_offset=body.utc_offset)
    return histogram_resource(found)

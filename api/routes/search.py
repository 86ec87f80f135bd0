"""Search, by address for people and caches, by body for large filters; and the values to filter by."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import ReadScope
from api.schemas.common import Cursor, Limit, Moment
from api.schemas.documents import Category, DocumentType
from api.schemas.search import MAX_VALUES, FacetCount, Facets, FilterBody, SearchBody, SearchPage, search_page
from services.cursors import decode_cursor, encode_cursor
from services.scope import Scope
from services.search.query import MAX_QUERY_CHARACTERS, Sort
from services.search.search import facets, search

router = APIRouter(prefix="/v1", tags=["Search"])

Values = Annotated[list[str] | None, Query(max_length=MAX_VALUES)]
Types = Annotated[list[DocumentType] | None, Query(max_length=MAX_VALUES)]
Categories = Annotated[list[Category] | None, Query(max_length=MAX_VALUES)]


def filters(  # noqa: PLR0913
    source: Values = None,
    lang: Values = None,
    type: Types = None,
    not_source: Values = None,
    not_lang: Values = None,
    not_type: Types = None,
    category: Categories = None,
    not_category: Categories = None,
    published_after: Annotated[Moment | None, Query()] = None,
    published_before: Annotated[Moment | None, Query()] = None,
) -> FilterBody:
    """The filters of a query string: the same names as in a body; repeat a name for alternatives."""
    given = {name: value for name, value in locals().items() if value is not None}
    return FilterBody(**given)


QueryFilters = Annotated[FilterBody, Depends(filters)]


@router.get("/search")
def search_get(
    scope: ReadScope,
    conditions: QueryFilters,
    q: Annotated[str, Query(max_length=MAX_QUERY_CHARACTERS, description="Empty lists the newest.")] = "",
    sort: Sort = Sort.BEST,
    fold: Annotated[bool, Query(description="Show copies of one text as one hit.")] = True,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> SearchPage:
    """Search by meaning and by keyword; the same as the POST form, with everything in the address."""
    return run(scope, SearchBody(query=q, filters=conditions, sort=sort, fold=fold, limit=limit, cursor=cursor))


@router.post("/search")
def search_post(scope: ReadScope, body: SearchBody) -> SearchPage:
    """Search by meaning and by keyword."""
    return run(scope, body)


@router.get("/facets")
def facets_get(scope: ReadScope, conditions: QueryFilters) -> Facets:
    """How many documents have each source, category, language and type, under the other filters."""
    found = facets(scope, conditions.to_filters())
    return Facets(
        **{
            name: [FacetCount(value=value.value, count=value.count) for value in values]
            for name, values in found.items()
        }
    )


def run(scope: Scope, body: SearchBody) -> SearchPage:
    """One page of a search; the cursor holds only for the same query, filters and order."""
    name = "search/" + json.dumps(body.model_dump(mode="json", exclude={"cursor", "limit"}), sort_keys=True)
    offset = decode_cursor(scope, name, body.cursor, length=1)[0] if body.cursor else 0
    result = search(scope, body.to_query(offset))
    next_cursor = None if result.next_offset is None else encode_cursor(scope, name, (result.next_offset,))
    return search_page(result, next_cursor)

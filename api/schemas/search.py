"""Searching as the API shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Page, Request, Resource
from api.schemas.documents import DocumentCard, DocumentType, TextSpan, document_card
from services.search.query import MAX_QUERY_CHARACTERS, Filters, Query, Sort
from services.search.types import Hit, Passage, SearchResult

Values = list[str]
MAX_VALUES = 100


class FilterBody(Request):
    """Conditions on documents. Values of one field are alternatives, fields must all hold, `not_` excludes."""

    source: Values = Field(default_factory=list, max_length=MAX_VALUES, description="Hosts, or `upload`.")
    lang: Values = Field(default_factory=list, max_length=MAX_VALUES, description="ISO 639-1 codes.")
    type: list[DocumentType] = Field(default_factory=list, max_length=MAX_VALUES)
    not_source: Values = Field(default_factory=list, max_length=MAX_VALUES)
    not_lang: Values = Field(default_factory=list, max_length=MAX_VALUES)
    not_type: list[DocumentType] = Field(default_factory=list, max_length=MAX_VALUES)
    published_after: Moment | None = Field(None, description="Published (else first seen) at or after this time.")
    published_before: Moment | None = Field(None, description="Published (else first seen) before this time.")

    def to_filters(self) -> Filters:
        """The same conditions as the product's value."""
        values: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        frozen: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in values.items()}
        return Filters(**frozen)


class SearchBody(Request):
    """A search with any number of filters."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "central bank interest rates", "filters": {"lang": ["en"]}}]}
    )
    query: str = Field("", max_length=MAX_QUERY_CHARACTERS)
    filters: FilterBody = Field(default_factory=FilterBody)
    sort: Sort = Sort.BEST
    limit: int = Field(20, ge=1, le=100, strict=True)
    cursor: str | None = Field(None, max_length=1000)

    def to_query(self, offset: int) -> Query:
        """The product's query, from this offset on."""
        return Query(self.query, self.filters.to_filters(), self.sort, self.limit, offset)


class PassageResource(TextSpan):
    """A passage of a document's text; `highlights` count from the passage's first character."""

    text: str
    highlights: list[TextSpan]
    page: int | None


class Explain(Resource):
    """Why a hit stands where it does."""

    dense: float | None = Field(description="Cosine of the best chunk with the query; null without the model.")
    lexical: float = Field(description="Share of the query's words in the best chunk, 0..1.")
    fused: float = Field(description="Reciprocal rank fusion score; not comparable between queries.")


class HitResource(Resource):
    """A document that was found."""

    document: DocumentCard
    passage: PassageResource
    more_passages: list[PassageResource]
    score: float
    relevance: float = Field(description="How well it fits, 0..1, comparable between queries.")
    explain: Explain


class SearchPage(Page[HitResource]):
    """A page of hits. `mode` keyword: the embedding model is not ready, `notice` says so."""

    mode: Literal["hybrid", "keyword", "listing"]
    notice: str | None


class FacetCount(Resource):
    """How many documents have this value under the other filters."""

    value: str
    count: int


class Facets(Resource):
    """The values one can filter by."""

    source: list[FacetCount]
    lang: list[FacetCount]
    type: list[FacetCount]


def passage_resource(passage: Passage) -> PassageResource:
    """The API's view of a passage."""
    return PassageResource.model_validate(passage, from_attributes=True)


def hit_resource(hit: Hit) -> HitResource:
    """The API's view of a hit."""
    return HitResource(
        document=document_card(hit.document),
        passage=passage_resource(hit.passage),
        more_passages=[passage_resource(passage) for passage in hit.more_passages],
        score=hit.score,
        relevance=round(hit.relevance, 4),
        explain=Explain.model_validate(hit.explain, from_attributes=True),
    )


def search_page(result: SearchResult, next_cursor: str | None) -> SearchPage:
    """The API's view of a result."""
    return SearchPage(
        data=[hit_resource(hit) for hit in result.hits],
        next_cursor=next_cursor,
        total={"value": result.total, "relation": "eq" if result.is_exact else "approx"},
        took_ms=result.took_ms,
        mode=result.mode,
        notice=result.notice,
    )

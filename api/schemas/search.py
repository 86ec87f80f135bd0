"""Searching as the API shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Page, Request, Resource
from api.schemas.documents import Category, DocumentCard, DocumentType, TextSpan, document_card, shown_title
from services.models import Document
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
    category: list[Category] = Field(default_factory=list, max_length=MAX_VALUES)
    not_category: list[Category] = Field(default_factory=list, max_length=MAX_VALUES)
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
    fold: bool = Field(True, strict=True, description="Show copies of one text as one hit; false lists them all.")
    limit: int = Field(20, ge=1, le=100, strict=True)
    cursor: str | None = Field(None, max_length=1000)

    def to_query(self, offset: int) -> Query:
        """The product's query, from this offset on."""
        return Query(self.query, self.filters.to_filters(), self.sort, self.limit, offset, self.fold)


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


class CopyResource(Resource):
    """Another document with the same text."""

    id: str
    title: str
    source: str
    family: str
    url: str | None
    published_at: Moment | None


class CopiesResource(Resource):
    """The other documents with a hit's text, whatever was filtered; the first ten of them by when they were seen."""

    count: int
    outlets: int = Field(description="Of how many other publishers; editions of one newsroom count once.")
    documents: list[CopyResource]


class HitResource(Resource):
    """A document that was found."""

    document: DocumentCard
    passage: PassageResource
    more_passages: list[PassageResource]
    score: float
    relevance: float = Field(description="How well it fits, 0..1, comparable between queries.")
    explain: Explain
    withheld: bool = Field(description="The publisher allows no passage: title and link only.")
    copies: CopiesResource


class SearchPage(Page[HitResource]):
    """A page of hits. `mode` keyword: the embedding model is not ready, `notice` says so."""

    mode: Literal["hybrid", "keyword", "listing"]
    notice: str | None


class FacetCount(Resource):
    """How many documents have this value under the other filters; copies of one text count once."""

    value: str
    count: int


class Facets(Resource):
    """The values one can filter by."""

    source: list[FacetCount]
    category: list[FacetCount]
    lang: list[FacetCount]
    type: list[FacetCount]


def passage_resource(passage: Passage) -> PassageResource:
    """The API's view of a passage."""
    return PassageResource.model_validate(passage, from_attributes=True)


def copy_resource(row: Document) -> CopyResource:
    """The API's view of a copy."""
    fields = {name: getattr(row, name) for name in CopyResource.model_fields if name != "title"}
    return CopyResource(**fields, title=shown_title(row))


def hit_resource(hit: Hit) -> HitResource:
    """The API's view of a hit."""
    return HitResource(
        document=document_card(hit.document),
        passage=passage_resource(hit.passage),
        more_passages=[passage_resource(passage) for passage in hit.more_passages],
        score=hit.score,
        relevance=round(hit.relevance, 4),
        explain=Explain.model_validate(hit.explain, from_attributes=True),
        withheld=hit.withheld,
        copies=CopiesResource(
            count=hit.copies.count,
            outlets=hit.copies.outlets,
            documents=[copy_resource(document) for document in hit.copies.documents],
        ),
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

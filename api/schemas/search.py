"""Searching as the API shows it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Page, Request, Resource, Total
from api.schemas.documents import Category, DocumentCard, DocumentType, TextSpan, document_card, shown_title
from services.models import Document
from services.search.counts import FacetCounts, Histogram
from services.search.grammar import MOST_PHRASES, Understood
from services.search.query import MAX_QUERY_CHARACTERS, Filters, Query, Sort
from services.search.types import Hit, Passage, SearchResult

Values = list[str]
MAX_VALUES = 100
MOST_OFFSET = 14 * 60
UtcOffset = Annotated[
    int,
    Field(
        ge=-MOST_OFFSET,
        le=MOST_OFFSET,
        description="Minutes east of UTC where the reader is: days begin at midnight there.",
    ),
]


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
    folder: Values = Field(default_factory=list, max_length=MAX_VALUES, description="With the folders below.")
    not_folder: Values = Field(default_factory=list, max_length=MAX_VALUES)
    tag: Values = Field(default_factory=list, max_length=MAX_VALUES)
    not_tag: Values = Field(default_factory=list, max_length=MAX_VALUES)
    phrases: Values = Field(
        default_factory=list, max_length=MOST_PHRASES, description="Words in a row; all must be there."
    )
    not_phrases: Values = Field(default_factory=list, max_length=MOST_PHRASES, description="Must not be there.")
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
    utc_offset: UtcOffset = Field(0, strict=True)
    limit: int = Field(20, ge=1, le=100, strict=True)
    cursor: str | None = Field(None, max_length=1000)

    def to_query(self, understood: Understood, offset: int) -> Query:
        """The product's query, from this offset on."""
        filters = self.filters.to_filters().and_also(understood.filters)
        return Query(understood.text, filters, self.sort, self.limit, offset, self.fold)


class CountBody(Request):
    """What to count: the documents that a search finds, however many these are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "interest rates", "filters": {"lang": ["en"]}}]}
    )
    query: str = Field("", max_length=MAX_QUERY_CHARACTERS)
    filters: FilterBody = Field(default_factory=FilterBody)
    utc_offset: UtcOffset = Field(0, strict=True)


class HistogramBody(CountBody):
    """What to count by time."""

    interval: Literal["auto", "hour", "day", "week", "month", "year"] = Field(
        "auto", description="A finer one than 400 bars allow is made coarser."
    )


class PartResource(Resource):
    """A piece of the query that is read as a filter, as in `source:bbc.com -lang:de "exact words" last week`."""

    kind: str = Field(description="The name of a filter, `phrase` or `date`.")
    value: str = Field(description="Its value, the words, or the date as it was written.")
    excluded: bool
    after: Moment | None = Field(description="For dates: published at or after this time.")
    before: Moment | None = Field(description="For dates: published before this time.")
    without: str = Field(description="The query without this piece.")


class Understanding(Resource):
    """A query taken apart: the words to look for, and the pieces that are filters."""

    words: str
    parts: list[PartResource]


class PassageResource(TextSpan):
    """A passage of a document's text; `highlights` count from the passage's first character."""

    text: str
    highlights: list[TextSpan]
    page: int | None


class Explain(Resource):
    """Why a hit stands where it does."""

    dense: float | None = Field(description="Cosine of the best chunk with the query; null without the model.")
    lexical: float = Field(description="Share of the query's words in the best chunk, 0..1.")
    words: float = Field(
        description="What these words say, by rarity and number (BM25), over the best of the query, 0..1."
    )
    fused: float = Field(description="Two parts meaning, one part words: what hits are ordered by, at most 1.")


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
    notice: str | None = Field(description="What people should know: where results may be missing, and why.")
    words: str = Field(description="The words that were looked for: the query without the filters in it.")
    parts: list[PartResource] = Field(description="The pieces of the query that were read as filters.")


class FacetCount(Resource):
    """How many documents have this value under the other filters; copies of one text count once."""

    value: str
    count: int


class Facets(Resource):
    """The values one can filter by. `total`: the documents that meet all filters, copies of one text counted once."""

    total: Total
    source: list[FacetCount]
    category: list[FacetCount]
    lang: list[FacetCount]
    type: list[FacetCount]
    folder: list[FacetCount] = Field(description="Each with the documents in the folders below it.")
    tag: list[FacetCount]


class BinResource(Resource):
    """How many documents are dated in [start, end)."""

    start: Moment
    end: Moment
    count: int


class HistogramResource(Resource):
    """Bars without gaps, the oldest first. `earlier`: documents before the first of them, which would leave it no room."""

    interval: Literal["hour", "day", "week", "month", "year"]
    bins: list[BinResource]
    earlier: int
    total: Total


class Suggestion(Resource):
    """What may have been meant."""

    query: str | None = Field(
        description="The query with the words put right that the library does not have; null when it has them all."
    )


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


def facets_resource(found: FacetCounts) -> Facets:
    """The API's view of the counts."""
    values = {
        name: [FacetCount(value=each.value, count=each.count) for each in counts]
        for name, counts in found.values.items()
    }
    return Facets(total=total_of(found.total, is_exact=found.is_exact), **values)


def histogram_resource(found: Histogram) -> HistogramResource:
    """The API's view of the bars."""
    return HistogramResource(
        interval=found.interval.value,
        bins=[BinResource.model_validate(each) for each in found.bins],
        earlier=found.earlier,
        total=total_of(found.total, is_exact=found.is_exact),
    )


def total_of(value: int, *, is_exact: bool) -> Total:
    """A number of documents."""
    return Total(value=value, relation="eq" if is_exact else "approx")


def search_page(result: SearchResult, understood: Understood, next_cursor: str | None) -> SearchPage:
    """The API's view of a result."""
    return SearchPage(
        data=[hit_resource(hit) for hit in result.hits],
        next_cursor=next_cursor,
        total=total_of(result.total, is_exact=result.is_exact),
        took_ms=result.took_ms,
        mode=result.mode,
        notice=result.notice,
        words=understood.text,
        parts=[PartResource.model_validate(part) for part in understood.parts],
    )


def reader_time(utc_offset: int) -> datetime:
    """Now, by a clock so many minutes east of UTC."""
    return datetime.now(timezone(timedelta(minutes=utc_offset)))

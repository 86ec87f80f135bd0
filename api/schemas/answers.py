"""Questions and answers as the API shows them: one object, whole or as a stream of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Request, Resource
from api.schemas.documents import DocumentCard, document_card
from api.schemas.search import FilterBody
from services.answer.types import (
    Accepted,
    AnswerEvent,
    Cited,
    Delta,
    Done,
    Question,
    Sentence,
    Source,
    Sources,
    Step,
    Usage,
)
from services.models import Answer
from services.search.query import MAX_QUERY_CHARACTERS


class AnswerCreate(Request):
    """A question about the tenant's documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "Why did the central bank raise rates?", "stream": False}]}
    )
    question: str = Field(min_length=1, max_length=MAX_QUERY_CHARACTERS)
    filters: FilterBody = Field(default_factory=FilterBody)
    max_sources: int = Field(8, ge=1, le=20, strict=True)
    stream: bool = Field(True, strict=True, description="Server-sent events as the answer is made, or one JSON object.")

    def to_question(self) -> Question:
        """The product's question."""
        return Question(self.question, self.filters.to_filters(), self.max_sources)


class SourcePassage(Resource):
    """What was read of a source: a span of its document's text."""

    start: int
    end: int
    text: str
    page: int | None


class SourceResource(Resource):
    """A numbered source of an answer."""

    number: int
    document: DocumentCard
    passage: SourcePassage


class CitationResource(Resource):
    """The exact span a sentence comes from, in Unicode code points of the document's text."""

    source_number: int
    document_id: str
    start: int
    end: int
    quote: str
    match: Literal["verbatim", "paraphrase"]
    page: int | None


class SentenceResource(Resource):
    """A sentence of an answer and what supports it."""

    text: str
    citations: list[CitationResource]


class AnswerSummary(Resource):
    """An earlier question."""

    id: str
    question: str
    status: Literal["done", "no_sources"]
    created_at: Moment


class AnswerResource(AnswerSummary):
    """A complete answer. `grounded` is false when no document answers; there are no sentences then."""

    filters: dict[str, Any]
    mode: str
    grounded: bool
    sentences: list[SentenceResource]
    sources: list[SourceResource]
    usage: dict[str, Any]


def source_resource(source: Source) -> SourceResource:
    """The API's view of a source."""
    passage = SourcePassage(start=source.start, end=source.end, text=source.text, page=source.page)
    return SourceResource(number=source.number, document=document_card(source.document), passage=passage)


def answer_resource(row: Answer, sentences: Sequence[Sentence], sources: Sequence[Source]) -> AnswerResource:
    """The API's view of a stored answer."""
    return AnswerResource(
        id=row.id,
        question=row.question,
        status=row.status,
        created_at=row.created_at,
        filters=row.filters,
        mode=row.mode,
        grounded=row.status == "done",
        sentences=[SentenceResource.model_validate(sentence, from_attributes=True) for sentence in sentences],
        sources=[source_resource(source) for source in sources],
        usage=row.usage,
    )


def event_data(event: AnswerEvent) -> tuple[str, dict[str, Any]]:
    """An event's name and data for the stream. `done` carries only the id here; the route adds the stored answer."""
    match event:
        case Accepted(answer_id):
            return "accepted", {"answer_id": answer_id}
        case Step(name, detail, took_ms):
            return "step", {"name": name, "detail": detail, "took_ms": took_ms}
        case Sources(sources):
            return "sources", {"sources": [source_resource(source).model_dump(mode="json") for source in sources]}
        case Delta(sentence, text):
            return "delta", {"sentence": sentence, "text": text}
        case Cited(sentence, citations):
            cited = [
                CitationResource.model_validate(each, from_attributes=True).model_dump(mode="json")
                for each in citations
            ]
            return "citation", {"sentence": sentence, "citations": cited}
        case Usage(values):
            return "usage", values
        case Done(answer_id, _):
            return "done", {"answer_id": answer_id}

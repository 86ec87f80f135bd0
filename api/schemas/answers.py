"""Questions and answers as the API shows them: one object, whole or as a stream of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Request, Resource
from api.schemas.documents import DocumentCard, document_card
from api.schemas.search import FilterBody, UtcOffset, reader_time
from services.answer.answer import conflicts_of
from services.answer.record import standing
from services.answer.types import (
    EXTRACTIVE,
    Accepted,
    AnswerEvent,
    Cited,
    Conflict,
    Conflicts,
    Delta,
    Done,
    Generation,
    Mode,
    Question,
    Source,
    Sources,
    Step,
    Usage,
    Whole,
)
from services.engines.llm.base import MOST_STOP_CHARACTERS, MOST_STOPS, MOST_TEMPERATURE, MOST_TOP_K
from services.models import Answer
from services.search.query import MAX_QUERY_CHARACTERS


class GenerationBody(Request):
    """How the language model writes this answer; null leaves a value to the server's settings.

    `temperature`, `max_tokens` and `seconds` have ceilings there too; a value above one is refused with 422.
    """

    temperature: float | None = Field(None, ge=0, le=MOST_TEMPERATURE, allow_inf_nan=False, strict=True)
    top_p: float | None = Field(None, gt=0, le=1, allow_inf_nan=False, strict=True)
    top_k: int | None = Field(None, ge=1, le=MOST_TOP_K, strict=True)
    max_tokens: int | None = Field(None, ge=16, le=32768, strict=True)
    stop: list[Annotated[str, Field(min_length=1, max_length=MOST_STOP_CHARACTERS)]] | None = Field(
        None, max_length=MOST_STOPS, description="Texts that end the answer."
    )
    seconds: float | None = Field(
        None, ge=1, le=600, allow_inf_nan=False, strict=True, description="Deadline; then key sentences answer."
    )


class AnswerCreate(Request):
    """A question about the tenant's documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "Why did the central bank raise rates?", "stream": False}]}
    )
    question: str = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="May hold filters such as `source:bbc.com -lang:de -word after:2026-11-01`, which are no part of it.",
    )
    filters: FilterBody = Field(default_factory=FilterBody)
    max_sources: int = Field(8, ge=1, le=20, strict=True)
    mode: Mode = Field(
        EXTRACTIVE,
        description="`generated` lets the language model write; where it cannot, the answer is extractive and `usage.fallback` says why.",
    )
    stream: bool = Field(True, strict=True, description="Server-sent events as the answer is made, or one JSON object.")
    thread_id: str | None = Field(
        None,
        max_length=40,
        description="Goes on with this thread: a question that leans on those before it is read with them.",
    )
    utc_offset: UtcOffset = Field(0, strict=True)

    generation: GenerationBody | None = Field(None, description="Values for the language model, with mode `generated`.")

    def to_question(self) -> Question:
        """The product's question."""
        values = self.generation.model_dump() if self.generation else {}
        return Question(
            self.question,
            self.filters.to_filters(),
            self.max_sources,
            self.mode,
            self.thread_id,
            reader_time(self.utc_offset),
            Generation(**values),
        )


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
    support: Literal["supported", "partly"] = Field(
        description="`partly`: every fact of it stands in what it cites, but not all of what it says does."
    )


class ConflictSideResource(Resource):
    """What one source says: the figure or date as it stands in the quote, the outlet, and when that was published."""

    value: str
    outlet: str
    published_at: Moment | None
    citation: CitationResource


class ConflictResource(Resource):
    """Two sources that differ on a figure or date, what was published later first, and the words that say what it is of."""

    about: str
    sides: list[ConflictSideResource]


class StepResource(Resource):
    """A step that was taken, what it found, and how long it took."""

    name: str
    detail: str
    took_ms: float


class AnswerSummary(Resource):
    """An earlier question."""

    id: str
    thread_id: str
    question: str
    status: Literal["running", "done", "no_sources", "stopped"] = Field(
        description="`running`: it is being written; `stopped`: it was ended before it was complete."
    )
    created_at: Moment


class PromptName(Resource):
    """A prompt that came with Tidings, and the version of its text."""

    name: str
    version: int


class SamplingResource(Resource):
    """How words were chosen; null was left to the model server. `seconds`: the deadline."""

    temperature: float
    top_p: float | None
    top_k: int | None
    max_tokens: int
    stop: list[str]
    seconds: float


class MadeResource(Resource):
    """The language model's part in an answer. `rewrite`: the prompt with which it put a follow-up question in full.

    The other fields are null where it did no more than that. `cut`: the answer ended at `max_tokens`.
    """

    model: str | None = None
    prompt: PromptName | None = None
    sampling: SamplingResource | None = None
    passages: int | None = Field(None, description="Passages that the model read.")
    dropped_passages: int | None = Field(None, description="Passages that did not fit what it reads at once.")
    cut: bool | None = None
    rewrite: PromptName | None = None


class AnswerResource(AnswerSummary):
    """An answer. `grounded` is false when no document answers; there are no sentences then."""

    asked: str = Field(description="The question as it was searched: with those before it, if it leans on them.")
    filters: dict[str, Any]
    mode: str
    grounded: bool
    sentences: list[SentenceResource]
    sources: list[SourceResource]
    conflicts: list[ConflictResource] = Field(description="Where the sources contradict each other on what was asked.")
    steps: list[StepResource]
    usage: dict[str, Any] = Field(
        description="Figures of how it was made; `claims` counts sentences by how well their sources bear them, those left "
        "out as `unsupported`; `unsaid` are words of the question that no source holds: of an answered one its names, else all; "
        "without a source `notice` says which values of the filters do not exist, and which do."
    )
    made: MadeResource | None = Field(description="How the language model made it; null where it had no part.")


class ThreadResource(Resource):
    """A thread: its first question, how many were asked, and the last answer."""

    id: str
    question: str
    count: int
    latest_answer_id: str
    latest_at: Moment = Field(description="When the last question was asked.")


class ThreadAnswers(Resource):
    """A thread with its answers, in the order in which they were asked; of a long one the last hundred."""

    id: str
    answers: list[AnswerResource]


def source_resource(source: Source) -> SourceResource:
    """The API's view of a source."""
    passage = SourcePassage(start=source.start, end=source.end, text=source.text, page=source.page)
    return SourceResource(number=source.number, document=document_card(source.document), passage=passage)


def answer_resource(whole: Whole) -> AnswerResource:
    """The API's view of a stored answer."""
    row = whole.row
    return AnswerResource(
        id=row.id,
        thread_id=row.thread_id,
        asked=row.asked,
        question=row.question,
        status=standing(row),
        created_at=row.created_at,
        filters=row.filters,
        mode=row.mode,
        grounded=bool(row.sentences),
        sentences=[SentenceResource.model_validate(sentence, from_attributes=True) for sentence in whole.sentences],
        sources=[source_resource(source) for source in whole.sources],
        conflicts=conflict_resources(conflicts_of(whole), whole.sources),
        steps=[StepResource(**step) for step in row.steps],
        usage=row.usage,
        made=MadeResource.model_validate(row.made) if row.made else None,
    )


def answer_summary(row: Answer) -> AnswerSummary:
    """The API's view of an earlier question."""
    return AnswerSummary(
        id=row.id, thread_id=row.thread_id, question=row.question, status=standing(row), created_at=row.created_at
    )


def conflict_resources(conflicts: Sequence[Conflict], sources: Sequence[Source]) -> list[ConflictResource]:
    """The API's view of where sources contradict each other."""
    documents = {source.number: source.document for source in sources}
    return [
        ConflictResource(
            about=conflict.about,
            sides=[
                ConflictSideResource(
                    value=side.value,
                    outlet=(document := documents[side.citation.source_number]).source,
                    published_at=document.published_at,
                    citation=CitationResource.model_validate(side.citation, from_attributes=True),
                )
                for side in conflict.sides
            ],
        )
        for conflict in conflicts
    ]


def event_data(event: AnswerEvent) -> tuple[str, dict[str, Any]]:
    """An event's name and data for the stream. `done` carries only the id here; the route adds the stored answer."""
    match event:
        case Accepted(answer_id, thread_id, question, filters):
            ids = {"answer_id": answer_id, "thread_id": thread_id}
            return "accepted", {**ids, "question": question, "filters": filters.to_json()}
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
        case Conflicts(conflicts, sources):
            told = [each.model_dump(mode="json") for each in conflict_resources(conflicts, sources)]
            return "conflicts", {"conflicts": told}
        case Usage(values):
            return "usage", values
        case Done(answer_id, _):
            return "done", {"answer_id": answer_id}

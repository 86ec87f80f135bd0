"""What an answer is made of. One object, stored once, read by every API shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from services.models import Answer, Document
from services.search.query import Filters

Mode = Literal["extractive", "generated"]
EXTRACTIVE: Mode = "extractive"
GENERATED: Mode = "generated"
# How an answer stands. Stopped: somebody had enough of it, or its writer died; what was written stays.
RUNNING, DONE, NO_SOURCES, STOPPED = "running", "done", "no_sources", "stopped"


@dataclass(frozen=True)
class Generation:
    """How the language model shall write one answer; None leaves a value to the settings. `seconds` is its deadline."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: Sequence[str] | None = None
    seconds: float | None = None


SUPPORTED, PARTLY = "supported", "partly"


@dataclass(frozen=True)
class Question:
    """What a person asks, within which documents, and who shall answer: rules, or the language model.

    `text` may hold filters, as grammar.understand reads them where they are `marked`; `now`: what these count from.
    `thread_id`: the thread it goes on; None begins one.
    """

    text: str
    filters: Filters = field(default_factory=Filters)
    max_sources: int = 8
    mode: Mode = EXTRACTIVE
    thread_id: str | None = None
    now: datetime | None = None
    generation: Generation = Generation()


@dataclass(frozen=True)
class Source:
    """A document shown to the answerer: its number in the answer and the passage that was read."""

    number: int
    document: Document
    start: int
    end: int
    text: str
    page: int | None


@dataclass(frozen=True)
class Citation:
    """Where a sentence comes from: the characters [start, end) of a document's text.

    `match`: verbatim when the sentence is the quote itself, else paraphrase.
    """

    source_number: int
    document_id: str
    start: int
    end: int
    quote: str
    match: str
    page: int | None


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer and what supports it; `support` says how well: supported, or partly (see ground.py)."""

    text: str
    citations: tuple[Citation, ...]
    support: str = SUPPORTED


@dataclass(frozen=True)
class Side:
    """What one source says where another says something else: the figure or date as it stands in the quote."""

    value: str
    citation: Citation


@dataclass(frozen=True)
class Conflict:
    """Two sources that differ on a figure or date, the later one first, and what it is of."""

    about: str
    sides: tuple[Side, ...]


class Whole(NamedTuple):
    """A stored answer, with what of it may be shown now."""

    row: Answer
    sentences: Sequence[Sentence]
    sources: Sequence[Source]


@dataclass(frozen=True)
class ThreadSummary:
    """A thread: its first question, how many it has, its last answer, and when that was asked for."""

    id: str
    question: str
    count: int
    latest_answer_id: str
    latest_at: datetime


# The events of an answer, in the order in which they come.


@dataclass(frozen=True)
class Accepted:
    """The question was accepted under this id, in this thread: its words, and the filters given with it and inside it."""

    answer_id: str
    thread_id: str
    question: str
    filters: Filters


@dataclass(frozen=True)
class Step:
    """A step that ended, with what it found, for the progress list."""

    name: str
    detail: str
    took_ms: float


@dataclass(frozen=True)
class Sources:
    """The sources, before any text."""

    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Delta:
    """Text of sentence number `sentence` (from 0)."""

    sentence: int
    text: str


@dataclass(frozen=True)
class Cited:
    """The verified citations of a sentence."""

    sentence: int
    citations: tuple[Citation, ...]
    support: str = SUPPORTED


@dataclass(frozen=True)
class Conflicts:
    """Where the sources contradict each other; not sent where they do not."""

    conflicts: tuple[Conflict, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Usage:
    """What the answer cost."""

    values: dict[str, Any]


@dataclass(frozen=True)
class Done:
    """The answer is complete and stored."""

    answer_id: str
    created_at: datetime


AnswerEvent = Accepted | Step | Sources | Delta | Cited | Conflicts | Usage | Done

"""What an answer is made of. One object, stored once, read by every API shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.models import Document
from services.search.query import Filters


@dataclass(frozen=True)
class Question:
    """What a person asks, within which documents."""

    text: str
    filters: Filters = field(default_factory=Filters)
    max_sources: int = 8


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
    """One sentence of an answer and what supports it."""

    text: str
    citations: tuple[Citation, ...]


# The events of an answer, in the order in which they come.


@dataclass(frozen=True)
class Accepted:
    """The question was accepted under this id."""

    answer_id: str


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


@dataclass(frozen=True)
class Usage:
    """What the answer cost."""

    values: dict[str, Any]


@dataclass(frozen=True)
class Done:
    """The answer is complete and stored."""

    answer_id: str
    created_at: datetime


AnswerEvent = Accepted | Step | Sources | Delta | Cited | Usage | Done

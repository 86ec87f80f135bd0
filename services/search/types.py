"""What a search gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.models import Document


class Span(NamedTuple):
    """Characters [start, end)."""

    start: int
    end: int


@dataclass(frozen=True)
class Passage:
    """A span of a document's text. `highlights` count from the passage's first character."""

    start: int
    end: int
    text: str
    highlights: tuple[Span, ...]
    page: int | None


@dataclass(frozen=True)
class Explanation:
    """Where a hit's place comes from.

    `dense`: its best cosine, None without the model. `lexical`: the share of the query's words in it. `words`: what these
    words say, by rarity and number, 0..1. `fused`: the score made of the first and the last.
    """

    dense: float | None
    lexical: float
    words: float
    fused: float


@dataclass(frozen=True)
class Copies:
    """The other documents with a hit's text: how many, of how many other publishers, and the first few of them."""

    count: int = 0
    outlets: int = 0
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Hit:
    """One document that was found, with its best passage. `relevance` is on a fixed 0..1 scale.

    `withheld`: its publisher allows no passage, so there is none. `copies`: nothing when copies are shown unfolded.
    """

    document: Document
    passage: Passage
    more_passages: tuple[Passage, ...]
    score: float
    relevance: float
    explain: Explanation
    withheld: bool = False
    copies: Copies = Copies()


@dataclass(frozen=True)
class SearchResult:
    """A page of hits. `mode`: hybrid, keyword (the model is not ready) or listing (empty query).

    `total` counts hits; `is_exact` is False when there may be more than were looked at.
    """

    hits: Sequence[Hit]
    total: int
    is_exact: bool
    mode: str
    notice: str | None
    next_offset: int | None
    took_ms: float


@dataclass(frozen=True)
class FacetValue:
    """How many documents have this value."""

    value: str
    count: int

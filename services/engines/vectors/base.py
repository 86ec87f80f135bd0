"""What Tidings asks of a vector store. Hybrid retrieval happens inside the engine, behind one call.

A collection belongs to one tenant and one generation. Points carry a dense vector (optional: it may come later),
a BM25 sparse vector made from the text, and a flat payload to filter on. The store keeps no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

# How many candidates each leg of a hybrid query brings to the fusion.
CANDIDATES = 100
# Reciprocal rank fusion's k (Cormack, Clarke, Büttcher 2009).
RRF_K = 60


def point_id(document_id: str, version: int, ordinal: int) -> UUID:
    """The id of a chunk's point: the same chunk always overwrites itself."""
    return uuid5(NAMESPACE_URL, f"{document_id}/{version}/{ordinal}")


@dataclass(frozen=True)
class Point:
    """One chunk as the engine stores it. `vector` None: the chunk can be found by keyword only until it comes."""

    document_id: str
    version: int
    ordinal: int
    text: str
    language: str | None
    vector: Vector | None
    source: str
    type: str
    # Publication time, else first seen: what date filters and newest-first look at.
    dated_at: datetime
    category: str | None = None


@dataclass(frozen=True)
class VectorFilter:
    """Conditions on payload. Values of one field are alternatives, fields must all hold; empty means any.

    `dated_from` is included, `dated_to` excluded.
    """

    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    excluded_sources: tuple[str, ...] = ()
    excluded_languages: tuple[str, ...] = ()
    excluded_types: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    dated_from: datetime | None = None
    dated_to: datetime | None = None


@dataclass(frozen=True)
class HybridQuery:
    """A query for both legs. `vector` None leaves out the dense leg, empty `text` the lexical one."""

    text: str
    vector: Vector | None
    limit: int
    filter: VectorFilter = field(default_factory=VectorFilter)
    language: str | None = None


@dataclass(frozen=True)
class ScoredChunk:
    """A retrieved chunk: its fused score and, where the chunk has a vector and the query too, their cosine."""

    document_id: str
    version: int
    ordinal: int
    score: float
    cosine: float | None


class VectorStore(Protocol):
    """The port. All methods raise EngineUnavailable when the engine cannot serve.

    Thread safety: every method may be called from any thread.
    """

    def ensure(self, collection: str, dimensions: int) -> None:
        """Create the collection when it is missing; idempotent. Raises ConfigurationError if it exists with other dimensions."""

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store points durably: when it returns, a killed process loses none of them. Same ids overwrite."""

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks: dense and BM25 legs of CANDIDATES (at least `limit`) each, fused in the engine by RRF (RRF_K).

        A chunk missing from a leg adds nothing for it. Ordered by score, ties by point id. A missing collection is empty.
        """

    def delete_documents(
        self, collection: str, document_ids: Iterable[str], *, before_version: int | None = None
    ) -> None:
        """Remove all points of these documents, only those of versions below `before_version` when given; idempotent."""

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""

    def drop(self, collection: str) -> None:
        """Remove the collection and its files; idempotent."""

    def close(self) -> None:
        """Flush and release everything. The store cannot be used afterwards."""

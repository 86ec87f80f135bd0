"""What Tidings asks of a vector store. Hybrid retrieval happens inside the engine, behind one call.

A collection belongs to one tenant and one generation. Points carry a dense vector (optional: it may come later),
a BM25 sparse vector made from the text, and a flat payload to filter on. The store keeps no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

# How many candidates each leg of a hybrid query brings to the fusion.
CANDIDATES = 100
# Reciprocal rank fusion's k (Cormack, Clarke, Büttcher 2009).
RRF_K = 60


# A tenant's collection as the rest of Tidings names it.
GENERATION = re.compile(r"(?P<tenant>.+)-g(?P<generation>\d+)")


def collection_name(tenant_id: str, generation: int) -> str:
    """The name of a tenant's points in one generation. Made from our own ids, never from a request."""
    return f"{tenant_id}-g{generation}"


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
    excluded_document_ids: tuple[str, ...] = ()
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


class ScoredChunk(NamedTuple):
    """A retrieved chunk with the score of each leg, whichever found it. `score`: their ranks, fused by the engine.

    `cosine`: None where the chunk or the query has no vector. `bm25`: 0 where the chunk has none of the query's words.
    """

    document_id: str
    version: int
    ordinal: int
    score: float
    cosine: float | None
    bm25: float


@dataclass(frozen=True)
class Matching:
    """Documents, as ids and versions, best first. `is_complete`: there are no others."""

    documents: tuple[tuple[str, int], ...] = ()
    is_complete: bool = True


@dataclass(frozen=True)
class StoredPoint:
    """A point as a scan sees it. `is_stray`: its id is not that of its chunk, so nothing would ever overwrite it."""

    id: str
    document_id: str
    version: int
    ordinal: int
    is_stray: bool


@dataclass(frozen=True)
class Snapshot:
    """An archive of a collection that the store keeps. `size`: bytes. `at`: when it was made, UTC, by the store's clock."""

    name: str
    size: int
    at: datetime


class Snapshots(Protocol):
    """Copies of collections, for a store whose files are elsewhere. All methods raise EngineUnavailable."""

    def listed(self, collection: str) -> list[Snapshot]:
        """A collection's snapshots, the newest first."""

    def take(self, collection: str) -> Snapshot:
        """Make one; returns when it is kept."""

    def remove(self, collection: str, snapshot: str) -> None:
        """Remove one."""

    def restore(self, collection: str, snapshot: str) -> None:
        """Replace the collection by one of its snapshots."""


class VectorStore(Protocol):
    """The port. All methods raise EngineUnavailable when the engine cannot serve.

    Thread safety: every method may be called from any thread. `snapshots` is None where the points are files of the
    data folder, which a copy of the folder takes along.
    """

    @property
    def snapshots(self) -> Snapshots | None: ...

    def ensure(self, collection: str, dimensions: int) -> None:
        """Create the collection when it is missing; idempotent. Raises ConfigurationError if it exists with other dimensions."""

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store points durably: when it returns, a killed process loses none of them. Same ids overwrite."""

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks: dense and BM25 legs of CANDIDATES (at least `limit`) each, fused in the engine by RRF (RRF_K).

        A chunk missing from a leg adds nothing for it. Ordered by score, ties by point id. A missing collection is empty.
        A store with aliases answers from the tenant's published generation, whichever generation it is asked for.
        """

    def matching(self, collection: str, query: HybridQuery) -> Matching:
        """The documents that have one of the query's words, from its `limit` best chunks by BM25. Its vector is not looked at.

        Cheaper than `query` by far: nothing is fused, and no chunk is scored twice.
        """

    def delete_documents(
        self, collection: str, document_ids: Iterable[str], *, before_version: int | None = None
    ) -> None:
        """Remove all points of these documents, only those of versions below `before_version` when given; idempotent."""

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""

    def scan(self, collection: str, *, without_vector: bool = False) -> Iterator[list[StoredPoint]]:
        """All points, or those that lack a dense vector, in pages. What is written meanwhile may be in it or not."""

    def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        """Remove points by the ids that a scan gave; idempotent."""

    def publish(self, collection: str) -> None:
        """Let queries for any generation of the tenant be answered from this one, at once for all; idempotent.

        Does nothing in a store without aliases: there the generation in the tenant's row decides.
        """

    def drop(self, collection: str) -> None:
        """Remove the collection and its files; idempotent."""

    def close(self) -> None:
        """Flush and release everything. The store cannot be used afterwards."""

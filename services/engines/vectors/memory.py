"""A vector store in a dict, for tests: the port's meaning in its plainest form, exact and without an engine."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from typing import Any
from uuid import UUID

from services.engines.vectors.base import RRF_K, HybridQuery, Matching, Point, ScoredChunk, StoredPoint, point_id
from services.engines.vectors.encode import (
    DATE_FIELD,
    Conditions,
    RawHit,
    Sparse,
    candidates,
    check_dimensions,
    conditions,
    cosines,
    encode_query,
    encode_text,
    matching_of,
    payload,
    rank,
    stored_point,
    wrong_dimensions,
)
from services.errors import EngineUnavailable

Entry = tuple[Point, dict[str, Any], Sparse | None]


class MemoryVectors:
    """Collections as dicts of points. Nothing survives the process; queries are linear in points."""

    snapshots = None

    def __init__(self) -> None:
        self.collections: dict[str, dict[UUID, Entry]] = {}
        self.dimensions: dict[str, int] = {}
        self.lock = RLock()

    def ensure(self, collection: str, dimensions: int) -> None:
        """Create the collection when it is missing; raises ConfigurationError for other dimensions."""
        with self.lock:
            stored = self.dimensions.setdefault(collection, dimensions)
            if stored != dimensions:
                raise wrong_dimensions(collection, stored, dimensions)
            self.collections.setdefault(collection, {})

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store points; same ids overwrite."""
        with self.lock:
            if collection not in self.collections:
                raise EngineUnavailable(f"Search index {collection!r} does not exist yet.")
            check_dimensions(collection, self.dimensions[collection], (point.vector for point in points))
            for point in points:
                entry = (point, payload(point), encode_text(point.text, point.language))
                self.collections[collection][point_id(point.document_id, point.version, point.ordinal)] = entry

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks by RRF. Qdrant counts ranks from 0, so the first of a leg scores 1 / RRF_K."""
        with self.lock:
            entries, dimensions = dict(self.collections.get(collection, {})), self.dimensions.get(collection)
        if dimensions is None:
            return []
        check_dimensions(collection, dimensions, [query.vector])
        if query.limit < 1:
            return []
        scores: defaultdict[UUID, float] = defaultdict(float)
        bm25 = lexical_leg(entries, query)
        for leg in (dense_leg(entries, query), bm25):
            kept = {id_: score for id_, score in leg.items() if matches(entries[id_][1], conditions(query.filter))}
            best = sorted(kept, key=lambda id_: (-kept[id_], id_))[: candidates(query)]
            for position, id_ in enumerate(best):
                scores[id_] += 1 / (RRF_K + position)
        found = cosines(query.vector, [entries[id_][0].vector for id_ in scores])
        hits = zip(scores.items(), found, strict=True)
        raw = (RawHit(str(id_), score, entries[id_][1], cosine, bm25.get(id_, 0.0)) for (id_, score), cosine in hits)
        return rank(raw, query)

    def matching(self, collection: str, query: HybridQuery) -> Matching:
        """The documents that have one of the query's words."""
        with self.lock:
            entries = dict(self.collections.get(collection, {}))
        scores = lexical_leg(entries, query)
        kept = [id_ for id_ in scores if matches(entries[id_][1], conditions(query.filter))]
        best = sorted(kept, key=lambda id_: (-scores[id_], id_))[: max(0, query.limit)]
        return matching_of([entries[id_][1] for id_ in best], query.limit)

    def delete_documents(
        self, collection: str, document_ids: Iterable[str], *, before_version: int | None = None
    ) -> None:
        """Remove all points of these documents, or those of versions below `before_version`; idempotent."""
        doomed = set(document_ids)
        with self.lock:
            entries = self.collections.get(collection, {})
            for id_, (point, _, _) in list(entries.items()):
                if point.document_id in doomed and (before_version is None or point.version < before_version):
                    del entries[id_]

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""
        with self.lock:
            points = [entry[0] for entry in self.collections.get(collection, {}).values()]
        return sum(1 for point in points if document_id in (None, point.document_id))

    def scan(self, collection: str, *, without_vector: bool = False) -> Iterator[list[StoredPoint]]:
        """All points, or those without vector, in one page."""
        with self.lock:
            entries = dict(self.collections.get(collection, {}))
        yield [
            stored_point(str(id_), fields, point_id(point.document_id, point.version, point.ordinal))
            for id_, (point, fields, _) in entries.items()
            if not (without_vector and point.vector is not None)
        ]

    def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        """Remove points by id; idempotent."""
        with self.lock:
            for id_ in ids:
                self.collections.get(collection, {}).pop(UUID(id_), None)

    def publish(self, collection: str) -> None:
        """Nothing: there are no aliases."""

    def drop(self, collection: str) -> None:
        """Remove the collection; idempotent."""
        with self.lock:
            self.collections.pop(collection, None)
            self.dimensions.pop(collection, None)

    def close(self) -> None:
        """Forget everything."""
        with self.lock:
            self.collections.clear()
            self.dimensions.clear()


def dense_leg(entries: dict[UUID, Entry], query: HybridQuery) -> dict[UUID, float]:
    """Cosine of every point that has a vector."""
    found = cosines(query.vector, [entry[0].vector for entry in entries.values()])
    return {id_: score for id_, score in zip(entries, found, strict=True) if score is not None}


def lexical_leg(entries: dict[UUID, Entry], query: HybridQuery) -> dict[UUID, float]:
    """BM25 of every point that shares a token with the query."""
    wanted = encode_query(query.text, query.language)
    corpus = {id_: dict(zip(s.indices, s.values, strict=True)) for id_, (_, _, s) in entries.items() if s is not None}
    if wanted is None:
        return {}
    idf = {}
    for token in wanted.indices:
        frequency = sum(1 for weights in corpus.values() if token in weights)
        idf[token] = math.log(1 + (len(corpus) - frequency + 0.5) / (frequency + 0.5))
    shared = {id_: weights.keys() & idf.keys() for id_, weights in corpus.items()}
    return {id_: sum(idf[token] * corpus[id_][token] for token in tokens) for id_, tokens in shared.items() if tokens}


def matches(fields: dict[str, Any], wanted: Conditions) -> bool:
    """Whether a payload satisfies the conditions; `dated_from` is included, `dated_to` excluded."""
    return (
        all(fields.get(name) in values for name, values in wanted.any_of.items())
        and not any(fields.get(name) in values for name, values in wanted.none_of.items())
        and (wanted.dated_from is None or fields[DATE_FIELD] >= wanted.dated_from)
        and (wanted.dated_to is None or fields[DATE_FIELD] < wanted.dated_to)
    )

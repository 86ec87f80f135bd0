"""Vectors in Qdrant Edge: the real Qdrant engine inside this process, one shard folder per collection, exact search.

Durability: Edge writes every operation to its log before applying it, and the log outlives the process: after kill -9
nothing that returned is missing (tests/services/engines/test_edge_durability.py). A power cut may take the operations
since the last flush (ADR 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from qdrant_edge import (
    CountRequest,
    FieldCondition,
    Filter,
    Fusion,
    HasIdCondition,
    MatchAny,
    MatchValue,
    Prefetch,
    Query,
    QueryRequest,
    RangeFloat,
    ScrollRequest,
    SparseVector,
    UpdateOperation,
)
from qdrant_edge import Point as EdgePoint

from services.engines.vectors.base import RRF_K, HybridQuery, Point, ScoredChunk, Vector, VectorFilter, point_id
from services.engines.vectors.encode import (
    DATE_FIELD,
    DENSE,
    SPARSE,
    TIE_MARGIN,
    RawHit,
    Sparse,
    candidates,
    check_dimensions,
    conditions,
    encode_query,
    encode_text,
    payload,
    rank,
)
from services.engines.vectors.shards import OPEN_SHARDS, OpenShard, Shards
from services.errors import EngineUnavailable

# Points per call into Edge, each of which stops the interpreter: 32 take 1.2 ms (p99 3 ms), 256 take 22 ms; the rate is
# the same from 16 up. Making points in between lets waiting threads in. While another thread stores, filtered queries
# over 100,000 chunks take p50 13.6 and p95 20 ms, against 12.8 and 24 alone (bench/search.py, two busy cores).
UPSERT_BATCH = 32
DELETE_BATCH = 256
# Points between flushes. A flush stops the interpreter for 16 ms per 512 points and trims the log, which otherwise
# takes 2.3 kB of disk per point and is replayed, 65 microseconds per point, when a killed process starts again.
FLUSH_POINTS = 1024
# Edge's Rrf is a variant of Fusion, which its stubs do not say.
RRF: Any = Fusion.Rrf(RRF_K)


class EdgeVectors:
    """The vector store of the embedded profile. One process per folder: a second one gets EngineUnavailable.

    Cost of a hybrid query at 100,000 chunks: bench/search.py.
    """

    def __init__(self, folder: Path, *, open_shards: int = OPEN_SHARDS) -> None:
        self.shards = Shards(folder, limit=open_shards)

    def ensure(self, collection: str, dimensions: int) -> None:
        """Create the collection when it is missing; raises ConfigurationError for other dimensions."""
        self.shards.create(collection, dimensions)

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store points in sub-batches, so that queries run in between. A failure may leave the first of them stored."""
        with self.shards.lease(collection) as shard:
            if shard is None:
                raise EngineUnavailable(f"Search index {collection!r} does not exist yet.")
            check_dimensions(collection, shard.dimensions, (point.vector for point in points))
            for start in range(0, len(points), UPSERT_BATCH):
                batch = [edge_point(point) for point in points[start : start + UPSERT_BATCH]]
                shard.shard.update(UpdateOperation.upsert_points(batch))
                flush_when_due(shard, len(batch))

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks, fused in the engine, which then scores just these by cosine.

        Two calls take 5.6 ms for 200 of 20,000 chunks; one that brings the vectors along, to multiply here, 10.8 ms.
        """
        with self.shards.lease(collection) as shard:
            if shard is None or query.limit < 1:
                return []
            check_dimensions(collection, shard.dimensions, [query.vector])
            legs = prefetches(query)
            if not legs:
                return []
            found = shard.shard.query(
                QueryRequest(
                    limit=query.limit + TIE_MARGIN,
                    query=RRF,
                    prefetches=legs,
                    with_payload=["document_id", "version", "ordinal"],
                    with_vector=False,
                )
            )
            cosines = {} if query.vector is None else cosines_of(shard, query.vector, {hit.id for hit in found})
        return rank((RawHit(str(hit.id), hit.score, hit.payload, cosines.get(hit.id)) for hit in found), query)

    def delete_documents(
        self, collection: str, document_ids: Iterable[str], *, before_version: int | None = None
    ) -> None:
        """Remove their points, or those of versions below `before_version`, DELETE_BATCH at a time; idempotent."""
        wanted = list(document_ids)
        with self.shards.lease(collection) as shard:
            if shard is None or not wanted:
                return
            must: list[Any] = [one_of("document_id", wanted)]
            if before_version is not None:
                must.append(FieldCondition("version", range=RangeFloat(lt=before_version)))
            doomed = Filter(must=must)
            while True:
                found, _ = shard.shard.scroll(
                    ScrollRequest(limit=DELETE_BATCH, filter=doomed, with_payload=False, with_vector=False)
                )
                if not found:
                    return
                shard.shard.update(UpdateOperation.delete_points([record.id for record in found]))
                flush_when_due(shard, len(found))

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""
        wanted = None if document_id is None else Filter(must=[one_of("document_id", [document_id])])
        with self.shards.lease(collection) as shard:
            return 0 if shard is None else int(shard.shard.count(CountRequest(exact=True, filter=wanted)))

    def drop(self, collection: str) -> None:
        """Remove the collection and its files; idempotent."""
        self.shards.remove(collection)

    def close(self) -> None:
        """Flush and close every shard."""
        self.shards.close()


def edge_point(point: Point) -> EdgePoint:
    """The engine's point: the vectors there are, and the payload."""
    sparse = encode_text(point.text, point.language)
    vectors: dict[str, Any] = {} if sparse is None else {SPARSE: edge_sparse(sparse)}
    if point.vector is not None:
        vectors[DENSE] = point.vector.tolist()
    return EdgePoint(point_id(point.document_id, point.version, point.ordinal), vectors, payload(point))


def edge_sparse(sparse: Sparse) -> SparseVector:
    """The engine's sparse vector."""
    return SparseVector(sparse.indices, sparse.values)


def cosines_of(shard: OpenShard, vector: Vector, ids: set[Any]) -> dict[Any, float]:
    """Cosine of a vector to each of these points; those without a vector are left out."""
    if not ids:
        return {}
    found = shard.shard.query(
        QueryRequest(
            limit=len(ids),
            query=nearest(vector),
            filter=Filter(must=[HasIdCondition(ids)]),
            with_payload=False,
            with_vector=False,
        )
    )
    return {hit.id: hit.score for hit in found}


def nearest(vector: Vector) -> Any:
    """A query by vector."""
    return Query.Nearest(np.asarray(vector, dtype=np.float32).tolist(), DENSE)


def flush_when_due(shard: OpenShard, written: int) -> None:
    """Count what was written and flush every FLUSH_POINTS."""
    shard.unflushed += written
    if shard.unflushed >= FLUSH_POINTS:
        shard.unflushed = 0
        shard.shard.flush()


def prefetches(query: HybridQuery) -> list[Prefetch]:
    """The legs that the query has; a text of stop words only has no lexical leg."""
    wanted = edge_filter(query.filter)
    sparse = encode_query(query.text, query.language)
    legs: list[Any] = []
    if query.vector is not None:
        legs.append(nearest(query.vector))
    if sparse is not None:
        legs.append(Query.Nearest(edge_sparse(sparse), SPARSE))
    return [Prefetch(limit=candidates(query), query=leg, filter=wanted) for leg in legs]


def edge_filter(wanted: VectorFilter) -> Filter | None:
    """The engine's filter; None when there are no conditions."""
    found = conditions(wanted)
    if not found:
        return None
    must: list[Any] = [one_of(name, values) for name, values in found.any_of.items()]
    if found.dated_from is not None or found.dated_to is not None:
        must.append(FieldCondition(DATE_FIELD, range=RangeFloat(gte=found.dated_from, lt=found.dated_to)))
    return Filter(must=must, must_not=[one_of(name, values) for name, values in found.none_of.items()])


def one_of(name: str, values: list[str]) -> FieldCondition:
    """A keyword condition. MatchAny of one value takes twice as long as MatchValue, so one value gets the latter."""
    return FieldCondition(name, match=MatchValue(values[0]) if len(values) == 1 else MatchAny(values))

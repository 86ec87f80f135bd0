"""Vectors in Qdrant Edge: the real Qdrant engine inside this process, one shard folder per collection, no graph.

Durability: Edge writes every operation to its log before applying it, and the log outlives the process: after kill -9
nothing that returned is missing (tests/services/engines/test_edge_durability.py). A power cut may take the operations
since the last flush (ADR 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from qdrant_edge import (
    CountRequest,
    FieldCondition,
    Filter,
    Fusion,
    HasIdCondition,
    HasVectorCondition,
    MatchAny,
    MatchValue,
    Prefetch,
    QuantizationSearchParams,
    Query,
    QueryRequest,
    RangeFloat,
    ScrollRequest,
    SearchParams,
    SparseVector,
    UpdateOperation,
)
from qdrant_edge import Point as EdgePoint

from services.engines.disk import REMOVING_BYTES, demand_room
from services.engines.vectors.base import (
    RRF_K,
    HybridQuery,
    Matching,
    Point,
    ScoredChunk,
    StoredPoint,
    Vector,
    VectorFilter,
    point_id,
)
from services.engines.vectors.encode import (
    DATE_FIELD,
    DENSE,
    DOCUMENT_FIELDS,
    KEY_FIELDS,
    SPARSE,
    TIE_MARGIN,
    RawHit,
    Sparse,
    candidates,
    check_dimensions,
    conditions,
    encode_query,
    encode_text,
    matching_of,
    payload,
    rank,
    stored_point,
)
from services.engines.vectors.shards import OPEN_SHARDS, OpenShard, Shards
from services.errors import EngineUnavailable

# Points per call into Edge, each of which stops the interpreter: 32 take 1.2 ms (p99 3 ms), 256 take 22 ms; the rate is
# the same from 16 up. Making points in between lets waiting threads in. While another thread stores, filtered queries
# over 100,000 chunks take p50 13.6 and p95 20 ms, against 12.8 and 24 alone (bench/search.py, two busy cores).
UPSERT_BATCH = 32
DELETE_BATCH = 256
SCAN_PAGE = 256
# Points between flushes. A flush stops the interpreter for 16 ms per 512 points and trims the log, which otherwise
# takes 2.3 kB of disk per point and is replayed, 65 microseconds per point, when a killed process starts again.
FLUSH_POINTS = 1024
# The nearest by the 4-bit copies, three times as many as are wanted, are scored again by their vectors. Over 100,000
# chunks that takes 2.7 ms instead of 24, and of 60 queries each had the same 200 chunks (twice as many: .9999 of them).
RESCORED = SearchParams(quantization=QuantizationSearchParams(rescore=True, oversampling=3.0))
EXACT = SearchParams(exact=True, quantization=QuantizationSearchParams(ignore=True))
# Edge's Rrf is a variant of Fusion, which its stubs do not say.
RRF: Any = Fusion.Rrf(RRF_K)


class EdgeVectors:
    """The vector store of the embedded profile. One process per folder: a second one gets EngineUnavailable.

    Cost of a hybrid query at 100,000 chunks: bench/search.py.
    """

    snapshots = None

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
                demand_room(self.shards.folder)
                batch = [edge_point(point) for point in points[start : start + UPSERT_BATCH]]
                shard.shard.update(UpdateOperation.upsert_points(batch))
                flush_when_due(shard, len(batch))

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks, fused in the engine, which then scores just these by each leg.

        Three calls take 6 ms for 200 of 20,000 chunks; one that brings the vectors along, to multiply here, 10.8 ms.
        """
        with self.shards.lease(collection) as shard:
            if shard is None or query.limit < 1:
                return []
            check_dimensions(collection, shard.dimensions, [query.vector])
            words = lexical(query)
            legs = prefetches(query, words)
            if not legs:
                return []
            found = shard.shard.query(
                QueryRequest(
                    limit=query.limit + TIE_MARGIN,
                    query=RRF,
                    prefetches=legs,
                    with_payload=KEY_FIELDS,
                    with_vector=False,
                )
            )
            # The engine makes a new UUID each time it is asked for an id, so each point is asked once.
            ids = [hit.id for hit in found]
            these = Filter(must=[HasIdCondition(set(ids))])
            cosines = {} if query.vector is None else scores_of(shard, nearest(query.vector), these, len(ids))
            bm25 = {} if words is None else scores_of(shard, words, these, len(ids))
        hits = [
            RawHit(id_.hex, hit.score, hit.payload, cosines.get(id_.int), bm25.get(id_.int, 0.0))
            for id_, hit in zip(ids, found, strict=True)
        ]
        return rank(hits, query)

    def matching(self, collection: str, query: HybridQuery) -> Matching:
        """The documents that have one of the query's words. 5,000 chunks take 20 ms, 17 of them for the payload."""
        words = lexical(query)
        with self.shards.lease(collection) as shard:
            if shard is None or words is None or query.limit < 1:
                return Matching()
            found = shard.shard.query(
                QueryRequest(
                    limit=query.limit,
                    query=words,
                    filter=edge_filter(query.filter),
                    with_payload=DOCUMENT_FIELDS,
                    with_vector=False,
                )
            )
        return matching_of([hit.payload for hit in found], query.limit)

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
                demand_room(self.shards.folder, REMOVING_BYTES)
                shard.shard.update(UpdateOperation.delete_points([record.id for record in found]))
                flush_when_due(shard, len(found))

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""
        wanted = None if document_id is None else Filter(must=[one_of("document_id", [document_id])])
        with self.shards.lease(collection) as shard:
            return 0 if shard is None else int(shard.shard.count(CountRequest(exact=True, filter=wanted)))

    def scan(self, collection: str, *, without_vector: bool = False) -> Iterator[list[StoredPoint]]:
        """All points, or those that lack a dense vector, SCAN_PAGE at a time; the shard is let go in between."""
        wanted = Filter(must_not=[HasVectorCondition(DENSE)]) if without_vector else None
        offset: Any = None
        while True:
            with self.shards.lease(collection) as shard:
                if shard is None:
                    return
                found, offset = shard.shard.scroll(
                    ScrollRequest(
                        limit=SCAN_PAGE, offset=offset, filter=wanted, with_payload=KEY_FIELDS, with_vector=False
                    )
                )
            yield [
                stored_point(str(each.id), each.payload, point_id(*(each.payload[name] for name in KEY_FIELDS)))
                for each in found
            ]
            if offset is None:
                return

    def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        """Remove points by id, DELETE_BATCH at a time; idempotent."""
        for start in range(0, len(ids), DELETE_BATCH):
            with self.shards.lease(collection) as shard:
                if shard is None:
                    return
                demand_room(self.shards.folder, REMOVING_BYTES)
                batch: list[Any] = [UUID(each) for each in ids[start : start + DELETE_BATCH]]
                shard.shard.update(UpdateOperation.delete_points(batch))
                flush_when_due(shard, len(batch))

    def publish(self, collection: str) -> None:
        """Nothing: folders have no aliases, the tenant's row says which generation is asked."""

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


def scores_of(shard: OpenShard, leg: Any, these: Filter, count: int) -> dict[int, float]:
    """One leg's score of each of `count` points, by its id as a number, whose hash costs a tenth of a UUID's.

    Those without its vector, or without a token of its, are left out.
    """
    if not count:
        return {}
    found = shard.shard.query(
        QueryRequest(
            limit=count,
            query=leg,
            filter=these,
            params=EXACT,
            with_payload=False,
            with_vector=False,
        )
    )
    return {hit.id.int: hit.score for hit in found}


def nearest(vector: Vector) -> Any:
    """A query by vector."""
    return Query.Nearest(np.asarray(vector, dtype=np.float32).tolist(), DENSE)


def flush_when_due(shard: OpenShard, written: int) -> None:
    """Count what was written and flush every FLUSH_POINTS."""
    shard.unflushed += written
    if shard.unflushed >= FLUSH_POINTS:
        shard.unflushed = 0
        shard.shard.flush()


def lexical(query: HybridQuery) -> Any | None:
    """A query by words; None for a text of stop words only."""
    sparse = encode_query(query.text, query.language)
    return None if sparse is None else Query.Nearest(edge_sparse(sparse), SPARSE)


def prefetches(query: HybridQuery, words: Any | None) -> list[Prefetch]:
    """The legs that the query has, `words` being the lexical one."""
    wanted = edge_filter(query.filter)
    legs = [None if query.vector is None else nearest(query.vector), words]
    return [
        Prefetch(limit=candidates(query), query=leg, filter=wanted, params=RESCORED) for leg in legs if leg is not None
    ]


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

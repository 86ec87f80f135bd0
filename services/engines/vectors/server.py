"""Vectors in a Qdrant server or cluster, through qdrant-client; its local mode serves tests.

Sparse vectors are made here and not by the server's own inference, so that both profiles rank alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from services.engines.vectors.base import RRF_K, HybridQuery, Point, ScoredChunk, VectorFilter, point_id
from services.engines.vectors.encode import (
    DATE_FIELD,
    DENSE,
    KEYWORD_FIELDS,
    SPARSE,
    TIE_MARGIN,
    RawHit,
    Sparse,
    candidates,
    check_dimensions,
    conditions,
    cosines,
    encode_query,
    encode_text,
    payload,
    rank,
    wrong_dimensions,
)
from services.errors import EngineUnavailable

# Points per request: about 1 MB of JSON.
UPSERT_BATCH = 128
TIMEOUT_SECONDS = 10


class CollectionGone(EngineUnavailable):
    """The collection was dropped, perhaps by another process, since this one last looked."""


class ServerVectors:
    """The vector store of the distributed profile. `connect` opens no connection: the first call does."""

    def __init__(self, client: QdrantClient) -> None:
        self.client = client
        options = client.init_options
        self.is_local = options.get("location") == ":memory:" or options.get("path") is not None
        # What this process has seen: vector lengths by collection, and collections whose indexes it made sure of.
        self.known: dict[str, int] = {}
        self.ensured: set[str] = set()

    @classmethod
    def connect(cls, url: str, api_key: str) -> ServerVectors:
        """The store behind a server's URL; an empty key sends none."""
        return cls(QdrantClient(url=url, api_key=api_key or None, timeout=TIMEOUT_SECONDS, check_compatibility=False))

    def ensure(self, collection: str, dimensions: int) -> None:
        """Create the collection when it is missing, also when another process does so at the same moment."""
        stored = self.dimensions(collection)
        if stored is not None and stored != dimensions:
            raise wrong_dimensions(collection, stored, dimensions)
        if stored is None or collection not in self.ensured:
            with self.calls(collection):
                if stored is None:
                    self.create(collection, dimensions)
                self.create_indexes(collection)
            self.ensured.add(collection)

    def create(self, collection: str, dimensions: int) -> None:
        """Make the collection; another process may have been faster."""
        try:
            self.client.create_collection(
                collection,
                vectors_config={DENSE: models.VectorParams(size=dimensions, distance=models.Distance.COSINE)},
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
        except UnexpectedResponse as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise

    def create_indexes(self, collection: str) -> None:
        """Make the payload indexes that filters use; idempotent, for a process may die between two of them."""
        if self.is_local:
            return  # Local mode has none, and warns.
        for name in KEYWORD_FIELDS:
            self.client.create_payload_index(collection, name, models.PayloadSchemaType.KEYWORD, wait=True)
        dates = models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=False, range=True)
        self.client.create_payload_index(collection, DATE_FIELD, dates, wait=True)

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store points; returns when the server has them in its log and in its index."""
        dimensions = self.dimensions(collection)
        if dimensions is None:
            raise EngineUnavailable(f"Search index {collection!r} does not exist yet.")
        check_dimensions(collection, dimensions, (point.vector for point in points))
        with self.calls(collection):
            for start in range(0, len(points), UPSERT_BATCH):
                batch = [server_point(point) for point in points[start : start + UPSERT_BATCH]]
                self.client.upsert(collection, batch, wait=True)

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks in one request: both legs, their fusion, payload and vectors of the hits."""
        dimensions = self.dimensions(collection)
        legs = prefetches(query)
        if dimensions is None or not legs or query.limit < 1:
            return []
        check_dimensions(collection, dimensions, [query.vector])
        try:
            with self.calls(collection):
                found = self.client.query_points(
                    collection,
                    prefetch=legs,
                    query=models.RrfQuery(rrf=models.Rrf(k=RRF_K)),
                    limit=query.limit + TIE_MARGIN,
                    with_payload=["document_id", "version", "ordinal"],
                    with_vectors=[DENSE] if query.vector is not None else False,
                )
        except CollectionGone:
            return []
        hits = zip(found.points, cosines(query.vector, [dense_of(hit.vector) for hit in found.points]), strict=True)
        return rank((RawHit(str(hit.id), hit.score, hit.payload or {}, cosine) for hit, cosine in hits), query)

    def delete_documents(
        self, collection: str, document_ids: Iterable[str], *, before_version: int | None = None
    ) -> None:
        """Remove all points of these documents, or those of versions below `before_version`; idempotent."""
        wanted = list(document_ids)
        if not wanted or self.dimensions(collection) is None:
            return
        must: list[Any] = [one_of("document_id", wanted)]
        if before_version is not None:
            must.append(models.FieldCondition(key="version", range=models.Range(lt=before_version)))
        doomed = models.Filter(must=must)
        with suppress(CollectionGone), self.calls(collection):
            self.client.delete(collection, models.FilterSelector(filter=doomed), wait=True)

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""
        if self.dimensions(collection) is None:
            return 0
        wanted = None if document_id is None else models.Filter(must=[one_of("document_id", [document_id])])
        try:
            with self.calls(collection):
                return self.client.count(collection, count_filter=wanted, exact=True).count
        except CollectionGone:
            return 0

    def drop(self, collection: str) -> None:
        """Remove the collection; idempotent."""
        self.forget(collection)
        with suppress(CollectionGone), self.calls(collection):
            self.client.delete_collection(collection)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def dimensions(self, collection: str) -> int | None:
        """Length of the collection's vectors, asked once; None when there is no such collection."""
        if collection not in self.known:
            with self.calls(collection):
                if not self.client.collection_exists(collection):
                    return None
                stored = self.client.get_collection(collection).config.params.vectors
            if isinstance(stored, dict) and DENSE in stored:
                self.known[collection] = stored[DENSE].size
        return self.known.get(collection)

    def forget(self, collection: str) -> None:
        """Ask the server again next time."""
        self.known.pop(collection, None)
        self.ensured.discard(collection)

    @contextmanager
    def calls(self, collection: str) -> Iterator[None]:
        """Turn what the client raises into EngineUnavailable, a missing collection into CollectionGone."""
        try:
            yield
        except (ApiException, ValueError, RuntimeError) as error:
            if getattr(error, "status_code", None) == HTTPStatus.NOT_FOUND or "not found" in str(error):
                self.forget(collection)
                raise CollectionGone(
                    f"Search index {collection!r} does not exist on the Qdrant server; upload a document to make it."
                ) from error
            if getattr(error, "status_code", None) in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise EngineUnavailable("The Qdrant server refused the key; check TIDINGS_QDRANT_API_KEY.") from error
            raise EngineUnavailable(
                "The Qdrant server does not answer; check that it runs and that TIDINGS_QDRANT_URL is its address.",
                retry_after_seconds=5,
            ) from error


def server_point(point: Point) -> models.PointStruct:
    """The client's point: the vectors there are, and the payload."""
    sparse = encode_text(point.text, point.language)
    vectors: dict[str, Any] = {} if sparse is None else {SPARSE: server_sparse(sparse)}
    if point.vector is not None:
        vectors[DENSE] = point.vector.tolist()
    id_ = str(point_id(point.document_id, point.version, point.ordinal))
    return models.PointStruct(id=id_, vector=vectors, payload=payload(point))


def server_sparse(sparse: Sparse) -> models.SparseVector:
    """The client's sparse vector."""
    return models.SparseVector(indices=sparse.indices, values=sparse.values)


def dense_of(vector: Any) -> Any | None:
    """The dense one of a hit's vectors."""
    return vector.get(DENSE) if isinstance(vector, dict) else None


def prefetches(query: HybridQuery) -> list[models.Prefetch]:
    """The legs that the query has; a text of stop words only has no lexical leg."""
    wanted = server_filter(query.filter)
    sparse = encode_query(query.text, query.language)
    legs: list[tuple[str, Any]] = []
    if query.vector is not None:
        legs.append((DENSE, np.asarray(query.vector, dtype=np.float32).tolist()))
    if sparse is not None:
        legs.append((SPARSE, server_sparse(sparse)))
    return [models.Prefetch(query=leg, using=name, limit=candidates(query), filter=wanted) for name, leg in legs]


def server_filter(wanted: VectorFilter) -> models.Filter | None:
    """The client's filter; None when there are no conditions."""
    found = conditions(wanted)
    if not found:
        return None
    must: list[Any] = [one_of(name, values) for name, values in found.any_of.items()]
    if found.dated_from is not None or found.dated_to is not None:
        must.append(models.FieldCondition(key=DATE_FIELD, range=models.Range(gte=found.dated_from, lt=found.dated_to)))
    return models.Filter(must=must, must_not=[one_of(name, values) for name, values in found.none_of.items()])


def one_of(name: str, values: list[str]) -> models.FieldCondition:
    """A keyword condition."""
    return models.FieldCondition(key=name, match=models.MatchAny(any=values))

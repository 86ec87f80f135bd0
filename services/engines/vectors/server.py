"""Vectors in a Qdrant server or cluster, through qdrant-client; its local mode serves tests.

Sparse vectors are made here and not by the server's own inference, so that both profiles rank alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from services.engines.vectors.base import (
    GENERATION,
    HybridQuery,
    Matching,
    Point,
    ScoredChunk,
    StoredPoint,
    VectorFilter,
    point_id,
)
from services.engines.vectors.encode import (
    DATE_FIELD,
    DENSE,
    DOCUMENT_FIELDS,
    KEY_FIELDS,
    KEYWORD_FIELDS,
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
    wrong_dimensions,
)
from services.engines.vectors.placement import PARTITION, SHARED_COLLECTION, Leg, Placed, Placement
from services.engines.vectors.snapshots import ServerSnapshots
from services.errors import ConfigurationError, EngineUnavailable

# Points per request: about 1 MB of JSON.
UPSERT_BATCH = 128
SCAN_PAGE = 1000
DELETE_BATCH = 1000
TIMEOUT_SECONDS = 10
# How local mode and the server say that a collection is missing.
NO_COLLECTION = re.compile(r"[Cc]ollection .{0,200}(?:not found|doesn.{1,3}t exist|does not exist)")
# What the server refuses, whoever asks: filters on fields without index, which read the whole collection, and limits
# beyond what Tidings ever asks for.
STRICT = models.StrictModeConfig(
    enabled=True, unindexed_filtering_retrieve=False, unindexed_filtering_update=False, max_query_limit=10_000
)
# A graph per tenant instead of one over all of them: Qdrant's guide to multitenancy.
SHARED_GRAPH = models.HnswConfigDiff(m=0, payload_m=16)


class CollectionGone(EngineUnavailable):
    """The collection was dropped, perhaps by another process, since this one last looked."""


class ServerVectors:
    """The vector store of the distributed profile. `connect` opens no connection: the first call does."""

    def __init__(
        self,
        client: QdrantClient,
        *,
        placement: Placement = "dedicated",
        shared_collection: str = SHARED_COLLECTION,
        timeout_seconds: int = TIMEOUT_SECONDS,
        address: tuple[str, str] | None = None,
    ) -> None:
        self.client = client
        self.placed = Placed(client, placement, shared_collection)
        self.timeout_seconds = timeout_seconds
        options = client.init_options
        self.is_local = options.get("location") == ":memory:" or options.get("path") is not None
        # What this process has seen: vector lengths by name on the server, and collections it made sure of.
        self.known: dict[str, int] = {}
        self.ensured: set[str] = set()
        # URL and key; local mode has none, and no snapshots.
        self.snapshots = ServerSnapshots(*address, self.name_of, self.calls) if address else None

    @classmethod
    def connect(
        cls, url: str, api_key: str, *, placement: Placement = "dedicated", timeout_seconds: int = TIMEOUT_SECONDS
    ) -> ServerVectors:
        """The store behind a server's URL; an empty key sends none."""
        # As a header: given as `api_key` the client warns of plain HTTP, which is how a private network is.
        headers = {"api-key": api_key} if api_key else None
        client = QdrantClient(url=url, headers=headers, timeout=timeout_seconds, check_compatibility=False)
        return cls(client, placement=placement, timeout_seconds=timeout_seconds, address=(url, api_key))

    def ensure(self, collection: str, dimensions: int) -> None:
        """Create the collection when it is missing, also when another process does so at the same moment."""
        place = self.placed.place(collection)
        stored = self.dimensions(place.name)
        if stored is not None and stored != dimensions:
            raise wrong_dimensions(place.name, stored, dimensions)
        if stored is None or collection not in self.ensured:
            with self.calls(place.name):
                if stored is None:
                    self.create(place.name, dimensions)
                self.create_indexes(place.name)
            named = GENERATION.fullmatch(collection)
            # Later generations are built in the shadow and published when they are complete.
            if named and named["generation"] == "1" and place.alias != place.name and not self.dimensions(place.alias):
                self.publish(collection)
            self.ensured.add(collection)

    def create(self, name: str, dimensions: int) -> None:
        """Make the collection; another process may have been faster."""
        try:
            self.client.create_collection(
                name,
                vectors_config={DENSE: models.VectorParams(size=dimensions, distance=models.Distance.COSINE)},
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                strict_mode_config=STRICT,
                hnsw_config=SHARED_GRAPH if self.placed.placement == "shared" else None,
            )
        except UnexpectedResponse as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise

    def create_indexes(self, name: str) -> None:
        """Make the payload indexes that filters use; idempotent, for a process may die between two of them."""
        if self.is_local:
            return  # Local mode has none, and warns.
        indexes: dict[str, Any] = dict.fromkeys(KEYWORD_FIELDS, models.PayloadSchemaType.KEYWORD)
        for field in (DATE_FIELD, "version"):
            indexes[field] = models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=False, range=True)
        if self.placed.placement == "shared":
            tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            # First, as Qdrant wants it: what is stored afterwards lies together by tenant.
            indexes = {PARTITION: tenant, **indexes}
        for field, schema in indexes.items():
            self.client.create_payload_index(name, field, schema, wait=True)

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store points; returns when the server has them in its log and in its index."""
        name = self.placed.place(collection).name
        dimensions = self.dimensions(name)
        if dimensions is None:
            raise EngineUnavailable(f"Search index {collection!r} does not exist yet.")
        check_dimensions(collection, dimensions, (point.vector for point in points))
        with self.calls(name):
            for start in range(0, len(points), UPSERT_BATCH):
                batch = [self.server_point(collection, point) for point in points[start : start + UPSERT_BATCH]]
                self.placed.upsert(collection, batch)

    def query(self, collection: str, query: HybridQuery) -> list[ScoredChunk]:
        """The best chunks in three requests: both legs and their fusion, then what each leg makes of these.

        Asks the tenant's alias, so that a process that knows only a generation removed meanwhile gets full answers.
        """
        legs = legs_of(query)
        place = self.placed.place(collection)
        for name in dict.fromkeys((place.alias, place.name)):
            with suppress(CollectionGone):
                if not legs or query.limit < 1 or not self.fits(name, query):
                    continue
                with self.calls(name):
                    limit = query.limit + TIE_MARGIN
                    found = self.placed.query(name, collection, legs, limit, with_payload=KEY_FIELDS)
                    ids = [hit.id for hit in found]
                    scores = {leg.using: self.placed.scores(name, collection, leg, ids) for leg in legs}
                cosines, bm25 = scores.get(DENSE, {}), scores.get(SPARSE, {})
                return rank((raw_hit(hit, cosines.get(hit.id), bm25.get(hit.id, 0.0)) for hit in found), query)
        return []

    def matching(self, collection: str, query: HybridQuery) -> Matching:
        """The documents that have one of the query's words, in one request."""
        legs = legs_of(replace(query, vector=None))
        place = self.placed.place(collection)
        for name in dict.fromkeys((place.alias, place.name)):
            with suppress(CollectionGone):
                if not legs or query.limit < 1 or self.dimensions(name) is None:
                    continue
                with self.calls(name):
                    found = self.placed.best(name, collection, replace(legs[0], limit=query.limit), DOCUMENT_FIELDS)
                return matching_of([hit.payload or {} for hit in found], query.limit)
        return Matching()

    def fits(self, name: str, query: HybridQuery) -> bool:
        """Whether there is such a collection; raises ConfigurationError when the query's vector is of another length."""
        dimensions = self.dimensions(name)
        if dimensions is None:
            return False
        try:
            check_dimensions(name, dimensions, [query.vector])
        except ConfigurationError:
            # What an alias stands for may have changed since this process last asked.
            self.forget(name)
            check_dimensions(name, self.dimensions(name) or dimensions, [query.vector])
        return True

    def delete_documents(
        self, collection: str, document_ids: Iterable[str], *, before_version: int | None = None
    ) -> None:
        """Remove all points of these documents, or those of versions below `before_version`; idempotent."""
        wanted = list(document_ids)
        if not wanted:
            return
        must: list[Any] = [one_of("document_id", wanted)]
        if before_version is not None:
            must.append(models.FieldCondition(key="version", range=models.Range(lt=before_version)))
        self.delete_where(collection, models.Filter(must=must))

    def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        """Remove points by id; idempotent."""
        for start in range(0, len(ids), DELETE_BATCH):
            batch = models.HasIdCondition(has_id=list(ids[start : start + DELETE_BATCH]))
            self.delete_where(collection, models.Filter(must=[batch]))

    def delete_where(self, collection: str, wanted: models.Filter) -> None:
        """Remove the points that meet a filter, none when there is no such collection."""
        name = self.placed.place(collection).name
        with suppress(CollectionGone):
            if self.dimensions(name) is not None:
                with self.calls(name):
                    self.placed.delete(collection, wanted)

    def count(self, collection: str, *, document_id: str | None = None) -> int:
        """How many points the collection holds, or one document does."""
        name = self.placed.place(collection).name
        wanted = None if document_id is None else models.Filter(must=[one_of("document_id", [document_id])])
        with suppress(CollectionGone):
            if self.dimensions(name) is not None:
                with self.calls(name):
                    return self.placed.count(collection, wanted)
        return 0

    def scan(self, collection: str, *, without_vector: bool = False) -> Iterator[list[StoredPoint]]:
        """All points, or those that lack a dense vector, SCAN_PAGE at a time."""
        name = self.placed.place(collection).name
        lacking = models.Filter(must_not=[models.HasVectorCondition(has_vector=DENSE)]) if without_vector else None
        offset: Any = None
        with suppress(CollectionGone):
            while self.dimensions(name) is not None:
                with self.calls(name):
                    found, offset = self.placed.scroll(collection, lacking, KEY_FIELDS, SCAN_PAGE, offset)
                yield [self.scanned(collection, record) for record in found]
                if offset is None:
                    return

    def scanned(self, collection: str, record: models.Record) -> StoredPoint:
        """A record as a scanned point."""
        fields = record.payload or {}
        document_id, version, ordinal = (fields[name] for name in KEY_FIELDS)
        return stored_point(str(record.id), fields, self.placed.point_id(collection, (document_id, version, ordinal)))

    def publish(self, collection: str) -> None:
        """Point the tenant's alias at this collection, in one atomic request."""
        place = self.placed.place(collection)
        if place.alias == place.name:
            return
        old = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=place.alias))
        new = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=place.name, alias_name=place.alias)
        )
        with self.calls(place.name):
            self.client.update_collection_aliases([old, new])
        self.forget(place.alias)

    def drop(self, collection: str) -> None:
        """Remove the collection, or the tenant's part of the shared one; idempotent."""
        place = self.placed.place(collection)
        if place.partition is not None:
            self.delete_where(collection, models.Filter())
            self.ensured.discard(collection)
            return
        self.forget(collection)
        self.forget(place.alias)
        with suppress(CollectionGone):
            # The server would keep them as a back-up.
            if self.snapshots is not None:
                for snapshot in self.snapshots.listed(collection):
                    self.snapshots.remove(collection, snapshot.name)
            with self.calls(place.name):
                self.client.delete_collection(place.name)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def name_of(self, collection: str) -> str:
        """Which of the server's collections it lies in."""
        return self.placed.place(collection).name

    def dimensions(self, name: str) -> int | None:
        """Length of the vectors in a collection of the server, asked once; None when there is no such collection."""
        if name not in self.known:
            try:
                with self.calls(name):
                    stored = self.client.get_collection(name).config.params.vectors
            except CollectionGone:
                return None
            if isinstance(stored, dict) and DENSE in stored:
                self.known[name] = stored[DENSE].size
        return self.known.get(name)

    def forget(self, name: str) -> None:
        """Ask the server again next time."""
        self.known.pop(name, None)
        self.ensured.discard(name)

    @contextmanager
    def calls(self, name: str) -> Iterator[None]:
        """Turn what the client raises into EngineUnavailable, a missing collection into CollectionGone."""
        try:
            yield
        except (ApiException, ValueError, RuntimeError) as error:
            status = getattr(error, "status_code", None)
            # Local mode has no status; a server says which collection is missing, a wrong address or a proxy does not.
            if status in (None, HTTPStatus.NOT_FOUND) and NO_COLLECTION.search(str(error)):
                self.forget(name)
                raise CollectionGone(
                    f"Search index {name!r} does not exist on the Qdrant server; upload a document to make it."
                ) from error
            raise EngineUnavailable(self.sentence(status), retry_after_seconds=5) from error

    def sentence(self, status: int | None) -> str:
        """What to tell the operator about an answer with this status, or about none."""
        if status == HTTPStatus.UNAUTHORIZED:
            return "The Qdrant server refused the key; check TIDINGS_QDRANT_API_KEY."
        if status == HTTPStatus.FORBIDDEN:
            return (
                "The Qdrant server does not allow the request (403); check that the key in TIDINGS_QDRANT_API_KEY may "
                "write, and the limits of the collection's strict mode."
            )
        if status is not None:
            return f"The Qdrant server cannot do what it is asked (HTTP {status}); its log says why."
        return (
            f"The Qdrant server cannot be reached, or does not answer within {self.timeout_seconds} s; check that it "
            "runs and that TIDINGS_QDRANT_URL is its address."
        )

    def server_point(self, collection: str, point: Point) -> models.PointStruct:
        """The client's point: the vectors there are, and the payload."""
        sparse = encode_text(point.text, point.language)
        vectors: dict[str, Any] = {} if sparse is None else {SPARSE: server_sparse(sparse)}
        if point.vector is not None:
            vectors[DENSE] = point.vector.tolist()
        id_ = str(self.placed.point_id(collection, (point.document_id, point.version, point.ordinal)))
        return models.PointStruct(id=id_, vector=vectors, payload=payload(point))


def server_sparse(sparse: Sparse) -> models.SparseVector:
    """The client's sparse vector."""
    return models.SparseVector(indices=sparse.indices, values=sparse.values)


def raw_hit(hit: models.ScoredPoint, cosine: float | None, bm25: float) -> RawHit:
    """A hit under the id that its chunk's point has in every store, so that ties are cut alike in all of them."""
    fields = hit.payload or {}
    document_id, version, ordinal = (fields[name] for name in KEY_FIELDS)
    return RawHit(str(point_id(document_id, version, ordinal)), hit.score, fields, cosine, bm25)


def legs_of(query: HybridQuery) -> list[Leg]:
    """The legs that the query has; a text of stop words only has no lexical leg."""
    wanted = server_filter(query.filter)
    sparse = encode_query(query.text, query.language)
    legs: list[Leg] = []
    if query.vector is not None:
        legs.append(Leg(np.asarray(query.vector, dtype=np.float32).tolist(), DENSE, candidates(query), wanted))
    if sparse is not None:
        legs.append(Leg(server_sparse(sparse), SPARSE, candidates(query), wanted))
    return legs


def server_filter(wanted: VectorFilter) -> models.Filter:
    """The client's filter; an empty one when there are no conditions."""
    found = conditions(wanted)
    if not found:
        return models.Filter()
    must: list[Any] = [one_of(name, values) for name, values in found.any_of.items()]
    if found.dated_from is not None or found.dated_to is not None:
        must.append(models.FieldCondition(key=DATE_FIELD, range=models.Range(gte=found.dated_from, lt=found.dated_to)))
    return models.Filter(must=must, must_not=[one_of(name, values) for name, values in found.none_of.items()])


def one_of(name: str, values: list[str]) -> models.FieldCondition:
    """A keyword condition."""
    return models.FieldCondition(key=name, match=models.MatchAny(any=values))

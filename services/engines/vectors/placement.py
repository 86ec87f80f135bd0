"""Where a tenant's points lie on a Qdrant server, and the one door through which they are reached.

`dedicated`: a collection per tenant and generation, behind an alias of the tenant. Up to a few hundred tenants.
`shared`: one collection for all; the payload field PARTITION says whose a point is, and Qdrant keeps a tenant's points
together (`is_tenant`). Every filter, count and write about points passes `Placed`, which adds that condition: code above
it cannot leave it out, because it never sees the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from qdrant_client import QdrantClient, models

from services.engines.vectors.base import GENERATION, RRF_K, point_id

Placement = Literal["dedicated", "shared"]
# The payload field of the shared collection that holds the name `<tenant id>-g<generation>`.
PARTITION = "partition"
SHARED_COLLECTION = "tidings-shared"


@dataclass(frozen=True)
class Place:
    """`name`: the server's collection. `alias`: what queries ask. `partition`: the part of it, None for all of it."""

    name: str
    alias: str
    partition: str | None = None


@dataclass(frozen=True)
class Leg:
    """One half of a hybrid query: a dense or sparse vector, and which of the points' vectors it is compared with."""

    vector: Any
    using: str
    limit: int
    filter: models.Filter


class Placed:
    """The client's calls about points, each confined to one tenant's generation."""

    def __init__(self, client: QdrantClient, placement: Placement, shared_collection: str) -> None:
        self.client = client
        self.placement = placement
        self.shared_collection = shared_collection

    def place(self, collection: str) -> Place:
        """Where a collection lies."""
        if self.placement == "shared":
            return Place(self.shared_collection, self.shared_collection, collection)
        named = GENERATION.fullmatch(collection)
        return Place(collection, named["tenant"] if named else collection)

    def own(self, collection: str, wanted: models.Filter | None = None) -> models.Filter:
        """A filter that holds for this tenant's generation only: the one place where the condition is added."""
        wanted = wanted or models.Filter()
        partition = self.place(collection).partition
        if partition is None:
            return wanted
        mine = models.FieldCondition(key=PARTITION, match=models.MatchValue(value=partition))
        # The wanted filter goes inside as a condition, so that nothing in it can widen what `must` allows.
        return models.Filter(must=[mine, wanted] if wanted != models.Filter() else [mine])

    def point_id(self, collection: str, key: tuple[str, int, int]) -> UUID:
        """The id of a chunk's point. In the shared collection generations of one chunk must not overwrite each other."""
        partition = self.place(collection).partition
        return point_id(*key) if partition is None else uuid5(NAMESPACE_URL, f"{partition}/{point_id(*key)}")

    def upsert(self, collection: str, points: Sequence[models.PointStruct]) -> None:
        """Store points; returns when they are applied."""
        place = self.place(collection)
        if place.partition is not None:
            mine = {PARTITION: place.partition}
            points = [point.model_copy(update={"payload": {**(point.payload or {}), **mine}}) for point in points]
        self.client.upsert(place.name, list(points), wait=True)

    def query(
        self, name: str, collection: str, legs: Sequence[Leg], limit: int, *, with_payload: list[str]
    ) -> list[models.ScoredPoint]:
        """Both legs fused by reciprocal rank. `name` is the place's name or alias. Rarity of words counts within the tenant."""
        prefetch = [
            models.Prefetch(
                query=leg.vector,
                using=leg.using,
                limit=leg.limit,
                filter=self.own(collection, leg.filter),
                params=self.corpus(collection) if isinstance(leg.vector, models.SparseVector) else None,
            )
            for leg in legs
        ]
        fusion = models.RrfQuery(rrf=models.Rrf(k=RRF_K))
        found = self.client.query_points(
            name, prefetch=prefetch, query=fusion, limit=limit, with_payload=with_payload, with_vectors=False
        )
        return found.points

    def best(self, name: str, collection: str, leg: Leg, with_payload: list[str]) -> list[models.ScoredPoint]:
        """The best points of one leg."""
        found = self.client.query_points(
            name,
            query=leg.vector,
            using=leg.using,
            limit=leg.limit,
            query_filter=self.own(collection, leg.filter),
            search_params=self.corpus(collection) if isinstance(leg.vector, models.SparseVector) else None,
            with_payload=with_payload,
            with_vectors=False,
        )
        return found.points

    def scores(self, name: str, collection: str, leg: Leg, ids: Sequence[Any]) -> dict[Any, float]:
        """One leg's score of each of these points; those without its vector, or without a token of its, are left out."""
        if not ids:
            return {}
        found = self.client.query_points(
            name,
            query=leg.vector,
            using=leg.using,
            limit=len(ids),
            query_filter=self.own(collection, models.Filter(must=[models.HasIdCondition(has_id=list(ids))])),
            search_params=self.corpus(collection) if isinstance(leg.vector, models.SparseVector) else None,
            with_payload=False,
        )
        return {hit.id: hit.score for hit in found.points}

    def corpus(self, collection: str) -> models.SearchParams | None:
        """Which points the inverse document frequency is counted over: never other tenants', whose words would shine through."""
        if self.place(collection).partition is None:
            return None
        return models.SearchParams(idf=models.IdfCorpusParams(corpus=self.own(collection)))

    def count(self, collection: str, wanted: models.Filter | None) -> int:
        """How many points meet the filter, exactly."""
        found = self.client.count(self.place(collection).name, count_filter=self.own(collection, wanted), exact=True)
        return found.count

    def scroll(
        self, collection: str, wanted: models.Filter | None, fields: list[str], limit: int, offset: Any
    ) -> tuple[list[models.Record], Any]:
        """A page of points with these payload fields, and where the next page begins."""
        return self.client.scroll(
            self.place(collection).name,
            scroll_filter=self.own(collection, wanted),
            limit=limit,
            offset=offset,
            with_payload=fields,
            with_vectors=False,
        )

    def delete(self, collection: str, wanted: models.Filter | None) -> None:
        """Remove the points that meet the filter; returns when they are gone."""
        doomed = models.FilterSelector(filter=self.own(collection, wanted))
        self.client.delete(self.place(collection).name, doomed, wait=True)

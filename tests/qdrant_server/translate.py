"""From the JSON of Qdrant's REST API to calls of Qdrant Edge, and back. Only what qdrant-client sends for Tidings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeOptimizersConfig,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    FieldCondition,
    Filter,
    Fusion,
    HasIdCondition,
    HasVectorCondition,
    HnswIndexConfig,
    IdfParams,
    IntegerIndexParams,
    KeywordIndexParams,
    MatchAny,
    MatchExcept,
    MatchValue,
    Modifier,
    PayloadSchemaType,
    Point,
    Prefetch,
    Query,
    RangeFloat,
    SearchParams,
    SparseVector,
)

Json = dict[str, Any]
# In kB: never reached, so that search stays exact, as it is on a server below its indexing threshold.
NEVER_INDEX = 1_000_000_000


class BadRequest(Exception):
    """What a real server answers with 400."""


def edge_config(request: Json) -> EdgeConfig:
    """The body of `PUT /collections/{name}`."""
    return EdgeConfig(
        vectors={
            name: EdgeVectorParams(given["size"], getattr(Distance, given["distance"]))
            for name, given in request["vectors"].items()
        },
        sparse_vectors={
            name: EdgeSparseVectorParams(modifier=Modifier.Idf if given.get("modifier") == "idf" else None)
            for name, given in (request.get("sparse_vectors") or {}).items()
        },
        hnsw_config=HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000),
        optimizers=EdgeOptimizersConfig(indexing_threshold=NEVER_INDEX),
        max_search_threads=1,
        wal_enabled=True,
    )


def edge_index(schema: str | Json) -> Any:
    """The `field_schema` of an index."""
    if isinstance(schema, str):
        return getattr(PayloadSchemaType, schema.capitalize())
    if schema["type"] == "keyword":
        return KeywordIndexParams(is_tenant=schema.get("is_tenant"))
    if schema["type"] == "integer":
        return IntegerIndexParams(lookup=schema.get("lookup"), range=schema.get("range"))
    raise BadRequest(f"this stand-in has no index of type {schema['type']!r}")


def edge_id(given: str | int) -> Any:
    """A point's id."""
    return UUID(given) if isinstance(given, str) else given


def edge_point(given: Json, sizes: dict[str, int]) -> Point:
    """A point, its vectors checked."""
    vectors = {name: edge_vector(value) for name, value in given["vector"].items()}
    for name, vector in vectors.items():
        if isinstance(vector, list) and len(vector) != sizes.get(name):
            raise BadRequest(f"Wrong input: Vector dimension error: expected dim: {sizes.get(name)}, got {len(vector)}")
    return Point(edge_id(given["id"]), vectors, given.get("payload") or {})


def edge_vector(given: Any) -> Any:
    """A dense or sparse vector."""
    return SparseVector(given["indices"], given["values"]) if isinstance(given, dict) else given


def edge_filter(given: Json | None) -> Filter | None:
    """A filter; nested filters are conditions too."""
    if not given:
        return None
    parts = {part: [edge_condition(each) for each in given[part]] for part in given if given[part]}
    return Filter(**parts)


def edge_condition(given: Json) -> Any:
    """One condition."""
    if "has_id" in given:
        return HasIdCondition({edge_id(each) for each in given["has_id"]})
    if "has_vector" in given:
        return HasVectorCondition(given["has_vector"])
    if "key" not in given:
        return edge_filter(given)
    if given.get("range"):
        return FieldCondition(given["key"], range=RangeFloat(**given["range"]))
    match = given["match"]
    if "value" in match:
        return FieldCondition(given["key"], match=MatchValue(match["value"]))
    if "any" in match:
        return FieldCondition(given["key"], match=MatchAny(match["any"]))
    return FieldCondition(given["key"], match=MatchExcept(match["except"]))


def keys_of(given: Json | None) -> Iterator[str]:
    """The payload fields that a filter looks at."""
    for part in (given or {}).values():
        for each in part:
            if "key" in each:
                yield each["key"]
            elif "has_id" not in each and "has_vector" not in each:
                yield from keys_of(each)


def edge_query(given: Any, using: str | None) -> Any:
    """The `query` of a request or a prefetch."""
    if given is None:
        return None
    if isinstance(given, dict) and "rrf" in given:
        return Fusion.Rrf(given["rrf"].get("k") or 2)
    if isinstance(given, dict) and "fusion" in given:
        return Fusion.Rrf(2) if given["fusion"] == "rrf" else Fusion.Dbsf()
    nearest = given["nearest"] if isinstance(given, dict) and "nearest" in given else given
    return Query.Nearest(edge_vector(nearest), using)


def edge_prefetch(given: Json) -> Prefetch:
    """One leg."""
    return Prefetch(
        limit=given["limit"],
        query=edge_query(given.get("query"), given.get("using")),
        filter=edge_filter(given.get("filter")),
        params=edge_params(given.get("params")),
    )


def edge_params(given: Json | None) -> SearchParams | None:
    """Search parameters: only the corpus of IDF means anything where search is exact."""
    idf = (given or {}).get("idf")
    return SearchParams(idf=IdfParams(edge_filter(idf["corpus"]))) if isinstance(idf, dict) else None


def json_point(found: Any, **more: Any) -> Json:
    """A hit or record as the API shows it."""
    shown: Json = {"id": str(found.id) if isinstance(found.id, UUID) else found.id, **more}
    if found.payload is not None:
        shown["payload"] = found.payload
    if found.vector is not None:
        shown["vector"] = {name: json_vector(value) for name, value in found.vector.items()}
    return shown


def json_vector(value: Any) -> Any:
    """A vector as the API shows it."""
    return {"indices": value.indices, "values": value.values} if isinstance(value, SparseVector) else value

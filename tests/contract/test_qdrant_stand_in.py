"""The stand-in for a Qdrant server answers qdrant-client as a server does: what other tests stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.qdrant_server.process import QdrantServer

STRICT = models.StrictModeConfig(enabled=True, unindexed_filtering_retrieve=False, unindexed_filtering_update=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[QdrantServer]:
    server = QdrantServer(tmp_path / "qdrant", api_key="a key").start()
    yield server
    server.close()


@pytest.fixture
def client(server: QdrantServer) -> Iterator[QdrantClient]:
    client = connect(server)
    client.create_collection(
        "one",
        vectors_config={"dense": models.VectorParams(size=2, distance=models.Distance.COSINE)},
        sparse_vectors_config={"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        strict_mode_config=STRICT,
    )
    client.create_payload_index("one", "place", models.PayloadSchemaType.KEYWORD, wait=True)
    client.upsert("one", [point(1, "here", [1.0, 0.0]), point(2, "there", [0.0, 1.0]), point(3, "there")], wait=True)
    yield client
    client.close()


def connect(server: QdrantServer, *, key: str | None = None, timeout: int = 5) -> QdrantClient:
    # As a header: for `api_key` over plain HTTP the client warns, and warnings are errors here.
    headers = {"api-key": server.api_key if key is None else key}
    return QdrantClient(url=server.url, headers=headers, check_compatibility=False, timeout=timeout)


def point(number: int, place: str, dense: list[float] | None = None) -> models.PointStruct:
    sparse = models.SparseVector(indices=[number, 100], values=[1.0, 1.0])
    vector = {"bm25": sparse} | ({"dense": dense} if dense else {})
    return models.PointStruct(id=str(UUID(int=number)), vector=vector, payload={"place": place, "number": number})


def at(place: str) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="place", match=models.MatchValue(value=place))])


def numbers(points: list[models.ScoredPoint] | list[models.Record]) -> list[int]:
    return [UUID(str(each.id)).int for each in points]


def test_it_tells_what_it_is(server: QdrantServer, client: QdrantClient) -> None:
    assert httpx2.get(f"{server.url}/healthz").status_code == 200
    assert "stand-in" in client.info().title
    assert client.collection_exists("one")
    assert not client.collection_exists("two")
    assert [each.name for each in client.get_collections().collections] == ["one"]
    info = client.get_collection("one")
    assert info.points_count == 3
    assert info.payload_schema["place"].data_type == models.PayloadSchemaType.KEYWORD


def test_a_wrong_key_is_refused(server: QdrantServer) -> None:
    stranger = connect(server, key="another")
    with pytest.raises(UnexpectedResponse) as refused:
        stranger.get_collections()
    assert refused.value.status_code == 401
    stranger.close()


def test_points_are_counted_listed_fetched_and_deleted(client: QdrantClient) -> None:
    assert client.count("one", count_filter=at("there"), exact=True).count == 2
    first, following = client.scroll("one", limit=2, with_payload=["number"])
    rest, end = client.scroll("one", limit=2, offset=following)
    assert (numbers(first) + numbers(rest), end) == ([1, 2, 3], None)
    [fetched] = client.retrieve("one", [str(UUID(int=2))], with_vectors=True)
    assert fetched.vector["dense"] == [0.0, 1.0]
    lacking = models.Filter(must_not=[models.HasVectorCondition(has_vector="dense")])
    assert numbers(client.scroll("one", scroll_filter=lacking)[0]) == [3]
    client.delete("one", [str(UUID(int=1))], wait=True)
    client.delete("one", models.FilterSelector(filter=at("there")), wait=True)
    assert client.count("one", exact=True).count == 0


def test_legs_are_filtered_fused_and_scoped(client: QdrantClient) -> None:
    corpus = models.SearchParams(idf=models.IdfCorpusParams(corpus=at("there")))
    legs = [
        models.Prefetch(query=[1.0, 0.0], using="dense", limit=10, filter=at("there")),
        models.Prefetch(
            query=models.SparseVector(indices=[3], values=[1.0]),
            using="bm25",
            limit=10,
            filter=at("there"),
            params=corpus,
        ),
    ]
    found = client.query_points("one", prefetch=legs, query=models.RrfQuery(rrf=models.Rrf(k=60)), limit=5).points
    assert sorted(numbers(found)) == [2, 3]
    assert [hit.score for hit in found] == pytest.approx([1 / 60, 1 / 60])
    [best, *_] = client.query_points("one", query=[1.0, 0.0], using="dense").points
    assert (numbers([best]), best.score) == ([1], pytest.approx(1.0))


def test_strict_mode_refuses_filters_without_index(client: QdrantClient) -> None:
    unindexed = models.Filter(must=[models.FieldCondition(key="number", range=models.Range(lt=2))])
    for call in (
        lambda: client.count("one", count_filter=unindexed, exact=True),
        lambda: client.delete("one", models.FilterSelector(filter=unindexed), wait=True),
        lambda: client.query_points("one", query=[1.0, 0.0], using="dense", query_filter=unindexed),
    ):
        with pytest.raises(UnexpectedResponse, match="Index required"):
            call()


def test_an_alias_is_swapped_at_once_and_goes_with_its_collection(client: QdrantClient) -> None:
    vectors = {"dense": models.VectorParams(size=2, distance=models.Distance.COSINE)}
    client.create_collection("two", vectors_config=vectors)
    for target, count in (("one", 3), ("two", 0)):
        swap = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=target, alias_name="current")
        )
        client.update_collection_aliases([swap])
        assert client.count("current", exact=True).count == count
        assert client.get_collection_aliases(target).aliases[0].alias_name == "current"
    client.delete_collection("two")
    assert client.get_aliases().aliases == []
    with pytest.raises(UnexpectedResponse, match="404"):
        client.count("current", exact=True)


def test_a_kill_loses_nothing_that_was_acknowledged(server: QdrantServer, client: QdrantClient) -> None:
    client.upsert("one", [point(number, "late") for number in range(10, 60)], wait=True)
    server.kill()
    server.start()
    assert client.count("one", exact=True).count == 53
    assert client.count("one", count_filter=at("late"), exact=True).count == 50


def test_it_lies_stalls_and_fails_when_told(server: QdrantServer, client: QdrantClient) -> None:
    for fault, stored in (("ack_then_drop", 0), ("partial", 2), ("duplicate", 8)):
        server.faults(**{fault: 1})
        client.upsert("one", [point(number, fault) for number in range(10, 14)], wait=True)
        assert client.count("one", count_filter=at(fault), exact=True).count == stored
        client.upsert("one", [point(number, fault) for number in range(10, 14)], wait=True)
        assert client.count("one", count_filter=at(fault), exact=True).count == max(stored, 4)
    for fault in ("down", "stall"):
        server.faults(**{fault: True})
        impatient = connect(server, timeout=1)
        with pytest.raises(Exception, match=r"503|timed out"):
            impatient.count("one", exact=True)
        impatient.close()
    server.faults()
    before = client.count("one", exact=True).count
    assert server.lose("one", every=2) == (before + 1) // 2
    assert client.count("one", exact=True).count == before // 2


def test_a_snapshot_is_made(client: QdrantClient) -> None:
    made = client.create_snapshot("one")
    assert made is not None
    assert made.size > 0
    assert [one.name for one in client.list_snapshots("one")] == [made.name]


def test_a_snapshot_is_put_back_over_what_came_later(client: QdrantClient, server: QdrantServer) -> None:
    before = client.count("one", exact=True).count
    made = client.create_snapshot("one")
    assert made is not None
    client.upsert("one", [point(90, "later")], wait=True)
    there = f"{server.url}/collections/one/snapshots/{made.name}"
    client.recover_snapshot("one", there, api_key=server.api_key, wait=True)
    assert client.count("one", exact=True).count == before
    assert client.delete_snapshot("one", made.name)
    assert made.name not in [one.name for one in client.list_snapshots("one")]

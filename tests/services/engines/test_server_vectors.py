"""What only the server's store has: a server that is away, and other processes that change collections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from services.engines.vectors.base import HybridQuery, Point, VectorFilter
from services.engines.vectors.server import ServerVectors
from services.errors import ConfigurationError, EngineUnavailable
from services.runtime import open_runtime
from services.settings import Settings
from tests.qdrant_server.process import QdrantServer

QUERY = HybridQuery("storm", np.ones(8, dtype=np.float32), limit=5)
POINT = Point("a", 1, 0, "storm", "en", None, "s", "html", datetime(2026, 5, 3, tzinfo=UTC))


def test_a_server_that_is_away_is_reported_on_every_call() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        store = ServerVectors.connect(f"http://127.0.0.1:{taken.getsockname()[1]}", "")
        for call in (
            lambda: store.ensure("tenant", 8),
            lambda: store.upsert("tenant", [POINT]),
            lambda: store.query("tenant", QUERY),
            lambda: store.delete_documents("tenant", ["a"]),
            lambda: store.count("tenant"),
            lambda: store.drop("tenant"),
        ):
            with pytest.raises(EngineUnavailable, match="does not answer"):
                call()
        store.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[QdrantServer]:
    server = QdrantServer(tmp_path / "qdrant", api_key="a key").start()
    yield server
    server.close()


def test_what_goes_wrong_is_said_in_a_sentence(server: QdrantServer) -> None:
    store = ServerVectors.connect(server.url, server.api_key, timeout_seconds=1)
    store.ensure("tenant", 8)
    server.faults(stall=True)
    with pytest.raises(EngineUnavailable, match="not answer within 1 s"):
        store.query("tenant", QUERY)
    server.faults(down=True)
    with pytest.raises(EngineUnavailable, match="HTTP 503"):
        store.upsert("tenant", [POINT])
    server.faults()
    server.kill()
    with pytest.raises(EngineUnavailable, match="does not answer"):
        store.count("tenant")
    server.start()
    store.upsert("tenant", [POINT])
    assert store.count("tenant") == 1
    stranger = ServerVectors.connect(server.url, "another key")
    with pytest.raises(EngineUnavailable, match="refused the key"):
        stranger.count("tenant")
    stranger.close()
    store.close()


def test_a_process_that_knows_only_the_old_generation_gets_full_answers(server: QdrantServer) -> None:
    """Between reading the tenant's row and asking, the alias may have moved and the old collection be gone."""
    worker = ServerVectors.connect(server.url, server.api_key)
    gateway = ServerVectors.connect(server.url, server.api_key)
    for generation in ("ten_1-g1", "ten_1-g2"):
        worker.ensure(generation, 8)
        worker.upsert(generation, [POINT])
    assert [hit.document_id for hit in gateway.query("ten_1-g1", QUERY)] == ["a"]
    worker.publish("ten_1-g2")
    worker.drop("ten_1-g1")
    assert [hit.document_id for hit in gateway.query("ten_1-g1", QUERY)] == ["a"]
    assert gateway.count("ten_1-g1") == 0
    for store in (worker, gateway):
        store.close()


def test_an_alias_that_moved_to_other_dimensions_is_noticed(server: QdrantServer) -> None:
    worker = ServerVectors.connect(server.url, server.api_key)
    gateway = ServerVectors.connect(server.url, server.api_key)
    worker.ensure("ten_1-g1", 4)
    with pytest.raises(ConfigurationError, match="4 dimensions"):
        gateway.query("ten_1-g1", QUERY)
    worker.ensure("ten_1-g2", 8)
    worker.upsert("ten_1-g2", [POINT])
    worker.publish("ten_1-g2")
    assert [hit.document_id for hit in gateway.query("ten_1-g2", QUERY)] == ["a"]
    for store in (worker, gateway):
        store.close()


def test_no_request_about_points_of_the_shared_collection_leaves_out_the_tenant(server: QdrantServer) -> None:
    store = ServerVectors.connect(server.url, server.api_key, placement="shared")
    for tenant in ("ten_1-g1", "ten_2-g1"):
        store.ensure(tenant, 8)
        store.upsert(tenant, [POINT])
        store.query(tenant, QUERY)
        store.query(tenant, replace(QUERY, filter=VectorFilter(sources=("s", "t"), excluded_types=("pdf",))))
        store.count(tenant)
        store.count(tenant, document_id="a")
        list(store.scan(tenant))
        list(store.scan(tenant, without_vector=True))
        store.delete_documents(tenant, ["b"], before_version=3)
        store.delete_points(tenant, ["0b6c7f1e-0000-5000-8000-000000000001"])
        store.publish(tenant)
    store.drop("ten_1-g1")
    assert (store.count("ten_1-g1"), store.count("ten_2-g1")) == (0, 1)
    store.close()
    about_points = [(method, path, body) for method, path, body in server.requests() if "/points" in path]
    assert len(about_points) > 20
    for method, path, body in about_points:
        assert "/tidings-shared/" in path
        if method == "PUT":
            assert all(point["payload"]["partition"] in ("ten_1-g1", "ten_2-g1") for point in body["points"])
            continue
        for part in body.get("prefetch") or [body]:
            first = part["filter"]["must"][0]
            assert first["key"] == "partition", (path, body)
            assert first["match"]["value"] in ("ten_1-g1", "ten_2-g1")
            assert not part["filter"].get("should"), "an alternative would open the condition"
            if part.get("using") == "bm25":
                assert part["params"]["idf"]["corpus"]["must"][0] == first


def test_edge_keeps_a_folder_per_tenant_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs a Qdrant server"):
        open_runtime(Settings(data_dir=tmp_path, vector_placement="shared"))


def test_a_collection_dropped_by_another_process_is_empty_and_can_be_made_again() -> None:
    client = QdrantClient(location=":memory:")
    one, other = ServerVectors(client), ServerVectors(client)
    for call, expected in (
        (lambda: one.query("tenant", QUERY), []),
        (lambda: one.count("tenant"), 0),
        (lambda: one.delete_documents("tenant", ["a"]), None),
    ):
        one.ensure("tenant", 8)
        one.upsert("tenant", [POINT])
        other.drop("tenant")
        assert call() == expected
    one.ensure("tenant", 8)
    other.drop("tenant")
    with pytest.raises(EngineUnavailable, match="does not exist"):
        one.upsert("tenant", [POINT])
    one.ensure("tenant", 8)
    with pytest.raises(ConfigurationError, match="8 dimensions"):
        other.ensure("tenant", 16)
    one.close()

"""What only the server's store has: a server that is away, and other processes that change collections."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import numpy as np
import pytest
from qdrant_client import QdrantClient

from services.engines.vectors.base import HybridQuery, Point
from services.engines.vectors.server import ServerVectors
from services.errors import ConfigurationError, EngineUnavailable

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

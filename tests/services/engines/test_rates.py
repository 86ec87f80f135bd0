"""Rate limits over a real Redis, which goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.engines import rates
from services.engines.rates import SharedBuckets, connect
from tests.redis_server import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis")
    yield server.start()
    server.kill()


@pytest.fixture
def pair(server: RedisServer) -> Iterator[tuple[SharedBuckets, SharedBuckets]]:
    """The same limit in two processes: three calls in an hour."""
    clients = [connect(server.url) for _ in range(2)]
    yield SharedBuckets(clients[0], "test", 3, 3600), SharedBuckets(clients[1], "test", 3, 3600)
    for client in clients:
        client.close()


def test_processes_share_a_limit(pair: tuple[SharedBuckets, SharedBuckets]) -> None:
    one, other = pair
    assert [one.take("a").remaining, other.take("a").remaining, one.take("a").remaining] == [2, 1, 0]
    refused = other.take("a")
    assert not refused.allowed
    assert 0 < refused.retry_after_seconds <= 1200
    assert other.take("b").allowed


def test_a_token_can_be_given_back_and_a_bucket_filled(pair: tuple[SharedBuckets, SharedBuckets]) -> None:
    one, other = pair
    for _ in range(3):
        one.take("a")
    other.give_back("a")
    assert one.take("a").allowed
    assert not one.take("a").allowed
    other.reset("a")
    assert one.take("a").remaining == 2


def test_a_bucket_fills_with_time(server: RedisServer) -> None:
    client = connect(server.url)
    quick = SharedBuckets(client, "quick", 1, 0.05)
    assert quick.take("a").allowed
    allowed = False
    for _ in range(1000):
        allowed = allowed or quick.take("a").allowed
    assert allowed
    client.close()


def test_limits_hold_in_each_process_while_redis_is_away_and_are_shared_again_after(
    pair: tuple[SharedBuckets, SharedBuckets], server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "AWAY_SECONDS", 0.0)
    one, other = pair
    one.take("a")
    server.kill()
    assert [one.take("a").allowed for _ in range(4)] == [True, True, True, False]
    assert other.take("a").allowed
    server.start()
    assert [one.take("a").remaining, other.take("a").remaining] == [2, 1]


def test_what_lies_in_redis_names_nobody(pair: tuple[SharedBuckets, SharedBuckets], server: RedisServer) -> None:
    pair[0].take("person@example.org 203.0.113.9")
    with server.client() as client:
        names = [name.decode() for name in client.keys("*")]
    assert len(names) == 1
    assert "person" not in names[0]
    assert "203" not in names[0]

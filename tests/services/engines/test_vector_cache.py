"""The embedding cache: it remembers, stays within its size, forgets for good, and survives damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.engines.vector_cache import Remembered, VectorCache, used_bytes
from services.engines.vectors.base import Vector

MODEL = "model@1"
SALT = b"tenant one"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    cache = VectorCache(tmp_path, 1)
    yield cache
    cache.close()


def vectors(count: int, dimensions: int = 384, seed: int = 0) -> Vector:
    """Random unit vectors."""
    made = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    unit: Vector = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def entries(count: int, seed: int = 0) -> dict[bytes, Vector]:
    """Keys and vectors to store."""
    return {VectorCache.key(SALT, MODEL, f"{seed} {index}"): row for index, row in enumerate(vectors(count, seed=seed))}


def remembered(stored: dict[bytes, Vector], document_id: str = "doc_1", version: int = 1) -> list[Remembered]:
    """As vectors of one document."""
    return [Remembered(key, vector, document_id, version) for key, vector in stored.items()]


def test_what_was_put_comes_back_as_unit_vectors(cache: VectorCache) -> None:
    stored = entries(20)
    cache.put_many(remembered(stored))
    found = cache.get_many([*stored, b"unknown"])
    assert found.keys() == stored.keys()
    for key, vector in found.items():
        assert vector.dtype == np.float32
        assert vector @ stored[key] > 0.99999
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_it_is_there_after_a_restart(cache: VectorCache, tmp_path: Path) -> None:
    stored = entries(3)
    cache.put_many(remembered(stored))
    cache.close()
    again = VectorCache(tmp_path, 1)
    assert again.get_many(list(stored)).keys() == stored.keys()
    again.close()


def test_many_keys_are_looked_up_at_once(cache: VectorCache) -> None:
    stored = entries(800)
    cache.put_many(remembered(stored))
    assert len(cache.get_many(list(stored) * 2)) == 800


def test_tenants_models_and_texts_have_keys_of_their_own() -> None:
    keys = {
        VectorCache.key(salt, model, text) for salt in (b"1", b"2") for model in ("m", "n") for text in ("a", "\ud800")
    }
    assert len(keys) == 8


def test_the_oldest_leave_when_it_is_full(cache: VectorCache, tmp_path: Path) -> None:
    first, last = entries(50, seed=1), entries(50, seed=2)
    cache.put_many(remembered(first))
    for seed in range(3, 13):
        cache.put_many(remembered(entries(200, seed=seed)))
    cache.put_many(remembered(last))
    assert cache.get_many(list(first)) == {}
    assert len(cache.get_many(list(last))) == 50
    with sqlite3.connect(tmp_path / "vectors.sqlite") as connection:
        assert used_bytes(connection) <= 2**20
    connection.close()


def test_forgotten_vectors_are_gone_from_the_files(cache: VectorCache, tmp_path: Path) -> None:
    stored = entries(10)
    made = remembered(stored)
    cache.put_many([replace(made[0], document_id="doc_gone"), *made[1:]])
    gone, *kept = stored
    cache.forget(["doc_gone", "doc_unknown"])
    assert cache.get_many(list(stored)).keys() == set(kept)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm"))
    assert stored[gone].astype(np.float16).tobytes() not in content
    assert stored[kept[0]].astype(np.float16).tobytes() in content


def test_only_older_versions_are_forgotten_when_asked(cache: VectorCache) -> None:
    first, second = entries(3, seed=1), entries(3, seed=2)
    cache.put_many([*remembered(first, version=1), *remembered(second, version=2)])
    cache.forget(["doc_1"], before_version=2)
    assert cache.get_many([*first, *second]).keys() == second.keys()


def test_a_file_of_an_older_layout_is_emptied(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "vectors.sqlite") as connection:
        connection.execute("CREATE TABLE vectors (age INTEGER PRIMARY KEY, key BLOB UNIQUE, vector BLOB)")
        connection.execute("INSERT INTO vectors (key, vector) VALUES (x'00', x'00')")
    connection.close()
    cache = VectorCache(tmp_path, 1)
    cache.put_many(remembered(entries(3)))
    assert cache.get_many([b"\0", *entries(3)]).keys() == entries(3).keys()
    cache.close()


@pytest.mark.parametrize("damage", [b"not a database" * 1000, b""])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    cache = VectorCache(tmp_path, 1)
    cache.put_many(remembered(entries(500)))
    cache.close()
    (tmp_path / "vectors.sqlite").write_bytes(damage)
    again = VectorCache(tmp_path, 1)
    assert again.get_many(list(entries(500))) == {}
    again.put_many(remembered(entries(5)))
    assert len(again.get_many(list(entries(5)))) == 5
    again.close()


def test_pages_overwritten_behind_its_back_cost_the_cache_and_nothing_else(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, 1)
    cache.put_many(remembered(entries(500)))
    cache.close()
    path = tmp_path / "vectors.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    again = VectorCache(tmp_path, 1)
    again.get_many(list(entries(500)))
    again.put_many(remembered(entries(5, seed=7)))
    again.put_many(remembered(entries(5, seed=7)))
    assert len(again.get_many(list(entries(5, seed=7)))) == 5
    again.close()


def test_a_size_of_zero_keeps_nothing_and_makes_no_file(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "cache", 0)
    cache.put_many(remembered(entries(3)))
    assert cache.get_many(list(entries(3))) == {}
    cache.forget(["doc_1"])
    cache.close()
    assert not (tmp_path / "cache").exists()


def test_two_processes_and_many_threads_may_share_it(cache: VectorCache, tmp_path: Path) -> None:
    other = VectorCache(tmp_path, 1)

    def work(seed: int) -> int:
        (cache if seed % 2 else other).put_many(remembered(entries(10, seed=seed)))
        return len((other if seed % 2 else cache).get_many(list(entries(10, seed=seed))))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(24))) == [10] * 24
    other.close()

"""What only the embedded store has: shard folders, their life, and how long it stops the interpreter."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from services.engines.vectors import shards
from services.engines.vectors.base import HybridQuery, Point, Vector
from services.engines.vectors.edge import EdgeVectors
from services.errors import EngineUnavailable

STORM = HybridQuery("storm", None, limit=5)


def point(document_id: str, ordinal: int = 0, text: str = "storm") -> Point:
    vector = np.ones(16, dtype=np.float32)
    return Point(document_id, 1, ordinal, text, "en", vector, "s", "html", datetime(2026, 5, 3, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EdgeVectors]:
    made = EdgeVectors(tmp_path / "vectors", open_shards=2)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside", "a/b", "..", "x" * 500, "né\u0000", ""])
def test_no_name_leaves_the_folder(store: EdgeVectors, tmp_path: Path, name: str) -> None:
    store.ensure(name, 16)
    store.upsert(name, [point("a")])
    assert store.count(name) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["vectors"]
    [folder] = (tmp_path / "vectors").iterdir()
    assert len(folder.name) == 32
    store.drop(name)
    assert list((tmp_path / "vectors").iterdir()) == []


@pytest.mark.parametrize(("file", "kept"), [("collection.json", 10), ("status.dat", 0), ("segment.json", 5)])
def test_damaged_files_are_an_absent_engine_not_a_crash(
    store: EdgeVectors, tmp_path: Path, file: str, kept: int
) -> None:
    store.ensure("tenant", 16)
    store.upsert("tenant", [point(f"d{n}") for n in range(20)])
    store.close()
    for path in (tmp_path / "vectors").rglob(file):
        path.write_bytes(path.read_bytes()[:kept])
    again = EdgeVectors(tmp_path / "vectors")
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="failed"):
            again.query("tenant", STORM)
    again.close()


def test_only_a_few_shards_stay_open_and_all_answer(store: EdgeVectors) -> None:
    names = [f"tenant{n}" for n in range(4)]
    for name in names:
        store.ensure(name, 16)
        store.upsert(name, [point(name)])
        assert len(store.shards.opened) <= 2
    assert list(store.shards.opened) == names[-2:]
    for name in names:
        assert [hit.document_id for hit in store.query(name, STORM)] == [name]
        assert len(store.shards.opened) <= 2


def test_a_shard_in_use_is_not_closed(store: EdgeVectors) -> None:
    for n in range(4):
        store.ensure(f"tenant{n}", 16)
    with store.shards.lease("tenant0") as shard:
        for n in range(1, 4):
            store.count(f"tenant{n}")
        assert store.shards.opened["tenant0"] is shard
        assert len(store.shards.opened) == 2


def test_an_open_shard_takes_one_thread(store: EdgeVectors) -> None:
    store.ensure("tenant", 16)
    before = len(os.listdir("/proc/self/task"))
    store.count("tenant")
    assert len(os.listdir("/proc/self/task")) - before <= 1


def test_dropping_waits_for_calls_under_way(store: EdgeVectors) -> None:
    store.ensure("tenant", 16)
    store.upsert("tenant", [point("a")])
    dropper = Thread(target=store.drop, args=("tenant",))
    with store.shards.lease("tenant") as shard:
        assert shard is not None
        dropper.start()
        dropper.join(0.2)
        assert dropper.is_alive()
        assert store.count("tenant") == 0  # gone for new calls already
        with pytest.raises(EngineUnavailable, match="being removed"):
            store.ensure("tenant", 16)
        assert shard.shard.info().points_count == 1
    dropper.join()
    store.ensure("tenant", 16)
    assert store.count("tenant") == 0


def test_what_a_killed_process_left_half_made_is_replaced(store: EdgeVectors) -> None:
    store.ensure("tenant", 16)
    store.upsert("tenant", [point("a")])
    store.shards.close_idle(0)
    (store.shards.path("tenant") / "collection.json").unlink()
    assert store.count("tenant") == 0
    store.ensure("tenant", 32)
    assert store.count("tenant") == 0
    (store.shards.path("tenant") / "collection.json").unlink()
    store.shards.close_idle(0)
    store.drop("tenant")
    assert not store.shards.path("tenant").exists()


def test_a_damaged_shard_is_reported_and_spares_the_others(store: EdgeVectors) -> None:
    for name in ("good", "bad"):
        store.ensure(name, 16)
    store.shards.close_idle(0)
    for file in (store.shards.path("bad") / "shard").rglob("*.json"):
        file.write_text("{")
    with pytest.raises(EngineUnavailable, match="'bad' failed"):
        store.query("bad", STORM)
    assert store.query("good", STORM) == []


def test_a_closed_store_refuses(store: EdgeVectors) -> None:
    store.ensure("tenant", 16)
    store.count("tenant")
    store.close()
    with pytest.raises(EngineUnavailable, match="stopping"):
        store.count("tenant")
    store.close()


def test_queries_run_between_the_batches_of_a_big_upsert(store: EdgeVectors) -> None:
    store.ensure("tenant", 16)
    store.upsert("tenant", [point("seed", text="calm")])
    points = [point("a", ordinal) for ordinal in range(3000)]
    done = Event()
    waits: list[float] = []

    def ask() -> None:
        while not done.is_set():
            began = time.perf_counter()
            store.query("tenant", HybridQuery("calm", None, limit=1))
            waits.append(time.perf_counter() - began)
            time.sleep(0.001)  # without it, the interpreter lets the writer in only every 5 ms

    asker = Thread(target=ask)
    asker.start()
    store.upsert("tenant", points)
    done.set()
    asker.join()
    # One call for all points would let one query or two through. Measured: 150 queries, median 0.3 ms.
    assert len(waits) > 10
    assert float(np.median(waits)) < 0.02


def test_deleted_vectors_leave_the_segments_when_the_store_closes(store: EdgeVectors, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    vectors = {name: rng.standard_normal(16).astype(np.float32) for name in ("kept", "deleted")}
    vectors = {name: vector / np.linalg.norm(vector) for name, vector in vectors.items()}
    store.ensure("tenant", 16)
    for name, vector in vectors.items():
        store.upsert("tenant", [replace(point(name), vector=vector)])
    assert found_in_segments(tmp_path, vectors["deleted"])
    store.delete_documents("tenant", ["deleted"])
    store.close()
    assert not found_in_segments(tmp_path, vectors["deleted"])
    assert found_in_segments(tmp_path, vectors["kept"])
    again = EdgeVectors(tmp_path / "vectors")
    assert [hit.document_id for hit in again.query("tenant", STORM)] == ["kept"]
    again.close()


def test_a_store_too_large_for_the_time_it_has_to_stop_closes_as_it_is(
    store: EdgeVectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "VACUUM_SECONDS_PER_POINT", 10.0)
    vector = np.full(16, 0.25, dtype=np.float32)
    store.ensure("tenant", 16)
    store.upsert("tenant", [point("kept"), replace(point("deleted"), vector=vector)])
    store.delete_documents("tenant", ["deleted"])
    store.close()
    assert found_in_segments(tmp_path, vector)
    again = EdgeVectors(tmp_path / "vectors")
    assert again.count("tenant") == 1
    again.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked to read ahead")
def test_payloads_are_read_ahead_and_the_holes_of_their_files_are_not(
    store: EdgeVectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ensure("tenant", 16)
    store.upsert("tenant", [point(f"document {number}") for number in range(100)])
    store.close()
    asked: list[tuple[str, int, int]] = []

    def note(opened: int, start: int, length: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_WILLNEED
        asked.append((Path(f"/proc/self/fd/{opened}").resolve().name, start, length))

    monkeypatch.setattr(os, "posix_fadvise", note)
    again = EdgeVectors(tmp_path / "vectors")
    assert len(again.query("tenant", STORM)) == 5
    again.close()
    [file] = (tmp_path / "vectors").rglob("payload_storage/page_0.dat")
    written = file.read_bytes().rstrip(b"\0")
    parts = [(start, length) for name, start, length in asked if name == file.name]
    assert [start for start, _ in parts] == [number * shards.AHEAD_BYTES for number in range(len(parts))]
    assert {length for _, length in parts} == {shards.AHEAD_BYTES}
    assert len(written) <= sum(length for _, length in parts) < file.stat().st_size // 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked to read ahead")
def test_of_an_empty_collection_nothing_is_read_ahead(
    store: EdgeVectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ensure("tenant", 16)
    store.close()
    asked: list[str] = []
    monkeypatch.setattr(
        os, "posix_fadvise", lambda opened, *rest: asked.append(Path(f"/proc/self/fd/{opened}").resolve().name)
    )
    again = EdgeVectors(tmp_path / "vectors")
    assert again.query("tenant", STORM) == []
    again.close()
    assert "page_0.dat" not in asked


def found_in_segments(folder: Path, vector: Vector) -> bool:
    """Whether a file of any segment holds this vector's bytes."""
    files = [file for file in folder.rglob("segments/**/*") if file.is_file()]
    assert files
    return any(vector.tobytes() in file.read_bytes() for file in files)

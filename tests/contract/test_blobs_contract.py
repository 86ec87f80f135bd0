"""What every blob store keeps: bytes come back, keys do not meet, absence is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.engines.blobs import BlobStore, FolderBlobs
from services.errors import EngineUnavailable, NotFound


@pytest.fixture(params=[FolderBlobs])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Each implementation, empty."""
    made: BlobStore = request.param(tmp_path / "blobs")
    return made


def test_bytes_come_back_and_the_same_key_overwrites(blobs: BlobStore) -> None:
    blobs.put("ten_a/doc_1", b"first")
    blobs.put("ten_a/doc_1", b"\x00second")
    assert blobs.get("ten_a/doc_1") == b"\x00second"


def test_keys_do_not_meet(blobs: BlobStore) -> None:
    blobs.put("ten_a/doc_1", b"a")
    blobs.put("ten_b/doc_1", b"b")
    blobs.delete("ten_a/doc_1")
    assert blobs.get("ten_b/doc_1") == b"b"


def test_absence_is_told_and_deleting_twice_is_fine(blobs: BlobStore) -> None:
    blobs.put("ten_a/doc_1", b"a")
    blobs.delete("ten_a/doc_1")
    blobs.delete("ten_a/doc_1")
    with pytest.raises(NotFound):
        blobs.get("ten_a/doc_1")


def test_old_keys_can_be_listed(blobs: BlobStore) -> None:
    blobs.put("ten_a/doc_1", b"a")
    blobs.put("ten_b/doc_2", b"b")
    assert sorted(blobs.keys_older_than(-1)) == ["ten_a/doc_1", "ten_b/doc_2"]
    assert list(blobs.keys_older_than(60)) == []


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderBlobs(tmp_path / "blobs")

    def full(*_arguments: object, **_options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EngineUnavailable, match="free some space"):
        store.put("ten_a/doc_1", b"a")
    monkeypatch.undo()
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_a_blob_is_flushed_before_it_is_in_place_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def record_sync(descriptor: int) -> None:
        steps.append("sync")
        sync(descriptor)

    def record_replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(Path, "replace", record_replace)
    FolderBlobs(tmp_path / "blobs").put("ten_a/doc_1", b"a")
    assert steps == ["sync", "replace", "sync"]

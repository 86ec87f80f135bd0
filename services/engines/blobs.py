"""The bytes of documents, in a folder. A blob is durable before its row is committed.

Keys are `<tenant id>/<document id>`: no two documents share a blob, so purging one cannot touch another. The parts of an
unfinished upload are blobs too, `<tenant id>/<upload id>.<random>`.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from services.engines.disk import FULL_BYTES, demand_room
from services.errors import EngineUnavailable, NotFound


class BlobStore(Protocol):
    """The port: put, get, delete by key."""

    def put(self, key: str, content: bytes) -> None:
        """Store durably; the same key overwrites. Raises EngineUnavailable when the disk is full or read-only."""

    def demand_room(self, needed_bytes: int) -> None:
        """Raises EngineUnavailable when less can be stored."""

    def get(self, key: str) -> bytes:
        """The bytes; raises NotFound."""

    def delete(self, key: str) -> None:
        """Remove; idempotent."""

    def keys_older_than(self, seconds: float) -> Iterator[str]:
        """Keys of blobs stored longer ago than that, in no order."""


class FolderBlobs:
    """Blobs as files under a folder that only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, key: str, content: bytes) -> None:
        """Write a temporary file, flush it to disk, move it in place, flush the folder: that order survives a power cut."""
        path = self.path(key)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        demand_room(self.folder, FULL_BYTES + len(content))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise EngineUnavailable(
                f"The data folder cannot be written ({error.strerror}); free some space or check its permissions."
            ) from error

    def demand_room(self, needed_bytes: int) -> None:
        """Ask the disk. Cost: one system call."""
        demand_room(self.folder, needed_bytes)

    def get(self, key: str) -> bytes:
        """Read the file; raises NotFound."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("The stored file is gone.") from error

    def delete(self, key: str) -> None:
        """Remove the file; idempotent."""
        self.path(key).unlink(missing_ok=True)

    def keys_older_than(self, seconds: float) -> Iterator[str]:
        """Walk the folder; half-written files of a killed process are removed on the way."""
        latest = time.time() - seconds
        for path in self.folder.glob("*/*/*"):
            with suppress(FileNotFoundError):  # others delete and rename meanwhile
                if path.stat().st_mtime >= latest:
                    continue
                if path.name.startswith("."):
                    path.unlink(missing_ok=True)
                else:
                    yield f"{path.parent.parent.name}/{path.name}"

    def path(self, key: str) -> Path:
        """Where a key lives: under its tenant, spread by its last two letters."""
        tenant_id, name = key.split("/")
        return self.folder / tenant_id / name[-2:] / name


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

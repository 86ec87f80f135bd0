"""Snapshots of a Qdrant server: archives of a collection that the server keeps on its own volume.

Faster than making vectors again (docs/operations.md), and older than the database: whoever restores one reconciles.
Source: qdrant.tech/documentation/snapshots. In a cluster a snapshot is of the node that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from qdrant_client import QdrantClient, models

from services.engines.vectors.base import Snapshot
from services.errors import EngineBroken

# Archiving and unpacking take minutes for millions of points.
TIMEOUT_SECONDS = 3600
OLDEST = datetime.min.replace(tzinfo=UTC)


class ServerSnapshots:
    """Implements services.engines.vectors.base.Snapshots.

    `name_of` says where a collection of ours lies on the server, `calls` turns the client's errors into ours. In the
    shared placement all tenants' collections have the same snapshots.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        name_of: Callable[[str], str],
        calls: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self.url, self.api_key = url.rstrip("/"), api_key
        self.name_of, self.calls = name_of, calls

    def listed(self, collection: str) -> list[Snapshot]:
        """A collection's snapshots, the newest first."""
        with self.client(collection) as (client, name):
            return sorted(map(told, client.list_snapshots(name)), key=lambda one: (one.at, one.name), reverse=True)

    def take(self, collection: str) -> Snapshot:
        """Make one; returns when the server has it on its disk."""
        with self.client(collection) as (client, name):
            made = client.create_snapshot(name, wait=True)
        if made is None:
            raise EngineBroken("The Qdrant server does not say whether it made a snapshot; its log does.")
        return told(made)

    def remove(self, collection: str, snapshot: str) -> None:
        """Remove one."""
        with self.client(collection) as (client, name):
            client.delete_snapshot(name, snapshot, wait=True)

    def restore(self, collection: str, snapshot: str) -> None:
        """Replace a collection by one of its snapshots. The server fetches it from itself, by the address that we use."""
        with self.client(collection) as (client, name):
            client.recover_snapshot(
                name,
                f"{self.url}/collections/{quote(name)}/snapshots/{quote(snapshot)}",
                api_key=self.api_key or None,
                priority=models.SnapshotPriority.SNAPSHOT,
                wait=True,
            )

    @contextmanager
    def client(self, collection: str) -> Iterator[tuple[QdrantClient, str]]:
        """A connection that waits as long as archives take, and the collection's name on the server."""
        headers: dict[str, Any] | None = {"api-key": self.api_key} if self.api_key else None
        client = QdrantClient(url=self.url, headers=headers, timeout=TIMEOUT_SECONDS, check_compatibility=False)
        name = self.name_of(collection)
        try:
            with self.calls(name):
                yield client, name
        finally:
            client.close()


def told(one: models.SnapshotDescription) -> Snapshot:
    """The server's description; its times are UTC without saying so."""
    at = datetime.fromisoformat(one.creation_time).replace(tzinfo=UTC) if one.creation_time else OLDEST
    return Snapshot(one.name, one.size, at)

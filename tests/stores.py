"""The same test on Qdrant Edge and on a server in both placements: settings, and the stand-in behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.models import Base
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from tests.qdrant_server.process import QdrantServer

STORES = ("edge", "dedicated", "shared")


def store_settings(kind: str, server: QdrantServer | None) -> dict[str, Any]:
    """Settings that choose one of STORES."""
    if kind == "edge" or server is None:
        return {}
    return {"qdrant_url": server.url, "qdrant_api_key": server.api_key, "vector_placement": kind}


@contextmanager
def opened(folder: Path, kind: str, server: QdrantServer | None, **settings: Any) -> Iterator[Runtime]:
    """A runtime with tables and the hashing embedder on that store."""
    chosen = {"embedder_model": "fake:hash", "job_lease_seconds": 10, **store_settings(kind, server), **settings}
    runtime = open_runtime(Settings(data_dir=folder, **chosen), with_bell=False)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    yield runtime
    runtime.close()

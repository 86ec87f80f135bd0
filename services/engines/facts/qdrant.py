"""What a Qdrant server says of itself and its collections."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from qdrant_client import QdrantClient, models
from qdrant_client.common.version_check import is_compatible
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from services.errors import EngineUnavailable

TIMEOUT_SECONDS = 3
# Collections that are looked at one by one; there may be one per tenant.
MOST_COLLECTIONS = 100


@dataclass(frozen=True)
class CollectionFacts:
    """One collection: `status` green, yellow (optimizing), grey (waits) or red; `problem` of its optimizer."""

    name: str
    status: str
    problem: str
    points: int
    is_strict: bool


@dataclass(frozen=True)
class QdrantFacts:
    """`is_open`: strangers without a key may read. `collections`: the first MOST_COLLECTIONS."""

    version: str
    client_version: str
    fits_client: bool
    is_open: bool
    collection_count: int
    collections: Sequence[CollectionFacts]


def qdrant_facts(url: str, api_key: str) -> QdrantFacts:
    """Ask. Raises: EngineUnavailable."""
    try:
        client = connect(url, api_key)
        server, ours = client.info().version, version("qdrant-client")
        names = sorted(each.name for each in client.get_collections().collections)
        return QdrantFacts(
            version=server,
            client_version=ours,
            fits_client=is_compatible(ours, server),
            is_open=is_open(url),
            collection_count=len(names),
            collections=[collection_facts(name, client.get_collection(name)) for name in names[:MOST_COLLECTIONS]],
        )
    except UnexpectedResponse as error:
        refused = error.status_code in (401, 403)
        raise EngineUnavailable(
            "Qdrant refuses the key of TIDINGS_QDRANT_API_KEY." if refused else f"Qdrant answers {error.status_code}."
        ) from error
    except (ApiException, OSError) as error:
        raise EngineUnavailable(f"Qdrant does not answer ({type(error).__name__}).") from error


def connect(url: str, api_key: str) -> QdrantClient:
    """A client that gives up soon; nothing is sent yet."""
    with warnings.catch_warnings():
        # That the key travels unencrypted, as it does inside one machine or private network.
        warnings.simplefilter("ignore", UserWarning)
        return QdrantClient(url=url, api_key=api_key or None, timeout=TIMEOUT_SECONDS, check_compatibility=False)


def is_open(url: str) -> bool:
    """Whether the server lists its collections to somebody without a key."""
    try:
        connect(url, "").get_collections()
    except ApiException:
        return False
    return True


def collection_facts(name: str, info: models.CollectionInfo) -> CollectionFacts:
    """The facts of one collection."""
    strict = info.config.strict_mode_config
    optimizer = info.optimizer_status
    return CollectionFacts(
        name=name,
        status=str(info.status.value),
        problem="" if isinstance(optimizer, models.OptimizersStatusOneOf) else optimizer.error,
        points=info.points_count or 0,
        is_strict=bool(strict and strict.enabled),
    )

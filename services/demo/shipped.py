"""Vectors that came with the demo pack, so that its documents are found by meaning without having been embedded here.

Made by `python -m tests.demo_pack vectors`, for the default model and the default length of chunks. With any other, and
for what the readers read in another way, nothing is found in the cache and the model embeds as usual.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.demo.pack import FOLDER
from services.engines.vector_cache import Remembered
from services.engines.vectors.base import Vector
from services.ingest import repository
from services.scope import Scope


@dataclass(frozen=True)
class Shipped:
    """The model's name, and what it makes of each text: title and chunk as they are embedded. Rows have norm 1."""

    model: str
    texts: Sequence[str]
    vectors: Vector


def shipped() -> Shipped:
    """Read the vectors. Stored as 8-bit integers, a scale for each: a cosine of .9999 to what the model gave."""
    with (FOLDER / "vectors.npz").open("rb") as file, np.load(file) as stored:
        vectors = stored["vectors"].astype(np.float32)
        texts = json.loads(stored["texts"].tobytes())
        return Shipped(str(stored["model"]), texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def pack_texts(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Texts as they are stored beside their vectors."""
    return np.frombuffer(json.dumps(list(texts), ensure_ascii=False).encode(), dtype=np.uint8)


def remember(scope: Scope) -> None:
    """Put the vectors into the tenant's embedding cache, when the running model is the one that they are of."""
    runtime, found = scope.runtime, shipped()
    if runtime.embedder.name != found.model:
        return
    with scope.read() as tx:
        salt = repository.tenant(tx).cache_salt
    keys = [runtime.vector_cache.key(salt, found.model, text) for text in found.texts]
    owner = owner_of(scope)
    runtime.vector_cache.put_many(
        [Remembered(key, vector, owner, 1) for key, vector in zip(keys, found.vectors, strict=True)]
    )


def forget(scope: Scope) -> None:
    """Take them out of the cache again."""
    scope.runtime.vector_cache.forget([owner_of(scope)])


def owner_of(scope: Scope) -> str:
    """What they are remembered for: no document yet, since they must be there before the first job runs."""
    return f"demo/{scope.tenant_id}"

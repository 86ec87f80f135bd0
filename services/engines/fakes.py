"""Engines that need nothing: for tests, demonstrations and fault drills. They keep the contracts of the real ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from threading import Event

import numpy as np

from services.engines.embedder import EmbedderState, Lane
from services.engines.vectors.base import Vector
from services.errors import EngineUnavailable

HASH_MODEL = "fake:hash"
HASH_DIMENSIONS = 64
WORDS = re.compile(r"\w+|[^\w\s]")


class HashEmbedder:
    """Bag of hashed words: texts that share words are near each other. The same in every process; needs no model.

    `TIDINGS_EMBEDDER_MODEL=fake:hash` selects it. Made with `ready=False` it stays PREPARING until `become()`.
    """

    def __init__(self, *, ready: bool = True) -> None:
        self._settled = Event()
        self._state, self._detail = EmbedderState.PREPARING, "The hash embedder waits for the test."
        if ready:
            self.become(EmbedderState.READY, "Ready: hashed words, for tests only.")

    @property
    def name(self) -> str:
        """Its name."""
        return f"{HASH_MODEL}@{HASH_DIMENSIONS}"

    @property
    def dimensions(self) -> int:
        """Length of a vector, known in every state."""
        return HASH_DIMENSIONS

    @property
    def state(self) -> EmbedderState:
        """The state it was put into."""
        return self._state

    @property
    def detail(self) -> str:
        """The sentence it was given."""
        return self._detail

    def become(self, state: EmbedderState, detail: str = "Set by the test.") -> None:
        """Change the state, as a real model does when it gets ready or fails."""
        self._state, self._detail = state, detail
        if state in (EmbedderState.READY, EmbedderState.FAILED):
            self._settled.set()
        else:
            self._settled.clear()

    def start(self) -> None:
        """Nothing to prepare."""

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until become() settled it."""
        self._settled.wait(timeout_seconds)
        return self._state is EmbedderState.READY

    def embed(self, texts: Sequence[str], *, lane: Lane = Lane.BULK) -> Vector:
        """Unit vectors of hashed words; all lanes alike."""
        if self._state is not EmbedderState.READY:
            raise EngineUnavailable(self._detail)
        vectors = np.zeros((len(texts), HASH_DIMENSIONS), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in WORDS.findall(text.lower()):
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=2).digest()
                row[digest[0] % HASH_DIMENSIONS] += 1 if digest[1] % 2 else -1
            if not row.any():
                row[0] = 1
        unit: Vector = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words and punctuation marks."""
        return [len(WORDS.findall(text)) for text in texts]

    def close(self) -> None:
        """From here on nothing is embedded."""
        self.become(EmbedderState.FAILED, "The embedding model was closed.")

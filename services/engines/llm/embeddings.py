"""The embedding model behind any OpenAI-compatible `/v1/embeddings`, such as vLLM's."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from threading import Event, Lock, Thread
from typing import Any

import numpy as np

from services.engines.embedder import EmbedderState, Lane
from services.engines.llm.client import UNREADABLE, Client
from services.engines.llm.refusals import Misconfigured
from services.engines.llm.servers import Server
from services.engines.llm.wire import Call, Unanswered
from services.engines.token_estimate import estimate_tokens
from services.engines.vectors.base import Vector
from services.errors import EngineUnavailable, PromptTooLong
from services.settings import Settings, server_addresses

# Tokens of one request, about: large enough to fill the server's batch, small enough to answer in a second on a GPU.
BATCH_TOKENS = 8192
BATCH_TEXTS = 64
QUERY_SECONDS, BATCH_SECONDS = 10.0, 120.0
RETRY_SECONDS = 5
# A server does not take an empty text.
BLANK = "."
# What a server is asked first. vLLM 0.32 dies on processors with AMX when its very first text is a single token.
PROBE = "The first text that this server embeds."
LEAST_CHARACTERS = 16


class RemoteEmbedder:
    """Implements services.engines.embedder.Embedder. The model's weights are the operator's affair.

    Another model under the same name gives vectors that do not fit the stored ones: change the name with the weights.
    """

    def __init__(self, settings: Settings) -> None:
        self._model = settings.embedder_model
        self._client = Client(server_addresses(settings.embedder_url), settings.embedder_api_key, self._model)
        self._state, self._detail = EmbedderState.LOADING, "The embedding server has not been asked yet."
        self._dimensions: int | None = None
        self._settled, self._closing, self._lock = Event(), Event(), Lock()
        self._thread: Thread | None = None

    @property
    def name(self) -> str:
        """The model's name at its server."""
        return f"{self._model}@remote"

    @property
    def dimensions(self) -> int:
        """Length of a vector; asks the server once. Raises EngineUnavailable when it does not answer."""
        if self._dimensions is None:
            self._embed([PROBE], QUERY_SECONDS)
        assert self._dimensions is not None
        return self._dimensions

    @property
    def state(self) -> EmbedderState:
        """Where the server stood when it was last asked."""
        return self._state

    @property
    def detail(self) -> str:
        """One sentence on the state."""
        return self._detail

    def start(self) -> None:
        """Ask the server in the background until it answers."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._find, name="embedder", daemon=True)
                self._thread.start()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the server answered, or refused."""
        self.start()
        self._settled.wait(timeout_seconds)
        return self._state is EmbedderState.READY

    def embed(self, texts: Sequence[str], *, lane: Lane = Lane.BULK) -> Vector:
        """Turn texts into unit vectors, one row per text, order kept."""
        if self._closing.is_set():
            raise EngineUnavailable(self._detail)
        seconds = QUERY_SECONDS if lane is Lane.QUERY else BATCH_SECONDS
        parts = [self._embed(batch, seconds) for batch in batches([clean(text) for text in texts])]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimensions), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate, rather too high: asking the server about every sentence would take longer than embedding them."""
        return [estimate_tokens(text) for text in texts]

    def close(self) -> None:
        """Ask nobody any more."""
        self._closing.set()
        self._set(EmbedderState.FAILED, "The embedding model was closed.")

    def _find(self) -> None:
        while not self._closing.is_set():
            try:
                # Nobody waits for it, and the first text of a fresh server takes it longest.
                self._embed([PROBE], BATCH_SECONDS)
                return
            except EngineUnavailable:
                self._closing.wait(RETRY_SECONDS)

    def _embed(self, texts: list[str], seconds: float) -> Vector:
        """One request; texts that are together too long for the server are sent apart, one that is alone is cut."""
        call = Call(seconds, seconds)
        try:
            (vectors,) = self._client.attempt(lambda server: self._ask(call, server, texts))
        except PromptTooLong:
            if len(texts) > 1:
                return np.concatenate([self._embed([text], seconds) for text in texts])
            if len(texts[0]) <= LEAST_CHARACTERS:
                raise
            return self._embed([texts[0][: len(texts[0]) // 2]], seconds)
        except Misconfigured as error:
            self._set(EmbedderState.FAILED, error.detail)
            raise
        except EngineUnavailable as error:
            if self._state is not EmbedderState.FAILED:
                self._set(EmbedderState.LOADING, f"Waiting for the embedding server. {error.detail}")
            raise
        if not self._closing.is_set() and self._state is not EmbedderState.READY:
            self._set(EmbedderState.READY, f"Ready: {self._model}, served by {len(self._client.servers.all)} servers.")
        return vectors

    def _ask(self, call: Call, server: Server, texts: list[str]) -> Iterator[Vector]:
        body = {"model": self._model, "input": texts, "encoding_format": "base64"}
        answer = self._client.json(call, server, "POST", "/v1/embeddings", body)
        vectors = read_vectors(answer, len(texts))
        if self._dimensions not in (None, vectors.shape[1]):
            raise Misconfigured(
                f"The embedding servers give vectors of {vectors.shape[1]} and of {self._dimensions} numbers; "
                "all of TIDINGS_EMBEDDER_URL must serve the same model."
            )
        self._dimensions = vectors.shape[1]
        yield vectors

    def _set(self, state: EmbedderState, detail: str) -> None:
        self._state, self._detail = state, detail
        if state in (EmbedderState.READY, EmbedderState.FAILED):
            self._settled.set()


def read_vectors(answer: dict[str, Any], count: int) -> Vector:
    """The vectors of an answer in the order of the texts, scaled to length 1.

    Raises: Unanswered when one is missing, has another length, or holds what is no finite number.
    """
    try:
        data = sorted(answer["data"], key=lambda each: each["index"])
        rows = [numbers(each["embedding"]) for each in data]
        vectors: Vector = np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)
    except (LookupError, TypeError, ValueError) as error:
        raise Unanswered(UNREADABLE) from error
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if vectors.shape[0] != count or not vectors.size or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise Unanswered(
            "The embedding server gave vectors that are incomplete or no numbers; check the model it serves."
        )
    unit: Vector = (vectors / lengths).astype(np.float32)
    return unit


def numbers(embedding: str | list[float]) -> Vector:
    """One vector, as base64 of little-endian 32-bit floats or, from servers that do not know that, as a list."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    return np.asarray(embedding, dtype=np.float32)


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in order, as many to a request as its budget of tokens holds, one at least."""
    batch: list[str] = []
    tokens = 0
    for text in texts:
        length = estimate_tokens(text)
        if batch and (tokens + length > BATCH_TOKENS or len(batch) == BATCH_TEXTS):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += length
    if batch:
        yield batch


def clean(text: str) -> str:
    """A text that every server takes: no lone surrogates, no NUL, and not blank."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ").strip() or BLANK

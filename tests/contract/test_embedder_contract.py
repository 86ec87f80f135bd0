"""What every embedder promises, checked on the hashing one, on the real model, and on one behind a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from services.engines.embedder import Embedder, EmbedderState, Lane
from services.engines.fakes import HashEmbedder
from services.engines.llm.embeddings import RemoteEmbedder
from services.engines.openvino import OpenVinoEmbedder
from services.errors import EngineUnavailable
from services.settings import Settings
from tests.embedding import real_embedder
from tests.model_server import ModelServer

KINDS = ["hash", pytest.param("openvino", marks=pytest.mark.model)]
SERVED = "remote"
TEXTS = [
    "The central bank raised interest rates by a quarter of a point.",
    "Interest rates went up by a quarter point, the central bank said.",
    "The goalkeeper saved two penalties and the home side won the cup.",
    "Rain.",
]
ODD_TEXTS = ["", " ", "\0", "a lone \ud800 surrogate", "🗞️ 新聞 новости", "word " * 5000, "x" * 5000]


@pytest.fixture(scope="module", params=[*KINDS, SERVED])
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    server = ModelServer() if request.param == SERVED else None
    embedder: Embedder
    if server is not None:
        embedder = RemoteEmbedder(Settings(embedder_url=server.url, embedder_model="scripted"))
    else:
        embedder = HashEmbedder() if request.param == "hash" else real_embedder()
    yield embedder
    embedder.close()
    if server is not None:
        server.close()


@pytest.fixture(params=KINDS)
def unready(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Embedder]:
    makers: dict[str, Callable[[], Embedder]] = {
        "hash": lambda: HashEmbedder(ready=False),
        "openvino": lambda: OpenVinoEmbedder(Settings(data_dir=tmp_path)),
    }
    embedder = makers[request.param]()
    yield embedder
    embedder.close()


def test_vectors_are_unit_rows_in_order(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert ((alone * vectors).sum(axis=1) > 0.999).all()


@pytest.mark.parametrize("lane", list(Lane))
def test_every_lane_gives_the_same_vectors(embedder: Embedder, lane: Lane) -> None:
    cosines = (embedder.embed(TEXTS, lane=lane) * embedder.embed(TEXTS)).sum(axis=1)
    assert (cosines > 0.999).all()


def test_texts_on_one_subject_are_nearer(embedder: Embedder) -> None:
    first, same, other, _ = embedder.embed(TEXTS)
    assert first @ same > first @ other + 0.1


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    for lane in Lane:
        assert embedder.embed([], lane=lane).shape == (0, embedder.dimensions)
    assert embedder.count_tokens([]) == []


def test_odd_texts_give_unit_vectors_too(embedder: Embedder) -> None:
    vectors = embedder.embed(ODD_TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_tokens_are_counted_to_the_end(embedder: Embedder) -> None:
    counts = embedder.count_tokens(["one two three", "one two three " * 1000, ""])
    # Without a tokenizer on this machine it is an estimate, and never too low.
    least = 3
    assert (counts[1], counts[2]) == (1000 * counts[0], 0)
    assert least <= counts[0] <= (2 * least if isinstance(embedder, RemoteEmbedder) else least)


def test_changing_a_result_does_not_change_the_next(embedder: Embedder) -> None:
    first = embedder.embed(["who won?"], lane=Lane.QUERY)
    before = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(embedder.embed(["who won?"], lane=Lane.QUERY), before)


def test_threads_get_their_own_results(embedder: Embedder) -> None:
    expected = embedder.embed(TEXTS)
    lanes = list(Lane) * 8

    def embed(index: int) -> float:
        text = index % len(TEXTS)
        return float(embedder.embed([TEXTS[text]], lane=lanes[index])[0] @ expected[text])

    with ThreadPoolExecutor(8) as pool:
        assert min(pool.map(embed, range(len(lanes)))) > 0.999


def test_it_says_that_it_is_ready(embedder: Embedder) -> None:
    embedder.start()
    assert embedder.wait(1)
    assert embedder.state is EmbedderState.READY
    assert embedder.name
    assert embedder.detail


def test_documents_can_be_cut_and_indexed_before_it_is_ready(unready: Embedder) -> None:
    assert unready.state is EmbedderState.PREPARING
    assert unready.dimensions > 0
    assert unready.count_tokens(["one two three"]) == [3]
    assert unready.name
    with pytest.raises(EngineUnavailable):
        unready.embed(["too early"])


def test_it_does_not_embed_after_closing(unready: Embedder) -> None:
    unready.close()
    unready.close()
    assert unready.wait(1) is False
    with pytest.raises(EngineUnavailable, match="closed"):
        unready.embed(["too late"])

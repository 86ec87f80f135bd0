"""The embedder behind a server: what it sends, and that nothing broken ever becomes a vector."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.engines.embedder import EmbedderState, Lane
from services.engines.llm import breaker, embeddings
from services.engines.llm.embeddings import RemoteEmbedder
from services.errors import ConfigurationError, EngineUnavailable
from services.runtime import open_runtime
from services.settings import Settings, load_settings, server_addresses
from tests.model_server import Behaviour, Exchange, ModelServer, embed, give, refuse, send_vectors
from tests.services.engines.llm.conftest import Serve

Embed = Callable[..., RemoteEmbedder]
NAN = float("nan")


@pytest.fixture
def connect_embedder(tmp_path: Path) -> Iterator[Embed]:
    """Makes embedders of some servers."""
    made: list[RemoteEmbedder] = []

    def make(*servers: ModelServer, **settings: Any) -> RemoteEmbedder:
        urls = ",".join(server.url for server in servers)
        made.append(RemoteEmbedder(Settings(data_dir=tmp_path, embedder_url=urls, embedder_model="small", **settings)))
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


def inputs(server: ModelServer) -> list[list[str]]:
    return [body["input"] for path, body in server.asked if path == "/v1/embeddings"]


def test_texts_are_sent_in_batches_with_the_key_and_the_name(serve: Serve, connect_embedder: Embed) -> None:
    server = serve()
    embedder = connect_embedder(server, embedder_api_key="sesame")
    texts = [f"text number {index}" for index in range(150)]
    vectors = embedder.embed(texts)
    assert vectors.shape == (150, 64)
    assert [len(each) for each in inputs(server)] == [64, 64, 22]
    assert [text for each in inputs(server) for text in each] == texts
    assert {body["model"] for _, body in server.asked} == {"small"}
    assert set(server.keys) == {"Bearer sesame"}
    assert embedder.name == "small@remote"


def test_long_texts_share_a_request_only_as_far_as_its_budget_goes(serve: Serve, connect_embedder: Embed) -> None:
    server = serve()
    connect_embedder(server).embed(["word " * 3000] * 5)
    assert [len(each) for each in inputs(server)] == [2, 2, 1]


BROKEN: dict[str, Behaviour] = {
    "nan": send_vectors([[1.0, NAN], [1.0, 0.0]]),
    "infinite": send_vectors([[1.0, float("inf")], [1.0, 0.0]]),
    "zero": send_vectors([[0.0, 0.0], [1.0, 0.0]]),
    "one too few": send_vectors([[1.0, 0.0]]),
    "one too many": send_vectors([[1.0, 0.0]] * 3),
    "of two lengths": send_vectors([[1.0], [1.0, 0.0]]),
    "empty": send_vectors([[], []]),
    "words": give({"data": [{"index": 0, "embedding": ["a"]}, {"index": 1, "embedding": ["b"]}]}),
    "no base64": give({"data": [{"index": 0, "embedding": "!"}, {"index": 1, "embedding": "!"}]}),
    "no list": give({"data": None}),
    "no json": lambda exchange: exchange.send_json(b"{"),
    "500": refuse(500),
}


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_a_broken_vector_never_comes_through(serve: Serve, connect_embedder: Embed, behaviour: Behaviour) -> None:
    first, second = serve(), serve()
    first.routes["/v1/embeddings"] = behaviour
    with pytest.raises(EngineUnavailable):
        connect_embedder(first).embed(["one", "two"])
    assert connect_embedder(first, second).embed(["one", "two"]).shape == (2, 64)


def test_base64_is_read_as_it_is_meant(serve: Serve, connect_embedder: Embed) -> None:
    server = serve()
    encoded = base64.b64encode(np.array([3.0, 4.0], dtype="<f4").tobytes()).decode()
    server.routes["/v1/embeddings"] = give({"data": [{"index": 0, "embedding": encoded}]})
    np.testing.assert_allclose(connect_embedder(server).embed(["one"]), [[0.6, 0.8]], atol=1e-6)
    assert server.asked[-1][1]["encoding_format"] == "base64"


def test_servers_of_different_models_are_noticed(serve: Serve, connect_embedder: Embed) -> None:
    first, second = serve(), serve()
    second.routes["/v1/embeddings"] = send_vectors([[1.0, 0.0]])
    embedder = connect_embedder(first, second)
    embedder.embed(["one"])
    first.close()
    with pytest.raises(EngineUnavailable):
        embedder.embed(["one"])
    assert embedder.dimensions == 64


def shorter_than(characters: int) -> Behaviour:
    """A model that reads at most so many characters."""

    def behave(exchange: Exchange) -> None:
        if any(len(text) > characters for text in exchange.body["input"]):
            refuse(400, {"message": "maximum context length is 8 tokens", "param": "input_tokens"})(exchange)
        else:
            embed(exchange)

    return behave


def test_a_text_that_is_too_long_for_the_model_is_cut_and_the_others_are_not(
    serve: Serve, connect_embedder: Embed
) -> None:
    server = serve()
    server.routes["/v1/embeddings"] = shorter_than(100)
    vectors = connect_embedder(server).embed(["short", "long " * 100, "short"])
    assert vectors.shape == (3, 64)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert inputs(server)[-1] == ["short"]
    assert ["long " * 12 + "lo"] in inputs(server)


def test_it_waits_for_its_server_and_says_so(
    serve: Serve, connect_embedder: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "RETRY_SECONDS", 0.1)
    # However slow the machine: a server that is left alone for a while is spoken of in other words.
    monkeypatch.setattr(breaker, "FAILURES", 1000)
    server = serve()
    server.close()
    embedder = connect_embedder(server)
    embedder.start()
    assert not embedder.wait(0.3)
    assert embedder.state is EmbedderState.LOADING
    assert "cannot be reached" in embedder.detail
    with pytest.raises(EngineUnavailable):
        embedder.embed(["who?"], lane=Lane.QUERY)
    serve(port=server.port)
    assert embedder.wait(20)
    assert "Ready" in embedder.detail


def test_a_refused_key_fails_and_says_what_to_do(serve: Serve, connect_embedder: Embed) -> None:
    server = serve()
    server.routes["/v1/embeddings"] = refuse(401)
    embedder = connect_embedder(server)
    assert not embedder.wait(10)
    assert embedder.state is EmbedderState.FAILED
    assert "API key" in embedder.detail


def test_the_settings_choose_it(serve: Serve, tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path, embedder_url=serve().url, embedder_model="small")
    runtime = open_runtime(chosen, with_bell=False)
    assert isinstance(runtime.embedder, RemoteEmbedder)
    assert runtime.embedder.wait(10)
    runtime.close()


def test_addresses_are_read_with_and_without_their_ending() -> None:
    given = " http://a:8000/v1, http://a:8001/v1/ ,https://b.example/llm/v1,http://c, "
    assert server_addresses(given) == ["http://a:8000", "http://a:8001", "https://b.example/llm", "http://c"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TIDINGS_LLM_URL": "127.0.0.1:8000"}, "TIDINGS_LLM_URL is wrong: write addresses such as"),
        ({"TIDINGS_LLM_URL": "http://user:secret@a:8000"}, "without a key"),
        ({"TIDINGS_LLM_URL": '["http://a:8000"]'}, "separated by commas"),
        ({"TIDINGS_EMBEDDER_URL": "http://a:8000"}, "TIDINGS_EMBEDDER_MODEL"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=said) as refused:
        load_settings()
    assert "secret" not in str(refused.value)

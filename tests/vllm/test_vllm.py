"""Our client against a real vLLM: what the scripted servers of the fast tests claim about it is so."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx2
import numpy as np
import pytest
from pydantic import SecretStr

from services.answer import answer as answers
from services.answer.types import Question, Usage
from services.engines.embedder import EmbedderState, Lane
from services.engines.llm.base import Cancellation, Finished, Message, Piece
from services.engines.llm.breaker import FAILURES
from services.engines.llm.chat import OpenAiModel
from services.engines.llm.embeddings import RemoteEmbedder
from services.errors import EngineUnavailable, ModelBusy, ModelCancelled, ModelTooSlow, PromptTooLong
from services.runtime import Runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import html_document, store
from tests.vllm.conftest import CONTEXT, ENDLESS, MOST_AT_ONCE, MOST_QUEUED, Connect, ask
from tests.vllm.vllm_server import KEY, VllmServer

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]

RUNNING, WRITTEN = "vllm:num_requests_running", "vllm:generation_tokens_total"
HITS = "vllm:prefix_cache_hits_total"
SETTLE_SECONDS = 25
SCHEMA = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["yes", "no"]},
        "sources": {"type": "array", "items": {"enum": [1, 2]}, "maxItems": 3},
    },
    "required": ["verdict", "sources"],
    "additionalProperties": False,
}


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that takes moments."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def check_generation_stopped(server: VllmServer) -> None:
    """Nothing runs, and no token is written any more."""
    until(lambda: server.metric(RUNNING) == 0)
    written = server.metric(WRITTEN)
    time.sleep(1)
    assert server.metric(WRITTEN) == written


def read(model: OpenAiModel, cancel: Cancellation, begun: threading.Event) -> None:
    """Read an answer that takes seconds, and say when it has begun."""
    for _ in model.stream(ask(), cancel):
        begun.set()


def test_an_answer_is_streamed_and_counted(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url)
    prompt = ask(max_tokens=20)
    *pieces, finished = model.stream(prompt)
    assert isinstance(finished, Finished)
    assert len(pieces) > 5
    assert (finished.reason, finished.answer_tokens) == ("length", 20)
    counted = model.count(prompt.messages)
    assert (counted.tokens, counted.exact, counted.limit) == (finished.prompt_tokens, True, CONTEXT)
    assert model.complete(prompt).text == "".join(piece.text for piece in pieces if isinstance(piece, Piece))
    [checked] = model.check()
    assert (checked.address, checked.model, checked.problem) == (vllm.url.removesuffix("/v1"), "tiny", "")


def test_sampling_is_obeyed(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url)

    def text(**sampling: object) -> str:
        return model.complete(ask(max_tokens=30, **sampling)).text

    greedy = text()
    assert text(temperature=1.0, top_k=1) == greedy
    assert text(temperature=1.0, top_p=1e-9) == greedy
    assert text(temperature=1.0, seed=1) == text(temperature=1.0, seed=1)
    assert len({text(temperature=1.5, seed=seed) for seed in range(5)}) > 1
    stop = greedy[3:5]
    assert text(stop=[stop]) == greedy[: greedy.index(stop)]


def test_a_schema_shapes_the_answer(vllm: VllmServer, connect: Connect) -> None:
    for seed in range(3):
        answer = connect(vllm.url).complete(ask(max_tokens=200, temperature=1.0, seed=seed, json_schema=SCHEMA))
        assert answer.finished.reason == "stop"
        value = json.loads(answer.text)
        assert value.keys() == {"verdict", "sources"}
        assert value["verdict"] in ("yes", "no")
        assert set(value["sources"]) <= {1, 2}


def test_giving_up_stops_the_generation(vllm: VllmServer, connect: Connect) -> None:
    model, cancel, begun = connect(vllm.url), Cancellation(), threading.Event()
    before = vllm.metric(WRITTEN)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read, model, cancel, begun)
        assert begun.wait(SETTLE_SECONDS)
        assert vllm.metric(RUNNING) == 1
        cancel.cancel()
        with pytest.raises(ModelCancelled):
            reading.result(SETTLE_SECONDS)
    check_generation_stopped(vllm)
    assert vllm.metric(WRITTEN) - before < ENDLESS


def test_closing_the_iterator_stops_the_generation(vllm: VllmServer, connect: Connect) -> None:
    answer = connect(vllm.url).stream(ask())
    assert isinstance(next(answer), Piece)
    assert vllm.metric(RUNNING) == 1
    answer.close()  # type: ignore[attr-defined]
    check_generation_stopped(vllm)


def test_the_deadline_stops_the_generation(vllm: VllmServer, connect: Connect) -> None:
    with pytest.raises(ModelTooSlow):
        connect(vllm.url).complete(ask(seconds=1))
    check_generation_stopped(vllm)


@pytest.mark.parametrize(("words", "max_tokens"), [(CONTEXT, 10), (1, CONTEXT + 1)], ids=["prompt", "answer"])
def test_what_does_not_fit_the_context_is_said_to_be_too_long(
    vllm: VllmServer, connect: Connect, words: int, max_tokens: int
) -> None:
    model = connect(vllm.url, llm_max_tokens=CONTEXT + 1)
    with pytest.raises(PromptTooLong):
        model.complete(ask("news " * words, max_tokens=max_tokens))
    assert "1 of 1" in model.detail


def test_an_answer_ends_where_the_context_does(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url)
    one, two = (model.count([Message("user", "news " * words)]).tokens for words in (1, 2))
    prompt = ask("news " * ((CONTEXT - one - 50) // (two - one)))
    finished = model.complete(prompt).finished
    assert finished.reason == "length"
    assert finished.prompt_tokens + finished.answer_tokens == CONTEXT


def test_answers_are_written_side_by_side(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url)

    def timed(number: int) -> tuple[float, float, Piece | Finished]:
        """When the answer began and ended, and its end."""
        pieces = model.stream(ask(f"Question {number}?", tenant_id=str(number), max_tokens=400 + number))
        next(pieces)
        began = time.monotonic()
        *_, end = pieces
        return began, time.monotonic(), end

    def overlap() -> bool:
        """Whether all had begun before any had ended."""
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            begun, ended, ends = zip(*pool.map(timed, range(MOST_AT_ONCE)), strict=True)
        assert [end.answer_tokens for end in ends] == [400, 401, 402, 403]
        return max(begun) < min(ended)

    # A busy machine may look at one of them when all of it is there.
    assert any(overlap() for _ in range(5))


def occupy(model: OpenAiModel, cancel: Cancellation) -> None:
    """Keep one place of the server's queue taken until cancelled."""
    while not cancel.cancelled:
        with suppress(ModelBusy, ModelCancelled):
            for _ in model.stream(ask(), cancel):
                pass


def refusal(connect: Callable[[], OpenAiModel]) -> ModelBusy:
    """The answer of a server whose queue is full, as it is within moments."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        try:
            connect().complete(ask(max_tokens=1))
        except ModelBusy as busy:
            return busy
        except EngineUnavailable:
            # It got the last place of the queue, behind answers that do not end; the others take it when it leaves.
            continue
    raise AssertionError("no request was ever refused")


def test_a_full_queue_is_refused_and_says_when_to_come_back(vllm: VllmServer, connect: Connect) -> None:
    model, cancel = connect(vllm.url), Cancellation()
    with ThreadPoolExecutor(MOST_QUEUED + 2) as pool:
        for _ in range(MOST_QUEUED + 2):
            pool.submit(occupy, model, cancel)
        try:
            refused = refusal(lambda: connect(vllm.url, llm_silence_seconds=3))
        finally:
            cancel.cancel()
    assert (refused.status, refused.retry_after_seconds) == (503, 5)
    check_generation_stopped(vllm)
    assert model.complete(ask(max_tokens=1)).finished.answer_tokens == 1


def test_a_tenant_finds_its_own_prefixes_cached_and_nobody_elses(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url)

    def hits(tenant_id: str) -> float:
        before = vllm.metric(HITS)
        model.complete(ask("the same long beginning " * 50, tenant_id=tenant_id, max_tokens=1))
        return vllm.metric(HITS) - before

    assert hits("first") == 0
    assert hits("first") > 100
    assert hits("second") == 0


def test_a_wrong_key_or_model_names_the_setting(vllm: VllmServer, connect: Connect) -> None:
    with pytest.raises(EngineUnavailable, match="TIDINGS_LLM_API_KEY"):
        connect(vllm.url, llm_api_key="wrong").complete(ask())
    with pytest.raises(EngineUnavailable, match="TIDINGS_LLM_MODEL"):
        connect(vllm.url, llm_model="another").complete(ask())


def test_a_server_that_hangs_is_left_and_found_again(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url, llm_silence_seconds=2)
    answer = model.stream(ask())
    next(answer)
    vllm.send(signal.SIGSTOP)
    try:
        with pytest.raises(EngineUnavailable):
            list(answer)
    finally:
        vllm.send(signal.SIGCONT)
    check_generation_stopped(vllm)
    assert model.complete(ask(max_tokens=3)).finished.answer_tokens == 3


def test_a_server_that_dies_in_the_middle_is_left_alone_and_found_again(vllm: VllmServer, connect: Connect) -> None:
    model = connect(vllm.url)
    answer = model.stream(ask())
    next(answer)
    vllm.kill()
    with pytest.raises(EngineUnavailable, match="broke off in the middle"):
        list(answer)
    for _ in range(FAILURES - 1):
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            model.complete(ask())
    with pytest.raises(EngineUnavailable, match="does not answer just now") as refused:
        model.complete(ask())
    assert refused.value.retry_after_seconds
    assert "0 of 1" in model.detail
    vllm.start()
    vllm.wait()
    time.sleep(refused.value.retry_after_seconds)
    assert model.complete(ask(max_tokens=3)).finished.answer_tokens == 3
    assert "1 of 1" in model.detail


def test_the_server_that_lives_answers_for_the_one_that_does_not(vllm: VllmServer, connect: Connect) -> None:
    model = connect("http://127.0.0.1:1", vllm.url)
    for _ in range(FAILURES + 1):
        assert model.complete(ask(max_tokens=3)).finished.answer_tokens == 3
    assert "1 of 2" in model.detail


def test_an_answer_that_no_passage_bears_falls_back(vllm: VllmServer, runtime: Runtime, scope: Scope) -> None:
    runtime.settings = runtime.settings.model_copy(update={"llm_url": vllm.url, "llm_api_key": SecretStr(KEY)})
    store(scope, html_document("Harbour", "The harbour closes in winter because of ice.", url="https://a.example/1"))
    events = list(answers.answer(scope, Question("Why does the harbour close in winter?", mode="generated")))
    (usage,) = [event.values for event in events if isinstance(event, Usage)]
    assert (usage["mode"], usage["answer_tokens"]) == ("extractive", runtime.settings.llm_max_tokens)
    assert "0 sentences hold" in usage["fallback"]


def test_texts_are_embedded_by_a_server(embedding_vllm: VllmServer, tmp_path: Path) -> None:
    embedder = RemoteEmbedder(
        Settings(data_dir=tmp_path, embedder_url=embedding_vllm.url, embedder_api_key=KEY, embedder_model="tiny-embed")
    )
    assert embedder.wait(120), embedder.detail
    assert embedder.state is EmbedderState.READY
    texts = [f"Report {number}: the harbour stayed closed." for number in range(100)] + ["word " * 6000, "", "🗞️ 新聞"]
    vectors = embedder.embed(texts)
    assert vectors.shape == (len(texts), embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    plain = httpx2.post(
        f"{embedding_vllm.url}/embeddings",
        headers={"authorization": f"Bearer {KEY}"},
        json={"model": "tiny-embed", "input": [texts[7]]},
        timeout=60,
    ).json()["data"][0]["embedding"]
    assert vectors[7] @ np.array(plain) / np.linalg.norm(plain) > 0.99
    assert embedder.embed([texts[7]], lane=Lane.QUERY)[0] @ vectors[7] > 0.99
    embedder.close()

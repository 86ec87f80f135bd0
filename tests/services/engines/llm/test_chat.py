"""The language model over real sockets: what is sent, what comes back, and how it ends when nobody waits any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.engines.llm import wire
from services.engines.llm.base import Cancellation, Finished, Message, NoModel, Piece, Sampling, Served
from services.engines.llm.chat import OpenAiModel
from services.errors import EngineUnavailable, InvalidInput, ModelBusy, ModelCancelled, ModelTooSlow, TidingsError
from services.metrics import LLM_REQUESTS, LLM_TOKENS
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from tests.model_server import Behaviour, drip_headers, give, hang, hang_after, never_end, refuse, say
from tests.services.engines.llm.conftest import Connect, Serve, ask
from tests.services.engines.test_egress import certificate

LEFT_SECONDS = 5
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


def test_an_answer_comes_in_pieces_and_ends_with_its_counts(serve: Serve, connect: Connect) -> None:
    model = connect(serve(say("Rates ", "rose.", reason="length")))
    assert list(model.stream(ask())) == [Piece("Rates "), Piece("rose."), Finished("length", 12, 34, "scripted")]
    whole = model.complete(ask())
    assert (whole.text, whole.finished.reason) == ("Rates rose.", "length")


def test_only_allowed_fields_reach_the_server(serve: Serve, connect: Connect) -> None:
    server = serve()
    model = connect(server, llm_api_key="sesame", llm_max_tokens=100)
    model.complete(
        ask(
            "a lone \ud800",
            temperature=0.5,
            top_p=0.9,
            top_k=5,
            max_tokens=5000,
            stop=["\n"],
            seed=3,
            json_schema=SCHEMA,
        )
    )
    (body,) = server.chats()
    assert body == {
        "model": "scripted",
        "messages": [{"role": "user", "content": "a lone ?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_salt": "salt of ten_1",
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 5,
        "max_tokens": 100,
        "stop": ["\n"],
        "seed": 3,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
    }
    assert set(server.keys) == {"Bearer sesame"}


def test_fields_that_nobody_set_are_left_to_the_server(serve: Serve, connect: Connect) -> None:
    server = serve()
    connect(server, llm_model="named").complete(ask())
    assert server.chats()[0].keys() == {
        "model", "messages", "stream", "stream_options", "cache_salt", "temperature", "max_tokens",
    }  # fmt: skip
    assert server.chats()[0]["model"] == "named"
    assert "/v1/models" not in [path for path, _ in server.asked]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_k": 0},
        {"max_tokens": 0},
        {"stop": [""]},
        {"stop": ["x"] * 5},
        {"seed": -1},
    ],
)
def test_values_that_no_server_takes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_tenants_have_salts_of_their_own_that_do_not_tell_who_they_are(serve: Serve, settings: Settings) -> None:
    server = serve()
    runtime = open_runtime(settings.model_copy(update={"llm_url": server.url}), with_bell=False)
    for tenant_id in ("ten_a", "ten_b", "ten_a"):
        runtime.llm.complete(ask(tenant_id=tenant_id))
    first, second, third = (body["cache_salt"] for body in server.chats())
    assert first == third != second
    assert "ten_a" not in str(server.chats())
    assert len(first) == 64
    runtime.close()


def test_without_a_server_it_says_so(runtime: Runtime) -> None:
    assert isinstance(runtime.llm, NoModel)
    with pytest.raises(EngineUnavailable, match="TIDINGS_LLM_URL"):
        runtime.llm.complete(ask())
    assert runtime.llm.count([Message("user", "one two three")]).exact is False


@contextmanager
def timed() -> Iterator[list[float]]:
    """How long the block took, seconds."""
    took: list[float] = []
    started = time.monotonic()
    yield took
    took.append(time.monotonic() - started)


@pytest.mark.parametrize(
    "behaviour", [hang, hang_after("Rates "), never_end, drip_headers], ids=lambda each: each.__name__
)
def test_the_deadline_holds_and_the_server_is_left(serve: Serve, connect: Connect, behaviour: Behaviour) -> None:
    server = serve(behaviour)
    model = connect(server)
    with timed() as took, pytest.raises(ModelTooSlow, match="TIDINGS_LLM_SECONDS"):
        model.complete(ask(seconds=0.5))
    assert 0.4 < took[0] < 5
    assert server.left.wait(LEFT_SECONDS)


def test_nobody_may_wait_longer_than_the_operator_allows(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ModelTooSlow):
        connect(serve(never_end), llm_seconds=0.5).complete(ask(seconds=3600))


@pytest.mark.parametrize("behaviour", [hang, hang_after("Rates ")], ids=["before", "after"])
def test_a_server_that_goes_silent_is_left_before_the_deadline(
    serve: Serve, connect: Connect, behaviour: Behaviour
) -> None:
    server = serve(behaviour)
    model = connect(server, llm_silence_seconds=0.3)
    with timed() as took, pytest.raises(EngineUnavailable) as refused:
        model.complete(ask())
    assert took[0] < 10
    assert not isinstance(refused.value, ModelTooSlow)
    assert server.left.wait(LEFT_SECONDS)


def cancelled_after(model: OpenAiModel, seconds: float) -> None:
    """Ask, and give up from another thread while the answer is awaited."""
    cancel = Cancellation()
    timer = threading.Timer(seconds, cancel.cancel)
    timer.start()
    try:
        for _ in model.stream(ask(), cancel):
            pass
    finally:
        timer.join()


@pytest.mark.parametrize("behaviour", [hang, hang_after("Rates "), never_end], ids=lambda each: each.__name__)
def test_giving_up_cuts_the_connection_at_once(serve: Serve, connect: Connect, behaviour: Behaviour) -> None:
    server = serve(behaviour)
    model = connect(server)
    with timed() as took, pytest.raises(ModelCancelled):
        cancelled_after(model, 0.3)
    assert took[0] < 5
    assert server.left.wait(LEFT_SECONDS)
    assert "1 of 1" in model.detail


def test_giving_up_works_on_an_encrypted_connection_too(
    serve: Serve, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, trusting = certificate(tmp_path, "localhost")
    monkeypatch.setattr(wire, "trusted", lambda: trusting)
    assert connect(serve(tls=shown)).complete(ask()).text == "Hello world"
    server = serve(hang_after("Rates "), tls=shown)
    with timed() as took, pytest.raises(ModelCancelled):
        cancelled_after(connect(server), 0.3)
    assert took[0] < 5
    assert server.left.wait(LEFT_SECONDS)


def test_what_was_given_up_before_it_began_asks_nobody(serve: Serve, connect: Connect) -> None:
    server, cancel = serve(), Cancellation()
    cancel.cancel()
    with pytest.raises(ModelCancelled):
        list(connect(server).stream(ask(), cancel))
    assert server.asked == []


def test_closing_the_iterator_ends_the_connection(serve: Serve, connect: Connect) -> None:
    server = serve(never_end)
    answer = connect(server).stream(ask())
    assert next(answer) == Piece("more ")
    answer.close()  # type: ignore[attr-defined]
    assert server.left.wait(LEFT_SECONDS)


def test_one_process_asks_for_so_many_answers_at_once_and_no_more(serve: Serve, connect: Connect) -> None:
    model = connect(serve(hang_after("Rates ")), llm_concurrency=2)
    answers = [model.stream(ask()) for _ in range(2)]
    assert [next(answer) for answer in answers] == [Piece("Rates "), Piece("Rates ")]
    with pytest.raises(ModelBusy) as refused:
        next(model.stream(ask()))
    assert (refused.value.status, refused.value.retry_after_seconds) == (503, 2)
    answers[0].close()  # type: ignore[attr-defined]
    assert next(model.stream(ask())) == Piece("Rates ")


def test_the_servers_own_tokenizer_counts(serve: Serve, connect: Connect) -> None:
    server = serve()
    counted = connect(server).count([Message("system", "Be brief."), Message("user", "Why?")])
    assert (counted.tokens, counted.exact, counted.limit) == (7, True, 4096)
    path, body = server.asked[-1]
    assert (path, [each["role"] for each in body["messages"]]) == ("/tokenize", ["system", "user"])


def test_a_server_that_does_not_count_is_asked_once_and_stays_in_use(serve: Serve, connect: Connect) -> None:
    server = serve()
    server.routes["/tokenize"] = refuse(404)
    model = connect(server)
    for _ in range(5):
        counted = model.count([Message("user", "one two three")])
        assert (counted.exact, counted.limit) == (False, 4096)
        assert counted.tokens >= 3
    assert [path for path, _ in server.asked].count("/tokenize") == 1
    assert model.complete(ask()).text == "Hello world"


@pytest.mark.parametrize(
    ("listed", "settings", "found"),
    [
        ([{"id": "a", "root": "/m/Qwen2.5-7B", "max_model_len": 4096}], {}, Served("a", "/m/Qwen2.5-7B", 4096)),
        ([{"id": "a"}, {"id": "b", "max_model_len": 9}], {"llm_model": "b"}, Served("b", "", 9)),
        ([{"id": "a", "max_model_len": 9}], {"llm_model": "b"}, Served("b")),
        ([{"id": "a", "root": 7, "max_model_len": "9"}], {"llm_context": 512}, Served("a", "", 512)),
    ],
    ids=["whole", "named", "not listed", "set"],
)
def test_what_a_server_serves_is_asked_once(
    serve: Serve, connect: Connect, listed: list[object], settings: dict[str, object], found: Served
) -> None:
    server = serve()
    server.routes["/v1/models"] = give({"data": listed})
    model = connect(server, **settings)
    assert [model.served(), model.served()] == [found, found]
    assert [path for path, _ in server.asked] == ["/v1/models"]


def test_a_server_without_a_list_is_used_under_the_name_of_the_setting(serve: Serve, connect: Connect) -> None:
    server = serve()
    server.routes["/v1/models"] = refuse(404)
    assert connect(server, llm_model="b").served() == Served("b")
    with pytest.raises(EngineUnavailable):
        connect(server).served()


def test_a_dead_server_leaves_an_estimate(serve: Serve, connect: Connect) -> None:
    server = serve()
    model = connect(server)
    server.close()
    assert model.count([Message("user", "one two three")]).exact is False
    (checked,) = model.check()
    assert checked.address in server.url
    assert "cannot be reached" in checked.problem


def test_each_request_is_counted_however_it_ends(serve: Serve, connect: Connect) -> None:
    def counts() -> dict[str, float]:
        found = {each: LLM_REQUESTS.labels(each)._value.get() for each in ("ok", "failed", "cancelled")}
        return {**found, **{each: LLM_TOKENS.labels(each)._value.get() for each in ("prompt", "completion")}}

    before = counts()
    model = connect(serve())
    model.complete(ask())
    given_up = model.stream(ask())
    next(given_up)
    given_up.close()  # type: ignore[attr-defined]
    with pytest.raises(TidingsError):
        connect(serve(refuse(500))).complete(ask())
    grown = {name: value - before[name] for name, value in counts().items()}
    # Streams that other tests gave up may end late.
    assert grown.pop("cancelled") >= 1
    assert grown == {"ok": 1, "failed": 1, "prompt": 12, "completion": 34}

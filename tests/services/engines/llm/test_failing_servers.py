"""Model servers that fail in every way: a clear refusal, the next server where there is one, and peace for the broken one."""

from __future__ import annotations

import time

import pytest

from services.engines.llm import breaker
from services.engines.llm.base import Piece
from services.engines.llm.breaker import FAILURES, Breaker
from services.errors import EngineUnavailable, ModelBusy, PromptTooLong
from tests.model_server import Behaviour, drop_after, hang_after, in_turn, refuse, say, write
from tests.services.engines.llm.conftest import Connect, Serve, ask

SECRET = "the article's text"
ENDED = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
BUSY = {"message": "Service Unavailable", "type": "Service Unavailable", "code": 503}
BROKEN: dict[str, Behaviour] = {
    "500": refuse(500, {"message": SECRET}),
    "502 page": lambda exchange: exchange.send_json(b"<html>Bad gateway", 502, {"Content-Type": "text/html"}),
    "401": refuse(401, "Unauthorized"),
    "404": refuse(404, {"message": f"The model {SECRET} does not exist."}),
    "redirect": lambda exchange: exchange.send_json({}, 307, {"Location": "http://127.0.0.1:1/"}),
    "page": lambda exchange: exchange.send_json(b"<html>", 200, {"Content-Type": "text/html"}),
    "nothing": lambda exchange: None,
    "no http": lambda exchange: exchange.wfile.write(b"\x00\x01 garbage \r\n\r\n") and None,
    "empty stream": write(b""),
    "no json": write(b"data: {]\n\n"),
    "list": write(b"data: []\n\n"),
    "deep": write(b"data: " + b"[" * 100_000 + b"\n\n"),
    "no delta": write(b'data: {"choices": [{}]}\n\n'),
    "number": write(b'data: {"choices": [{"delta": {"content": 5}}]}\n\n'),
    "no text": write(b"data: \xff\xfe\x00\n\n"),
    "end without reason": write(b"data: [DONE]\n\n"),
    "no end": write(ENDED),
    "gave up": write(ENDED.replace(b"stop", b"abort") + b"data: [DONE]\n\n"),
    "error event": write(b'data: {"error": {"message": "the article\'s text"}}\n\ndata: [DONE]\n\n'),
}
TOO_LONG = {
    "vllm prompt": {"message": f"maximum context length is 4096 {SECRET}", "param": "input_tokens", "code": 400},
    "vllm answer": {"message": "cannot be greater than max_model_len=4096", "param": "max_tokens", "code": 400},
    "openai": {"message": "...", "code": "context_length_exceeded"},
    "llama.cpp": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"},
}


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_a_broken_server_gives_a_clear_refusal_and_no_half_answer(
    serve: Serve, connect: Connect, behaviour: Behaviour
) -> None:
    with pytest.raises(EngineUnavailable) as refused:
        connect(serve(behaviour)).complete(ask())
    assert refused.value.status == 503
    assert SECRET not in str(refused.value)
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_another_server_takes_over(serve: Serve, connect: Connect, behaviour: Behaviour) -> None:
    first, second = serve(behaviour), serve(say("Here."))
    assert connect(first, second).complete(ask()).text == "Here."
    assert first.asked


def test_what_broke_off_in_the_middle_is_not_continued_by_another_server(serve: Serve, connect: Connect) -> None:
    first, second = serve(drop_after("Rates ")), serve(say("fell."))
    answer = connect(first, second).stream(ask())
    assert next(answer) == Piece("Rates ")
    with pytest.raises(EngineUnavailable, match="broke off in the middle"):
        list(answer)
    assert second.asked == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_full_queue_says_when_to_come_back(serve: Serve, connect: Connect, status: int) -> None:
    for headers, seconds in (
        ({"Retry-After": "9"}, 9),
        ({}, 5),
        ({"Retry-After": "86400"}, 60),
        ({"Retry-After": "soon"}, 5),
    ):
        with pytest.raises(ModelBusy) as refused:
            connect(serve(refuse(status, BUSY, headers=headers))).complete(ask())
        assert (refused.value.status, refused.value.retry_after_seconds) == (503, seconds)


def test_a_queue_that_fills_up_while_a_request_is_accepted_is_told_in_the_stream(
    serve: Serve, connect: Connect
) -> None:
    # vLLM 0.32 under load: status 200, and then this instead of an answer.
    told = write(b'data: {"error": {"message": "...", "code": 503}}\n\n')
    with pytest.raises(ModelBusy) as refused:
        connect(serve(told)).complete(ask())
    assert refused.value.retry_after_seconds == 5
    assert connect(serve(told), serve(say("Here."))).complete(ask()).text == "Here."


def test_a_busy_server_is_asked_after_the_others(serve: Serve, connect: Connect) -> None:
    busy, free = serve(refuse(503, BUSY)), serve()
    model = connect(busy, free)
    for _ in range(4):
        assert model.complete(ask()).text == "Hello world"
    assert (len(busy.chats()), len(free.chats())) == (1, 4)
    assert "2 of 2" in model.detail


def test_when_one_is_busy_and_one_is_broken_the_refusal_says_busy(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ModelBusy):
        connect(serve(refuse(503, BUSY)), serve(refuse(500))).complete(ask())


@pytest.mark.parametrize("error", TOO_LONG.values(), ids=TOO_LONG)
def test_too_long_a_prompt_is_said_to_be_and_no_other_server_is_tried(
    serve: Serve, connect: Connect, error: dict[str, object]
) -> None:
    first, second = serve(refuse(400, error)), serve()
    model = connect(first, second)
    with pytest.raises(PromptTooLong, match="fewer sources") as refused:
        model.complete(ask())
    assert refused.value.status == 413
    assert SECRET not in str(refused.value)
    assert second.asked == []
    assert "2 of 2" in model.detail


def test_a_request_that_is_refused_is_not_held_against_the_server(serve: Serve, connect: Connect) -> None:
    server = serve(in_turn(*[refuse(400, {"message": SECRET, "param": "response_format"})] * 5, say("Here.")))
    model = connect(server)
    for _ in range(5):
        with pytest.raises(EngineUnavailable, match="'response_format'") as refused:
            model.complete(ask())
        assert SECRET not in str(refused.value)
    assert model.complete(ask()).text == "Here."


def test_the_least_loaded_server_is_asked(serve: Serve, connect: Connect) -> None:
    servers = [serve(hang_after("Rates ")) for _ in range(3)]
    model = connect(*servers)
    answers = [model.stream(ask()) for _ in range(6)]
    for answer in answers:
        next(answer)
    assert [len(server.chats()) for server in servers] == [2, 2, 2]


def test_a_dead_server_is_left_alone_and_found_again(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "FIRST_PAUSE_SECONDS", 0.3)
    server = serve()
    model = connect(server)
    assert model.complete(ask()).text == "Hello world"
    server.close()
    for _ in range(FAILURES):
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            model.complete(ask())
    assert "0 of 1" in model.detail
    with pytest.raises(EngineUnavailable, match="does not answer just now") as refused:
        model.complete(ask())
    assert refused.value.retry_after_seconds == 1
    serve(port=server.port)
    time.sleep(0.35)
    assert model.complete(ask()).text == "Hello world"
    assert "1 of 1" in model.detail


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fail(one: Breaker, times: int) -> None:
    for _ in range(times):
        assert one.admit()
        one.fail()


def test_a_breaker_opens_after_failures_in_a_row_only() -> None:
    one = Breaker(Clock())
    for _ in range(3):
        fail(one, FAILURES - 1)
        assert one.admit()
        one.succeed()
    assert one.state == "closed"
    fail(one, FAILURES)
    assert (one.state, one.admit()) == ("open", False)


def test_a_breaker_lets_one_through_on_trial_and_waits_longer_each_time() -> None:
    clock = Clock()
    one = Breaker(clock)
    fail(one, FAILURES)
    pauses = []
    for _ in range(6):
        pauses.append(one.retry_after_seconds())
        clock.now += pauses[-1] - 0.01
        assert not one.admit()
        clock.now += 0.02
        assert (one.state, one.admit(), one.admit()) == ("trial", True, False)
        one.fail()
    assert pauses == [2, 4, 8, 16, 30, 30]
    clock.now += 31
    assert one.admit()
    one.leave()
    assert one.admit()
    one.succeed()
    assert (one.state, one.admit(), one.admit()) == ("closed", True, True)


def test_what_was_under_way_when_a_breaker_opened_does_not_lengthen_the_pause() -> None:
    clock = Clock()
    one = Breaker(clock)
    admitted = [one.admit() for _ in range(10)]
    for _ in admitted:
        one.fail()
    assert one.retry_after_seconds() == 2

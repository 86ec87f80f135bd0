"""Generated answers through the API of a real server: asked for, labelled, followed after a break, and stopped."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.model_server import ModelServer, refuse, say, say_when_told
from tests.server import Server

TEXT = "The harbour master resigned on Friday evening. The council had asked for a report on the broken crane."
ASKED = {"question": "Who resigned on Friday evening?", "mode": "generated"}
READY_SECONDS = 60
LINES = ("The harbour master resigned on Friday evening [1].\n", "The council had asked for a report [1].\n")
SAID = ["The harbour master resigned on Friday evening.", "The council had asked for a report."]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    model = ModelServer()
    yield model
    model.close()


@pytest.fixture(scope="module")
def server(model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is connected to the model."""
    folder: Path = tmp_path_factory.mktemp("generated") / "data"
    server = Server(folder, llm_url=model.url, llm_temperature="0.2").start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx2.Client]:
    """A client of it; it has one document."""
    key = {"Authorization": f"Bearer {server.make_key()}"}
    with httpx2.Client(base_url=server.url, headers=key, timeout=60) as client:
        made = client.post("/v1/documents", json={"text": TEXT, "title": "Harbour"}).json()
        deadline = time.monotonic() + READY_SECONDS
        while client.get(f"/v1/documents/{made['id']}").json()["status"] != "ready":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield client


def test_an_answer_by_the_model_is_labelled_and_cited(client: httpx2.Client, model: ModelServer) -> None:
    model.routes["/v1/chat/completions"] = say("On Friday evening the harbour master resigned [1].")
    answer = client.post("/v1/answers", json={**ASKED, "stream": False}).json()
    assert (answer["mode"], answer["grounded"]) == ("generated", True)
    (sentence,) = answer["sentences"]
    assert sentence["text"] == "On Friday evening the harbour master resigned."
    assert sentence["citations"][0]["quote"] == "The harbour master resigned on Friday evening."
    assert client.get(f"/v1/answers/{answer['id']}").json()["sentences"] == answer["sentences"]


def test_without_the_model_the_answer_is_extractive_and_says_why(client: httpx2.Client, model: ModelServer) -> None:
    model.routes["/v1/chat/completions"] = refuse(503)
    answer = client.post("/v1/answers", json={**ASKED, "stream": False}).json()
    assert answer["mode"] == "extractive"
    assert answer["sentences"]
    assert "as many requests" in answer["usage"]["fallback"]


def test_nobody_is_asked_unless_somebody_wants_it(client: httpx2.Client, model: ModelServer) -> None:
    before = len(model.asked)
    answer = client.post("/v1/answers", json={"question": ASKED["question"], "stream": False}).json()
    assert answer["mode"] == "extractive"
    assert "fallback" not in answer["usage"]
    assert len(model.asked) == before
    assert client.post("/v1/answers", json={**ASKED, "mode": "wild"}).status_code == 422


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """Name, id and data of each event."""
    event: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "event" in event:
            yield event["event"], event.get("id", ""), json.loads(event["data"])
            event = {}


def read_until(events: Iterator[tuple[str, str, Any]], last: str) -> list[tuple[str, str, Any]]:
    """The events up to the first of this name."""
    seen = []
    for event in events:
        seen.append(event)
        if event[0] == last:
            return seen
    raise AssertionError(f"no {last} among {seen}")


def test_who_leaves_and_comes_back_misses_nothing_and_the_model_is_asked_once(
    client: httpx2.Client, model: ModelServer
) -> None:
    go = threading.Semaphore(0)
    model.routes["/v1/chat/completions"] = say_when_told(go, *LINES)
    before = len(model.chats())
    with client.stream("POST", "/v1/answers", json=ASKED) as response:
        lines = response.iter_lines()
        events = events_of(lines)
        seen = read_until(events, "sources")
        go.release()
        seen += read_until(events, "citation")
    answer_id = seen[0][2]["answer_id"]
    so_far = client.get(f"/v1/answers/{answer_id}").json()
    assert (so_far["status"], [sentence["text"] for sentence in so_far["sentences"]]) == ("running", [SAID[0]])
    assert [step["name"] for step in so_far["steps"]] == ["search"]
    # Nothing more came while nobody read; the rest is written before somebody comes back.
    go.release()
    headers = {"Last-Event-ID": seen[-1][1]}
    with client.stream("GET", f"/v1/answers/{answer_id}/events", headers=headers) as response:
        rest = read_until(events_of(response.iter_lines()), "done")
    assert [(name, data["text"]) for name, _, data in rest if name == "delta"] == [("delta", SAID[1])]
    assert "sources" not in [name for name, _, _ in rest]
    assert [sentence["text"] for sentence in rest[-1][2]["answer"]["sentences"]] == SAID
    assert rest[-1][2]["answer"]["status"] == "done"
    with client.stream("GET", f"/v1/answers/{answer_id}/events", headers={"Last-Event-ID": "nonsense"}) as response:
        whole = [name for name, _, _ in read_until(events_of(response.iter_lines()), "done")]
    parts = ["delta", "citation"] * 2
    assert whole == ["accepted", "step", "step", "sources", *parts, "usage", "done"]
    assert len(model.chats()) == before + 1


def test_stopping_ends_the_models_request_and_what_was_written_stays(client: httpx2.Client, model: ModelServer) -> None:
    go = threading.Semaphore(1)
    model.routes["/v1/chat/completions"] = say_when_told(go, *LINES)
    model.left.clear()
    with client.stream("POST", "/v1/answers", json=ASKED) as response:
        lines = response.iter_lines()
        events = events_of(lines)
        answer_id = read_until(events, "citation")[0][2]["answer_id"]
        stopped = client.post(f"/v1/answers/{answer_id}/cancel").json()
        done = read_until(events, "done")[-1][2]["answer"]
    assert model.left.wait(READY_SECONDS)
    assert stopped["status"] == done["status"] == "stopped"
    assert [sentence["text"] for sentence in done["sentences"]] == SAID[:1]
    kept = client.get(f"/v1/answers/{answer_id}").json()
    assert (kept["status"], kept["sentences"], kept["mode"]) == ("stopped", done["sentences"], "generated")
    assert client.post(f"/v1/answers/{answer_id}/cancel").json()["status"] == "stopped"


def test_an_answer_that_is_deleted_while_it_is_written_is_stored_no_more(
    client: httpx2.Client, model: ModelServer
) -> None:
    go = threading.Semaphore(1)
    model.routes["/v1/chat/completions"] = say_when_told(go, *LINES)
    model.left.clear()
    with client.stream("POST", "/v1/answers", json=ASKED) as response:
        lines = response.iter_lines()
        events = events_of(lines)
        answer_id = read_until(events, "citation")[0][2]["answer_id"]
        assert client.delete(f"/v1/answers/{answer_id}").status_code == 204
        problem = read_until(events, "error")[-1][2]
    assert problem["code"] == "not_found"
    assert model.left.wait(READY_SECONDS)
    assert client.get(f"/v1/answers/{answer_id}").status_code == 404


def test_the_status_says_that_a_model_is_connected(client: httpx2.Client) -> None:
    assert client.get("/v1/system/status").json()["llm"] == "generated"


def test_values_for_the_model_reach_it_and_stay_with_the_answer(
    client: httpx2.Client, server: Server, model: ModelServer
) -> None:
    model.routes["/v1/chat/completions"] = say("On Friday evening the harbour master resigned [1].")
    values = {"temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_tokens": 64, "stop": ["END"], "seconds": 30}
    answer = client.post("/v1/answers", json={**ASKED, "stream": False, "generation": values}).json()
    body = model.chats()[-1]
    assert [body[name] for name in ("temperature", "top_p", "top_k", "max_tokens", "stop")] == [
        0.7,
        0.9,
        40,
        64,
        ["END"],
    ]
    made = answer["made"]
    assert made["sampling"] == values
    assert made["prompt"] == {"name": "answer/few-shot", "version": 1}
    assert (made["model"], made["passages"], made["dropped_passages"], made["rewrite"]) == ("scripted", 1, 0, None)
    assert client.get(f"/v1/answers/{answer['id']}").json()["made"] == made
    asked = ("--json", "ask", ASKED["question"], "--temperature", "0.4", "--max-tokens", "50", "--stop", "END")
    assert server.json(*asked)["made"]["sampling"] | {"seconds": 60.0} == {
        **{"temperature": 0.4, "top_p": None, "top_k": None, "max_tokens": 50, "stop": ["END"], "seconds": 60.0},
    }
    assert client.post("/v1/answers", json={**ASKED, "stream": False}).json()["made"]["sampling"]["temperature"] == 0.2


@pytest.mark.parametrize(
    "generation",
    [
        *({"temperature": 1.1}, {"temperature": -1}, {"temperature": 3}, {"temperature": "hot"}, {"temperature": True}),
        *({"top_p": 0}, {"top_p": 1.1}, {"top_k": 0}, {"top_k": 1001}, {"top_k": 1.5}, {"max_tokens": 701}),
        *({"max_tokens": 10**9}, {"max_tokens": 0}, {"stop": ["x"] * 5}, {"stop": [""]}, {"stop": ["x" * 65]}),
        *({"seconds": 61}, {"seconds": 0}, {"n": 100}, {"chat_template": "{{x}}"}, {"logprobs": True}),
        *({"cache_salt": "x"}, {"prompt_logprobs": 1}, {"response_format": {}}, {"tools": []}, {"messages": []}),
    ],
    ids=str,
)
def test_values_beyond_the_bounds_are_refused_and_named(
    client: httpx2.Client, model: ModelServer, generation: dict[str, object]
) -> None:
    before = len(model.chats())
    refused = client.post("/v1/answers", json={**ASKED, "stream": False, "generation": generation})
    assert refused.status_code == 422
    (name,) = generation
    assert {error["pointer"] for error in refused.json()["errors"]} & {f"/generation/{name}", f"/generation/{name}/0"}
    streamed = client.post("/v1/answers", json={**ASKED, "generation": generation})
    assert streamed.status_code == 422
    assert len(model.chats()) == before


def test_values_for_the_model_are_no_use_without_it(client: httpx2.Client) -> None:
    body = {"question": ASKED["question"], "stream": False, "generation": {"temperature": 0.1}}
    refused = client.post("/v1/answers", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")

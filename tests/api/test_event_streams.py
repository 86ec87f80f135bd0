"""Server-sent events over a real server: what is sent, and that leaving stops the work at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from api import sse
from api.deps import ReadScope
from api.sse import StreamEvent, event_stream
from services.errors import EngineUnavailable, InvalidInput


@dataclass
class Work:
    """A generator whose life can be watched from the test."""

    opened: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    upstream: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)
    closed_in: str = ""
    produced: int = 0

    def endless(self) -> Iterator[StreamEvent]:
        try:
            while True:
                self.produced += 1
                yield StreamEvent("delta", {"number": self.produced, "text": "line\nbreak ü" * 2000})
                self.opened.set()
        finally:
            self.closed_in = threading.current_thread().name
            self.closed.set()

    def waiting(self) -> Iterator[StreamEvent]:
        """Blocked on a model's stream, until somebody closes that."""
        try:
            yield StreamEvent("accepted", {})
            self.opened.set()
            self.upstream.wait(30)
            raise ConnectionError("closed under us")
        finally:
            self.closed_in = threading.current_thread().name
            self.closed.set()


@pytest.fixture
def work(app: FastAPI) -> Work:
    watched = Work()
    router = APIRouter(prefix="/v1/streams")

    @router.get("/{kind}")
    def streams_get(kind: str, request: Request) -> Response:
        streams: dict[str, Callable[[], Iterator[StreamEvent]]] = {
            "endless": watched.endless,
            "waiting": watched.waiting,
            "three": lambda: iter([StreamEvent("step", {"n": n}, id=n) for n in range(3)]),
            "early": refuse_early,
            "late": fail_late,
            "crash": crash_late,
            "silent": silent,
            "empty": lambda: iter(()),
        }
        return event_stream(streams[kind](), request, cancel=watched.cancel, on_cancel=watched.upstream.set)

    @router.get("/guarded/{kind}")
    def guarded_streams_get(kind: str, scope: ReadScope, request: Request) -> Response:
        return streams_get(kind, request)

    app.include_router(router)
    return watched


def refuse_early() -> Iterator[StreamEvent]:
    raise InvalidInput("Not like this.")
    yield


def fail_late() -> Iterator[StreamEvent]:
    yield StreamEvent("step", {})
    raise InvalidInput("Not any more.")


def crash_late() -> Iterator[StreamEvent]:
    yield StreamEvent("step", {})
    raise RuntimeError("hunter2")


def silent() -> Iterator[StreamEvent]:
    yield StreamEvent("step", {})
    time.sleep(0.5)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def address(app: FastAPI, work: Work) -> Iterator[str]:
    with serving(app) as url:
        yield url


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def eventually(holds: Callable[[], bool], *, within: float = 1.0) -> bool:
    deadline = time.monotonic() + within
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_events_arrive_in_order_with_their_ids(address: str) -> None:
    response = httpx2.get(f"{address}/v1/streams/three")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-request-id"]
    assert [data for _, data in events(response.text)] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert "id: 2\n" in response.text


def test_events_are_sent_as_they_come(address: str, work: Work) -> None:
    with httpx2.stream("GET", f"{address}/v1/streams/waiting") as response:
        # The iterator must live on: collecting it would close the connection.
        chunks = response.iter_text()
        assert next(chunks).startswith("event: accepted\n")
        assert not work.closed.is_set()


@pytest.mark.parametrize("kind", ["endless", "waiting"])
def test_the_generator_is_closed_in_its_thread_when_the_client_leaves(address: str, work: Work, kind: str) -> None:
    with httpx2.stream("GET", f"{address}/v1/streams/{kind}") as response:
        chunks = response.iter_raw()
        next(chunks)
        assert work.opened.wait(5)
    assert work.closed.wait(10), "the generator must be closed"
    assert work.cancel.is_set()
    assert work.upstream.is_set()
    assert work.closed_in == "event-stream"


def test_a_generator_waits_for_a_slow_reader(address: str, work: Work) -> None:
    with httpx2.stream("GET", f"{address}/v1/streams/endless") as response:
        chunks = response.iter_raw()
        next(chunks)
        settled = 0
        while settled != work.produced:
            settled = work.produced
            time.sleep(0.2)
        # What the sockets and the server buffer, not what a generator makes in the time.
        assert settled < 2_000
    assert work.closed.wait(1)


def test_a_refusal_before_the_first_event_is_a_plain_problem(address: str) -> None:
    response = httpx2.get(f"{address}/v1/streams/early")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert response.json()["detail"] == "Not like this."


def test_a_failure_after_the_start_is_a_last_event(address: str) -> None:
    response = httpx2.get(f"{address}/v1/streams/late", headers={"X-Request-Id": "abc"})
    (_, _), (name, problem) = events(response.text)
    assert (response.status_code, name) == (200, "error")
    assert (problem["code"], problem["detail"], problem["request_id"]) == ("invalid_input", "Not any more.", "abc")


def test_a_crash_after_the_start_says_nothing(address: str) -> None:
    response = httpx2.get(f"{address}/v1/streams/crash")
    assert events(response.text)[-1][1]["code"] == "internal_error"
    assert "hunter2" not in response.text


def test_an_empty_stream_ends(address: str) -> None:
    assert httpx2.get(f"{address}/v1/streams/empty").text == ""


def test_a_silent_stream_is_kept_open_by_pings(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "PING_SECONDS", 0.1)
    assert ": ping\n\n" in httpx2.get(f"{address}/v1/streams/silent").text


def test_too_many_streams_are_refused_and_slots_come_back(app: FastAPI, work: Work) -> None:
    app.state.streams = sse.StreamSlots(1)
    with serving(app) as address:
        with httpx2.stream("GET", f"{address}/v1/streams/waiting") as response:
            chunks = response.iter_raw()
            next(chunks)
            refusal = httpx2.get(f"{address}/v1/streams/three")
            assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "2")
        assert eventually(lambda: httpx2.get(f"{address}/v1/streams/three").status_code == 200)


def test_one_tenant_cannot_take_every_stream() -> None:
    slots = sse.StreamSlots(limit=3, tenant_limit=2)
    give_back = [slots.take("flood") for _ in range(2)]
    with pytest.raises(EngineUnavailable):
        slots.take("flood")
    slots.take("other")
    with pytest.raises(EngineUnavailable):
        slots.take("third")
    give_back[0]()
    slots.take("third")


def test_a_stream_ends_when_its_credential_does(
    address: str, work: Work, ours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.tenants import keys

    monkeypatch.setattr(sse, "RECHECK_SECONDS", 0.1)
    url = f"{address}/v1/streams/guarded/waiting"
    assert httpx2.get(url).status_code == 401
    with httpx2.stream("GET", url, headers=ours.as_key()) as response:
        chunks = response.iter_raw()
        next(chunks)
        keys.revoke_key(ours.scope, ours.write_key_id)
        assert work.closed.wait(2)

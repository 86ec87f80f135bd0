"""PostgreSQL, Redis or Qdrant away or silent: documented answers within a deadline, no 500, and all of it mended after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.chaos.proxied import ProxiedStack
from tests.chaos.proxy import FINE, Trouble
from tests.stack import settled

DOWN, SILENT = Trouble(down=True), Trouble(black_hole=True)
# A silent server is given up after the driver's time-out, which is longer than a refusal takes.
DEADLINE_SECONDS = {"down": 10.0, "silent": 30.0}
RECOVERY_SECONDS = 30.0
# Engine -> call -> statuses it may answer with while the engine is away.
TABLE: dict[str, dict[str, set[int]]] = {
    "postgres": {"upload": {503}, "search": {503}, "delete": {503}, "login": {503}},
    "redis": {"upload": {202}, "search": {200}, "delete": {202}, "login": {401}},
    "qdrant": {"upload": {202}, "search": {503}, "delete": {202}, "login": {401}},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedStack]:
    stack = ProxiedStack(tmp_path_factory.mktemp("proxied"), job_lease_seconds="4")
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


@pytest.fixture(scope="module")
def http(stack: ProxiedStack) -> Iterator[httpx2.Client]:
    with stack.client(stack.make_key()) as client:
        client.timeout = httpx2.Timeout(60)
        yield client


def upload(http: httpx2.Client, word: str) -> httpx2.Response:
    text = "\n\n".join(f"{word} report, part {part}: the harbour handled {part} containers." for part in range(1, 12))
    return http.post("/v1/documents", json={"text": text, "title": f"Report {word}"})


def ask_everything(http: httpx2.Client, word: str, old: str) -> dict[str, tuple[int, float, str]]:
    """Status, seconds and body of each call."""
    calls: dict[str, Any] = {
        "search": lambda: http.post("/v1/search", json={"query": "harbour containers"}),
        "upload": lambda: upload(http, word),
        "delete": lambda: http.delete(f"/v1/documents/{old}"),
        "login": lambda: httpx2.post(
            f"{http.base_url}/v1/auth/login",
            json={"email": "nobody@example.org", "password": "wrong password"},
            timeout=60,
        ),
    }
    told = {}
    for name, call in calls.items():
        started = time.monotonic()
        response = call()
        told[name] = (response.status_code, time.monotonic() - started, response.text)
    return told


@pytest.mark.parametrize("engine", TABLE)
@pytest.mark.parametrize("how", ["down", "silent"])
def test_while_an_engine_is_away_answers_are_documented_ones_and_all_is_mended_after(
    stack: ProxiedStack, http: httpx2.Client, engine: str, how: str
) -> None:
    word = f"canary{engine}{how}"
    old = upload(http, f"{word}old").json()["id"]
    before = settled_count(http)
    stack.proxies[engine].set(DOWN if how == "down" else SILENT)
    try:
        told = ask_everything(http, word, old)
    finally:
        stack.proxies[engine].set(FINE)
    for name, (status, seconds, body) in told.items():
        assert status in TABLE[engine][name], f"{engine} {how}, {name}: {status} {body[:300]}"
        assert seconds < DEADLINE_SECONDS[how], f"{engine} {how}, {name}: {seconds:.1f} s"
        assert "Traceback" not in body
    recovered_by = time.monotonic() + RECOVERY_SECONDS
    while upload(http, f"{word}new").status_code not in (200, 202):
        assert time.monotonic() < recovered_by
        time.sleep(0.2)
    uploaded = 1 if told["upload"][0] == 202 else 0
    deleted = 1 if told["delete"][0] == 202 else 0
    found = settled(http, before + 1 + uploaded - deleted)
    assert {each["status"] for each in found} == {"ready"}
    for each in (f"{word}new", *([word] if uploaded else [])):
        hits = [
            hit["document"]["title"]
            for hit in http.post("/v1/search", json={"query": each, "fold": False}).json()["data"]
        ]
        assert hits.count(f"Report {each}") == 1


def settled_count(http: httpx2.Client) -> int:
    """How many documents there are, once each has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        page = http.get("/v1/documents", params={"limit": "100"}).json()["data"]
        if all(each["status"] in {"ready", "failed"} for each in page):
            return len(page)
        time.sleep(0.1)
    raise AssertionError("the work did not end")

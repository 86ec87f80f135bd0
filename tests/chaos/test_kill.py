"""The whole service killed with SIGKILL while it ingests, and started again: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.server import ROOT, Server

DOCUMENTS = 60
KILLS = 5
SETTLED = {"ready", "failed"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # As many tries as kills: a document that dies with its worker three times would fail, visibly, by design.
    server = Server(tmp_path / "data", job_attempts="10")
    yield server.start()
    server.close()


def text_of(number: int) -> str:
    return "\n\n".join(
        f"Canary{number:04d} report, part {part}: the harbour handled {number * part} containers and the ferry ran late."
        for part in range(1, 40)
    )


def upload(http: httpx2.Client, number: int) -> str | None:
    """The id of an acknowledged upload; None when the server died before it answered."""
    try:
        response = http.post("/v1/documents", json={"text": text_of(number), "title": f"Report {number}"})
    except httpx2.HTTPError:
        return None
    assert response.status_code in (200, 202), response.text
    return str(response.json()["id"])


def documents(http: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        parameters = {"limit": "100", **({"cursor": cursor} if cursor else {})}
        page = http.get("/v1/documents", params=parameters).json()
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_killed_while_ingesting_nothing_is_lost_and_nothing_is_there_twice(server: Server) -> None:
    seed = int(os.environ.get("TIDINGS_TEST_SEED", "7"))
    chance = random.Random(seed)
    headers = {"Authorization": f"Bearer {server.make_key()}"}
    acknowledged: dict[int, str] = {}
    waiting = list(range(DOCUMENTS))
    for _ in range(KILLS):
        with httpx2.Client(base_url=server.url, headers=headers, timeout=30) as http:
            goal = len(acknowledged) + DOCUMENTS // KILLS
            while waiting and len(acknowledged) < goal:
                number = waiting.pop(0)
                made = upload(http, number)
                if made is None:
                    waiting.insert(0, number)
                else:
                    acknowledged[number] = made
            time.sleep(chance.uniform(0.0, 0.8))
        server.kill()
        server.start()
    with httpx2.Client(base_url=server.url, headers=headers, timeout=30) as http:
        for number in waiting:
            made = upload(http, number)
            assert made is not None
            acknowledged[number] = made
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            found = documents(http)
            if all(document["status"] in SETTLED for document in found):
                break
            time.sleep(0.3)
        states = {document["id"]: document["status"] for document in found}
        assert sorted(states) == sorted(acknowledged.values()), f"seed {seed}"
        failures = [(document["title"], document["error"]) for document in found if document["status"] != "ready"]
        assert failures == [], f"seed {seed}"
        for number, document_id in acknowledged.items():
            page = http.post("/v1/search", json={"query": f"Canary{number:04d}", "limit": 100, "fold": False}).json()
            hits = [hit["document"]["id"] for hit in page["data"]]
            assert hits.count(document_id) == 1, f"seed {seed}, document {number}"
            assert hits[0] == document_id
        events = [document["chunk_count"] for document in found]
    assert server.interrupt() < 10
    points = count_points(server)
    assert points == sum(events), f"seed {seed}: the index holds other points than the rows say"


def count_points(server: Server) -> int:
    """Points of all tenants in the index, counted by a process of its own."""
    code = (
        "from services.settings import load_settings; from services.runtime import open_runtime;"
        "from services.tenants.tenants import list_tenants;"
        "r = open_runtime(load_settings(), with_bell=False);"
        "print(sum(r.vectors.count(f'{t.id}-g{t.generation}') for t in list_tenants(r))); r.close()"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True
    )
    return int(found.stdout)


def test_a_second_server_on_the_same_folder_is_refused(server: Server) -> None:
    second = server.command("up")
    assert second.returncode == 1
    assert "already runs" in second.stderr

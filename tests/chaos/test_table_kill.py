"""The whole service killed with SIGKILL while it takes a table row by row: each row is there once."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.chaos.test_kill import count_points, documents
from tests.server import Server
from tests.services.ingest.rows.tables import story, table

ROWS, KILLS, SECONDS = 700, 3, 240


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", job_attempts="10")
    yield server.start()
    server.close()


def test_killed_while_a_table_is_taken_each_row_is_there_once(server: Server) -> None:
    seed = int(os.environ.get("TIDINGS_TEST_SEED", "7"))
    chance = random.Random(seed)
    headers = {"Authorization": f"Bearer {server.make_key()}"}
    raw = table([story(number) for number in range(ROWS)])
    with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http:
        files = {"file": (raw.filename or "", raw.content)}
        made = http.post("/v1/documents", files=files, data={"options": json.dumps({"mode": "rows"})})
        assert made.status_code == 202, made.text
    table_id, taken = made.json()["id"], []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 2.5))
        server.kill()
        server.start()
        with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http:
            taken.append(http.get(f"/v1/documents/{table_id}").json()["rows"]["taken"])
    with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http:
        found = settled(http)
    rows = {document["row_number"]: document for document in found if document["parent_id"] == table_id}
    [parent] = [document for document in found if document["id"] == table_id]
    progress = {name: parent["rows"][name] for name in ("taken", "added", "duplicates", "ready", "failed")}
    expected = {"taken": ROWS, "added": ROWS, "duplicates": 0, "ready": ROWS, "failed": 0}
    assert (parent["status"], progress) == ("ready", expected), f"seed {seed}, taken at the kills: {taken}"
    assert sorted(rows) == list(range(1, ROWS + 1))
    assert len(found) == ROWS + 1
    assert server.interrupt() < 30
    assert count_points(server) == sum(document["chunk_count"] for document in found), f"seed {seed}"


def settled(http: httpx2.Client) -> list[dict[str, Any]]:
    """All documents, once none is left to be done."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        waiting = [
            http.get("/v1/documents", params={"status": status, "limit": "1"}).json()
            for status in ("queued", "processing")
        ]
        if not any(page["total"]["value"] for page in waiting):
            break
        time.sleep(0.5)
    return documents(http)

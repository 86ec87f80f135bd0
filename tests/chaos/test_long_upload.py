"""The server is killed while a long PDF is sent in parts and while it is read: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.books import long_pdf, word_of
from tests.chaos.test_kill import count_points
from tests.server import Server

PAGES = 300
PARTS = 8
KILLS_WHILE_SENT, KILLS_WHILE_READ = 3, 5
SETTLED_SECONDS = 180


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", job_attempts="10")
    yield server.start()
    server.close()


def client(server: Server, key: str) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def send_next(http: httpx2.Client, upload_id: str, content: bytes) -> dict[str, Any]:
    """Ask how far it is, and send the next part: what every client does after a lost connection."""
    offset = int(http.head(f"/v1/uploads/{upload_id}").headers["upload-offset"])
    part = content[offset : offset + len(content) // PARTS + 1]
    headers = {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}
    answer = http.patch(f"/v1/uploads/{upload_id}", content=part, headers=headers)
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


def test_killed_while_a_long_pdf_comes_in_and_is_read_it_is_there_once(server: Server) -> None:
    chance = random.Random(int(os.environ.get("TIDINGS_TEST_SEED", "11")))
    content, key = long_pdf(PAGES), server.make_key()
    with client(server, key) as http:
        upload_id = http.post("/v1/uploads", json={"size": len(content), "filename": "book.pdf"}).json()["id"]
    upload: dict[str, Any] = {"document": None, "offset": 0}
    kills = 0
    while upload["document"] is None:
        before = upload["offset"]
        with client(server, key) as http:
            upload = send_next(http, upload_id, content)
        assert upload["offset"] > before
        if kills < KILLS_WHILE_SENT:
            kills += 1
            server.kill()
            server.start()
    document_id = upload["document"]["id"]
    progress: list[int] = []
    for _ in range(KILLS_WHILE_READ):
        with client(server, key) as http:
            deadline = time.monotonic() + SETTLED_SECONDS
            document = http.get(f"/v1/documents/{document_id}").json()
            while document["pages_read"] <= max(progress, default=0) and document["status"] != "ready":
                assert time.monotonic() < deadline, document
                time.sleep(0.02)
                document = http.get(f"/v1/documents/{document_id}").json()
            progress.append(document["pages_read"])
            hits = http.post("/v1/search", json={"query": word_of(progress[-1])}).json()["data"]
            assert [hit["document"]["id"] for hit in hits][:1] == [document_id], "what is said to be searchable is not"
        time.sleep(chance.uniform(0.0, 0.5))
        server.kill()
        server.start()
    assert progress == sorted(progress)
    assert progress[0] < PAGES, "it was never met in the middle"
    with client(server, key) as http:
        document = settled(http, document_id)
        assert (document["status"], document["pages_read"], document["page_count"]) == ("ready", PAGES, PAGES)
        text = http.get(f"/v1/documents/{document_id}/text").json()
        assert [text["text"].count(word_of(page)) for page in range(1, PAGES + 1)] == [1] * PAGES
        assert [chunk["ordinal"] for chunk in text["chunks"]] == list(range(document["chunk_count"]))
        assert len(http.get("/v1/documents").json()["data"]) == 1
        for page in (1, *progress, PAGES):
            hits = http.post("/v1/search", json={"query": word_of(page), "fold": False}).json()["data"]
            assert [hit["document"]["id"] for hit in hits].count(document_id) == 1
    assert server.interrupt() < 10
    assert count_points(server) == document["chunk_count"]


def settled(http: httpx2.Client, document_id: str) -> dict[str, Any]:
    """The document once nothing is left to do for it."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < deadline:
        document = http.get(f"/v1/documents/{document_id}").json()
        if document["status"] in {"ready", "failed"}:
            return dict(document)
        time.sleep(0.2)
    raise AssertionError(f"the document did not settle: {document}")

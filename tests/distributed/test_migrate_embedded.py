"""From an embedded folder to PostgreSQL and a Qdrant server, with real commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.server import Server, run_command
from tests.stack import Stack, settled

QUERIES = ["harbour containers", "Canary0003", "the ferry ran late"]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "stack")
    try:
        yield stack.start_servers()
    finally:
        stack.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "old")
    yield server.start()
    server.close()


def search(http: httpx2.Client) -> list[list[tuple[str, str]]]:
    """What each query finds; documents that are equally good have no order, so the first of the canary's is told apart."""
    found = []
    for query in QUERIES:
        page = http.post("/v1/search", json={"query": query, "limit": 20}).json()
        hits = [(hit["document"]["id"], hit["document"]["title"]) for hit in page["data"]]
        found += [hits[:1] if "Canary" in query else [], sorted(hits)]
    return found


def fill(server: Server, key: str) -> list[list[tuple[str, str]]]:
    """Some documents, one of them deleted, and what searches find."""
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
        for number in range(12):
            text = "\n\n".join(
                f"Canary{number:04d}: the harbour handled {number * part} containers, and the ferry ran late."
                for part in range(20)
            )
            assert http.post("/v1/documents", json={"text": text, "title": f"Report {number}"}).status_code == 202
        documents = settled(http, 12)
        gone = documents[0]["id"]
        http.delete(f"/v1/documents/{gone}").raise_for_status()
        http.post("/v1/answers", json={"question": "What did the harbour handle?"}).raise_for_status()
        return search(http)


def test_everything_moves_and_searches_find_the_same(embedded: Server, stack: Stack) -> None:
    key = embedded.make_key()
    before = fill(embedded, key)
    embedded.interrupt()
    done = run_command("--json", "migrate-embedded", str(embedded.folder), environment=stack.environment)
    assert done.returncode == 0, done.stderr
    compared = {each["name"]: (each["before"], each["after"]) for each in json.loads(done.stdout)}
    assert compared["tenants"] == (1, 1)
    assert compared["documents"][0] in {11, 12}
    [index] = [pair for name, pair in compared.items() if name.startswith("index of ")]
    assert index[0] >= 11
    assert all(one == other for one, other in compared.values())
    stack.start()
    with stack.client(key) as http:
        assert search(http) == before
        assert http.post("/v1/documents", json={"text": "A later note.", "title": "Later"}).status_code == 202
        settled(http, 12)


def test_a_target_that_holds_tenants_and_a_folder_in_use_are_refused(embedded: Server, stack: Stack) -> None:
    embedded.make_key()
    running = run_command("migrate-embedded", str(embedded.folder), environment=stack.environment)
    assert running.returncode == 1
    assert "already runs" in running.stderr
    embedded.interrupt()
    without = {**stack.environment, "TIDINGS_QDRANT_URL": "http://127.0.0.1:9"}
    away = run_command("migrate-embedded", str(embedded.folder), environment=without)
    assert away.returncode == 1
    assert "Nothing was copied" in away.stderr.replace("\n", " ")
    assert run_command("migrate-embedded", str(embedded.folder), environment=stack.environment).returncode == 0
    again = run_command("migrate-embedded", str(embedded.folder), environment=stack.environment)
    assert again.returncode == 1
    assert "already holds tenants" in again.stderr
    nothing = run_command("migrate-embedded", str(embedded.folder / "blobs"), environment=stack.environment)
    assert "no data folder" in nothing.stderr


def test_a_database_that_is_not_there_is_a_sentence(stack: Stack) -> None:
    url = f"{stack.environment['TIDINGS_DATABASE_URL'].rpartition('/')[0]}/no_such_database"
    environment = {**stack.environment, "TIDINGS_DATABASE_URL": url, "TIDINGS_DATABASE_ADMIN_URL": url}
    done = run_command("migrate", environment=environment)
    assert done.returncode == 1
    said = done.stderr.replace("\n", " ")
    assert "no_such_database" in said
    assert "TIDINGS_DATABASE_URL" in said
    assert "Traceback" not in said

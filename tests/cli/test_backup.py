"""`tidings backup`, `backup verify` and `restore` against a server that runs, with what a person would compare afterwards."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.conftest import Done, run_inside
from tests.server import COMMAND, ROOT, Server
from tests.stack import settled

QUESTIONS = ("harbour containers", "Canary0003", "the ferry ran late", "strike at the port")
PASSWORD = "a long enough pass phrase"
DOCUMENTS = 12


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with people, documents, one of them deleted, and an answer; and its API key."""
    server = Server(tmp_path_factory.mktemp("backup") / "data").start()
    key = server.make_key()
    server.json("user", "add", "ada@example.org", "--password", PASSWORD)
    with client(server, key) as http:
        for number in range(DOCUMENTS):
            text = "\n\n".join(
                f"Canary{number:04d}: the harbour handled {number * part} containers, and the ferry ran late."
                for part in range(12)
            )
            body = {"text": text, "title": f"Report {number}", "tags": ["port"], "folder": "Harbour"}
            assert http.post("/v1/documents", json=body).status_code == 202
        documents = settled(http, DOCUMENTS)
        http.delete(f"/v1/documents/{documents[0]['id']}").raise_for_status()
        http.post("/v1/answers", json={"question": "What did the harbour handle?"}).raise_for_status()
    # What was deleted still counts in the weights of words until the index is rewritten, as it is at an orderly stop.
    server.interrupt()
    server.start()
    yield server, key
    server.close()


def client(server: Server, key: str) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def run(server: Server, *words: str) -> Done:
    return run_inside(server.environment, words)


def documents_without_original(folder: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(folder / "tidings.sqlite")) as database:
        rows = database.execute("SELECT id, blob_key FROM documents WHERE status != 'deleting'").fetchall()
    assert rows
    return [id_ for id_, key in rows if not list((folder / "blobs").glob(f"*/*/{key.split('/')[1]}"))]


def seen(server: Server, key: str) -> dict[str, Any]:
    """What people see: hits with their passages, the answer and its sources, who they are, and the bytes of a file.

    Not scores: what was deleted counts in them until the index is rewritten, which a busy machine may put off.
    """
    with client(server, key) as http:
        hits = {}
        for question in QUESTIONS:
            page = http.post("/v1/search", json={"query": question, "limit": 20}).json()
            hits[question] = {hit["document"]["id"]: hit["passage"]["text"] for hit in page["data"]}
        threads = http.get("/v1/threads").json()["data"]
        thread = http.get(f"/v1/threads/{threads[0]['id']}").json()
        documents = http.get("/v1/documents", params={"limit": 100}).json()["data"]
        original = http.get(f"/v1/documents/{documents[0]['id']}/content").content
        person = {"email": "ada@example.org", "password": PASSWORD}
        signed_in = httpx2.post(f"{server.url}/v1/auth/login", json=person, headers={"Origin": server.url}).status_code
    assert hits["harbour containers"]
    return {"hits": hits, "thread": thread, "documents": documents, "original": original, "signed_in": signed_in}


def test_a_restored_server_finds_answers_and_knows_the_same(full: tuple[Server, str], tmp_path: Path) -> None:
    server, key = full
    before = seen(server, key)
    assert before["signed_in"] < 300
    said = run(server, "--json", "backup", str(tmp_path / "copy.zip")).json
    assert said["counts"]["originals"] == said["counts"]["documents"] == DOCUMENTS - 1
    assert run(server, "--json", "backup", "verify", str(tmp_path / "copy.zip")).json["whole"]
    assert list(server.folder.glob(".backup-*")) == []
    again = Server(tmp_path / "again")
    done = run(again, "--json", "restore", str(tmp_path / "copy.zip")).json
    assert done["indexed"]
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert not any(name.startswith("vectors/") for name in archive.namelist())
    try:
        assert seen(again.start(), key) == before
    finally:
        again.close()


def test_a_backup_taken_while_documents_come_and_go_is_of_one_moment(full: tuple[Server, str], tmp_path: Path) -> None:
    server, key = full
    stop = threading.Event()

    def write() -> None:
        with client(server, key) as http:
            number = 0
            while not stop.is_set():
                number += 1
                body = {"text": f"Passing {number}: a note that stays for a moment.", "title": f"Passing {number}"}
                made = http.post("/v1/documents", json=body).json()
                http.delete(f"/v1/documents/{made['id']}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            assert run(server, "backup", str(tmp_path / f"{number}.zip")).code == 0
    finally:
        stop.set()
        writer.join()
    again = Server(tmp_path / "again")
    assert run(again, "restore", str(tmp_path / "2.zip")).code == 0
    assert documents_without_original(again.folder) == []


def test_a_folder_that_holds_something_is_moved_aside_only_when_asked(full: tuple[Server, str], tmp_path: Path) -> None:
    server, _ = full
    assert run(server, "backup", str(tmp_path / "copy.zip")).code == 0
    running = run(server, "restore", str(tmp_path / "copy.zip"), "--replace")
    assert running.code == 1
    assert "already runs" in running.err
    other = Server(tmp_path / "other")
    other.folder.mkdir()
    (other.folder / "notes.txt").write_text("mine")
    refused = run(other, "restore", str(tmp_path / "copy.zip"))
    assert refused.code == 1
    assert "not empty: it holds notes.txt" in refused.err
    assert "--replace" in refused.err
    done = run(other, "--json", "restore", str(tmp_path / "copy.zip"), "--replace").json
    assert (Path(done["before"]) / "notes.txt").read_text() == "mine"
    twice = run(other, "--json", "restore", str(tmp_path / "copy.zip"), "--replace").json
    assert (Path(twice["before"]) / "tidings.sqlite").exists()


def test_damage_is_found_before_anything_is_touched(full: tuple[Server, str], tmp_path: Path) -> None:
    server, _ = full
    copy = tmp_path / "copy.zip"
    assert run(server, "backup", str(copy)).code == 0
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    other = Server(tmp_path / "other")
    for words in (("backup", "verify", str(copy)), ("restore", str(copy))):
        done = run(other, *words)
        assert done.code == 1
        assert "at least one byte differs" in done.err
    assert not (other.folder / "tidings.sqlite").exists()


def test_a_killed_restore_keeps_servers_out_until_it_is_done_again(full: tuple[Server, str], tmp_path: Path) -> None:
    server, _ = full
    assert run(server, "backup", str(tmp_path / "copy.zip")).code == 0
    again = Server(tmp_path / "again")
    words = [*COMMAND, "restore", str(tmp_path / "copy.zip")]
    killed = subprocess.Popen(words, cwd=ROOT, env=again.environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (again.folder / ".restoring").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    refused = run(again, "up")
    assert refused.code == 1
    assert "restore" in refused.err
    assert "not finished" in refused.err
    # As if it had been killed later: whole, and half moved in place.
    (again.folder / ".restoring" / "moving").touch()
    shutil.copytree(server.folder / "blobs", again.folder / "blobs")
    assert run(again, "restore", str(tmp_path / "copy.zip")).code == 0
    assert documents_without_original(again.folder) == []
    assert not (again.folder / ".restoring").exists()


def test_keys_can_be_left_out(full: tuple[Server, str], tmp_path: Path) -> None:
    server, _ = full
    assert run(server, "backup", str(tmp_path / "copy.zip"), "--no-keys").code == 0
    again = Server(tmp_path / "again")
    assert "secret.key" in run(again, "restore", str(tmp_path / "copy.zip")).out
    assert not list(again.folder.glob("*.key"))
    assert not list(again.folder.glob("*.token"))


def test_servers_have_their_own_ways(tmp_path: Path) -> None:
    distributed = Server(tmp_path / "data", qdrant_url="http://127.0.0.1:9")
    for words in (("backup", str(tmp_path / "x.zip")), ("restore", str(tmp_path / "x.zip"))):
        done = run(distributed, *words)
        assert done.code == 1
        assert "docs/operations.md" in done.err
    nothing = run(Server(tmp_path / "nothing"), "backup", str(tmp_path / "x.zip"))
    assert "is no data folder of Tidings" in nothing.err
    assert nothing.code == 1

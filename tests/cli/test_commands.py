"""The `tidings` command against a running server, as people and scripts use it."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.main import get_command

from cli.main import app
from services.settings import Settings
from tests.cli.conftest import Run
from tests.server import Server

WHERE = ("source", "lang", "type_", "category", "folder", "tag", "after", "before")
HARBOUR = "The harbour strike ended on Friday. Dock workers accepted a pay rise of four per cent.\n"
RATES = "The central bank raised interest rates on Thursday. It named rising rents and wages as the reasons.\n"


def verb(name: str) -> Any:
    """A verb as the parser has it."""
    return get_command(app).commands[name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two documents and a hidden file."""
    folder = tmp_path_factory.mktemp("notes")
    (folder / "harbour.txt").write_text(HARBOUR)
    (folder / "below").mkdir()
    (folder / "below" / "rates.md").write_text(f"# Rates rise\n\n{RATES}")
    (folder / ".hidden.txt").write_text("not this one")
    return folder


def test_setting_up_works_once(run: Run) -> None:
    again = run("setup", "--yes")
    assert again.code == 1
    assert "set up already" in again.err
    assert again.out == ""


def test_the_made_password_and_key_work(run: Run, server: Server) -> None:
    tenant = run("--json", "tenant", "add", "Second team").json
    person = run("--json", "user", "add", "ada@example.org", "--tenant", "Second team", "--role", "owner").json
    with httpx2.Client(base_url=server.url) as http:
        credentials = {"email": "ada@example.org", "password": person["password"]}
        me = http.post("/v1/auth/login", json=credentials).json()
    assert (me["tenant"]["id"], me["user"]["role"]) == (tenant["id"], "owner")
    key = run("--json", "key", "add", "dashboard", "--tenant", tenant["id"], "--scope", "read").json
    answer = httpx2.get(f"{server.url}/v1/me", headers={"Authorization": f"Bearer {key['key']}"}).json()
    assert (answer["tenant"]["id"], answer["scope"]) == (tenant["id"], "read")
    assert {each["name"] for each in run("--json", "tenant", "list").json} >= {"Risk team", "Second team"}


def test_a_take_down_is_made_with_a_reason_and_lifted(run: Run) -> None:
    assert "--reason" in run("takedown", "gone.example", "--yes").err
    assert "documents are gone" in run("takedown", "gone.example", "--reason", "court order", "--yes").out
    assert "is allowed again" in run("takedown", "gone.example", "--lift").out
    assert "did not take this domain down" in run("takedown", "gone.example", "--lift").err


def test_an_upload_whose_name_does_not_fit_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fake.pdf").write_text("not a pdf")
    assert "its name does not fit: read as text" in run("upload", str(tmp_path / "fake.pdf")).out


def test_a_search_or_question_in_a_source_that_is_not_there_names_those_that_are(run: Run, folder: Path) -> None:
    assert run("upload", str(folder)).code == 0
    said = run("search", "harbour", "--source", "unknown").out.replace("\n", " ")
    assert "No source is called “unknown”. There are: upload." in said
    asked = run("ask", "Why was the harbour closed?", "--source", "unknown").out.replace("\n", " ")
    assert "No source is called “unknown”. There are: upload." in asked


def test_the_stored_key_is_private(server: Server) -> None:
    for name in ("cli.key", "operator.token"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600


def test_upload_search_and_ask(run: Run, folder: Path) -> None:
    made = run("--json", "upload", str(folder)).json
    assert [(each["filename"], each["status"]) for each in made] == [("rates.md", "ready"), ("harbour.txt", "ready")]
    again = run("upload", str(folder / "harbour.txt"))
    assert again.code == 0
    assert "stored already" in again.out
    piped = run("--json", "upload", "-", "--title", "From a pipe", given="The ferry ran late again.").json
    assert piped[0]["title"] == "From a pipe"
    found = run("--json", "search", "dock workers pay", "--type", "text", "--limit", "5").json
    assert found["data"][0]["document"]["title"].startswith("The harbour strike ended")
    shown = run("search", "interest rates", "--lang", "en").out
    assert "Rates rise" in shown
    assert "hybrid" in shown
    answer = run("--json", "ask", "Why did the central bank raise interest rates?").json
    cited = answer["sentences"][0]["citations"][0]
    assert answer["grounded"] is True
    assert cited["quote"] in RATES
    told = run("ask", "Why did the central bank raise interest rates?").out
    assert "[1]" in told
    file = folder.parent / "answer.docx"
    assert run("ask", "Why were rates raised? -harbour", "--output", str(file)).code == 0
    assert zipfile.is_zipfile(file)
    assert run("ask", "Why were rates raised?", "--output", "answer.txt").code == 1
    nothing = run("search", "rates", "--before", "2001-01-01").out
    assert nothing.startswith("0 of 0")


def test_a_question_takes_the_filters_of_a_search(run: Run, folder: Path) -> None:
    run("upload", str(folder))
    question = "Why did the central bank raise interest rates?"
    taken = {each.name: each.opts for each in verb("search").params if each.name in WHERE}
    assert set(taken) == set(WHERE)
    assert {each.name: each.opts for each in verb("ask").params if each.name in WHERE} == taken
    assert run("--json", "ask", question, "--type", "markdown", "--limit", "1").json["grounded"] is True
    for filters in (("--category", "sport"), ("--before", "2001-01-01"), ("--lang", "de"), ("--tag", "unknown")):
        assert run("--json", "ask", question, *filters).json["sentences"] == [], filters
    for words in (("search", "rates"), ("ask", question)):
        assert "--after someday is no day" in run(*words, "--after", "someday").err


def test_documents_are_filed_steered_and_deleted(run: Run, tmp_path: Path) -> None:
    deep = tmp_path / "Ports" / "2026"
    deep.mkdir(parents=True)
    (deep / "quay.txt").write_text("The old quay is rebuilt.")
    (tmp_path / "Ports" / "crane.txt").write_text("A new crane came by ship.")
    made = run("--json", "upload", str(tmp_path / "Ports"), "--tag", "Port", "--tag", "building").json
    assert [(each["folder"], each["tags"]) for each in made] == [
        ("Ports/2026", ["building", "port"]),
        ("Ports", ["building", "port"]),
    ]
    quay, crane = (each["id"] for each in made)
    listed = run("--json", "documents", "list", "--folder", "Ports", "--tag", "port").json
    assert {each["id"] for each in listed["data"]} == {quay, crane}
    assert "Ports/2026" in run("documents", "folders").out
    assert run("documents", "move", "Archive", quay).out == "move: 1 done, 0 refused\n"
    assert run("documents", "tag", "old,-building", "--in", "Archive").code == 0
    assert run("--json", "documents", "list", "--folder", "Archive").json["data"][0]["tags"] == ["old", "port"]
    found = run("--json", "search", "quay", "--folder", "Archive").json["data"]
    assert [hit["document"]["id"] for hit in found] == [quay]
    refused = run("documents", "cancel", crane)
    assert (refused.code, "this one is ready" in refused.err) == (1, True)
    assert run("documents", "retry").code == 1
    assert run("documents", "delete", "--tagged", "port", "--yes").out == "delete: 2 done, 0 refused\n"
    assert run("--json", "documents", "list", "--tag", "port").json["data"] == []


def test_what_cannot_be_read_ends_with_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    (tmp_path / "picture.gif").write_bytes(b"GIF89a" + bytes(100))
    failed = run("upload", str(tmp_path / "torn.pdf"))
    assert (failed.code, "failed" in failed.out) == (1, True)
    refused = run("upload", str(tmp_path / "picture.gif"), str(tmp_path / "absent.txt"))
    assert refused.code == 1
    assert "refused" in refused.err
    assert "no such file" in refused.err


def test_odd_names_are_shown_as_they_are(run: Run, tmp_path: Path) -> None:
    """Rich would take [bold] for an order."""
    path = tmp_path / "[bold]odd.txt"
    path.write_text("An odd name has no effect.")
    assert "[bold]odd.txt" in run("upload", str(path)).out


def test_status_says_what_works(run: Run) -> None:
    status = run("--json", "status").json
    assert {part["name"] for part in status["components"]} >= {"database", "vectors", "embedder", "queue"}
    assert status["search_mode"] == "hybrid"
    assert "Search: hybrid." in run("status").out


def test_config_lists_every_setting_and_hides_secrets(run: Run) -> None:
    shown = run("--json", "config").json
    assert set(shown) == {f"TIDINGS_{name.upper()}" for name in Settings.model_fields}
    assert shown["TIDINGS_EMBEDDER_MODEL"] == "fake:hash"
    assert "a-secret-value" not in run("config", TIDINGS_QDRANT_API_KEY="a-secret-value").out
    hidden = run("config", TIDINGS_DATABASE_URL="postgresql+psycopg://app:a-secret-value@db.example/tidings").out
    assert "app:***@db.example/tidings" in hidden


def test_keys_are_listed_without_themselves_and_can_be_revoked(run: Run, server: Server) -> None:
    made = run("--json", "key", "add", "short-lived", "--tenant", "Risk team").json
    listed = run("--json", "key", "list").json
    assert made["key"] not in json.dumps(listed)
    assert made["id"] in {key["id"] for key in listed}
    assert run("key", "revoke", made["id"]).code == 0
    answer = httpx2.get(f"{server.url}/v1/me", headers={"Authorization": f"Bearer {made['key']}"})
    assert answer.status_code == 401


def test_keys_of_any_tenant_are_listed_in_full_and_revoked(run: Run, server: Server) -> None:
    run("tenant", "add", "Key team")
    made = [run("--json", "key", "add", f"key {number}", "--tenant", "Key team").json for number in range(2)]
    assert [key["id"] for key in run("--json", "key", "list", "--tenant", "Key team").json] == [
        key["id"] for key in reversed(made)
    ]
    assert run("key", "list", "--tenant", "Key team").out.startswith("Keys of 'Key team' (ten_")
    assert run("key", "list").out.startswith("Keys of 'Risk team' (ten_")
    assert run("key", "revoke", made[0]["id"]).code == 1
    assert run("key", "revoke", made[0]["id"], "--tenant", "Key team").code == 0
    revoked = [key["revoked_at"] is not None for key in run("--json", "key", "list", "--tenant", "Key team").json]
    assert revoked == [False, True]
    for number in range(25):
        run("--json", "key", "add", f"many {number}", "--tenant", "Risk team")
    assert len(run("--json", "key", "list").json) > 25


def test_several_tenants_must_be_told_apart(run: Run) -> None:
    run("--json", "tenant", "add", "Third team")
    unclear = run("key", "add", "which")
    assert unclear.code == 1
    assert "--tenant" in unclear.err
    assert "Third team" in unclear.err


def test_a_wrong_key_or_address_is_said_in_one_sentence(run: Run) -> None:
    wrong = run("--key", "tdg_wrong", "status")
    assert wrong.code == 1
    assert "Traceback" not in wrong.err
    assert "request req_" in wrong.err
    absent = run("--url", "http://127.0.0.1:9", "status")
    assert absent.code == 1
    assert "No server answers" in absent.err


def test_a_second_server_takes_the_next_free_port(server: Server, tmp_path: Path) -> None:
    taken = int(server.url.rsplit(":", 1)[1])
    second = Server(tmp_path / "data", port=str(taken)).start()
    try:
        port = int(second.url.rsplit(":", 1)[1])
        assert taken < port <= taken + 50
        assert re.search(rf"running at http://127\.0\.0\.1:{port}", second.said())
        assert second.interrupt() < 8
        assert second.said().rstrip().endswith("Stopping …")
        assert not (second.folder / "running.json").exists()
    finally:
        second.close()

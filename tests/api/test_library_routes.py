"""The library over HTTP: folders and tags on the way in and later, steering, many at once, and passwords."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from services.models import IdempotencyRecord, Job
from services.runtime import Runtime
from tests.factories import do_work
from tests.services.ingest.extract.prints import printed, pymupdf

WORD = "open-sesame-7"


def add(client: TestClient, text: str, **fields: Any) -> str:
    answer = client.post("/v1/documents", json={"text": text, **fields})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ids(client: TestClient, path: str = "/v1/documents", **params: Any) -> set[str]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return {row["id"] if "id" in row else row["document"]["id"] for row in answer.json()["data"]}


def test_folder_and_tags_come_with_files_and_texts_and_change_later(writer: TestClient) -> None:
    form = {"folder": "/Reports/2026/", "tags": ["Budget", "city"]}
    file = writer.post("/v1/documents", files={"file": ("a.txt", b"The harbour.")}, data=form).json()
    assert (file["folder"], file["tags"]) == ("Reports/2026", ["budget", "city"])
    text = add(writer, "The other harbour.", folder="Reports", tags=["city"])
    assert ids(writer, folder="Reports") == {file["id"], text}
    assert ids(writer, folder="Reports", tag="budget") == {file["id"]}
    assert ids(writer, tag=["budget", "city"]) == {file["id"], text}
    folders = writer.get("/v1/folders").json()["data"]
    assert {each["folder"]: (each["count"], each["total"]) for each in folders} == {
        "Reports": (1, 2),
        "Reports/2026": (1, 1),
    }
    assert writer.get("/v1/tags").json()["data"] == [{"tag": "budget", "count": 1}, {"tag": "city", "count": 2}]
    changed = writer.patch(f"/v1/documents/{text}", json={"folder": "", "tags": ["port"]}).json()
    assert (changed["folder"], changed["tags"]) == ("", ["port"])
    assert writer.patch(f"/v1/documents/{text}", json={}).json()["tags"] == ["port"]


def test_a_search_knows_of_a_new_tag_at_once(writer: TestClient, runtime: Runtime) -> None:
    one, other = add(writer, "The harbour in May."), add(writer, "The harbour in June.")
    do_work(runtime)
    assert ids(writer, "/v1/search", q="harbour", tag="kept") == set()
    writer.post("/v1/document_actions", json={"action": "tag", "tags": ["kept"], "ids": [one]})
    assert ids(writer, "/v1/search", q="harbour", tag="kept") == {one}
    body = {"query": "harbour", "filters": {"not_tag": ["kept"]}}
    hits = writer.post("/v1/search", json=body).json()["data"]
    assert [hit["document"]["id"] for hit in hits] == [other]
    assert writer.get("/v1/facets").json()["tag"] == [{"value": "kept", "count": 1}]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"folder": "x" * 201}, "/folder"), ({"folder": "/".join("a" * 11)}, "/folder"), ({"tags": ["a,b"]}, "/tags")],
)
def test_what_can_be_no_folder_or_tag_is_refused_where_it_stands(
    writer: TestClient, fields: dict[str, Any], pointer: str
) -> None:
    refused = writer.post("/v1/documents", json={"text": "The harbour.", **fields})
    form = writer.post("/v1/documents", files={"file": ("a.txt", b"The harbour.")}, data=fields)
    for answer in (refused, form):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert ids(writer) == set()


def test_cancel_pause_resume_and_retry(writer: TestClient, runtime: Runtime) -> None:
    document = add(writer, "The harbour.")

    def say(verb: str) -> tuple[int, str]:
        answer = writer.post(f"/v1/documents/{document}/{verb}").json()
        return (answer["status"], answer["detail"]) if "detail" in answer else (200, answer["status"])

    assert say("pause") == (200, "paused")
    assert do_work(runtime) == 0
    assert writer.get("/v1/system/status").json()["documents"]["stopped"] == 1
    assert say("retry")[0] == 409
    assert say("resume") == (200, "queued")
    assert say("cancel") == (200, "cancelled")
    do_work(runtime)
    assert ids(writer, status=["paused", "cancelled"]) == {document}
    assert say("cancel")[0] == say("pause")[0] == say("resume")[0] == 409
    assert say("retry") == (200, "queued")
    do_work(runtime)
    ready = writer.get(f"/v1/documents/{document}").json()
    assert ready["status"] == "ready"
    assert [step["stage"] for step in ready["stages"]][-2:] == ["embedding", "indexing"]
    assert all(step["milliseconds"] is not None for step in ready["stages"])


def test_many_at_once_and_each_told_of(client: TestClient, ours: Any, theirs: Any) -> None:
    client.headers.update(theirs.as_key())
    foreign = add(client, "Theirs.", tags=["secret"])
    client.headers.update(ours.as_key())
    own = [add(client, f"Ours {number}.") for number in range(3)]
    body = {"action": "move", "folder": "Reports", "ids": [*own, foreign]}
    answer = client.post("/v1/document_actions", json=body).json()
    assert (answer["done"], answer["refused"], answer["next_cursor"]) == (3, 1, None)
    assert {each["id"]: each["error"] and each["error"]["code"] for each in answer["data"]} == {
        **dict.fromkeys(own),
        foreign: "not_found",
    }
    deleted = client.post("/v1/document_actions", json={"action": "delete", "filter": {"folder": ["Reports"]}}).json()
    assert deleted["done"] == 3
    assert ids(client) == set()
    assert client.get("/v1/tags").json()["data"] == []
    client.headers.update(theirs.as_key())
    assert ids(client, tag="secret") == {foreign}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "delete"},
        {"action": "delete", "ids": []},
        {"action": "delete", "ids": ["doc_1"], "filter": {}},
        {"action": "delete", "ids": [f"doc_{number}" for number in range(501)]},
        {"action": "move", "ids": ["doc_1"]},
        {"action": "tag", "ids": ["doc_1"]},
        {"action": "cancel", "tags": ["a"], "ids": ["doc_1"]},
        {"action": "burn", "ids": ["doc_1"]},
        {"action": "delete", "filter": {}, "cursor": "made up"},
    ],
)
def test_an_unclear_order_is_refused(writer: TestClient, body: dict[str, Any]) -> None:
    kept = add(writer, "The harbour.")
    assert writer.post("/v1/document_actions", json=body).status_code == 422
    assert ids(writer) == {kept}


def test_a_locked_file_is_opened_by_its_password_which_is_kept_nowhere(
    writer: TestClient, runtime: Runtime, quiet_log: list[structlog.typing.EventDict]
) -> None:
    with pymupdf.open(stream=printed(["The ferry ran late on Tuesday."]), filetype="pdf") as pages:
        locked = bytes(pages.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=WORD, owner_pw="other"))
    document = writer.post("/v1/documents", files={"file": ("locked.pdf", locked)}).json()["id"]
    do_work(runtime)
    assert writer.get(f"/v1/documents/{document}").json()["error"]["code"] == "encrypted"
    retry = f"/v1/documents/{document}/retry"
    assert writer.post(retry, json={"password": "x" * 501}).status_code == 422
    accepted = writer.post(retry, json={"password": WORD}, headers={"Idempotency-Key": "once"})
    assert accepted.status_code == 202
    other = writer.post(retry, json={"password": "another"}, headers={"Idempotency-Key": "once"})
    assert other.json()["code"] == "idempotency_mismatch"
    with runtime.session(write=False) as (session, _):
        kept = [repr(vars(row)) for table in (Job, IdempotencyRecord) for row in session.query(table)]
    seen = [accepted.text, repr(quiet_log), *kept]
    assert kept
    assert not [text for text in seen if WORD in text]
    do_work(runtime)
    assert writer.get(f"/v1/documents/{document}/text").json()["text"] == "The ferry ran late on Tuesday."

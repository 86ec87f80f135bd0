"""Tables over HTTP: the preview, the options and what is wrong with them, progress, and deletion with the rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.runtime import Runtime
from tests.factories import do_work

NEWS = b"headline;body;day\n" + b"".join(
    f"Story {n};The council of town {n} spoke about bridge {n} for {n} hours on that long day.;0{n}.03.2026\n".encode()
    for n in range(1, 5)
)


def send(client: TestClient, who: Any, path: str, content: bytes = NEWS, name: str = "news.csv", **fields: Any) -> Any:
    client.cookies.clear()
    data = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}
    return client.post(path, headers=who.as_key(), files={"file": (name, content)}, data=data)


def test_a_preview_says_what_a_table_is_like_and_can_be_sent_back(
    client: TestClient, ours: Any, runtime: Runtime
) -> None:
    answer = send(client, ours, "/v1/tables/preview")
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert (preview["mode"], preview["row_count"], preview["is_complete"], preview["problem"]) == ("rows", 4, True, "")
    assert [(column["name"], column["role"]) for column in preview["columns"]] == [
        ("headline", "title"),
        ("body", "text"),
        ("day", "date"),
    ]
    assert preview["options"]["delimiter"] == ";"
    assert preview["options"]["columns"]["text"] == [2]
    assert preview["sample"][0][0] == "Story 1"
    assert preview["documents"][0]["published_at"] == "2026-03-01T00:00:00Z"
    assert client.get("/v1/documents", headers=ours.as_key()).json()["total"]["value"] == 0

    made = send(client, ours, "/v1/documents", options={"mode": "rows", **preview["options"]})
    assert (made.status_code, made.json()["type"], made.json()["rows"]["total"]) == (202, "rows", 4)
    do_work(runtime)
    table = client.get(f"/v1/documents/{made.json()['id']}", headers=ours.as_key()).json()
    assert {name: table["rows"][name] for name in ("taken", "added", "ready", "failed", "skipped")} == {
        "taken": 4, "added": 4, "ready": 4, "failed": 0, "skipped": [],
    }  # fmt: skip
    rows = client.get("/v1/documents", params={"parent_id": table["id"]}, headers=ours.as_key()).json()
    assert [row["row_number"] for row in rows["data"]] == [4, 3, 2, 1]
    assert rows["data"][0]["published_from"] == "column"

    gone = client.delete(f"/v1/documents/{table['id']}?rows=true", headers=ours.as_key())
    assert gone.status_code == 202
    assert client.get("/v1/documents", headers=ours.as_key()).json()["total"]["value"] == 0


def test_a_sheet_is_one_document_as_before(client: TestClient, ours: Any) -> None:
    plain = send(client, ours, "/v1/documents")
    assert (plain.status_code, plain.json()["type"], plain.json()["rows"]) == (202, "csv", None)
    chosen = send(client, ours, "/v1/documents", options={"mode": "sheet"})
    assert (chosen.status_code, chosen.json()["id"]) == (200, plain.json()["id"])


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ("nonsense", "/options"),
        ("[]", "/options"),
        ("null", "/options"),
        ('{"mode": "rows", "mode": "rows", "extra": 1}', "/options/extra"),
        ({"mode": "cells"}, "/options/mode"),
        ({"mode": "sheet", "day_first": True}, "/options"),
        ({"mode": "rows", "columns": {}}, "/options/columns/text"),
        ({"mode": "rows", "columns": {"text": "nope"}}, "/options/columns/text"),
        ({"mode": "rows", "columns": {"text": "body", "title": 0}}, "/options/columns/title"),
        ({"mode": "rows", "columns": {"text": "body", "title": True}}, "/options/columns/title"),
        ({"mode": "rows", "columns": {"text": "body", "title": 1e300}}, "/options/columns/title"),
        ({"mode": "rows", "columns": {"text": "body", "tenant_id": "ten_1"}}, "/options/columns/tenant_id"),
        ({"mode": "rows", "columns": {"text": ["body"] * 21}}, "/options/columns/text"),
        ({"mode": "rows", "delimiter": "::"}, "/options/delimiter"),
        ({"mode": "rows", "encoding": "zip"}, "/options/encoding"),
        ({"mode": "rows", "has_header": "yes"}, "/options/has_header"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_stored(
    client: TestClient, ours: Any, options: Any, pointer: str
) -> None:
    for path in ("/v1/documents", "/v1/tables/preview"):
        answer = send(client, ours, path, options=options)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert client.get("/v1/documents", headers=ours.as_key()).json()["total"]["value"] == 0


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [(b"", "a.csv", 422), (b"%PDF-1.7", "a.csv", 415), (b"\x7fELF" + bytes(99), "a.csv", 415)],
)
def test_what_is_no_table_has_no_preview(client: TestClient, ours: Any, content: bytes, name: str, status: int) -> None:
    assert send(client, ours, "/v1/tables/preview", content, name).status_code == status


def test_readers_preview_nothing(client: TestClient, ours: Any) -> None:
    client.cookies.clear()
    for headers in (ours.as_read_key(), ours.as_reader(), {}):
        answer = client.post("/v1/tables/preview", headers=headers, files={"file": ("news.csv", NEWS)})
        assert answer.status_code == (403 if headers else 401)


def test_another_tenants_table_and_rows_are_unknown(
    client: TestClient, ours: Any, theirs: Any, runtime: Runtime
) -> None:
    made = send(client, theirs, "/v1/documents", options={"mode": "rows"}).json()
    do_work(runtime)
    assert client.delete(f"/v1/documents/{made['id']}?rows=true", headers=ours.as_key()).status_code == 404
    assert client.get("/v1/documents", params={"parent_id": made["id"]}, headers=ours.as_key()).status_code == 404
    assert client.get(f"/v1/documents/{made['id']}", headers=theirs.as_key()).json()["rows"]["added"] == 4


def test_a_repeated_upload_with_other_options_is_told_apart(client: TestClient, ours: Any) -> None:
    client.cookies.clear()
    headers = {**ours.as_key(), "Idempotency-Key": "one"}
    answers = [
        client.post(
            "/v1/documents", headers=headers, files={"file": ("news.csv", NEWS)}, data={"options": json.dumps(options)}
        )
        for options in ({"mode": "rows"}, {"mode": "rows"}, {"mode": "sheet"})
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 422]
    assert answers[0].json() == answers[1].json()


def test_a_name_with_a_path_is_only_a_name(client: TestClient, ours: Any) -> None:
    made = send(client, ours, "/v1/documents", name="../../etc/passwd.csv", options={"mode": "rows"})
    assert made.json()["filename"] == "passwd.csv"


def test_rows_inherit_folder_and_tags_of_the_upload(client: TestClient, ours: Any, runtime: Runtime) -> None:
    client.cookies.clear()
    made = client.post(
        "/v1/documents",
        headers=ours.as_key(),
        files={"file": ("news.csv", NEWS)},
        data={"options": json.dumps({"mode": "rows"}), "folder": "Wires", "tags": ["b", "a"]},
    )
    assert (made.status_code, made.json()["folder"], made.json()["tags"]) == (202, "Wires", ["a", "b"])
    do_work(runtime)
    found = client.get("/v1/documents", params={"folder": "Wires", "tag": "a"}, headers=ours.as_key()).json()
    assert found["total"]["value"] == 5
    refused = send(client, ours, "/v1/tables/preview", folder="Wires")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/folder")


def test_a_table_is_steered_and_always_says_how_its_rows_stand(
    client: TestClient, ours: Any, theirs: Any, runtime: Runtime
) -> None:
    made = send(client, ours, "/v1/documents", options={"mode": "rows"}).json()
    path = f"/v1/documents/{made['id']}"
    for verb, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled"), ("retry", "queued")):
        assert client.post(f"{path}/{verb}", headers=theirs.as_key()).status_code == 404
        answer = client.post(f"{path}/{verb}", headers=ours.as_key())
        assert answer.json()["status"] == status, answer.text
    do_work(runtime)
    assert client.post(f"{path}/cancel", headers=ours.as_key()).status_code == 409
    again = send(client, ours, "/v1/documents", options={"mode": "rows"})
    moved = client.patch(path, headers=ours.as_key(), json={"folder": "Wires"})
    for answer in (again, moved):
        rows = answer.json()["rows"]
        assert (rows["added"], rows["ready"], rows["reading"], rows["paused"], rows["cancelled"]) == (4, 4, 0, 0, 0)


def test_many_actions_reach_the_rows_of_a_table_and_delete_takes_them_along(
    client: TestClient, ours: Any, theirs: Any, runtime: Runtime
) -> None:
    made = send(client, ours, "/v1/documents", options={"mode": "rows"}).json()
    do_work(runtime)
    client.cookies.clear()

    def act(who: Any, **body: Any) -> Any:
        return client.post("/v1/document_actions", headers=who.as_key(), json=body)

    of_table = {"parent_id": made["id"]}
    assert act(theirs, action="tag", tags=["x"], filter=of_table).json()["data"] == []
    assert act(ours, action="tag", tags=["x"], filter=of_table).json()["done"] == 4
    assert act(ours, action="tag", tags=["x"], rows=True, ids=[made["id"]]).status_code == 422
    foreign = act(theirs, action="delete", rows=True, ids=[made["id"]]).json()
    assert (foreign["done"], foreign["refused"]) == (0, 1)
    total = client.get("/v1/documents", headers=ours.as_key()).json()["total"]["value"]
    assert (total, act(ours, action="delete", rows=True, ids=[made["id"]]).json()["done"]) == (5, 1)
    assert client.get("/v1/documents", headers=ours.as_key()).json()["total"]["value"] == 0

"""Resumable uploads over HTTP: the draft's headers, and what clients do after a broken connection."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from services.runtime import Runtime
from tests.factories import do_work

PARTIAL = "application/partial-upload"
CONTENT = b"The harbour of Rotterdam was closed on Friday because of a storm. " * 100


def begun(client: TestClient, ours: Any, content: bytes = CONTENT, **more: str) -> Any:
    body = {"size": len(content), "filename": "harbour.txt", **more}
    return client.post("/v1/uploads", json=body, headers=ours.as_key())


def patch(client: TestClient, ours: Any, upload_id: str, offset: int, content: bytes) -> Any:
    headers = {**ours.as_key(), "Content-Type": PARTIAL, "Upload-Offset": str(offset)}
    return client.patch(f"/v1/uploads/{upload_id}", content=content, headers=headers)


def test_a_file_comes_in_parts(client: TestClient, runtime: Runtime, ours: Any) -> None:
    made = begun(client, ours, title="Storm")
    upload_id = made.json()["id"]
    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/uploads/{upload_id}"
    assert (made.json()["offset"], made.json()["complete"]) == (0, False)
    first = patch(client, ours, upload_id, 0, CONTENT[:3000])
    assert (first.status_code, first.json()["offset"], first.json()["document"]) == (200, 3000, None)
    head = client.head(f"/v1/uploads/{upload_id}", headers=ours.as_read_key())
    assert (head.status_code, head.content) == (204, b"")
    told = {name: head.headers[name] for name in ("upload-offset", "upload-length", "upload-complete", "cache-control")}
    assert told == {
        "upload-offset": "3000",
        "upload-length": str(len(CONTENT)),
        "upload-complete": "?0",
        "cache-control": "no-store",
    }
    assert "max-append-size=8388608" in head.headers["upload-limit"]
    listed = client.get("/v1/uploads", headers=ours.as_read_key()).json()
    assert [(each["id"], each["offset"]) for each in listed["data"]] == [(upload_id, 3000)]
    last = patch(client, ours, upload_id, 3000, CONTENT[3000:])
    assert (last.status_code, last.headers["upload-complete"]) == (202, "?1")
    document = last.json()["document"]
    assert (document["title"], document["filename"], document["duplicate"]) == ("Storm", "harbour.txt", False)
    do_work(runtime)
    shown = client.get(f"/v1/uploads/{upload_id}", headers=ours.as_key()).json()
    assert (shown["complete"], shown["document"]["status"]) == (True, "ready")
    assert client.get("/v1/uploads", headers=ours.as_key()).json()["data"] == []


def test_the_same_bytes_again_are_known(client: TestClient, ours: Any) -> None:
    first = patch(client, ours, begun(client, ours).json()["id"], 0, CONTENT)
    again = patch(client, ours, begun(client, ours).json()["id"], 0, CONTENT)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["document"]["id"] == first.json()["document"]["id"]
    assert again.json()["document"]["duplicate"]


def test_refusals_say_what_to_do(client: TestClient, ours: Any) -> None:
    upload_id = begun(client, ours).json()["id"]
    key = ours.as_key()
    wrong = patch(client, ours, upload_id, 5, CONTENT[5:])
    assert (wrong.status_code, wrong.json()["code"]) == (409, "offset_mismatch")
    assert "byte 0" in wrong.json()["detail"]
    kind = client.patch(f"/v1/uploads/{upload_id}", content=b"x", headers={**key, "Upload-Offset": "0"})
    assert kind.status_code == 415
    for offset in ({}, {"Upload-Offset": "-1"}, {"Upload-Offset": "ten"}):
        headers = {**key, "Content-Type": PARTIAL, **offset}
        assert client.patch(f"/v1/uploads/{upload_id}", content=b"x", headers=headers).status_code == 422
    large = patch(client, ours, upload_id, 0, bytes(8 * 2**20 + 1))
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert begun(client, ours, b"").json()["code"] == "empty_file"
    huge = client.post("/v1/uploads", json={"size": 2**31, "filename": "a.pdf"}, headers=key)
    assert (huge.status_code, huge.json()["code"]) == (413, "too_large")
    bad = begun(client, ours, sha256="0" * 64).json()["id"]
    damaged = patch(client, ours, bad, 0, CONTENT)
    assert (damaged.status_code, damaged.json()["code"]) == (422, "checksum_mismatch")
    assert client.get(f"/v1/uploads/{bad}", headers=key).status_code == 404


def test_given_up_it_is_gone(client: TestClient, ours: Any) -> None:
    upload_id = begun(client, ours).json()["id"]
    patch(client, ours, upload_id, 0, CONTENT[:3000])
    assert client.delete(f"/v1/uploads/{upload_id}", headers=ours.as_key()).status_code == 204
    assert patch(client, ours, upload_id, 3000, CONTENT[3000:]).status_code == 404


def test_announced_twice_under_one_key_it_is_one_upload(client: TestClient, ours: Any) -> None:
    body = {"size": 10, "filename": "a.txt"}
    headers = {**ours.as_key(), "Idempotency-Key": "once"}
    ids = {client.post("/v1/uploads", json=body, headers=headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    password = {**body, "password": "open-sesame"}
    assert client.post("/v1/uploads", json=password, headers=headers).json()["code"] == "idempotency_mismatch"

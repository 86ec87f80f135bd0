"""The demo over HTTP: who may load it, and that it comes and goes."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from services.demo.pack import items, offered


def test_only_who_may_write_loads_and_removes_it(client: TestClient, ours: Any) -> None:
    for headers in (ours.as_read_key(), ours.as_reader()):
        assert client.post("/v1/demo", headers=headers).status_code == 403
        assert client.delete("/v1/demo", headers=headers).status_code == 403
        answer = client.get("/v1/demo", headers=headers)
        assert (answer.status_code, answer.json()["loaded"]) == (200, False)


def test_it_comes_and_goes(client: TestClient, ours: Any, theirs: Any) -> None:
    made = client.post("/v1/demo", headers=ours.as_session())
    assert made.status_code == 202
    body = made.json()
    assert (body["loaded"], body["pack_size"], body["questions"]) == (True, len(items()), list(offered()))
    assert client.get("/v1/demo", headers=ours.as_read_key()).json() == body
    listed = client.get("/v1/documents", headers=ours.as_key()).json()
    assert listed["total"]["value"] == body["working"] >= 76
    assert not client.get("/v1/demo", headers=theirs.as_key()).json()["loaded"]

    gone = client.delete("/v1/demo", headers=ours.as_key())
    assert (gone.status_code, gone.json()["loaded"]) == (202, False)
    assert client.get("/v1/documents", headers=ours.as_key()).json()["total"]["value"] == 0

"""Sources over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from services.runtime import Runtime
from services.tenants.operator import operator_token

FEED = "https://news.example.org/feed.xml"


def add(client: TestClient, url: str = FEED, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/sources", json={"url": url, "kind": "feed", **fields})
    assert response.status_code in (200, 201), response.text
    return dict(response.json())


def test_adding_showing_changing_and_removing(writer: TestClient) -> None:
    made = add(writer, title="News", folder="Daily", category="world")
    assert (made["status"], made["duplicate"], made["category"]) == ("new", False, "world")
    assert writer.get(f"/v1/sources/{made['id']}").json()["title"] == "News"
    changed = writer.patch(f"/v1/sources/{made['id']}", json={"paused": True, "category": None}).json()
    assert (changed["paused"], changed["status"], changed["category"], changed["title"]) == (
        True,
        "paused",
        None,
        "News",
    )
    assert writer.delete(f"/v1/sources/{made['id']}").status_code == 204
    assert writer.get(f"/v1/sources/{made['id']}").status_code == 404


@pytest.mark.parametrize("field", ["paused", "title"])
def test_what_cannot_be_emptied_is_refused(writer: TestClient, field: str) -> None:
    made = add(writer)
    writer.patch(f"/v1/sources/{made['id']}", json={"paused": True})
    assert writer.patch(f"/v1/sources/{made['id']}", json={field: None}).status_code == 422
    assert writer.get(f"/v1/sources/{made['id']}").json()["paused"] is True


def test_the_same_address_again_is_told(writer: TestClient) -> None:
    first = add(writer)
    response = writer.post("/v1/sources", json={"url": f"{FEED}#x", "kind": "feed"})
    assert (response.status_code, response.json()["id"], response.json()["duplicate"]) == (200, first["id"], True)


def test_an_idempotency_key_adds_once(writer: TestClient) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"url": FEED, "kind": "feed"}
    first, second = (writer.post("/v1/sources", json=body, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()


def test_lists_page_by_title(writer: TestClient) -> None:
    for name in ("b", "a", "c"):
        add(writer, f"https://{name}.example.org/feed", title=name)
    page = writer.get("/v1/sources", params={"limit": 2}).json()
    rest = writer.get("/v1/sources", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [row["title"] for row in [*page["data"], *rest["data"]]] == ["a", "b", "c"]
    assert (page["total"]["value"], rest["next_cursor"]) == (3, None)
    assert writer.get("/v1/sources", params={"limit": 2, "q": "x", "cursor": page["next_cursor"]}).status_code == 422


def test_crawling_now_queues_one_visit(writer: TestClient) -> None:
    made = add(writer)
    first = writer.post(f"/v1/sources/{made['id']}/run")
    second = writer.post(f"/v1/sources/{made['id']}/run")
    assert first.status_code == second.status_code == 202
    assert first.json()["job_id"] == second.json()["job_id"]


def test_empty_logs_are_lists(writer: TestClient) -> None:
    made = add(writer)
    assert writer.get(f"/v1/sources/{made['id']}/items").json()["data"] == []
    assert writer.get(f"/v1/sources/{made['id']}/runs").json()["data"] == []
    health = writer.get(f"/v1/sources/{made['id']}/health").json()
    assert (health["counts"], health["extraction_share"], len(health["days"])) == ({}, None, 14)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "http://10.0.0.1/feed", "kind": "feed"}, 422, "egress_denied"),
        ({"url": "nonsense", "kind": "feed"}, 422, "invalid_input"),
        ({"url": FEED, "kind": "podcast"}, 422, "invalid_input"),
        ({"url": FEED, "kind": "feed", "tenant_id": "ten_x"}, 422, "invalid_input"),
        ({"url": FEED, "kind": "feed", "category": "gossip"}, 422, "invalid_input"),
        ({}, 422, "invalid_input"),
    ],
)
def test_wrong_requests_say_why(writer: TestClient, body: dict[str, Any], status: int, code: str) -> None:
    response = writer.post("/v1/sources", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"]


def test_opml_and_packs(writer: TestClient) -> None:
    packs = writer.get("/v1/source_packs").json()["data"]
    assert packs
    done = writer.post(f"/v1/source_packs/{packs[0]['name']}").json()
    assert len(done["added"]) == packs[0]["source_count"]
    opml = writer.get("/v1/opml")
    assert opml.headers["content-type"].startswith("text/x-opml")
    again = writer.post("/v1/opml", json={"opml": opml.text}).json()
    assert (again["added"], again["known_count"]) == ([], packs[0]["source_count"])
    assert writer.post("/v1/source_packs/none").status_code == 404
    assert writer.post("/v1/opml", json={"opml": "<html/>"}).status_code == 422


def test_site_rules_are_written_and_removed(writer: TestClient) -> None:
    put = writer.put("/v1/site_rules/www.Example.org", json={"content": "div.story"})
    assert (put.status_code, put.json()["domain"]) == (200, "example.org")
    assert [rule["content"] for rule in writer.get("/v1/site_rules").json()["data"]] == ["div.story"]
    assert writer.put("/v1/site_rules/example.org", json={}).status_code == 422
    wrong = writer.put("/v1/site_rules/example.org", json={"content": "div[", "remove": "aside"})
    assert (wrong.status_code, [field["pointer"] for field in wrong.json()["errors"]]) == (422, ["/content"])
    assert writer.delete("/v1/site_rules/example.org").status_code == 204
    assert writer.delete("/v1/site_rules/example.org").status_code == 404


def test_only_the_operator_lifts_what_the_operator_took_down(writer: TestClient, runtime: Runtime) -> None:
    operator = {"Authorization": f"Bearer {operator_token(runtime.settings.data_dir)}"}
    wish = {"domain": "example.org", "reason": "court order"}
    assert writer.post("/v1/admin/takedowns", json=wish, headers=operator).status_code == 200
    assert [row["by_operator"] for row in writer.get("/v1/takedowns").json()["data"]] == [True]
    refused = writer.delete("/v1/takedowns/example.org")
    assert (refused.status_code, "tidings takedown" in refused.json()["detail"]) == (409, True)
    assert writer.delete("/v1/admin/takedowns/example.org").status_code in (401, 403)
    assert writer.delete("/v1/admin/takedowns/example.org", headers=operator).status_code == 204
    assert writer.get("/v1/takedowns").json()["data"] == []
    assert writer.delete("/v1/admin/takedowns/example.org", headers=operator).status_code == 404


def test_take_downs_are_made_listed_and_lifted(writer: TestClient) -> None:
    made = writer.post("/v1/takedowns", json={"domain": "example.org", "reason": "asked to"})
    assert (made.status_code, made.json()["document_count"]) == (200, 0)
    assert writer.post("/v1/sources", json={"url": FEED, "kind": "feed"}).status_code == 409
    assert [row["domain"] for row in writer.get("/v1/takedowns").json()["data"]] == ["example.org"]
    assert writer.delete("/v1/takedowns/example.org").status_code == 204
    assert add(writer)["status"] == "new"

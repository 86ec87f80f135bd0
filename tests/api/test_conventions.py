"""What holds for every operation of the API, generated from its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.errors import PROBLEM_TYPE
from api.export import CONTRACT, contract
from api.schemas.common import Problem
from services.ids import new_id
from services.ingest.library import steer
from services.ingest.submit import submit
from services.models import Base, CrawlRun
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.tenants.operator import operator_token
from tests.factories import do_work, make_item, make_rule, make_source, store, text_document

METHODS = ("get", "post", "put", "patch", "delete")
ROWS = 7
# POSTs that make nothing that a repeat would make twice, or whose repeat is refused by what they made.
WITHOUT_IDEMPOTENCY = {
    "auth_login",
    "auth_logout",
    "language_model_test",
    "search_post",
    "facets_count",
    "histogram_count",
    "tables_preview",
    "retention_preview",
    "setup_create",
    "tenants_create",
    "tenant_users_create",
    "tenant_api_keys_create",
    "tenant_reindex_create",
    "tenant_reconcile_create",
    "tenant_snapshots_create",
    "tenant_restore_create",
    "sources_discover",
    "takedowns_create",
    "takedowns_everywhere",
    "answers_cancel",
}
# The answer holds a secret that is stored nowhere: a repeat is refused instead of replayed.
NOT_REPLAYED = {"api_keys_create"}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime that embeds and indexes, unlike that of the other files here."""
    opened = open_runtime(Settings(data_dir=tmp_path / "data", embedder_model="fake:hash"), with_bell=False)
    Base.metadata.create_all(opened.database)
    opened.embedder.start()
    opened.embedder.wait(10)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    described: dict[str, Any]
    document: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.described["operationId"])

    def address(self, **ids: str) -> str:
        names = [each["name"] for each in self.described.get("parameters", []) if each["in"] == "path"]
        return self.path.format(**{name: ids.get(name, "none_0") for name in names})

    def body_schema(self) -> dict[str, Any] | None:
        content = self.described.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else self.resolved(content["schema"])

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return dict(self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
        return schema

    def takes(self, parameter: str) -> bool:
        return any(each["name"].lower() == parameter.lower() for each in self.described.get("parameters", []))


def operations(document: dict[str, Any]) -> list[Operation]:
    return [
        Operation(method.upper(), path, described, document)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method in METHODS
    ]


COMMITTED: dict[str, Any] = json.loads(CONTRACT.read_text())
OPERATIONS = operations(COMMITTED)
WITH_BODY = [operation for operation in OPERATIONS if operation.body_schema() is not None]


def named(chosen: list[Operation]) -> Any:
    return pytest.mark.parametrize("operation", chosen, ids=lambda operation: operation.id)


def headers_for(app: FastAPI, operation: Operation, who: Any) -> dict[str, str]:
    if operation.described["x-access"] == "operator":
        return {"Authorization": f"Bearer {operator_token(app.state.runtime.settings.data_dir)}"}
    return dict(who.as_session())


def test_the_committed_contract_is_what_the_code_says() -> None:
    assert CONTRACT.read_text() == contract(), "run `make client` and commit the result"


def test_operation_names_are_unique_and_say_resource_and_verb() -> None:
    names = [operation.id for operation in OPERATIONS]
    assert len(names) == len(set(names))
    assert all("_" in name and name == name.lower() for name in names)


@named(OPERATIONS)
def test_every_operation_is_described(operation: Operation) -> None:
    described = operation.described
    assert described["summary"]
    assert len(described["tags"]) == 1
    for status, response in described["responses"].items():
        if status not in ("204", "default") and status < "300":
            assert all(content.get("schema") or content.get("itemSchema") for content in response["content"].values())
            assert response["content"]
        elif status not in ("204", "304"):
            assert PROBLEM_TYPE in response["content"] or status == "503"


@named(WITH_BODY)
def test_every_body_has_an_example_that_is_accepted_as_one(operation: Operation, app: FastAPI, ours: Any) -> None:
    schema = operation.body_schema()
    assert schema is not None
    assert schema.get("examples") or schema.get("properties")
    assert schema.get("additionalProperties") is False


@named(WITH_BODY)
def test_an_unknown_field_is_refused_and_named(
    operation: Operation, app: FastAPI, client: TestClient, ours: Any
) -> None:
    schema = operation.body_schema()
    assert schema is not None
    body = {**(schema.get("examples") or [{}])[0], "colour": "blue"}
    headers = headers_for(app, operation, ours)
    answer = client.request(operation.method, operation.address(tenant_id="ten_0"), headers=headers, json=body)
    assert answer.status_code == 422
    assert "/colour" in [error["pointer"] for error in answer.json()["errors"]]


@named([operation for operation in OPERATIONS if operation.path.startswith("/v1/")])
def test_an_unknown_parameter_is_refused_and_named(
    operation: Operation, app: FastAPI, client: TestClient, ours: Any
) -> None:
    known = [each["name"] for each in operation.described.get("parameters", []) if each["in"] == "query"]
    ids = {"tenant_id": ours.scope.tenant_id}
    sent = {"method": operation.method, "url": operation.address(**ids), "params": {"colour": "blue"}}
    answer = client.request(**sent, headers=headers_for(app, operation, ours))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "query/colour"
    # All that the contract names are told, so those that are checked are those that it declares.
    told = f"there are {', '.join(known)}" if known else "this address takes none"
    assert error["reason"] == f"unknown parameter; {told}"
    if operation.described["x-access"] != "public":
        assert client.request(**sent).status_code == 401


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *(("afer", "published_after"), ("before", "published_before"), ("langs", "lang"), ("language", "lang")),
        *(("query", "q"), ("Limit", "limit"), ("categories", "category"), ("not_tags", "not_tag"), ("size", None)),
    ],
)
def test_a_mistyped_parameter_is_told_which_was_meant(
    given: str, meant: str | None, client: TestClient, ours: Any
) -> None:
    answer = client.get("/v1/search", headers=ours.as_key(), params={given: "2026-01-01", "q": "rates"})
    if meant is None:
        assert "did you mean" not in answer.json()["detail"]
    else:
        assert answer.json()["detail"] == f"query/{given}: unknown parameter; did you mean {meant}?"


def test_probes_may_bring_parameters_of_their_own(client: TestClient) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path, params={"at": "1"}).status_code in (200, 401, 503)


@named(OPERATIONS)
def test_refusals_have_one_shape_and_the_request_id(operation: Operation, app: FastAPI, client: TestClient) -> None:
    requests: list[dict[str, Any]] = [
        {"headers": {"Authorization": "Bearer tdg_wrong"}},
        {"headers": {"Authorization": "Bearer tdg_wrong"}, "content": b"{", "method": "PUT"},
        {"headers": {"Host": "elsewhere.example"}},
        {"headers": {"Content-Length": "99999999999"}, "content": b"x"},
    ]
    for request in requests:
        answer = client.request(**{"method": operation.method, "url": operation.address(), **request})
        assert answer.headers["x-request-id"]
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == PROBLEM_TYPE
            problem = Problem.model_validate(answer.json())
            assert problem.request_id == answer.headers["x-request-id"]
            assert problem.status == answer.status_code
            assert problem.code in problem.type


@pytest.mark.parametrize("path", COMMITTED["paths"])
def test_a_wrong_method_is_told_all_right_ones(path: str, client: TestClient) -> None:
    known = {method.upper() for method in COMMITTED["paths"][path]}
    wrong = next(method for method in ("PATCH", "PUT") if method not in known)
    answer = client.request(wrong, path.replace("{", "").replace("}", ""))
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == known


@pytest.mark.parametrize("moment", [0, 0.5, 1764000000, True, "0", "1764000000", "2026-11-22", "2026-11-22T08:00:00"])
def test_a_time_is_text_with_its_zone(moment: Any, client: TestClient, ours: Any) -> None:
    refused = client.post("/v1/search", headers=ours.as_key(), json={"filters": {"published_after": moment}})
    assert refused.status_code == 422
    in_address = client.get("/v1/search", headers=ours.as_key(), params={"published_after": str(moment)})
    assert in_address.status_code == 422


def test_posts_take_an_idempotency_key_unless_listed() -> None:
    posts = {operation.id: operation for operation in OPERATIONS if operation.method == "POST"}
    without = {name for name, operation in posts.items() if not operation.takes("Idempotency-Key")}
    assert without == WITHOUT_IDEMPOTENCY


# The ids in the address and the body to send, by operation.
REPEATED: dict[str, Callable[[Any], tuple[dict[str, str], Any]]] = {
    "documents_create": lambda who: ({}, {"text": "The ferry ran late."}),
    "documents_retry": lambda who: ({"document_id": broken_document(who)}, None),
    "documents_cancel": lambda who: ({"document_id": waiting_document(who)}, None),
    "documents_pause": lambda who: ({"document_id": waiting_document(who)}, None),
    "documents_resume": lambda who: ({"document_id": paused_document(who)}, None),
    "document_actions_create": lambda who: ({}, {"action": "tag", "tags": ["budget"], "ids": [waiting_document(who)]}),
    "answers_create": lambda who: ({}, {"question": "Did the ferry run late?", "stream": False}),
    "api_keys_create": lambda who: ({}, {"name": "Morning briefing", "scope": "read"}),
    "sources_create": lambda who: ({}, {"url": "https://news.example.org/feed", "kind": "feed"}),
    "sources_run": lambda who: ({"source_id": make_source(who.scope).id}, None),
    "opml_import": lambda who: ({}, {"opml": OPML}),
    "source_packs_add": lambda who: ({"name": "world"}, None),
    "demo_load": lambda who: ({}, None),
    "retention_rules_create": lambda who: ({}, RULE),
    "retention_rules_apply": lambda who: ({"rule_id": make_rule(who.scope).id}, None),
    "saved_searches_create": lambda who: ({}, {"name": "Ferries", "query": "ferry late"}),
    "uploads_create": lambda who: ({}, {"size": 20, "filename": "ferry.txt"}),
}
RULE = {"name": "Old news", "action": "archive", "conditions": {"older_than_days": 90}}
OPML = '<opml version="2.0"><body><outline text="News" xmlUrl="https://news.example.org/feed"/></body></opml>'


def broken_document(who: Any) -> str:
    """The id of a document that could not be read."""
    document = store(who.scope, text_document("%PDF-1.7 torn", filename="torn.pdf"))
    assert document.status == "failed"
    return document.id


def waiting_document(who: Any) -> str:
    """The id of a document that nobody read yet."""
    return submit(who.scope, text_document("The ferry waits.")).document.id


def paused_document(who: Any) -> str:
    """The id of a document whose reading was paused."""
    return steer.pause_document(who.scope, waiting_document(who)).id


@named([operation for operation in OPERATIONS if operation.takes("Idempotency-Key")])
def test_a_repeated_post_has_one_effect(operation: Operation, app: FastAPI, client: TestClient, ours: Any) -> None:
    ids, body = REPEATED[operation.id](ours)
    headers = {**headers_for(app, operation, ours), "Idempotency-Key": "once"}
    send = {"method": operation.method, "url": operation.address(**ids), "headers": headers, "json": body}
    first, second = client.request(**send), client.request(**send)
    assert first.status_code < 300, first.text
    if operation.id in NOT_REPLAYED:
        assert second.status_code == 409
    else:
        assert (second.status_code, second.content) == (first.status_code, first.content)
        assert second.headers["idempotent-replayed"] == "true"


def make_sources(client: TestClient, who: Any) -> None:
    for number in range(ROWS):
        make_source(who.scope, url=f"https://news.example.org/{number}", title=f"Feed {number % 3}")


def make_items(client: TestClient, who: Any) -> dict[str, str]:
    source = make_source(who.scope)
    for number in range(ROWS):
        make_item(who.scope, source, url=f"https://news.example.org/{number}")
    return {"source_id": source.id}


def make_runs(client: TestClient, who: Any) -> dict[str, str]:
    source = make_source(who.scope)
    with who.scope.write() as tx:
        for _ in range(ROWS):
            tx.add(CrawlRun(id=new_id("run"), source_id=source.id, job_id=new_id("job"), trigger="schedule"))
    return {"source_id": source.id}


def make_documents(client: TestClient, who: Any) -> None:
    for number in range(ROWS):
        store(who.scope, text_document(f"The harbour report of day {number} counts {number} ships."))


def make_answers(client: TestClient, who: Any) -> None:
    for number in range(ROWS):
        body = {"question": f"What of day {number}?", "stream": False}
        assert client.post("/v1/answers", headers=who.as_key(), json=body).status_code == 200


def make_keys(client: TestClient, who: Any) -> None:
    for number in range(ROWS):
        body = {"name": f"Key {number}", "scope": "read"}
        assert client.post("/v1/api_keys", headers=who.as_session(), json=body).status_code == 201


def make_keys_of_tenant(client: TestClient, who: Any) -> dict[str, str]:
    make_keys(client, who)
    return {"tenant_id": who.scope.tenant_id}


def make_saved_searches(client: TestClient, who: Any) -> None:
    for number in range(ROWS):
        body = {"name": f"Search {number}", "query": "harbour"}
        assert client.post("/v1/saved_searches", headers=who.as_key(), json=body).status_code == 201


def make_feedback(client: TestClient, who: Any) -> None:
    make_answers(client, who)
    for answer in client.get("/v1/answers", headers=who.as_key()).json()["data"]:
        body = {"rating": "down", "reasons": ["old"]}
        given = client.put(f"/v1/answers/{answer['id']}/feedback", headers=who.as_key(), json=body)
        assert given.status_code == 200


# What makes rows, with the ids in the address where there are any, and further parameters.
PAGED: dict[str, tuple[Callable[[TestClient, Any], dict[str, str] | None], dict[str, str]]] = {
    "documents_list": (make_documents, {}),
    "answers_list": (make_answers, {}),
    "threads_list": (make_answers, {}),
    "saved_searches_list": (make_saved_searches, {}),
    "feedback_list": (make_feedback, {}),
    "api_keys_list": (make_keys, {}),
    "tenant_api_keys_list": (make_keys_of_tenant, {}),
    "search_get": (make_documents, {"q": "harbour report", "fold": "false"}),
    "sources_list": (make_sources, {}),
    "source_items_list": (make_items, {}),
    "source_runs_list": (make_runs, {}),
}


@named([operation for operation in OPERATIONS if operation.method == "GET" and operation.takes("cursor")])
def test_cursors_visit_every_row_once(operation: Operation, app: FastAPI, client: TestClient, ours: Any) -> None:
    make, parameters = PAGED[operation.id]
    address = operation.address(**(make(client, ours) or {}))
    is_operators = operation.described["x-access"] == "operator"
    headers = headers_for(app, operation, ours) if is_operators else ours.as_key()

    def page(**more: Any) -> Any:
        answer = client.get(address, headers=headers, params={**parameters, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    everything = page(limit=100)
    assert everything["next_cursor"] is None
    expected = [row_id(row) for row in everything["data"]]
    assert len(set(expected)) == everything["total"]["value"] >= ROWS
    for limit in (1, 2, 3, ROWS):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            found = page(limit=limit, **cursor)
            seen += [row_id(row) for row in found["data"]]
            if found["next_cursor"] is None:
                break
            cursor = {"cursor": found["next_cursor"]}
        assert seen == expected


def row_id(row: dict[str, Any]) -> str:
    return str(row["id"] if "id" in row else row["document"]["id"])


def test_a_cursor_holds_only_where_it_was_given(client: TestClient, ours: Any, theirs: Any) -> None:
    make_documents(client, ours)
    do_work(ours.scope.runtime)
    cursor = client.get("/v1/documents", headers=ours.as_key(), params={"limit": 2}).json()["next_cursor"]
    for who, path, more in (
        (theirs, "/v1/documents", {}),
        (ours, "/v1/answers", {}),
        (ours, "/v1/search", {"q": "harbour"}),
        (ours, "/v1/documents", {"status": "ready"}),
        (ours, "/v1/documents", {"cursor": cursor[:-2] + "AA"}),
    ):
        answer = client.get(path, headers=who.as_key(), params={"cursor": cursor, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_a_title_is_as_short_in_a_form_as_in_json(client: TestClient, ours: Any) -> None:
    title = "t" * 501
    form = client.post("/v1/documents", headers=ours.as_key(), files={"file": ("a", b"a")}, data={"title": title})
    body = client.post("/v1/documents", headers=ours.as_key(), json={"text": "a", "title": title})
    for answer in (form, body):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/title")

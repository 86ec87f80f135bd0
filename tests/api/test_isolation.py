"""Generated from OpenAPI: whatever routes there are, nobody gets in without a credential or to another tenant.

All of it on Qdrant Edge, and on the server's store in both placements of `vector_placement`.

A route with an id parameter that is not in FOREIGN fails here until somebody says how to make a foreign object for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from services.ids import new_id
from services.models import Answer, Base, Document
from services.models.base import utc_now
from services.runtime import Runtime
from services.search.query import Filters
from services.today.saved import save
from services.uploads.uploads import NewUpload, begin
from tests.api.conftest import open_test_runtime
from tests.factories import do_work, make_rule, make_source, store, text_document
from tests.qdrant_server.process import QdrantServer

PUBLIC = {
    "GET /livez",
    "GET /readyz",
    "GET /v1/version",
    "GET /v1/setup",
    "POST /v1/setup",
    "POST /v1/auth/login",
}
PARAMETER = re.compile(r"{(\w+)}")
# Only the operator's routes take these; the operator may see every tenant.
OPERATOR_PARAMETERS = {"tenant_id", "job_id", "key_id"}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    server = QdrantServer(tmp_path_factory.mktemp("qdrant"), api_key="a key").start()
    yield server
    server.close()


@pytest.fixture(params=["edge", "dedicated", "shared"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    chosen: dict[str, Any] = {}
    if request.param != "edge":
        server: QdrantServer = request.getfixturevalue("stand_in")
        chosen = {"qdrant_url": server.url, "qdrant_api_key": server.api_key, "vector_placement": request.param}
    opened = open_test_runtime(tmp_path / "data", **chosen)
    yield opened
    opened.close()


def make_document(organisation: Any) -> str:
    document_id = new_id("doc")
    with organisation.scope.write() as tx:
        tx.add(
            Document(
                id=document_id,
                type="text",
                content_type="text/plain",
                source="uploads",
                content_hash=hashlib.sha256(document_id.encode()).hexdigest(),
                byte_count=4,
                blob_key="none/none",
                title="theirs",
                text="text",
                status="ready",
                stage="ready",
                first_seen_at=utc_now(),
            )
        )
    return document_id


def make_answer(organisation: Any) -> str:
    answer_id = new_id("ans")
    with organisation.scope.write() as tx:
        tx.add(
            Answer(
                id=answer_id,
                thread_id=thread_of(answer_id),
                actor_id="usr_x",
                question="what?",
                asked="what?",
                filters={},
                status="done",
                mode="extractive",
                usage={},
            )
        )
    return answer_id


def thread_of(answer_id: str) -> str:
    return answer_id.replace("ans_", "thr_")


def make_upload(organisation: Any) -> str:
    return begin(organisation.scope, NewUpload(byte_count=4, filename="theirs.txt")).id


def make_source_of(organisation: Any) -> str:
    return make_source(organisation.scope).id


def make_saved_search(organisation: Any) -> str:
    """One that the organisation's key keeps: what a person keeps their colleagues do not see either."""
    keeper = replace(organisation.scope, actor_id=organisation.write_key_id)
    return save(keeper, "theirs", "a secret query", Filters()).row.id


# How to make another tenant's object, by the parameter that would name it.
FOREIGN: dict[str, Callable[[Any], str]] = {
    "session_id": lambda organisation: organisation.session_id,
    "key_id": lambda organisation: organisation.write_key_id,
    "document_id": make_document,
    "parent_id": make_document,
    "answer_id": make_answer,
    "thread_id": lambda organisation: thread_of(make_answer(organisation)),
    "source_id": make_source_of,
    "upload_id": make_upload,
    "rule_id": lambda organisation: make_rule(organisation.scope).id,
    "saved_search_id": make_saved_search,
}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    access: str
    id_parameters: tuple[tuple[str, str], ...]
    example: Any

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def operations(app: FastAPI) -> Iterator[Operation]:
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            ids = tuple(
                (parameter["in"], parameter["name"])
                for parameter in operation.get("parameters", [])
                if parameter["in"] in ("path", "query") and parameter["name"].removesuffix("[]").endswith("id")
            )
            yield Operation(method.upper(), path, operation["x-access"], ids, example_of(operation, document))


def example_of(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return (schema.get("examples") or [{}])[0]


def send(client: TestClient, operation: Operation, headers: dict[str, str], ids: dict[str, str]) -> Any:
    client.cookies.clear()
    named = dict.fromkeys(PARAMETER.findall(operation.path), "example.org") | {"number": "1"}
    path = operation.path.format(
        **named | {name: ids[name] for place, name in operation.id_parameters if place == "path"}
    )
    query = {name: ids[name] for place, name in operation.id_parameters if place == "query"}
    return client.request(operation.method, path, headers=headers, params=query, json=operation.example)


def filled(operation: Operation) -> dict[str, str]:
    return {name: new_id("doc") for _, name in operation.id_parameters}


def without_request_id(response: Any) -> dict[str, Any]:
    return {name: value for name, value in response.json().items() if name != "request_id"}


def fingerprint(runtime: Runtime, tenant_id: str) -> str:
    """Everything stored for a tenant, except when its credentials were last used."""
    digest = hashlib.sha256()
    with runtime.session(write=False) as (session, _):
        for table in Base.metadata.sorted_tables:
            if "tenant_id" in table.c:
                columns = [column for column in table.c if column.name not in ("last_used_at", "last_seen_at")]
                rows = session.execute(select(*columns).where(table.c.tenant_id == tenant_id))
                digest.update(repr((table.name, sorted(map(repr, rows)))).encode())
    return digest.hexdigest()


def test_public_routes_are_exactly_the_listed_ones(app: FastAPI) -> None:
    assert {operation.name for operation in operations(app) if operation.access == "public"} == PUBLIC


def test_all_id_parameters_have_a_foreign_object(app: FastAPI) -> None:
    for operation in operations(app):
        for _, name in operation.id_parameters:
            known = OPERATOR_PARAMETERS if operation.access == "operator" else FOREIGN.keys()
            assert name in known, f"{operation.name}: register {name!r} in FOREIGN"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer garbage"},
        {"Authorization": "Bearer tdg_0000000000000000000000000000000000000000000"},
        {"Authorization": "Bearer tdo_garbage"},
        {"Authorization": "Basic b3duZXI6cGFzc3dvcmQ="},
        {"Authorization": ""},
        {"Cookie": "tidings_session=garbage", "Origin": "http://localhost"},
        {"Cookie": "__Host-tidings_session=garbage", "Origin": "http://localhost"},
        {"X-Tenant-ID": "ten_1", "X-Forwarded-User": "owner@theirs.example"},
    ],
    ids=["none", "garbage", "key-like", "operator-like", "basic", "empty", "cookie", "host-cookie", "proxy-headers"],
)
def test_no_route_opens_without_a_credential(app: FastAPI, client: TestClient, headers: dict[str, str]) -> None:
    for operation in operations(app):
        if operation.name not in PUBLIC:
            response = send(client, operation, headers, filled(operation))
            assert response.status_code == 401, operation.name
            assert response.headers["www-authenticate"].startswith("Bearer"), operation.name
            assert response.json()["code"] == "unauthenticated", operation.name


def test_revoked_and_expired_credentials_open_nothing(app: FastAPI, client: TestClient, ours: Any) -> None:
    from services.tenants import keys, people

    people.revoke_session(ours.scope, ours.user_id, ours.session_id)
    keys.revoke_key(ours.scope, ours.write_key_id)
    for operation in operations(app):
        if operation.name not in PUBLIC:
            for headers in (ours.as_session(), ours.as_key()):
                assert send(client, operation, headers, filled(operation)).status_code == 401, operation.name


def test_foreign_ids_look_like_unknown_ones(
    app: FastAPI, client: TestClient, runtime: Runtime, ours: Any, theirs: Any
) -> None:
    foreign = {name: make(theirs) for name, make in FOREIGN.items()}
    unknown = {name: new_id(value.split("_")[0]) for name, value in foreign.items()}
    before = fingerprint(runtime, theirs.scope.tenant_id)
    for operation in operations(app):
        if not operation.id_parameters or operation.access == "operator":
            continue
        for headers in (ours.as_session(), ours.as_key(), ours.as_read_key(), ours.as_reader()):
            reads_only = headers in (ours.as_read_key(), ours.as_reader())
            expected = 403 if operation.access == "write" and reads_only else 404
            theirs_answer = send(client, operation, headers, foreign)
            nobodys_answer = send(client, operation, headers, unknown)
            assert theirs_answer.status_code == nobodys_answer.status_code == expected, operation.name
            assert without_request_id(theirs_answer) == without_request_id(nobodys_answer), operation.name
    assert fingerprint(runtime, theirs.scope.tenant_id) == before


def test_the_owner_of_a_thing_does_see_it(app: FastAPI, client: TestClient, theirs: Any) -> None:
    own = {name: make(theirs) for name, make in FOREIGN.items()}
    shown = [
        operation
        for operation in operations(app)
        if operation.method == "GET" and operation.path.endswith("}") and operation.access == "read"
    ]
    for operation in shown:
        assert send(client, operation, theirs.as_key(), own).status_code == 200, operation.name


def test_readers_change_nothing(app: FastAPI, client: TestClient, ours: Any) -> None:
    for operation in operations(app):
        if operation.access == "write":
            for headers in (ours.as_read_key(), ours.as_reader()):
                response = send(client, operation, headers, filled(operation))
                assert (response.status_code, response.json()["code"]) == (403, "forbidden"), operation.name


def test_tenants_credentials_do_not_open_operator_routes(app: FastAPI, client: TestClient, ours: Any) -> None:
    for operation in operations(app):
        if operation.access == "operator":
            for headers in (ours.as_session(), ours.as_key()):
                assert send(client, operation, headers, filled(operation)).status_code == 401, operation.name


def test_the_operators_token_opens_no_tenants_route(app: FastAPI, client: TestClient, runtime: Runtime) -> None:
    token = (runtime.settings.data_dir / "operator.token").read_text().strip()
    for operation in operations(app):
        if operation.access in ("read", "write"):
            headers = {"Authorization": f"Bearer {token}"}
            assert send(client, operation, headers, filled(operation)).status_code == 401, operation.name


def test_changing_requests_with_a_cookie_need_our_origin(app: FastAPI, client: TestClient, ours: Any) -> None:
    cookie = {"Cookie": f"tidings_session={ours.cookie}"}
    for operation in operations(app):
        if operation.access in ("read", "write") and operation.method != "GET":
            for origin in ({}, {"Origin": "null"}, {"Origin": "https://localhost.evil.example"}):
                response = send(client, operation, cookie | origin, filled(operation))
                assert (response.status_code, response.json()["code"]) == (403, "bad_origin"), operation.name


def test_every_request_body_refuses_unknown_fields(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    pending = [
        content["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    ]
    seen: set[str] = set()
    while pending:
        schema = pending.pop()
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        if name and name not in seen:
            seen.add(name)
            pending.append(schemas[name])
        if schema.get("type") == "object" and "properties" in schema:
            assert schema.get("additionalProperties") is False, schema.get("title")
        pending += [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("properties", {}).values()]
        if isinstance(schema.get("items"), dict):
            pending.append(schema["items"])
    assert seen


def test_every_operation_documents_its_refusals(app: FastAPI) -> None:
    for methods in app.openapi()["paths"].values():
        for operation in methods.values():
            assert operation["responses"]["default"]["content"].keys() == {"application/problem+json"}
            assert operation["tags"]
            assert "_" in operation["operationId"]
            if operation["x-access"] != "public":
                assert operation["security"]


def test_nobody_finds_or_is_answered_from_another_tenants_documents(client: TestClient, ours: Any, theirs: Any) -> None:
    """Both have the same text and a secret of their own."""
    kept = {}
    for organisation, secret in ((ours, "aurelian"), (theirs, "basilisk")):
        shared = "The harbour of Rotterdam was closed on Friday because of a storm."
        kept[secret] = [
            store(organisation.scope, text_document(shared, title="Harbour")).id,
            store(organisation.scope, text_document(f"The {secret} plan moves the harbour.", title=secret)).id,
        ]
    for organisation, own, foreign in ((ours, "aurelian", "basilisk"), (theirs, "basilisk", "aurelian")):
        for text in ("harbour storm", foreign, f"{foreign} plan", own):
            found = client.get("/v1/search", params={"q": text}, headers=organisation.as_read_key())
            asked = client.post("/v1/answers", json={"question": f"{text}?"}, headers=organisation.as_key())
            assert (found.status_code, asked.status_code) == (200, 200)
            for answer in (found, asked):
                assert not [word for word in (*kept[foreign], foreign + " plan moves") if word in answer.text], text
        own_found = client.get("/v1/search", params={"q": own}, headers=organisation.as_read_key()).json()
        assert own_found["data"][0]["document"]["id"] == kept[own][1]
    deleted = client.delete(f"/v1/documents/{kept['aurelian'][0]}", headers=ours.as_key())
    assert deleted.status_code in (202, 204)
    do_work(ours.scope.runtime)
    assert client.get("/v1/search", params={"q": "storm"}, headers=theirs.as_read_key()).json()["data"]

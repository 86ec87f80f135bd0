"""Requests made from the OpenAPI document, right and wrong ones: every answer is one that the document describes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api.app import create_app
from api.export import CONTRACT
from services.models import Base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.tenants import keys, people, tenants
from services.tenants.operator import operator_token
from tests.factories import html_document, store, text_document

# These answer with streams, which have tests of their own.
STREAMS = ("/v1/events", "/v1/documents/{document_id}/events", "/v1/sources/{source_id}/events")
# It takes nothing that could be wrong, and writes 77 documents to the disk each time.
HEAVY = "demo_load"
# Keys are made by people, not by programs.
NEEDS_A_PERSON = {"api_keys_create", "sessions_list", "sessions_revoke", "auth_logout"}
# More of them, and others each time, for a longer search: TIDINGS_TEST_EXAMPLES=300.
EXAMPLES = int(os.environ.get("TIDINGS_TEST_EXAMPLES", "0"))


class Current:
    """Stands for the application of the running tests: the operations are known before there is one."""

    app: FastAPI

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


schemathesis.serializer.alias("application/partial-upload", "application/octet-stream")

current = Current()
schema = schemathesis.openapi.from_path(CONTRACT).exclude(path=list(STREAMS)).exclude(operation_id=HEAVY)
schema.app = current
schema.config.generation.update(deterministic=not EXAMPLES, allow_x00=False)
# A wrong request may also be too large, which schemathesis does not take for a refusal by itself.
schema.config.checks.negative_data_rejection.expected_statuses.append("413")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """An application with a tenant, a person and some documents in it."""
    folder = tmp_path_factory.mktemp("fuzzed")
    runtime = open_runtime(
        Settings(
            data_dir=folder / "data",
            embedder_model="fake:hash",
            allowed_hosts=["testserver"],
            requests_per_minute=1_000_000,
        ),
        with_bell=False,
    )
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    scope = Scope(runtime, tenants.create_tenant(runtime, "Fuzzed").id, "test")
    owner = people.add_user(scope, email="ada@example.org", name="Ada", password="four quiet words here", role="owner")
    for raw in (text_document("The harbour strike ended."), html_document("Rates", "The bank raised rates.|Twice.")):
        store(scope, raw)
    app = create_app(runtime, dist=folder / "dist")
    app.state.owner_id = owner.id
    current.app = app
    yield app
    runtime.close()


def credential(app: FastAPI, case: Case) -> dict[str, str]:
    """A new credential for each request, since some requests end the one they are made with."""
    runtime: Runtime = app.state.runtime
    tenant = tenants.list_tenants(runtime)[0]
    scope = Scope(runtime, tenant.id, "test")
    raw = case.operation.definition.raw
    if raw["x-access"] == "operator":
        return {"Authorization": f"Bearer {operator_token(runtime.settings.data_dir)}"}
    if raw["operationId"] in NEEDS_A_PERSON:
        cookie, _ = people.open_session(scope, app.state.owner_id)
        return {"Cookie": f"tidings_session={cookie}", "Origin": "http://localhost"}
    _, key = keys.create_key(scope, name=secrets.token_hex(4), access="write")
    return {"Authorization": f"Bearer {key}"}


@schema.parametrize()
@settings(max_examples=EXAMPLES or 12, deadline=None, derandomize=not EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: Case, fuzzed: FastAPI) -> None:
    body: Any = case.body
    if case.operation.path == "/v1/answers" and isinstance(body, dict) and body.get("stream", True) is True:
        body["stream"] = False
    # A schema cannot say that a cursor is one of ours, a password hard to guess, or a page reachable; and in an address or a
    # form everything is text, so that what was meant as a wrong type is often a right one.
    is_text = case.method == "GET" or case.media_type == "multipart/form-data"
    excluded = [positive_data_acceptance, *([negative_data_rejection] if is_text else [])]
    case.call_and_validate(headers=credential(fuzzed, case), excluded_checks=excluded)

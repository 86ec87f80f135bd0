"""Health and status, over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.engines.database import open_database
from services.engines.embedder import EmbedderState
from services.engines.fakes import HashEmbedder
from services.ids import new_id
from services.models import Document, Job
from services.models.base import utc_now
from services.runtime import Runtime


def states(client: TestClient) -> dict[str, str]:
    app: Any = client.app
    app.state.health._looked_at = -1.0
    return {each["name"]: each["state"] for each in client.get("/readyz").json()["components"]}


def test_a_fresh_server_is_ready(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    parts = ("database", "vectors", "embedder", "broker", "queue", "blobs", "disk")
    assert states(client) == dict.fromkeys(parts, "ready")
    assert all(part["detail"].endswith(".") and part["took_ms"] >= 0 for part in ready.json()["components"])


def test_asking_for_health_starts_nothing_heavy(client: TestClient, runtime: Runtime) -> None:
    del runtime.__dict__["embedder"]
    assert client.get("/readyz").json()["status"] == "warming"
    assert not {"embedder", "vectors", "celery"} & runtime.__dict__.keys()


@pytest.mark.parametrize(
    ("state", "status", "mode"),
    [("preparing", "warming", "keyword"), ("loading", "warming", "keyword"), ("failed", "degraded", "keyword")],
)
def test_without_the_model_search_goes_by_keyword(
    client: TestClient, runtime: Runtime, ours: Any, state: str, status: str, mode: str
) -> None:
    assert isinstance(runtime.embedder, HashEmbedder)
    runtime.embedder.become(EmbedderState(state))
    answer = client.get("/v1/system/status", headers=ours.as_read_key()).json()
    assert (answer["status"], answer["search_mode"], answer["embedder"]["state"]) == (status, mode, state)


@pytest.mark.parametrize("url", ["sqlite:///{folder}", "postgresql+psycopg://nobody@127.0.0.1:1/nothing"])
def test_without_the_database_nothing_works(client: TestClient, runtime: Runtime, tmp_path: Path, url: str) -> None:
    runtime.database.dispose()
    runtime.database = open_database(url.format(folder=tmp_path))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert client.get("/livez").status_code == 200


def test_work_that_nobody_takes_is_noticed(client: TestClient, ours: Any) -> None:
    with ours.scope.write() as tx:
        tx.add(
            Job(
                id=new_id("job"),
                queue="ingest",
                name="ingest",
                subject_id="doc_1",
                run_after=utc_now() - timedelta(minutes=3),
            )
        )
    assert states(client)["queue"] == "degraded"


def test_status_counts_only_ones_own_documents(client: TestClient, ours: Any, theirs: Any) -> None:
    for organisation, statuses in (
        (ours, ("ready", "queued", "failed", "paused", "cancelled", "deleting")),
        (theirs, ("ready", "ready")),
    ):
        for status in statuses:
            with organisation.scope.write() as tx:
                tx.add(
                    Document(
                        id=new_id("doc"),
                        type="text",
                        content_type="text/plain",
                        source="uploads",
                        content_hash=new_id("x"),
                        byte_count=1,
                        blob_key="none/none",
                        status=status,
                    )
                )
    answer = client.get("/v1/system/status", headers=ours.as_key()).json()
    assert answer["documents"] == {"ready": 1, "working": 1, "failed": 1, "stopped": 2, "archived": 0}
    assert (answer["llm"], answer["search_mode"]) == ("extractive", "hybrid")


def test_the_version_names_the_source(client: TestClient, runtime: Runtime) -> None:
    version = client.get("/v1/version").json()
    assert version["source_url"] == runtime.settings.source_url
    assert version["license"] == "AGPL-3.0-or-later"


def test_the_openapi_document_is_complete_and_loads_nothing(app: FastAPI, client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"api_key", "session", "operator"} == set(document["components"]["securitySchemes"])
    assert "HTTPValidationError" not in json.dumps(document)
    assert document == app.openapi()


def test_every_problem_points_to_its_explanation(client: TestClient) -> None:
    page = client.get("/docs/errors")
    problem = client.get("/v1/nothing").json()
    address, _, code = problem["type"].partition("#")
    assert address == "/docs/errors"
    for known in (code, "egress_denied", "rate_limited", "idempotency_mismatch", "bad_cursor"):
        assert f'id="{known}"' in page.text

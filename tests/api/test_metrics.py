"""/metrics: who may read it, that it is bounded and names no tenant, and that its figures are true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from services.runtime import Runtime
from services.tenants.operator import operator_token
from tests.api.conftest import Organisation, make_organisation, open_test_runtime
from tests.factories import do_work, make_source, store, text_document

TOKEN = "a token for prometheus"
# Every label that any figure carries. None can hold what a tenant chose.
LABELS = {
    *("method", "route", "status", "mode", "queue", "job", "outcome", "stage", "origin", "kind", "direction", "state"),
    *("rating", "component", "version", "python", "profile", "database", "le"),
}

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[TestClient, Runtime]]:
    """An application whose figures a token opens."""
    runtime = open_test_runtime(tmp_path / "data", metrics_token=TOKEN)
    with TestClient(create_app(runtime, dist=tmp_path / "dist"), base_url="http://localhost") as client:
        yield client, runtime
    runtime.close()


def read(client: TestClient, token: str = TOKEN) -> Figures:
    app: Any = client.app
    app.state.exposition._valid_seconds = 0.0
    app.state.health._looked_at = -10.0
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def value(figures: Figures, name: str, **labels: str) -> float:
    return figures.get((f"tidings_{name}", frozenset(labels.items())), 0.0)


def test_only_the_operator_and_the_watcher_read_figures(watched: tuple[TestClient, Runtime], ours: Any) -> None:
    client, runtime = watched
    mine: Organisation = make_organisation(runtime, "mine")
    for headers in ({}, mine.as_key(), mine.as_session(), {"Authorization": "Bearer a token for prometheuS"}):
        answer = client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    read(client)
    read(client, operator_token(runtime.settings.data_dir))


def test_an_empty_token_opens_nothing(client: TestClient) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_operator_may_open_it(tmp_path: Path) -> None:
    runtime = open_test_runtime(tmp_path / "data", metrics_open=True)
    with TestClient(create_app(runtime, dist=tmp_path / "dist"), base_url="http://localhost") as client:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
    runtime.close()


def routes(figures: Figures) -> set[str]:
    """The routes that requests were counted for."""
    return {dict(labels)["route"] for name, labels in figures if name == "tidings_http_requests_total"}


def test_figures_name_no_tenant_and_labels_are_few(watched: tuple[TestClient, Runtime]) -> None:
    client, runtime = watched
    # The figures are the process's: other tests' applications left routes of their own.
    before = routes(read(client))
    mine = make_organisation(runtime, "Zanzibar Gazette")
    make_source(mine.scope, url="https://zanzibar.example/feed", title="zanzibar news", failures=1.0)
    document = store(mine.scope, text_document("The harbour opened on Monday.", title="zanzibar harbour"))
    for number in range(60):
        client.get(f"/v1/documents/doc_zanzibar{number}", headers=mine.as_key())
        client.get(f"/zanzibar/{number}", headers=mine.as_key())
        client.request(f"ZANZIBAR{number}", "/v1/version")
    client.get("/v1/search", params={"q": "zanzibar"}, headers=mine.as_key())
    client.get(f"/v1/documents/{document.id}", headers=mine.as_key())
    app: Any = client.app
    app.state.exposition._valid_seconds = 0.0
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text.lower()
    for secret in ("zanzibar", mine.scope.tenant_id, mine.user_id, document.id, mine.write_key, "harbour"):
        assert secret.lower() not in text
    figures = read(client)
    assert {label for _, labels in figures for label, _ in labels} <= LABELS
    known = set(app.openapi()["paths"])
    assert {"/v1/documents/{document_id}", "(other)"} <= routes(figures)
    assert routes(figures) - before <= known | {"(other)", "/metrics", "/openapi.json"}


def test_figures_from_rows_are_counts_of_all_tenants(watched: tuple[TestClient, Runtime]) -> None:
    client, runtime = watched
    for name in ("one", "two"):
        scope = make_organisation(runtime, name).scope
        make_source(scope, failures=2.0)
        stored = store(scope, text_document(f"The harbour of {name} opened on Monday. It rained.", title="Harbour"))
        assert stored.status == "ready"
    figures = read(client)
    assert value(figures, "documents", status="ready") == 2
    assert value(figures, "chunks") == 2
    assert value(figures, "sources", state="failing") == 2
    assert value(figures, "jobs", queue="ingest", state="queued") == 0
    assert value(figures, "component_ready", component="database") == 1


def test_work_and_requests_are_counted(watched: tuple[TestClient, Runtime]) -> None:
    client, runtime = watched
    mine = make_organisation(runtime, "mine")
    before = read(client)
    body = {"text": "The harbour opened on Monday. Ships came.", "title": "Harbour"}
    for _ in range(2):
        client.get("/v1/version")
    store(mine.scope, text_document(**body))
    client.get("/v1/search", params={"q": "harbour"}, headers=mine.as_key())
    after = read(client)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("http_requests_total", method="GET", route="/v1/version", status="200") == 2
    assert grown("http_request_seconds_count", method="GET", route="/v1/search") == 1
    assert grown("search_seconds_count", mode="hybrid") == 1
    assert (
        grown("jobs_ended_total", queue="interactive", job="ingest", outcome="done")
        + grown("jobs_ended_total", queue="ingest", job="ingest", outcome="done")
        == 1
    )
    assert grown("ingest_stage_seconds_count", stage="extracting") == 1
    assert grown("embedded_chunks_total", origin="model") == 1


def test_the_age_of_waiting_work_is_told_by_queue(watched: tuple[TestClient, Runtime]) -> None:
    from datetime import timedelta

    from services.ids import new_id
    from services.models import Job
    from services.models.base import utc_now

    client, runtime = watched
    scope = make_organisation(runtime, "mine").scope
    with scope.write() as tx:
        tx.add(
            Job(
                id=new_id("job"),
                queue="crawl",
                name="crawl",
                subject_id="src_1",
                run_after=utc_now() - timedelta(minutes=7),
            )
        )
    figures = read(client)
    assert 420 <= value(figures, "oldest_due_job_seconds", queue="crawl") < 500
    assert value(figures, "oldest_due_job_seconds", queue="ingest") == 0
    assert value(figures, "jobs", queue="crawl", state="queued") == 1


def test_without_the_database_the_rest_is_told(watched: tuple[TestClient, Runtime]) -> None:
    client, runtime = watched
    file = runtime.settings.data_dir / "tidings.sqlite"
    read(client)
    runtime.database.dispose()
    for each in file.parent.glob("tidings.sqlite*"):
        each.unlink()
    file.mkdir()
    figures = read(client)
    assert value(figures, "component_ready", component="database") == 0
    assert not [name for name, _ in figures if name == "tidings_documents"]
    assert [name for name, _ in figures if name == "tidings_http_requests_total"]


def test_do_work_leaves_nothing_to_hand_in_where_figures_are_shown(watched: tuple[TestClient, Runtime]) -> None:
    _, runtime = watched
    do_work(runtime)
    assert runtime.shows_figures
    assert "figures" not in runtime.kept

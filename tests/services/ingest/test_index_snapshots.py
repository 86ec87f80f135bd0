"""Snapshots of a Qdrant server: made, kept in small number, put back, and mended by what the database knows better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from services.errors import Conflict
from services.ingest.documents import delete_document
from services.ingest.index.generations import look
from services.ingest.index.reindex import request_reindex
from services.ingest.index.snapshots import KEPT, list_snapshots, request_restore, request_snapshot
from services.models import Job, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from tests.factories import do_work, make_scope, store, text_document
from tests.qdrant_server.process import QdrantServer
from tests.stores import opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    server = QdrantServer(tmp_path_factory.mktemp("qdrant"), api_key="a key").start()
    yield server
    server.close()


@pytest.fixture(params=["dedicated", "shared"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path, server: QdrantServer) -> Iterator[Runtime]:
    with opened(tmp_path / "data", request.param, server) as runtime:
        yield runtime


@pytest.fixture
def scope(runtime: Runtime) -> Scope:
    return make_scope(runtime)


def tell(scope: Scope, word: str) -> str:
    return store(scope, text_document(f"The {word} report: {word} came to the harbour on Friday.")).id


def points(scope: Scope) -> list[str]:
    return [point.document_id for page in scope.runtime.vectors.scan(look(scope).live) for point in page]


def test_what_was_lost_is_back_and_what_changed_since_is_mended(
    runtime: Runtime, scope: Scope, server: QdrantServer
) -> None:
    other = make_scope(runtime, "other")
    kept, deleted, others = tell(scope, "crane"), tell(scope, "ferry"), tell(other, "barge")
    request_snapshot(scope)
    do_work(runtime)
    later, others_later = tell(scope, "tugboat"), tell(other, "dredger")
    delete_document(scope, deleted)
    do_work(runtime)
    [made] = list_snapshots(scope)
    assert made.size > 0
    assert abs((made.at - utc_now()).total_seconds()) < 3600
    server.lose(runtime.vectors.name_of(look(scope).live), every=1)  # type: ignore[attr-defined]
    assert points(scope) == []
    request_restore(scope)
    do_work(runtime)
    assert sorted(points(scope)) == sorted([kept, later])
    assert sorted(points(other)) == sorted([others, others_later])
    assert len(search(scope, Query(text="harbour friday", limit=50)).hits) == 2


@pytest.mark.parametrize("runtime", ["dedicated"], indirect=True)
def test_a_collection_that_is_gone_is_put_back(runtime: Runtime, scope: Scope, server: QdrantServer) -> None:
    kept = tell(scope, "crane")
    request_snapshot(scope)
    do_work(runtime)
    gone = f"{server.url}/collections/{look(scope).live}"
    httpx2.delete(gone, headers={"api-key": server.api_key}).raise_for_status()
    runtime.vectors.close()
    del runtime.__dict__["vectors"]
    request_restore(scope)
    do_work(runtime)
    assert points(scope) == [kept]
    assert [hit.document.id for hit in search(scope, Query(text="crane")).hits] == [kept]


def test_asked_twice_there_is_one_job_and_only_the_newest_are_kept(runtime: Runtime, scope: Scope) -> None:
    tell(scope, "crane")
    assert request_snapshot(scope) == request_snapshot(scope)
    for _ in range(KEPT + 1):
        request_snapshot(scope)
        do_work(runtime)
    times = [one.at for one in list_snapshots(scope)]
    assert len(times) == KEPT
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("runtime", ["dedicated"], indirect=True)
def test_without_a_snapshot_it_says_what_to_do(scope: Scope) -> None:
    tell(scope, "crane")
    with pytest.raises(Conflict, match="tidings reindex"):
        request_restore(scope)


@pytest.mark.parametrize("runtime", ["dedicated"], indirect=True)
def test_the_snapshots_of_a_former_generation_go_with_it(runtime: Runtime, scope: Scope, server: QdrantServer) -> None:
    tell(scope, "crane")
    former = look(scope).live
    request_snapshot(scope)
    do_work(runtime)
    request_reindex(scope)
    do_work(runtime)
    runtime.vectors.drop(former)
    assert not any(former in str(path) for path in server.folder.rglob("*.snapshot"))
    assert list_snapshots(scope) == []


def test_a_server_that_cannot_make_one_is_reported_on_the_job(
    runtime: Runtime, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(scope, "crane")

    def broken(collection: str) -> None:
        raise OSError("no space left on the volume")

    monkeypatch.setattr(runtime.vectors.snapshots, "take", broken)
    job_id = request_snapshot(scope)
    for _ in range(runtime.settings.job_attempts):
        do_work(runtime)
        with scope.write() as tx:
            tx.session.get_one(Job, job_id).run_after = utc_now()
    with scope.read() as tx:
        job = tx.session.get_one(Job, job_id)
    assert (job.status, job.error_code) == ("failed", "internal_error")

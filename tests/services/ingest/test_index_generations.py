"""Reindex and reconcile, on Edge and on the server's store in both placements: nothing lost, no search failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from services.engines.embedder import EmbedderState, Lane
from services.engines.fakes import HashEmbedder
from services.engines.vectors.base import Vector
from services.errors import EngineUnavailable
from services.ids import new_id
from services.ingest.documents import delete_document, get_document
from services.ingest.index import reconcile as reconciling
from services.ingest.index import reindex as reindexing
from services.ingest.index.generations import look, open_all
from services.ingest.index.reconcile import RECONCILE_JOB, compare, enqueue_nightly, mend, request_reconcile
from services.ingest.index.reindex import request_reindex
from services.ingest.submit import submit
from services.jobs.events import subject_events
from services.models import Chunk, Document, Job, Tenant, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from tests.factories import do_work, html_document, make_scope, store, text_document
from tests.qdrant_server.process import QdrantServer
from tests.stores import STORES, opened

STORIES = [f"Story {n} of the harbour. The crane number {n} moved {n * 7} containers on Friday." for n in range(40)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    server = QdrantServer(tmp_path_factory.mktemp("qdrant"), api_key="a key").start()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def honest(server: QdrantServer) -> Iterator[None]:
    yield
    server.faults()


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runtime(tmp_path: Path, kind: str, server: QdrantServer) -> Iterator[Runtime]:
    with opened(tmp_path / "data", kind, server) as runtime:
        yield runtime


@pytest.fixture
def filled(scope: Scope) -> list[str]:
    """Ids of forty documents that are ready, written as rows and indexed from them."""
    ids = [new_id("doc") for _ in STORIES]
    with scope.write() as tx:
        for id_, text in zip(ids, STORIES, strict=True):
            read = {"type": "text", "content_type": "text/plain", "source": "upload", "byte_count": len(text)}
            stands = {"status": "ready", "stage": "ready", "chunk_count": 1, "ready_at": utc_now(), "embedded": True}
            tx.add(
                Document(id=id_, content_hash=id_, blob_key=id_, title="", text=text, language="en", **read, **stands)
            )
            tx.add(Chunk(document_id=id_, version=1, ordinal=0, start=0, end=len(text), token_count=20))
            mend(tx, id_)
    do_work(scope.runtime, "maintenance")
    return sorted(ids)


def differences(scope: Scope) -> dict[str, int]:
    return compare(scope, look(scope).live, lambda: None).counts()


def told(scope: Scope, stage: str) -> list[dict[str, Any]]:
    with scope.read() as tx:
        return [event.detail for event in subject_events(tx, scope.tenant_id) if event.stage == stage]


def generation(scope: Scope) -> int:
    with scope.read() as tx:
        return tx.session.get_one(Tenant, scope.tenant_id).generation


def later(scope: Scope) -> None:
    """Make jobs that wait for a time due."""
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job).where(Job.status == "queued")):
            job.run_after = utc_now()


def found(scope: Scope, text: str) -> set[str]:
    return {hit.document.id for hit in search(scope, Query(text=text, limit=50)).hits}


def test_a_new_generation_holds_what_the_old_one_did(scope: Scope, filled: list[str]) -> None:
    before = search(scope, Query(text="crane 7 containers", limit=50))
    request_reindex(scope)
    assert request_reindex(scope) == request_reindex(scope), "one at a time"
    do_work(scope.runtime)
    assert generation(scope) == 2
    after = search(scope, Query(text="crane 7 containers", limit=50))
    # Sorted: chunks of equal fit in one leg stand as they were stored.
    shown, shown_again = ([(hit.document.id, round(hit.relevance, 5)) for hit in each.hits] for each in (before, after))
    assert (sorted(shown_again), shown_again[0]) == (sorted(shown), shown[0])
    assert differences(scope)["points"] == len(filled)
    assert told(scope, "switched") == [{"generation": 2}]
    assert told(scope, "copying")[0]["total"] == len(filled)


def test_the_former_generation_goes_when_no_search_can_be_asking_it(
    scope: Scope, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    former = look(scope).live
    request_reindex(scope)
    do_work(scope.runtime)
    later(scope)
    do_work(scope.runtime)
    assert scope.runtime.vectors.count(former) == len(filled), "a moment after the switch it is still there"
    monkeypatch.setattr(reconciling, "GRACE", timedelta(0))
    request_reconcile(scope)
    do_work(scope.runtime)
    assert scope.runtime.vectors.count(former) == 0
    assert scope.runtime.vectors.count(look(scope).live) == len(filled)
    assert filled[3] in found(scope, "story 3")


def test_no_search_fails_and_no_write_is_lost_while_a_generation_is_built(
    scope: Scope, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread searches all the time; documents come, change and go between the copier's pages."""
    stop, misses, asked = Event(), [], []

    def search_on() -> None:
        while not stop.is_set():
            try:
                hits = {hit.document.id for hit in search(scope, Query(text="crane 5 containers", limit=50)).hits}
            except Exception as error:
                misses.append(error)
                return
            asked.append(len(hits))
            if filled[5] not in hits:
                misses.append(hits)

    changed = submit(scope, html_document("Old mayor", "The mayor opened the ferry.|She spoke briefly.")).document
    do_work(scope.runtime)
    original, state = reindexing.store, {"page": 0}

    def meddle(batch: Any, job: Any, ids: list[str], shadow: str) -> None:
        original(batch, job, ids, shadow)
        state["page"] += 1
        if state["page"] == 1:
            delete_document(scope, ids[0])
            state["gone"] = ids[0]
            state["new"] = submit(scope, text_document("The lighthouse keeper retired on Monday.")).document.id
            submit(scope, html_document("New mayor", "A comet was seen above the town.|Nobody was hurt."))
            do_work(scope.runtime, "interactive")

    monkeypatch.setattr(reindexing, "store", meddle)
    monkeypatch.setattr(reindexing, "TURN_SECONDS", 0.0)
    searcher = Thread(target=search_on)
    searcher.start()
    request_reindex(scope)
    do_work(scope.runtime)
    monkeypatch.setattr(reconciling, "GRACE", timedelta(0))
    later(scope)
    do_work(scope.runtime)
    stop.set()
    searcher.join()
    assert (generation(scope), misses) == (2, [])
    assert len(asked) > 3
    assert len(told(scope, "copying")) >= 3, "it works in turns"
    assert state["new"] in found(scope, "lighthouse keeper")
    assert changed.id in found(scope, "comet above the town")
    assert state["gone"] not in found(scope, "crane containers")
    assert scope.runtime.vectors.count(look(scope).live, document_id=str(state["gone"])) == 0
    left = differences(scope)
    assert (left["missing_documents"], left["orphan_points"]) == (0, 0)
    assert left["points"] == left["chunks"]


def test_what_comes_and_goes_after_the_last_comparison_is_right_at_once(
    scope: Scope, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the writes to both generations can bring it there."""
    original, late = reindexing.compare, []

    def compare_then_write(scope: Scope, collection: str, go_on: Any) -> Any:
        difference = original(scope, collection, go_on)
        if not difference.missing and not late:
            late.append(submit(scope, text_document("The lighthouse keeper retired on Monday.")).document.id)
            delete_document(scope, filled[0])
            do_work(scope.runtime, "interactive")
        return difference

    monkeypatch.setattr(reindexing, "compare", compare_then_write)
    request_reindex(scope)
    do_work(scope.runtime, "maintenance")
    assert generation(scope) == 2
    assert late[0] in found(scope, "lighthouse keeper")
    assert scope.runtime.vectors.count(look(scope).live, document_id=late[0]) == 1
    assert scope.runtime.vectors.count(look(scope).live, document_id=filled[0]) == 0


def test_a_worker_that_began_before_the_reindex_and_ends_after_it_loses_nothing(
    scope: Scope, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stored its document in the old generation only; noticing so, it writes a job that brings it to the new one."""
    upsert = scope.runtime.vectors.upsert
    late: list[str] = []

    def overtaken(collection: str, made: list[Any]) -> None:
        monkeypatch.undo()
        upsert(collection, made)
        late.append(collection)
        request_reindex(scope)
        do_work(scope.runtime, "maintenance")

    monkeypatch.setattr(scope.runtime.vectors, "upsert", overtaken)
    document = store(scope, text_document("The observatory recorded an eclipse."))
    assert (generation(scope), late) == (2, [f"{scope.tenant_id}-g1"])
    do_work(scope.runtime)
    assert document.id in found(scope, "observatory eclipse")
    assert differences(scope)["missing_documents"] == 0


def test_a_reindex_that_is_stopped_goes_on_where_it_was(
    scope: Scope, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original, pages = reindexing.store, []

    def stop_at_the_second(batch: Any, job: Any, ids: list[str], shadow: str) -> None:
        pages.append(ids)
        if len(pages) == 2:
            scope.runtime.stopping.set()
        original(batch, job, ids, shadow)

    monkeypatch.setattr(reindexing, "store", stop_at_the_second)
    request_reindex(scope)
    do_work(scope.runtime)
    assert generation(scope) == 1
    scope.runtime.stopping.clear()
    do_work(scope.runtime)
    assert generation(scope) == 2
    assert pages[2] == pages[1], "the first page was not copied again"
    assert differences(scope)["points"] == len(filled)


class NarrowEmbedder(HashEmbedder):
    """Another model: half the dimensions."""

    @property
    def name(self) -> str:
        return "fake:narrow@32"

    @property
    def dimensions(self) -> int:
        return 32

    def embed(self, texts: Any, *, lane: Lane = Lane.BULK) -> Vector:
        vectors = super().embed(texts, lane=lane)
        narrow = vectors[:, :32] + vectors[:, 32:] + np.float32(1e-3)
        unit: Vector = narrow / np.linalg.norm(narrow, axis=1, keepdims=True)
        return unit


@pytest.mark.parametrize("kind", ["edge", "dedicated"])
def test_the_model_of_a_filled_library_can_be_changed(
    scope: Scope, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words are found throughout; what comes in meanwhile is there after the switch."""
    monkeypatch.setitem(scope.runtime.__dict__, "embedder", NarrowEmbedder())
    assert len(found(scope, "crane containers")) == len(filled)
    request_reindex(scope)
    document = submit(scope, text_document("The planetarium opened during the change.")).document
    do_work(scope.runtime, "interactive")
    assert get_document(scope, document.id).status == "ready"
    do_work(scope.runtime)
    assert generation(scope) == 2
    [hit] = [hit for hit in search(scope, Query(text="planetarium opened", limit=50)).hits if hit.explain.lexical == 1]
    assert hit.document.id == document.id
    assert hit.explain.dense is not None
    assert differences(scope)["missing_documents"] == 0


def test_lost_points_are_made_again_and_strange_ones_removed(scope: Scope, filled: list[str]) -> None:
    vectors, live = scope.runtime.vectors, look(scope).live
    vectors.delete_documents(live, filled[:3])
    deleted = store(scope, text_document("This will be deleted behind the index's back."))
    with scope.write() as tx:
        tx.session.delete(tx.session.merge(deleted))
    assert differences(scope) == {
        "documents": 40,
        "chunks": 40,
        "points": 38,
        "missing_documents": 3,
        "orphan_points": 1,
    }
    request_reconcile(scope)
    do_work(scope.runtime)
    assert told(scope, "reconciled")[0]["missing_documents"] == 3
    mended = differences(scope)
    assert (mended["points"], mended["missing_documents"], mended["orphan_points"]) == (40, 0, 0)
    assert filled[1] in found(scope, "crane number 1 moved")


def test_vectors_that_were_lost_alone_are_made_again(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(scope.runtime.embedder), "state", EmbedderState.LOADING)
        document = store(scope, text_document("Found by keyword only until vectors come."))
    with scope.write() as tx:
        tx.session.merge(document).embedded = True
        for job in tx.session.scalars(tx.select(Job).where(Job.name == "embed")):
            job.status = "cancelled"
    assert differences(scope)["missing_documents"] == 1
    request_reconcile(scope)
    do_work(scope.runtime)
    assert differences(scope)["missing_documents"] == 0


def test_the_whole_index_may_be_lost(scope: Scope, filled: list[str]) -> None:
    scope.runtime.vectors.drop(look(scope).live)
    assert found(scope, "crane containers") == set()
    request_reconcile(scope)
    do_work(scope.runtime)
    assert len(found(scope, "crane containers")) == len(filled)


def test_every_tenant_is_compared_once_a_night_and_no_other_is_touched(scope: Scope, filled: list[str]) -> None:
    other = make_scope(scope.runtime, "Other")
    store(other, text_document("A story of the other tenant about a harbour."))
    assert enqueue_nightly(scope.runtime) == 0, "both are new"
    with scope.runtime.session(write=True) as (session, _):
        for tenant in session.query(Tenant):
            tenant.created_at -= timedelta(days=2)
    assert [enqueue_nightly(scope.runtime) for _ in range(3)] == [2, 0, 0]
    scope.runtime.vectors.delete_documents(look(scope).live, filled)
    do_work(scope.runtime)
    for each, points in ((scope, 40), (other, 1)):
        counted = differences(each)
        assert (counted["points"], counted["missing_documents"], counted["orphan_points"]) == (points, 0, 0)
    with other.read() as tx:
        assert [job.status for job in tx.session.scalars(tx.select(Job).where(Job.name == RECONCILE_JOB))] == ["done"]


@pytest.mark.parametrize("kind", ["dedicated", "shared"])
@pytest.mark.parametrize("fault", ["ack_then_drop", "partial"])
def test_a_document_whose_points_the_server_lost_never_becomes_ready(
    scope: Scope, server: QdrantServer, fault: str
) -> None:
    server.faults(**{fault: 1000})
    document = submit(scope, text_document("The server answers 200 and loses this.")).document
    for _ in range(3):
        do_work(scope.runtime)
        later(scope)
        assert get_document(scope, document.id).status != "ready"
    assert get_document(scope, document.id).error_code == "engine_unavailable"
    server.faults()
    honest = store(scope, text_document("And this it keeps."))
    assert honest.status == "ready"


@pytest.mark.parametrize("kind", ["dedicated", "shared"])
def test_points_stored_twice_are_shown_once_and_removed(scope: Scope, server: QdrantServer) -> None:
    server.faults(duplicate=1)
    document = store(scope, text_document("The server keeps a second copy of this under another id."))
    [hit] = search(scope, Query(text="second copy", limit=5)).hits
    assert (hit.document.id, hit.more_passages) == (document.id, ())
    assert differences(scope)["orphan_points"] == 1
    request_reconcile(scope)
    do_work(scope.runtime)
    assert differences(scope)["points"] == 1


@pytest.mark.parametrize("kind", ["dedicated"])
def test_what_a_server_loses_later_is_mended_and_a_lying_one_gets_no_switch(
    scope: Scope, server: QdrantServer, filled: list[str]
) -> None:
    assert server.lose(look(scope).live, every=4) == 10
    request_reconcile(scope)
    do_work(scope.runtime)
    assert differences(scope)["missing_documents"] == 0
    server.faults(ack_then_drop=100_000)
    request_reindex(scope)
    do_work(scope.runtime)
    assert generation(scope) == 1
    assert "chunks" in told(scope, "retrying")[-1]["detail"]
    assert len(found(scope, "crane containers")) == len(filled), "the former generation serves on"
    server.faults()
    later(scope)
    do_work(scope.runtime)
    assert generation(scope) == 2
    assert differences(scope)["missing_documents"] == 0


def test_the_indexes_of_all_tenants_are_opened_and_a_broken_one_holds_up_none(
    runtime: Runtime, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_scope(runtime, "Other")
    opened: list[str] = []

    def count(collection: str) -> int:
        opened.append(collection)
        raise EngineUnavailable("It is broken.")

    monkeypatch.setattr(runtime.vectors, "count", count)
    open_all(runtime)
    assert [each.split("-")[0] for each in opened] == [scope.tenant_id, other.tenant_id]

"""From bytes to searchable: stages, failures that stay alone, repetition, deletion."""

from __future__ import annotations

import pytest

from services.engines.embedder import EmbedderState
from services.engines.vectors.base import Point
from services.errors import NotFound
from services.handlers import HANDLERS
from services.ingest.documents import delete_document, get_document, read_text
from services.ingest.pipeline import mark_failed
from services.ingest.submit import submit
from services.ingest.sweep import sweep_blobs
from services.ingest.types import RawDocument
from services.jobs.claim import claim
from services.models import Chunk, Document, Job, JobEvent, Tenant
from services.scope import Scope
from tests.factories import do_work, html_document, store, text_document

LONG = "\n\n".join(
    f"Paragraph {n} says that the harbour of Rotterdam handled {n} thousand containers in week {n}." for n in range(60)
)


def points(scope: Scope, document_id: str) -> int:
    return scope.runtime.vectors.count(f"{scope.tenant_id}-g1", document_id=document_id)


def test_a_text_becomes_ready_with_exact_chunks(scope: Scope) -> None:
    document = store(scope, text_document(LONG, title="Harbour report"))
    read = read_text(scope, document.id)
    assert (document.status, document.title, document.language) == ("ready", "Harbour report", "en")
    assert document.chunk_count == len(read.chunks) == points(scope, document.id) > 3
    assert read.text.startswith("Paragraph 0 says")
    covered = "".join(read.text[chunk.start : chunk.end] for chunk in read.chunks)
    assert "".join(covered.split()) == "".join(read.text.split())


def test_every_stage_is_told_in_order(scope: Scope) -> None:
    document = store(scope, text_document(LONG))
    with scope.read() as tx:
        events = tx.select(JobEvent).where(JobEvent.subject_id == document.id).order_by(JobEvent.id)
        stages = [event.stage for event in tx.session.scalars(events)]
    assert stages == ["received", "extracting", "chunking", "embedding", "indexing", "ready"]


def test_a_bad_file_fails_with_a_reason_and_its_neighbours_do_not(scope: Scope) -> None:
    good = submit(scope, text_document("A good text about trade and tariffs."), queue="ingest").document
    bad = submit(scope, RawDocument(content=b"%PDF-1.7\ngarbage", filename="bad.pdf"), queue="ingest").document
    also = submit(scope, text_document("Another good text about harvests."), queue="ingest").document
    do_work(scope.runtime, "ingest")
    assert get_document(scope, good.id).status == get_document(scope, also.id).status == "ready"
    failed = get_document(scope, bad.id)
    assert (failed.status, failed.error_code) == ("failed", "damaged")
    assert failed.error_detail


def test_running_twice_changes_nothing(scope: Scope) -> None:
    document = submit(scope, text_document(LONG)).document
    claim(scope.runtime, "interactive", HANDLERS)
    with scope.write() as tx:
        job = tx.session.scalars(tx.select(Job)).one()
        job.lease_until = job.created_at
    do_work(scope.runtime)
    ready = get_document(scope, document.id)
    assert ready.status == "ready"
    assert points(scope, document.id) == ready.chunk_count


def test_deleted_means_gone_everywhere(scope: Scope) -> None:
    document = store(scope, text_document(LONG, title="To be forgotten"))
    delete_document(scope, document.id)
    with pytest.raises(NotFound):
        get_document(scope, document.id)
    do_work(scope.runtime)
    assert points(scope, document.id) == 0
    with scope.read() as tx:
        assert tx.session.scalars(tx.select(Document)).all() == []
        assert tx.session.scalars(tx.select(Chunk)).all() == []
    files = [path for path in scope.runtime.settings.data_dir.rglob("*") if path.is_file()]
    assert files
    assert not [
        path for path in files if b"harbour of Rotterdam" in path.read_bytes() and "sqlite-wal" not in path.name
    ]


def test_a_document_deleted_while_it_is_read_leaves_nothing(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    document = submit(scope, text_document(LONG)).document
    upsert = scope.runtime.vectors.upsert

    def delete_first(collection: str, made: list[object]) -> None:
        if made:
            delete_document(scope, document.id)
        upsert(collection, made)  # type: ignore[arg-type]

    monkeypatch.setattr(scope.runtime.vectors, "upsert", delete_first)
    do_work(scope.runtime)
    monkeypatch.undo()
    do_work(scope.runtime)
    assert points(scope, document.id) == 0
    with scope.read() as tx:
        assert tx.session.scalars(tx.select(Document)).all() == []


def test_an_older_version_that_ends_late_leaves_the_newer_one_whole(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = submit(scope, html_document("First", "The council met.|It will meet again.")).document
    upsert = scope.runtime.vectors.upsert

    def overtake(collection: str, made: list[object]) -> None:
        monkeypatch.undo()
        submit(scope, html_document("Second", "The mayor resigned on Friday.|Nobody knew why."))
        do_work(scope.runtime)
        upsert(collection, made)  # type: ignore[arg-type]

    monkeypatch.setattr(scope.runtime.vectors, "upsert", overtake)
    do_work(scope.runtime)
    stored = get_document(scope, document.id)
    assert (stored.status, stored.version, stored.title) == ("ready", 2, "Second")
    assert points(scope, document.id) == stored.chunk_count > 0


def test_the_failure_of_an_older_version_is_not_the_newer_ones(scope: Scope) -> None:
    document = submit(scope, html_document("First", "The council met.|It will meet again.")).document
    [older] = claim(scope.runtime, "interactive", HANDLERS)
    submit(scope, html_document("Second", "The mayor resigned on Friday.|Nobody knew why."))
    with scope.write() as tx:
        mark_failed(tx, older, "not_found", "The stored file is gone.")
    assert get_document(scope, document.id).status == "queued"


def test_a_document_deleted_while_it_is_embedded_leaves_neither_points_nor_cached_vectors(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(scope.runtime.embedder), "state", EmbedderState.LOADING)
        document = store(scope, text_document(LONG, title="Harbour"))
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job)):
            job.run_after = job.created_at
    upsert = scope.runtime.vectors.upsert

    def purge_first(collection: str, made: list[Point]) -> None:
        keys = [scope.runtime.vector_cache.key(salt(scope), scope.runtime.embedder.name, each.text) for each in made]
        assert scope.runtime.vector_cache.get_many(keys)
        remembered.extend(keys)
        delete_document(scope, document.id)
        do_work(scope.runtime, "interactive")
        upsert(collection, made)

    remembered: list[bytes] = []
    monkeypatch.setattr(scope.runtime.vectors, "upsert", purge_first)
    do_work(scope.runtime, "maintenance")
    assert points(scope, document.id) == 0
    assert remembered
    assert scope.runtime.vector_cache.get_many(remembered) == {}


def salt(scope: Scope) -> bytes:
    with scope.read() as tx:
        return tx.session.get_one(Tenant, scope.tenant_id).cache_salt


def test_documents_are_found_by_keyword_before_the_model_is_there_and_by_meaning_after(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = type(scope.runtime.embedder)
    with monkeypatch.context() as patch:
        patch.setattr(embedder, "state", EmbedderState.LOADING)
        document = store(scope, text_document(LONG))
        assert (document.status, document.embedded) == ("ready", False)
        do_work(scope.runtime)
        assert not get_document(scope, document.id).embedded
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job)):
            job.run_after = job.created_at
    do_work(scope.runtime)
    assert get_document(scope, document.id).embedded


def test_blobs_without_a_document_are_swept_and_others_stay(scope: Scope) -> None:
    document = store(scope, text_document("Kept."))
    scope.runtime.blobs.put(f"{scope.tenant_id}/doc_orphan", b"left by a killed process")
    assert sweep_blobs(scope.runtime) == 0
    assert sweep_blobs(scope.runtime, older_than_seconds=-1) == 1
    assert scope.runtime.blobs.get(document.blob_key) == b"Kept."


def test_equal_texts_are_embedded_once(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[str] = []
    original = type(scope.runtime.embedder).embed

    def count(self: object, texts: list[str], **options: object) -> object:
        embedded.extend(texts)
        return original(self, texts, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(scope.runtime.embedder), "embed", count)
    store(scope, text_document(LONG, title="Same"))
    first = len(embedded)
    store(scope, text_document(LONG + "\n", title="Same"))
    assert first > 3
    assert len(embedded) == first


def test_stopping_while_a_long_document_is_embedded_hands_it_back_and_keeps_what_was_embedded(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join(f"{LONG} Edition {number}." for number in range(40))
    document = submit(scope, text_document(text)).document
    original = type(scope.runtime.embedder).embed
    calls: list[int] = []

    def stop_after(self: object, texts: list[str], **options: object) -> object:
        calls.append(len(texts))
        scope.runtime.stopping.set()
        return original(self, texts, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(scope.runtime.embedder), "embed", stop_after)
    do_work(scope.runtime)
    with scope.read() as tx:
        [job] = tx.session.scalars(tx.select(Job))
    assert (len(calls), job.status, job.attempts) == (1, "queued", 0)
    scope.runtime.stopping.clear()
    monkeypatch.undo()
    do_work(scope.runtime)
    assert get_document(scope, document.id).chunk_count > 2 * calls[0]

"""Cancel, pause, resume and retry: what people want holds at once, whoever has the job in hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.errors import Conflict, NotFound
from services.handlers import HANDLERS
from services.ingest.documents import DocumentFilter, delete_document, get_document, list_documents, read_text
from services.ingest.extract.sandbox import Progress, Sandbox
from services.ingest.hints import PASSWORD
from services.ingest.library.steer import cancel_document, pause_document, resume_document, retry_document
from services.ingest.submit import submit
from services.ingest.types import Article, RawDocument
from services.jobs.claim import claim
from services.models import Document, Job, JobEvent, utc_now
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from tests.factories import do_work, make_scope, store, text_document
from tests.services.ingest.extract.prints import printed, pymupdf, scanned

TEXT = "\n\n".join(f"Paragraph {n} says that the harbour handled {n} thousand containers." for n in range(60))

LONG = "\n\n".join(f"Paragraph {n} says that the harbour handled {n} thousand containers." for n in range(3000))


def points(scope: Scope, document_id: str) -> int:
    return scope.runtime.vectors.count(f"{scope.tenant_id}-g1", document_id=document_id)


def jobs(scope: Scope, document_id: str) -> list[str]:
    with scope.read() as tx:
        about = tx.select(Job).where(Job.subject_id == document_id).order_by(Job.created_at)
        return [job.status for job in tx.session.scalars(about)]


def end_leases(scope: Scope) -> None:
    """As if the worker that has the jobs in hand had died and its time were over."""
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job).where(Job.status == "running")):
            job.lease_until = utc_now() - timedelta(seconds=1)


def at_first_embedding(scope: Scope, patch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[int]:
    """Do something once while the model works on the first part; returns how many texts each call had."""
    embedder = type(scope.runtime.embedder)
    original, calls = embedder.embed, list[int]()

    def embed(self: object, texts: list[str], **options: object) -> object:
        calls.append(len(texts))
        if len(calls) == 1:
            act()
        return original(self, texts, **options)  # type: ignore[arg-type]

    patch.setattr(embedder, "embed", embed)
    return calls


def test_a_cancelled_document_is_not_read(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    assert cancel_document(scope, document.id).status == "cancelled"
    assert do_work(scope.runtime) == 0
    assert (get_document(scope, document.id).stage, jobs(scope, document.id)) == ("cancelled", ["cancelled"])
    assert search(scope, Query("harbour containers")).hits == []


def test_one_cancelled_while_it_is_embedded_ends_at_the_next_part_and_leaves_nothing(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = submit(scope, text_document(LONG)).document
    calls = at_first_embedding(scope, monkeypatch, lambda: cancel_document(scope, document.id))
    do_work(scope.runtime)
    assert len(calls) == 1
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("cancelled", ["cancelled"])
    assert points(scope, document.id) == 0
    assert read_or_none(scope, document.id) is None


def read_or_none(scope: Scope, document_id: str) -> str | None:
    try:
        return read_text(scope, document_id).text
    except Conflict:
        return None


def test_one_cancelled_after_its_points_were_stored_leaves_none(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    document = submit(scope, text_document(TEXT)).document
    upsert = scope.runtime.vectors.upsert

    def cancel_after(collection: str, made: list[object]) -> None:
        upsert(collection, made)  # type: ignore[arg-type]
        cancel_document(scope, document.id)

    monkeypatch.setattr(scope.runtime.vectors, "upsert", cancel_after)
    do_work(scope.runtime)
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("cancelled", ["cancelled"])
    assert points(scope, document.id) == 0
    assert search(scope, Query("harbour containers")).hits == []


def test_a_cancelled_neighbour_costs_the_others_of_its_batch_nothing(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = submit(scope, text_document("The council met on Tuesday."), queue="ingest").document
    gone = submit(scope, text_document(TEXT), queue="ingest").document
    calls = at_first_embedding(scope, monkeypatch, lambda: cancel_document(scope, gone.id))
    do_work(scope.runtime)
    assert len(calls) == 1
    assert [get_document(scope, each.id).status for each in (kept, gone)] == ["ready", "cancelled"]
    assert (jobs(scope, kept.id), jobs(scope, gone.id)) == (["done"], ["cancelled"])


def test_a_cancelled_job_stays_cancelled_when_its_worker_died(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    claim(scope.runtime, "interactive", HANDLERS)
    cancel_document(scope, document.id)
    assert jobs(scope, document.id) == ["running"]
    end_leases(scope)
    do_work(scope.runtime)
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("cancelled", ["cancelled"])


def test_a_cancelled_document_is_tried_again_by_asking_or_by_bringing_it_again(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    cancel_document(scope, document.id)
    assert retry_document(scope, document.id).status == "queued"
    cancel_document(scope, document.id)
    again = submit(scope, text_document(TEXT))
    assert (again.document.id, again.duplicate) == (document.id, False)
    do_work(scope.runtime)
    ready = get_document(scope, document.id)
    assert ready.status == "ready"
    assert points(scope, document.id) == ready.chunk_count > 0


def test_one_tried_again_before_the_old_worker_noticed_is_read_once_more_and_whole(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = submit(scope, text_document(TEXT)).document

    def change_mind() -> None:
        cancel_document(scope, document.id)
        retry_document(scope, document.id)

    at_first_embedding(scope, monkeypatch, change_mind)
    do_work(scope.runtime)
    ready = get_document(scope, document.id)
    assert (ready.status, jobs(scope, document.id)) == ("ready", ["cancelled", "done"])
    assert points(scope, document.id) == ready.chunk_count > 0


def test_a_paused_document_waits_and_goes_on(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    assert pause_document(scope, document.id).status == "paused"
    assert do_work(scope.runtime) == 0
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("paused", ["paused"])
    assert resume_document(scope, document.id).status == "queued"
    do_work(scope.runtime)
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("ready", ["done"])


def test_one_paused_while_it_is_embedded_keeps_what_was_embedded(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    document = submit(scope, text_document(LONG)).document
    calls = at_first_embedding(scope, monkeypatch, lambda: pause_document(scope, document.id))
    do_work(scope.runtime)
    assert (len(calls), jobs(scope, document.id)) == (1, ["paused"])
    assert do_work(scope.runtime) == 0
    resume_document(scope, document.id)
    do_work(scope.runtime)
    ready = get_document(scope, document.id)
    assert ready.status == "ready"
    assert sum(calls) == ready.chunk_count


def test_one_paused_and_resumed_before_its_worker_looked_just_goes_on(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = submit(scope, text_document(TEXT)).document

    def change_mind() -> None:
        pause_document(scope, document.id)
        assert resume_document(scope, document.id).status == "processing"

    at_first_embedding(scope, monkeypatch, change_mind)
    do_work(scope.runtime)
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("ready", ["done"])


def test_a_paused_job_stays_paused_when_its_worker_died(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    claim(scope.runtime, "interactive", HANDLERS)
    pause_document(scope, document.id)
    end_leases(scope)
    do_work(scope.runtime)
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("paused", ["paused"])
    resume_document(scope, document.id)
    do_work(scope.runtime)
    assert get_document(scope, document.id).status == "ready"


def test_text_recognition_stops_at_the_next_page(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    with pymupdf.open(stream=scanned(printed(["The ferry ran late on Monday."])), filetype="pdf") as pages:
        for _ in range(2):
            pages.fullcopy_page(0)
        content = bytes(pages.tobytes())
    document = submit(scope, RawDocument(content, filename="scan.pdf")).document
    seen: list[int] = []
    extract = Sandbox.extract

    def pause_at_first(self: Sandbox, raw: RawDocument, type: str, progress: Progress | None = None) -> Article:
        def told(page: int, count: int) -> None:
            seen.append(page)
            pause_document(scope, document.id)
            assert progress is not None
            progress(page, count)

        return extract(self, raw, type, told if progress else None)

    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "extract", pause_at_first)
        do_work(scope.runtime)
    assert (seen, jobs(scope, document.id)) == ([1], ["paused"])
    resume_document(scope, document.id)
    do_work(scope.runtime)
    ready = get_document(scope, document.id)
    recognised = next(step for step in ready.stages if step["stage"] == "ocr")
    assert (ready.status, recognised["page"], recognised["of"]) == ("ready", 3, 3)
    assert recognised["milliseconds"] > 0


def test_a_deleted_one_that_was_paused_is_gone(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    pause_document(scope, document.id)
    delete_document(scope, document.id)
    do_work(scope.runtime)
    assert list_documents(scope, DocumentFilter())[1] == 0
    with scope.read() as tx:
        assert tx.session.scalars(tx.select(Document)).all() == []


@pytest.mark.parametrize("act", [cancel_document, pause_document, resume_document, retry_document])
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    scope: Scope, act: Callable[[Scope, str], Document]
) -> None:
    document = store(scope, text_document(TEXT))
    with pytest.raises(Conflict, match="this one is ready"):
        act(scope, document.id)
    assert get_document(scope, document.id).status == "ready"
    stranger = make_scope(scope.runtime, "Elsewhere")
    with pytest.raises(NotFound):
        act(stranger, document.id)


def test_a_stranger_steers_nobody_elses_document(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    stranger = make_scope(scope.runtime, "Elsewhere")
    for act in (cancel_document, pause_document, resume_document, retry_document):
        with pytest.raises(NotFound):
            act(stranger, document.id)
    assert (get_document(scope, document.id).status, jobs(scope, document.id)) == ("queued", ["queued"])


def test_a_locked_file_opens_with_a_password_given_later(scope: Scope) -> None:
    word = "open-sesame-7"
    with pymupdf.open(stream=printed(["The ferry ran late on Tuesday."]), filetype="pdf") as pages:
        locked = bytes(pages.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=word, owner_pw="other"))
    document = store(scope, RawDocument(locked, filename="locked.pdf"))
    assert (document.status, document.error_code) == ("failed", "encrypted")
    retry_document(scope, document.id, password="wrong")
    do_work(scope.runtime)
    assert "right one" in (get_document(scope, document.id).error_detail or "")
    retried = retry_document(scope, document.id, password=word)
    assert PASSWORD in retried.hints
    assert not [path for path in everything_stored(scope) if word.encode() in path]
    do_work(scope.runtime)
    assert read_text(scope, document.id).text == "The ferry ran late on Tuesday."
    with scope.read() as tx:
        assert tx.session.get_one(Document, document.id).hints == {}


def everything_stored(scope: Scope) -> list[bytes]:
    """All rows of the tenant that a password could be in, and the files of the data folder."""
    with scope.read() as tx:
        rows: list[object] = [*tx.session.scalars(tx.select(Job)), *tx.session.scalars(tx.select(JobEvent))]
        texts = [repr(vars(row)).encode() for row in rows]
    files = [path for path in scope.runtime.settings.data_dir.rglob("*") if path.is_file()]
    assert files
    return [*texts, *(path.read_bytes() for path in files)]


def test_each_step_and_its_time_are_on_the_document(scope: Scope) -> None:
    document = submit(scope, text_document(TEXT)).document
    assert [step["stage"] for step in document.stages] == ["checking"]
    do_work(scope.runtime)
    steps = get_document(scope, document.id).stages
    assert [step["stage"] for step in steps] == [
        "checking",
        "waiting",
        "extracting",
        "chunking",
        "embedding",
        "indexing",
    ]
    assert all(step["milliseconds"] >= 0 for step in steps)


def test_a_failed_one_shows_in_which_step(scope: Scope) -> None:
    document = store(scope, RawDocument(b"%PDF-1.7\ngarbage", filename="bad.pdf"))
    assert document.status == "failed"
    assert document.stages[-1] == {"stage": "extracting"}

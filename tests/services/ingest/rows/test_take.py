"""Rows become documents: each once, whatever happens in between."""

from __future__ import annotations

from typing import Any

import pytest

from services.errors import EngineUnavailable, NotFound, QuotaReached
from services.handlers import HANDLERS
from services.ingest.documents import (
    DocumentFilter,
    delete_document,
    get_document,
    list_documents,
    read_text,
    row_outcomes,
)
from services.ingest.library.steer import retry_document
from services.ingest.rows import take as taking
from services.ingest.rows.options import RowOptions
from services.ingest.rows.progress import Progress, progress_of
from services.ingest.rows.remove import delete_with_rows
from services.ingest.rows.submit import submit_rows
from services.ingest.submit import submit
from services.ingest.types import RawDocument
from services.jobs.claim import claim
from services.models import Document, Job, Tombstone, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.search.search import Query, search
from tests.factories import do_work, make_scope, text_document
from tests.services.ingest.rows.tables import story, table, take


def rows_of(scope: Scope, table_id: str, **wanted: Any) -> list[Document]:
    found: list[Document] = []
    before = None
    while True:
        part, _ = list_documents(scope, DocumentFilter(parent_id=table_id, **wanted), before=before, limit=100)
        found += part
        if len(part) < 100:
            return sorted(found, key=lambda row: row.row_number or 0)
        before = (part[-1].first_seen_at, part[-1].id)


def progress(scope: Scope, table_id: str) -> Progress:
    return progress_of(get_document(scope, table_id).rows or {})


def test_each_row_is_a_document_of_its_own(scope: Scope) -> None:
    made = take(scope, table([story(n) for n in range(5)]))
    parent = get_document(scope, made.id)
    assert (parent.type, parent.status, parent.title or parent.filename) == ("rows", "ready", "news.csv")
    rows = rows_of(scope, made.id)
    assert [row.row_number for row in rows] == [1, 2, 3, 4, 5]
    third = rows[2]
    title, text, day, url = story(2)
    assert (third.title, third.type, third.status, third.url) == (title, "csv", "ready", url)
    assert (third.source, third.family) == ("news.example.org", "example.org")
    assert third.published_at is not None
    assert (third.published_at.date().isoformat(), third.published_from) == (day, "column")
    read_ = read_text(scope, third.id)
    assert read_.text == text
    assert "".join(read_.text[chunk.start : chunk.end] for chunk in read_.chunks) == text
    assert row_outcomes(scope, [parent]) == {made.id: {"ready": 5}}


def test_rows_are_found_and_the_table_is_not(scope: Scope) -> None:
    made = take(scope, table([story(n) for n in range(5)]))
    assert [hit.document.row_number for hit in search(scope, Query("town 3", limit=1)).hits] == [4]
    newest = search(scope, Query("", limit=50)).hits
    assert len(newest) == 5
    assert made.id not in {hit.document.id for hit in newest}


def test_rows_without_text_are_skipped_and_counted(scope: Scope) -> None:
    rows = [story(0), ("Empty", "  ", "2024-01-01", ""), story(1), ("", "", "2024-01-01", "")]
    made = take(scope, table(rows))
    done = progress(scope, made.id)
    assert (done.taken, done.added, done.skipped, done.first_skipped) == (4, 2, {"no_text": 2}, {"no_text": 2})


def test_equal_rows_are_one_document_and_nearly_equal_ones_are_folded(scope: Scope) -> None:
    title, text, day, url = story(1)
    rows = [
        story(1),
        story(2),
        story(1),
        (title, text + " ", day, url),
        (title, text, day, "https://b.example.com/x"),
    ]
    made = take(scope, table(rows))
    done = progress(scope, made.id)
    assert (done.taken, done.added, done.duplicates) == (5, 3, 2)
    first, _, copy = rows_of(scope, made.id)
    assert (copy.source, copy.original_id) == ("b.example.com", first.id)


def test_the_same_table_again_is_the_same_upload_and_another_one_brings_only_what_is_new(scope: Scope) -> None:
    raw = table([story(n) for n in range(3)])
    made = take(scope, raw)
    again = submit_rows(scope, raw, RowOptions())
    assert (again.duplicate, again.document.id) == (True, made.id)
    more = take(scope, table([story(n) for n in range(1, 5)]))
    done = progress(scope, more.id)
    assert (done.added, done.duplicates) == (2, 2)
    assert not submit(scope, raw).duplicate


def test_columns_can_be_chosen_by_name_and_number_and_texts_are_joined(scope: Scope) -> None:
    rows = [
        ("Lead one", "Body one", "Ann Ek", "The Record", "de", "x"),
        ("", "Body two", "", "www.Paper.example", "", "y"),
    ]
    raw = table(rows, header=("lead", "body", "who", "paper", "lang", "body"))
    options = RowOptions(columns={"text": ["LEAD", 2], "author": "who", "source": "paper", "language": "lang"})
    made = take(scope, raw, options)
    one, two = rows_of(scope, made.id)
    assert read_text(scope, one.id).text == "Lead one\n\nBody one"
    assert (one.title, one.authors, one.source, one.language) == ("Lead one", ["Ann Ek"], "The Record", "de")
    assert (two.title, two.authors, two.source) == ("Body two", [], "paper.example")


def test_formulas_markup_and_controls_are_only_text(scope: Scope) -> None:
    text = '=HYPERLINK("http://evil.example","x")\n@SUM(1)\n<script>alert(1)</script>\0\u202e end'
    made = take(
        scope,
        table([("=1+1", text, "=NOW()", "javascript:alert(1)"), ("+2", "-3+4", "", "")]),
        RowOptions(columns={"text": "body", "title": "headline", "date": "published", "url": "link"}),
    )
    row = rows_of(scope, made.id)[0]
    assert (row.title, row.url, row.published_at, row.source) == ("=1+1", None, None, "upload")
    assert (
        read_text(scope, row.id).text == '=HYPERLINK("http://evil.example","x")\n@SUM(1)\n<script>alert(1)</script> end'
    )


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns of a few rows, a batch each."""
    monkeypatch.setattr(taking, "TURN_ROWS", 20)


def die_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> list[int]:
    """Make the worker die, as by a kill, before it records that batch."""
    original = taking.store
    recorded: list[int] = []

    def store(*given: Any) -> Progress:
        if len(recorded) == batches:
            raise KeyboardInterrupt
        done = original(*given)
        recorded.append(done.taken)
        return done

    monkeypatch.setattr(taking, "store", store)
    return recorded


def release_leases(scope: Scope) -> None:
    """As if the time of the dead worker's lease were over."""
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job).where(Job.status == "running")):
            job.lease_until = job.created_at


@pytest.mark.usefixtures("short_turns")
@pytest.mark.parametrize("batches", [0, 1, 2])
def test_killed_in_the_middle_no_row_is_lost_and_none_is_there_twice(
    scope: Scope, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    made = submit_rows(scope, table([story(n) for n in range(50)]), RowOptions()).document
    with monkeypatch.context() as patch:
        recorded = die_after(patch, batches)
        with pytest.raises(KeyboardInterrupt):
            do_work(scope.runtime, "ingest")
    assert recorded == [20, 40][:batches]
    assert (progress(scope, made.id).taken, get_document(scope, made.id).status) == (20 * batches, "processing")
    release_leases(scope)
    do_work(scope.runtime)
    done = progress(scope, made.id)
    assert (done.taken, done.added, done.duplicates, get_document(scope, made.id).status) == (50, 50, 0, "ready")
    assert [row.row_number for row in rows_of(scope, made.id, status=("ready",))] == list(range(1, 51))


def test_a_worker_that_lost_its_lease_records_nothing(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = submit_rows(scope, table([story(n) for n in range(30)]), RowOptions()).document
    original = taking.records_of

    def overtaken(*given: Any, **named: Any) -> Any:
        release_leases(scope)
        monkeypatch.setattr(taking, "records_of", original)
        assert claim(scope.runtime, "ingest", HANDLERS)
        return original(*given, **named)

    monkeypatch.setattr(taking, "records_of", overtaken)
    do_work(scope.runtime, "ingest")
    assert (progress(scope, made.id).taken, rows_of(scope, made.id)) == (0, [])
    release_leases(scope)
    do_work(scope.runtime)
    assert len(rows_of(scope, made.id, status=("ready",))) == progress(scope, made.id).added == 30


def test_a_cancelled_job_records_no_further_batch(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = submit_rows(scope, table([story(n) for n in range(50)]), RowOptions()).document
    original = taking.records_of

    def cancelled(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(taking, "records_of", original)
        with scope.write() as tx:
            running = tx.update(Job).where(Job.subject_id == made.id)
            tx.session.execute(running.values(status="cancelled", finished_at=utc_now()))
        return original(*given, **named)

    monkeypatch.setattr(taking, "records_of", cancelled)
    do_work(scope.runtime)
    assert (progress(scope, made.id).taken, rows_of(scope, made.id)) == (0, [])


@pytest.mark.usefixtures("short_turns")
def test_a_table_deleted_while_it_is_taken_gets_no_more_rows(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = submit_rows(scope, table([story(n) for n in range(50)]), RowOptions()).document
    original = taking.records_of
    calls: list[int] = []

    def then_deleted(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            delete_document(scope, made.id)
        return original(*given, **named)

    monkeypatch.setattr(taking, "records_of", then_deleted)
    do_work(scope.runtime)
    do_work(scope.runtime)
    assert len(rows_of(scope, made.id, status=("ready",))) == 20
    with scope.read() as tx:
        assert {job.status for job in tx.session.scalars(tx.select(Job))} == {"done"}


def test_deleting_a_table_with_its_rows_leaves_nothing(scope: Scope) -> None:
    made = take(scope, table([story(n) for n in range(7)]))
    kept = submit(scope, text_document("Something else, about the lighthouse of Skarrow.")).document
    do_work(scope.runtime)
    delete_with_rows(scope, made.id)
    with pytest.raises(NotFound):
        rows_of(scope, made.id)
    assert list_documents(scope, DocumentFilter())[1] == 1
    do_work(scope.runtime)
    with scope.read() as tx:
        assert [document.id for document in tx.session.scalars(tx.select(Document))] == [kept.id]
    files = [path for path in (scope.runtime.settings.data_dir / "blobs").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert scope.runtime.vectors.count(f"{scope.tenant_id}-g1") == 1


def test_deleting_a_table_alone_keeps_its_rows(scope: Scope) -> None:
    made = take(scope, table([story(n) for n in range(3)]))
    delete_document(scope, made.id)
    do_work(scope.runtime)
    assert len(rows_of(scope, made.id, status=("ready",))) == 3
    again = take(scope, table([story(n) for n in range(3)]))
    assert progress(scope, again.id).duplicates == 3


def test_another_tenants_table_cannot_be_deleted_or_listed(scope: Scope) -> None:
    other = make_scope(scope.runtime, "Other")
    made = take(other, table([story(n) for n in range(3)]))
    with pytest.raises(NotFound):
        delete_with_rows(scope, made.id)
    with pytest.raises(NotFound):
        rows_of(scope, made.id)
    mine = take(scope, table([story(n) for n in range(3)]))
    assert (progress(scope, mine.id).added, len(rows_of(other, made.id))) == (3, 3)


def test_rows_of_a_domain_that_was_taken_down_are_skipped(scope: Scope) -> None:
    with scope.write() as tx:
        tx.add(
            Tombstone(
                id="tmb_1",
                domain="example.org",
                reason="",
                actor_id="x",
                document_count=0,
                by_operator=False,
                created_at=utc_now(),
            )
        )
    made = take(scope, table([story(0), ("Free", "A text from somewhere else.", "", "https://a.example.com/")]))
    done = progress(scope, made.id)
    assert (done.added, done.skipped) == (1, {"taken_down": 1})


def limited(runtime: Runtime, most: int) -> None:
    object.__setattr__(runtime, "settings", runtime.settings.model_copy(update={"max_documents": most}))


@pytest.mark.usefixtures("short_turns")
def test_a_quota_ends_a_table_in_the_middle_and_more_room_lets_it_go_on(scope: Scope) -> None:
    made = submit_rows(scope, table([story(n) for n in range(50)]), RowOptions()).document
    limited(scope.runtime, 26)
    do_work(scope.runtime)
    stopped = get_document(scope, made.id)
    assert (stopped.status, stopped.error_code) == ("failed", "quota_reached")
    assert (stopped.error_detail or "").startswith("25 of 50 rows were taken. There are 26 documents")
    assert len(rows_of(scope, made.id, status=("ready",))) == progress(scope, made.id).added == 25
    with pytest.raises(QuotaReached):
        submit(scope, text_document("One more text."))
    limited(scope.runtime, 1000)
    retry_document(scope, made.id)
    do_work(scope.runtime)
    assert get_document(scope, made.id).status == "ready"
    assert [row.row_number for row in rows_of(scope, made.id, status=("ready",))] == list(range(1, 51))


def test_a_table_that_breaks_off_keeps_the_rows_before(scope: Scope) -> None:
    raw = table([story(n) for n in range(5)])
    broken = RawDocument(raw.content + b'Open,"' + b"x" * 1_100_000, filename="news.csv")
    made = take(scope, broken)
    failed = get_document(scope, made.id)
    assert (failed.status, failed.error_code) == ("failed", "too_complex")
    assert (failed.error_detail or "").startswith("5 rows were taken.")
    assert len(rows_of(scope, made.id, status=("ready",))) == 5


def test_an_engine_that_is_away_makes_the_table_wait(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = submit_rows(scope, table([story(n) for n in range(30)]), RowOptions()).document

    def full(*_: object) -> None:
        raise EngineUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(type(scope.runtime.blobs), "put", full)
        do_work(scope.runtime, "ingest")
    assert get_document(scope, made.id).status == "processing"
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job)):
            job.run_after = job.created_at
    do_work(scope.runtime)
    assert len(rows_of(scope, made.id, status=("ready",))) == 30

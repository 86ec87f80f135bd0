"""Long PDFs on their way through the pipeline: searchable part by part, once each, whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from services.engines.embedder import EmbedderState
from services.engines.vectors.base import Point
from services.errors import EngineUnavailable, NotFound, ParseFailed
from services.handlers import HANDLERS
from services.ingest.documents import delete_document, get_document, read_text
from services.ingest.extract import SCAN
from services.ingest.extract.pdf.reader import PART_PAGES
from services.ingest.extract.sandbox import Progress, Sandbox
from services.ingest.index.generations import look
from services.ingest.index.reconcile import compare
from services.ingest.index.reindex import request_reindex
from services.ingest.library.steer import cancel_document, pause_document, resume_document, retry_document
from services.ingest.submit import submit
from services.ingest.types import Article, RawDocument
from services.jobs.claim import Batch, claim, run_batch, work
from services.jobs.tick import take_back
from services.models import Chunk, Document, Job, JobEvent, utc_now
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from tests.books import RUNNING_HEAD, long_pdf, word_of
from tests.factories import do_work
from tests.services.ingest.extract.prints import printed, pymupdf, scanned

PAGES = 110


@pytest.fixture(scope="module")
def book() -> bytes:
    return long_pdf(PAGES)


def bring(scope: Scope, content: bytes, **more: str) -> Document:
    return submit(scope, RawDocument(content, filename="book.pdf", **more)).document  # type: ignore[arg-type]


def one_batch(scope: Scope) -> None:
    """What a worker does at one turn: the next part of what is due, in either queue."""
    for queue in ("interactive", "ingest"):
        jobs = claim(scope.runtime, queue, HANDLERS)
        if jobs:
            run_batch(Batch(scope, queue, jobs, HANDLERS[jobs[0].name]))
            return


def due_now(scope: Scope) -> None:
    """Let nothing wait for its time."""
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job).where(Job.status == "queued")):
            job.run_after = utc_now()


def finds(scope: Scope, page: int) -> bool:
    hits = search(scope, Query(word_of(page))).hits
    passages = [passage for hit in hits for passage in (hit.passage, *hit.more_passages)]
    return any(word_of(page) in passage.text and 0 <= page - (passage.page or 0) < 6 for passage in passages)


def check_whole(scope: Scope, document_id: str, pages: int = PAGES) -> None:
    """Every page is there once: in the text, in the chunks, in the index, and found."""
    document = get_document(scope, document_id)
    assert (document.status, document.page_count, document.pages_read) == ("ready", pages, pages)
    read = read_text(scope, document_id)
    assert [read.text.count(word_of(page)) for page in range(1, pages + 1)] == [1] * pages
    assert RUNNING_HEAD not in read.text
    assert [page["number"] for page in read.document.pages] == list(range(1, pages + 1))
    for page in read.document.pages:
        assert word_of(page["number"]) in read.text[page["start"] : page["end"]]
    assert [chunk.ordinal for chunk in read.chunks] == list(range(document.chunk_count))
    assert all(before.end <= after.start for before, after in pairwise(read.chunks))
    covered = "".join(read.text[chunk.start : chunk.end] for chunk in read.chunks)
    assert "".join(covered.split()) == "".join(read.text.split())
    difference = compare(scope, look(scope).live, lambda: None)
    assert (difference.points, difference.missing, difference.orphans) == (document.chunk_count, [], [])
    assert all(finds(scope, page) for page in (1, PART_PAGES, PART_PAGES + 1, pages))


def test_the_first_pages_are_found_while_the_rest_is_read(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    one_batch(scope)
    begun = get_document(scope, document.id)
    assert (begun.status, begun.pages_read, begun.page_count) == ("processing", PART_PAGES, PAGES)
    assert finds(scope, 1)
    assert finds(scope, PART_PAGES)
    assert not finds(scope, PART_PAGES + 1)
    before = read_text(scope, document.id)
    do_work(scope.runtime)
    check_whole(scope, document.id)
    after = read_text(scope, document.id)
    assert after.text.startswith(before.text)
    spans = [(chunk.ordinal, chunk.start, chunk.end) for chunk in after.chunks]
    assert spans[: len(before.chunks)] == [(chunk.ordinal, chunk.start, chunk.end) for chunk in before.chunks]
    with scope.read() as tx:
        told = tx.select(JobEvent).where(JobEvent.subject_id == document.id, JobEvent.stage == "searchable")
        assert [event.detail for event in tx.session.scalars(told)] == [{"page": PART_PAGES, "of": PAGES}]


def test_a_long_document_gives_way_to_other_peoples_files(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    work(scope.runtime, "interactive", HANDLERS)
    assert get_document(scope, document.id).pages_read == PART_PAGES
    with scope.read() as tx:
        assert [job.queue for job in tx.session.scalars(tx.select(Job))] == ["ingest"]


def test_a_short_document_is_read_in_one_piece(scope: Scope) -> None:
    document = bring(scope, long_pdf(60))
    one_batch(scope)
    check_whole(scope, document.id, 60)
    with scope.read() as tx:
        stages = [event.stage for event in tx.session.scalars(tx.select(JobEvent).order_by(JobEvent.id))]
    assert stages == ["received", "extracting", "chunking", "embedding", "indexing", "ready"]


@pytest.mark.parametrize("part", [1, 2])
@pytest.mark.parametrize("stored", [False, True], ids=["before it is stored", "after it is stored"])
def test_a_worker_that_dies_in_a_part_costs_that_part_alone(
    scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch, part: int, stored: bool
) -> None:
    class Killed(BaseException):
        """What no handler catches."""

    document = bring(scope, book)
    for _ in range(part - 1):
        one_batch(scope)
    read_before = get_document(scope, document.id).pages_read
    upsert = scope.runtime.vectors.upsert

    def die(collection: str, points: Sequence[Point]) -> None:
        if stored:
            upsert(collection, points)
        raise Killed

    monkeypatch.setattr(scope.runtime.vectors, "upsert", die)
    with pytest.raises(Killed):
        one_batch(scope)
    monkeypatch.undo()
    assert get_document(scope, document.id).pages_read == read_before
    take_back(scope.runtime)
    extract, begun = Sandbox.extract, []

    def watched(self: Sandbox, raw: RawDocument, type: str, progress: Progress | None = None) -> Article:
        begun.append(raw.bookmark.page if raw.bookmark else None)
        return extract(self, raw, type, progress)

    monkeypatch.setattr(Sandbox, "extract", watched)
    do_work(scope.runtime)
    assert begun[0] == read_before
    check_whole(scope, document.id)


def test_progress_gives_a_document_all_its_tries_again(
    scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(scope, book)
    upsert, tries = scope.runtime.vectors.upsert, iter([False, False, True] * 2)

    def sometimes(collection: str, points: Sequence[Point]) -> None:
        if points and not next(tries):
            raise RuntimeError("a fault of this test")
        upsert(collection, points)

    monkeypatch.setattr(scope.runtime.vectors, "upsert", sometimes)
    for _ in range(6):
        due_now(scope)
        one_batch(scope)
    check_whole(scope, document.id)


def test_a_second_worker_on_the_same_part_changes_nothing(
    scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took over while the first one stood still, and was done before that one stored its points."""
    document = bring(scope, book)
    one_batch(scope)
    upsert = scope.runtime.vectors.upsert

    def overtaken(collection: str, points: Sequence[Point]) -> None:
        monkeypatch.undo()
        take_back(scope.runtime)
        do_work(scope.runtime)
        upsert(collection, points)

    monkeypatch.setattr(scope.runtime.vectors, "upsert", overtaken)
    one_batch(scope)
    check_whole(scope, document.id)


def deleted(scope: Scope, document_id: str) -> None:
    delete_document(scope, document_id)
    with pytest.raises(NotFound):
        get_document(scope, document_id)
    assert not finds(scope, 1)


def nothing_is_left(scope: Scope) -> None:
    with scope.read() as tx:
        assert tx.session.scalars(tx.select(Document)).all() == []
        assert tx.session.scalars(tx.select(Chunk)).all() == []
    assert compare(scope, look(scope).live, lambda: None).points == 0
    assert list(scope.runtime.blobs.keys_older_than(-1.0)) == []


def test_deleted_between_two_parts_means_gone(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    one_batch(scope)
    deleted(scope, document.id)
    do_work(scope.runtime)
    nothing_is_left(scope)


def test_deleted_while_a_part_is_stored_means_gone(scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    document = bring(scope, book)
    one_batch(scope)
    upsert = scope.runtime.vectors.upsert

    def deleted_before(collection: str, points: Sequence[Point]) -> None:
        monkeypatch.undo()
        deleted(scope, document.id)
        do_work(scope.runtime, "interactive")
        upsert(collection, points)

    monkeypatch.setattr(scope.runtime.vectors, "upsert", deleted_before)
    one_batch(scope)
    do_work(scope.runtime)
    nothing_is_left(scope)


def test_a_new_version_takes_the_place_of_one_that_was_read_in_part(scope: Scope, book: bytes) -> None:
    address = "https://news.example.org/report.pdf"
    first = bring(scope, book, url=address)
    one_batch(scope)
    second = bring(scope, long_pdf(PAGES, first=1001), url=address)
    assert second.id == first.id
    assert not finds(scope, 1)
    one_batch(scope)
    assert not finds(scope, 1)
    do_work(scope.runtime)
    document = get_document(scope, first.id)
    assert (document.status, document.version, document.pages_read) == ("ready", 2, PAGES)
    text = read_text(scope, first.id).text
    assert word_of(1) not in text
    assert [text.count(word_of(page)) for page in range(1001, 1001 + PAGES)] == [1] * PAGES
    difference = compare(scope, look(scope).live, lambda: None)
    assert (difference.points, difference.missing, difference.orphans) == (document.chunk_count, [], [])


def test_a_failed_document_goes_on_where_it_was_when_it_is_tried_again(
    scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(scope, book)
    one_batch(scope)

    def refuse(*_: object) -> Article:
        raise ParseFailed("damaged", "This PDF is damaged.")

    monkeypatch.setattr(Sandbox, "extract", refuse)
    one_batch(scope)
    assert get_document(scope, document.id).status == "failed"
    assert not finds(scope, 1)
    monkeypatch.undo()
    retry_document(scope, document.id)
    assert finds(scope, 1)
    do_work(scope.runtime)
    check_whole(scope, document.id)


def test_cancelled_between_two_parts_nothing_of_it_is_left(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    one_batch(scope)
    assert finds(scope, 1)
    cancel_document(scope, document.id)
    assert not finds(scope, 1)
    due_now(scope)
    do_work(scope.runtime)
    assert scope.runtime.vectors.count(look(scope).live, document_id=document.id) == 0
    cancelled = get_document(scope, document.id)
    assert (cancelled.status, cancelled.pages_read) == ("cancelled", 0)
    retry_document(scope, document.id)
    do_work(scope.runtime)
    check_whole(scope, document.id)


def test_paused_between_two_parts_it_can_be_searched_so_far_and_goes_on_there(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    one_batch(scope)
    pause_document(scope, document.id)
    due_now(scope)
    do_work(scope.runtime)
    paused = get_document(scope, document.id)
    assert (paused.status, paused.pages_read) == ("paused", PART_PAGES)
    assert finds(scope, 1)
    resume_document(scope, document.id)
    do_work(scope.runtime)
    check_whole(scope, document.id)


def test_an_index_made_anew_meanwhile_holds_every_part(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    one_batch(scope)
    request_reindex(scope)
    do_work(scope.runtime, "maintenance")
    assert finds(scope, 1)
    do_work(scope.runtime)
    due_now(scope)
    do_work(scope.runtime)
    check_whole(scope, document.id)
    assert look(scope).live.endswith("-g2")


def test_a_reindex_that_begins_while_a_part_is_stored_has_it_stored_again(
    scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(scope, book)
    upsert = scope.runtime.vectors.upsert

    def begun_meanwhile(collection: str, points: Sequence[Point]) -> None:
        monkeypatch.undo()
        request_reindex(scope)
        upsert(collection, points)

    monkeypatch.setattr(scope.runtime.vectors, "upsert", begun_meanwhile)
    one_batch(scope)
    assert get_document(scope, document.id).pages_read == 0
    do_work(scope.runtime)
    due_now(scope)
    do_work(scope.runtime)
    check_whole(scope, document.id)


def test_points_that_the_engine_lost_meanwhile_are_made_again(scope: Scope, book: bytes) -> None:
    document = bring(scope, book)
    one_batch(scope)
    scope.runtime.vectors.delete_documents(look(scope).live, [document.id])
    do_work(scope.runtime)
    check_whole(scope, document.id)


def test_parts_that_came_before_the_model_get_their_vectors(
    scope: Scope, book: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(scope, book)
    with monkeypatch.context() as patch:
        patch.setattr(type(scope.runtime.embedder), "state", EmbedderState.LOADING)
        one_batch(scope)
        assert finds(scope, 1)
    do_work(scope.runtime)
    check_whole(scope, document.id)
    assert get_document(scope, document.id).embedded
    lacking = scope.runtime.vectors.scan(look(scope).live, without_vector=True)
    assert [point for page in lacking for point in page] == []


# Scans


@pytest.fixture(scope="module")
def scan() -> bytes:
    """Eight pages that are pictures, with the numbers spelled out."""
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight")
    with pymupdf.open() as document:
        for word in words:
            page = scanned(printed([f"Pier {word} was closed on Monday."]), dpi=100)
            with pymupdf.open(stream=page, filetype="pdf") as single:
                document.insert_pdf(single)
        return bytes(document.tobytes())


def recognised(scope: Scope, document_id: str) -> list[int]:
    """The pages whose recognition was begun, in order."""
    with scope.read() as tx:
        events = tx.select(JobEvent).where(JobEvent.subject_id == document_id, JobEvent.stage == "ocr")
        return [event.detail["page"] for event in tx.session.scalars(events.order_by(JobEvent.id))]


def test_recognition_goes_on_behind_the_pages_that_are_recorded(
    scope: Scope, scan: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(scope, scan)
    one_batch(scope)
    assert recognised(scope, document.id) == [0], "handed to the bulk queue"
    one_batch(scope)
    assert get_document(scope, document.id).pages_read == 6
    extract = Sandbox.extract

    def killed(page: int, of: int) -> None:
        raise EngineUnavailable("a fault of this test")

    def dies(self: Sandbox, raw: RawDocument, type: str, progress: Progress | None = None) -> Article:
        return extract(self, raw, type, killed if type == SCAN else progress)

    monkeypatch.setattr(Sandbox, "extract", dies)
    one_batch(scope)
    monkeypatch.undo()
    due_now(scope)
    do_work(scope.runtime)
    assert recognised(scope, document.id) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    read = read_text(scope, document.id)
    assert read.document.status == "ready"
    assert [read.text.count(f"Pier {word}") for word in ("one", "six", "seven", "eight")] == [1, 1, 1, 1]
    assert [page["number"] for page in read.document.pages] == list(range(1, 9))


def test_recognition_that_fails_later_keeps_what_is_there(
    scope: Scope, scan: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(scope, scan)
    one_batch(scope)
    one_batch(scope)
    extract = Sandbox.extract

    def fails(self: Sandbox, raw: RawDocument, type: str, progress: Progress | None = None) -> Article:
        if type == SCAN:
            raise ParseFailed("parser_crash", "The parser crashed on this document.")
        return extract(self, raw, type, progress)

    monkeypatch.setattr(Sandbox, "extract", fails)
    do_work(scope.runtime)
    read = get_document(scope, document.id)
    assert (read.status, read.pages_read) == ("ready", 8)
    assert "ocr_failed" in read.quality_reasons

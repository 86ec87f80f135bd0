"""Accepting documents: once, durably, and with clear refusals."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.engines.turns import FairTurns
from services.errors import EmptyFile, EngineUnavailable, TooLarge, UnsupportedType
from services.ingest.documents import DocumentFilter, delete_document, get_document, list_documents
from services.ingest.library.names import clean_name
from services.ingest.library.steer import retry_document
from services.ingest.submit import MOST_INTERACTIVE, submit
from services.ingest.types import RawDocument
from services.models import Document, Job
from services.scope import Scope
from tests.factories import do_work, html_document, make_scope, store, text_document


def job_count(scope: Scope) -> int:
    with scope.read() as tx:
        return len(tx.session.scalars(tx.select(Job)).all())


def test_the_same_bytes_are_one_document_and_one_job(scope: Scope) -> None:
    first = submit(scope, text_document("The same words twice.", filename="a.txt"))
    second = submit(scope, text_document("The same words twice.", filename="b.txt"))
    assert second.document.id == first.document.id
    assert (first.duplicate, second.duplicate) == (False, True)
    assert job_count(scope) == 1


def test_fifty_concurrent_uploads_of_one_file_are_one_document(scope: Scope) -> None:
    raw = text_document("Everybody sends this at once.")
    with ThreadPoolExecutor(16) as pool:
        ids = {made.document.id for made in pool.map(lambda _: submit(scope, raw), range(50))}
    assert len(ids) == 1
    assert job_count(scope) == 1
    blobs = [path for path in (scope.runtime.settings.data_dir / "blobs").rglob("*") if path.is_file()]
    assert len(blobs) == 1


def test_two_tenants_keep_their_own_copy(scope: Scope) -> None:
    other = make_scope(scope.runtime, "Other")
    raw = text_document("A text that both tenants own.")
    mine, theirs = store(scope, raw), store(other, raw)
    assert mine.id != theirs.id
    delete_document(scope, mine.id)
    do_work(scope.runtime)
    assert get_document(other, theirs.id).status == "ready"
    assert scope.runtime.blobs.get(theirs.blob_key) == raw.content


def test_new_bytes_behind_a_known_url_become_its_next_version(scope: Scope) -> None:
    first = store(
        scope, html_document("Rates rise", "The bank raised rates on Monday, it said in a statement to the press.")
    )
    second = store(
        scope, html_document("Rates fall", "The bank cut rates on Friday, it said in another statement to the press.")
    )
    assert second.id == first.id
    assert (first.version, second.version, second.status) == (1, 2, "ready")
    assert second.title == "Rates fall"
    assert scope.runtime.vectors.count(f"{scope.tenant_id}-g1", document_id=second.id) == second.chunk_count


@pytest.mark.parametrize("content", [b"", b"  \n\t "])
def test_empty_files_are_refused(scope: Scope, content: bytes) -> None:
    with pytest.raises(EmptyFile):
        submit(scope, RawDocument(content=content, filename="empty.txt"))
    assert job_count(scope) == 0


def test_unknown_types_are_refused_with_what_is_read(scope: Scope) -> None:
    with pytest.raises(UnsupportedType, match="pdf"):
        submit(scope, RawDocument(content=b"\x7fELF\x02\x01\x01" + bytes(500), filename="program"))


def test_files_above_the_limit_are_refused(scope: Scope) -> None:
    with pytest.raises(TooLarge, match="50 MiB"):
        submit(scope, RawDocument(content=b"a" * (50 * 2**20 + 1), filename="big.txt"))


def test_a_failed_document_is_tried_again_when_it_comes_again(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = RawDocument(content=b"%PDF-1.7\nnothing that a reader could use", filename="broken.pdf")
    failed = store(scope, raw)
    assert (failed.status, bool(failed.error_detail)) == ("failed", True)
    again = submit(scope, raw)
    assert (again.document.id, again.duplicate, again.document.status) == (failed.id, False, "queued")
    do_work(scope.runtime)
    retried = retry_document(scope, failed.id)
    assert retried.status == "queued"


def test_deleting_frees_the_bytes_for_a_new_document(scope: Scope) -> None:
    raw = text_document("Deleted and uploaded again at once.")
    first = store(scope, raw)
    delete_document(scope, first.id)
    second = submit(scope, raw)
    assert second.document.id != first.id
    do_work(scope.runtime)
    assert get_document(scope, second.document.id).status == "ready"


def test_names_are_shown_without_paths_controls_or_direction_marks() -> None:
    assert clean_name("../../etc/passwd") == "passwd"
    assert clean_name("C:\\Users\\me\\report.pdf") == "report.pdf"
    assert clean_name("evil\u202egpj.exe\x00\n .txt") == "evilgpj.exe .txt"
    assert len(clean_name("x" * 500)) == 200


def test_lists_page_without_gaps_or_repeats(scope: Scope) -> None:
    made = [submit(scope, text_document(f"Document number {number}.")).document for number in range(7)]
    seen: list[Document] = []
    before = None
    while True:
        rows, total = list_documents(scope, DocumentFilter(), before=before, limit=3)
        seen += rows
        if len(rows) < 3:
            break
        before = (rows[-1].first_seen_at, rows[-1].id)
    assert total == 7
    assert [row.id for row in seen] == [row.id for row in reversed(made)]


def test_of_a_heap_of_files_most_are_bulk_work_and_of_another_tenant_none(scope: Scope) -> None:
    for number in range(MOST_INTERACTIVE + 4):
        submit(scope, text_document(f"File {number} of a heap."))
    other = make_scope(scope.runtime)
    submit(other, text_document("The only file of somebody else."))
    assert queues_of(scope) == {"interactive": MOST_INTERACTIVE, "ingest": 4}
    assert queues_of(other) == {"interactive": 1}


def test_files_are_accepted_in_the_turn_of_their_tenant(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope.runtime, "turns", FairTurns(1, most_waiting=0))
    with pytest.raises(EngineUnavailable):
        submit(scope, text_document("One of far too many at once."))
    assert job_count(scope) == 0


def queues_of(scope: Scope) -> Counter[str]:
    with scope.read() as tx:
        return Counter(tx.session.scalars(tx.select_columns(Job, Job.queue)))

"""Scans on their way through the pipeline: progress page by page, and what is kept when recognition fails."""

from __future__ import annotations

import pytest

from services.errors import ParseFailed
from services.ingest.documents import get_document, read_text
from services.ingest.extract import SCAN
from services.ingest.extract.sandbox import Progress, Sandbox
from services.ingest.submit import submit
from services.ingest.types import Article, RawDocument
from services.models import JobEvent
from services.scope import Scope
from tests.factories import do_work, store
from tests.services.ingest.extract.prints import printed, pymupdf, scanned

PRINTED, SCANNED = "The council voted on Tuesday.", "The ferry ran late on Monday."


def two_pages() -> bytes:
    with pymupdf.open(stream=printed([PRINTED]), filetype="pdf") as document:
        with pymupdf.open(stream=scanned(printed([SCANNED])), filetype="pdf") as scan:
            document.insert_pdf(scan)
        return bytes(document.tobytes())


def test_a_scanned_page_is_read_and_told_of(scope: Scope) -> None:
    document = store(scope, RawDocument(two_pages(), filename="report.pdf"))
    assert document.status == "ready"
    read = read_text(scope, document.id)
    assert read.text == f"{PRINTED}\n\n{SCANNED}"
    assert [("confidence" in page, page["number"]) for page in read.document.pages] == [(False, 1), (True, 2)]
    with scope.read() as tx:
        events = tx.select(JobEvent).where(JobEvent.subject_id == document.id).order_by(JobEvent.id)
        told = [(event.stage, event.detail) for event in tx.session.scalars(events)]
    assert [stage for stage, _ in told] == [
        "received",
        "extracting",
        "ocr",
        "chunking",
        "embedding",
        "indexing",
        "ready",
    ]
    assert told[2][1] == {"page": 2, "of": 2}


def test_what_is_printed_stays_when_recognition_fails(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    extract = Sandbox.extract

    def failing(self: Sandbox, raw: RawDocument, type: str, progress: Progress | None = None) -> Article:
        if type == SCAN:
            raise ParseFailed("no_text", "Nothing was legible.")
        return extract(self, raw, type, progress)

    monkeypatch.setattr(Sandbox, "extract", failing)
    document = store(scope, RawDocument(two_pages(), filename="report.pdf"))
    assert document.status == "ready"
    assert "ocr_failed" in document.quality_reasons
    assert read_text(scope, document.id).text == PRINTED
    only = store(scope, RawDocument(scanned(printed([SCANNED])), filename="scan.pdf"))
    assert (only.status, only.error_code) == ("failed", "no_text")


def test_a_long_scan_gives_way_to_other_peoples_files(scope: Scope) -> None:
    page = scanned(printed([SCANNED]))
    with pymupdf.open(stream=page, filetype="pdf") as document:
        for _ in range(3):
            document.fullcopy_page(0)
        content = bytes(document.tobytes())
    long = submit(scope, RawDocument(content, filename="long.pdf")).document
    short = submit(scope, RawDocument(PRINTED.encode(), filename="note.txt")).document
    do_work(scope.runtime, "interactive")
    assert get_document(scope, short.id).status == "ready"
    assert get_document(scope, long.id).status == "processing"
    do_work(scope.runtime, "ingest")
    assert get_document(scope, long.id).status == "ready"
    assert read_text(scope, long.id).text == "\n\n".join([SCANNED] * 4)

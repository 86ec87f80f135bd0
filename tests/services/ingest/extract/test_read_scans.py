"""Scans: pages that are pictures of text are recognised, whichever way they lie, and say how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.errors import ParseFailed
from services.ingest.extract import SCAN
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.settings import Settings
from tests.services.ingest.extract.prints import agreement, printed, pymupdf, scanned, story

SHORT = story(3)


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Sandbox]:
    """A sandbox that recognises text, warm for all tests here."""
    sandbox = Sandbox(Settings(max_ocr_pages=3), duty="recognise")
    yield sandbox
    sandbox.close()


def joined(*contents: bytes) -> bytes:
    with pymupdf.open() as document:
        for content in contents:
            with pymupdf.open(stream=content, filetype="pdf") as part:
                document.insert_pdf(part)
        return bytes(document.tobytes())


@pytest.mark.parametrize(
    ("dpi", "turn", "columns"), [(150, 0, 1), (300, 0, 1), (150, 0, 2), (150, 90, 1), (150, 180, 1), (150, 270, 1)]
)
def test_a_scan_reads_like_its_print(recogniser: Sandbox, dpi: int, turn: int, columns: int) -> None:
    text = story(10) if columns == 2 else SHORT
    article = recogniser.extract(RawDocument(scanned(printed(text, columns), dpi, turn)), SCAN)
    assert agreement(article.text, "\n\n".join(text)) >= 0.97
    assert article.pages[0].confidence is not None
    assert article.pages[0].confidence > 0.95
    assert article.pictures == article.quality_reasons == ()


def test_a_page_that_is_marked_as_turned_reads_as_well(recogniser: Sandbox) -> None:
    with pymupdf.open(stream=scanned(printed(SHORT)), filetype="pdf") as document:
        document[0].set_rotation(90)
        article = recogniser.extract(RawDocument(bytes(document.tobytes())), SCAN)
    assert agreement(article.text, "\n\n".join(SHORT)) >= 0.97


def test_only_pictures_are_recognised_and_each_is_told_of(recogniser: Sandbox) -> None:
    told: list[tuple[int, int]] = []
    content = joined(printed(SHORT), scanned(printed(["The ferry ran late on Tuesday."])), printed(story(2, 5)))
    article = recogniser.extract(RawDocument(content), SCAN, lambda page, count: told.append((page, count)))
    assert told == [(2, 3)]
    assert [span.number for span in article.pages] == [1, 2, 3]
    assert [span.confidence is None for span in article.pages] == [True, False, True]
    second = article.pages[1]
    assert article.text[second.start : second.end] == "The ferry ran late on Tuesday."


def test_a_photograph_among_printed_pages_is_no_bad_scan(recogniser: Sandbox) -> None:
    with pymupdf.open(stream=printed(SHORT), filetype="pdf") as document:
        document.new_page().draw_circle((300, 300), 200, fill=(0.2, 0.5, 0.8))
        article = recogniser.extract(RawDocument(bytes(document.tobytes())), SCAN)
    assert article.quality_reasons == article.pictures == ()
    assert article.text.split("\n\n") == SHORT


def test_pages_past_the_limit_stay_pictures(recogniser: Sandbox) -> None:
    page = scanned(printed(["The ferry ran late on Tuesday."]))
    article = recogniser.extract(RawDocument(joined(*[page] * 5)), SCAN)
    assert article.pictures == (4, 5)
    assert "truncated" in article.quality_reasons


def test_a_bad_scan_is_flagged_or_refused(recogniser: Sandbox) -> None:
    article = recogniser.extract(RawDocument(scanned(printed(SHORT), 40)), SCAN)
    assert article.quality_reasons == ("ocr_low_confidence",)
    with pytest.raises(ParseFailed) as caught:
        recogniser.extract(RawDocument(scanned(printed(SHORT), 20)), SCAN)
    assert caught.value.reason == "no_text"


def test_the_first_reading_names_the_pictures(sandbox: Sandbox) -> None:
    content = joined(printed(SHORT), scanned(printed(SHORT)), printed(["Page 3"]))
    article = sandbox.extract(RawDocument(content), "pdf")
    assert article.pictures == (2,)


def test_a_stamp_on_a_picture_does_not_make_it_text(sandbox: Sandbox) -> None:
    with pymupdf.open(stream=scanned(printed(SHORT)), filetype="pdf") as document:
        document[0].insert_text((20, 20), "Received 4 March")
        article = sandbox.extract(RawDocument(bytes(document.tobytes())), "pdf")
    assert article.pictures == (1,)
    assert article.text == "Received 4 March"


def test_who_is_told_of_a_page_may_end_the_reading(recogniser: Sandbox) -> None:
    def stop(page: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recogniser.extract(RawDocument(scanned(printed(SHORT))), SCAN, stop)
    assert recogniser.extract(RawDocument(printed(SHORT)), SCAN).text

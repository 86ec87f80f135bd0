"""PDFs: pages and their spans, titles, dates, and the ones that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from services.errors import ParseFailed
from services.ingest.extract import extract
from services.ingest.extract.pdf.layout import mended_lines
from services.ingest.types import Article, RawDocument
from services.settings import Settings
from tests.services.ingest.extract.prints import agreement, printed, pymupdf, story

MakePdf = Callable[..., bytes]


def read(content: bytes, **settings: int) -> Article:
    return extract(RawDocument(content), "pdf", Settings(**settings))  # type: ignore[arg-type]


def failure(content: bytes) -> str:
    with pytest.raises(ParseFailed) as caught:
        read(content)
    return caught.value.reason


def test_each_page_has_its_exact_span(make_pdf: MakePdf) -> None:
    article = read(make_pdf([[("First page here.", 11)], [], [("Third page here.", 11)]]))
    assert article.text == "First page here.\n\nThird page here."
    assert [(span.number, article.text[span.start : span.end]) for span in article.pages] == [
        (1, "First page here."),
        (3, "Third page here."),
    ]


def test_lines_are_joined_and_broken_words_mended(make_pdf: MakePdf) -> None:
    lines = [
        "The council of the northern city voted on Tues-",
        "day to build a bridge over the river, after years",
        "of debate.",
    ]
    article = read(make_pdf([[(line, 11) for line in lines]]))
    assert (
        article.text
        == "The council of the northern city voted on Tuesday to build a bridge over the river, after years of debate."
    )


def test_a_sentence_that_runs_over_a_page_break_is_one_paragraph(make_pdf: MakePdf) -> None:
    article = read(make_pdf([[("The council voted on Tuesday to", 11)], [("build a bridge.", 11)]]))
    assert article.text == "The council voted on Tuesday to build a bridge."
    assert article.text[article.pages[1].start :] == "build a bridge."


def test_running_heads_and_page_numbers_are_left_out(make_pdf: MakePdf) -> None:
    pages = [
        [
            ("Annual report 2026", 9),
            ("", 11),
            (f"Chapter text number {n * 7} stands here.", 11),
            ("", 11),
            (f"Page {n} of 6", 9),
        ]
        for n in range(1, 7)
    ]
    text = read(make_pdf(pages)).text
    assert "Annual report" not in text
    assert "of 6" not in text
    assert "number 21 stands" in text


def test_pages_that_all_say_the_same_keep_their_text(make_pdf: MakePdf) -> None:
    assert read(make_pdf([[(f"Form number {n} is filled in.", 11)] for n in range(6)])).text.count("Form number") == 6


def test_title_author_and_date_come_from_the_information(make_pdf: MakePdf) -> None:
    article = read(
        make_pdf([[("Text.", 11)]], title="The Bridge", author="Ann Lee; Bo Ek", creationDate="D:20260304063000+01'00'")
    )
    assert (article.title, article.authors) == ("The Bridge", ("Ann Lee", "Bo Ek"))
    assert (article.published_at, article.published_from) == (datetime(2026, 3, 4, 5, 30, tzinfo=UTC), "pdf-info")


@pytest.mark.parametrize("title", ["", "Microsoft Word - report.docx", "untitled", "final_v2.indd"])
def test_the_largest_line_is_the_title_when_the_information_has_none(make_pdf: MakePdf, title: str) -> None:
    pages = [[("The Herald", 9), ("", 11), ("Bridge approved", 24), ("", 11), ("The council voted.", 11)]]
    assert read(make_pdf(pages, title=title)).title == "Bridge approved"


@pytest.mark.parametrize("value", ["", "D:", "D:99999999999999", "D:20261332", "yesterday", "D:29990101"])
def test_odd_dates_are_passed_over(make_pdf: MakePdf, value: str) -> None:
    assert read(make_pdf([[("Text.", 11)]], creationDate=value)).published_at is None


def test_a_password_is_named_as_the_reason(make_pdf: MakePdf) -> None:
    assert failure(make_pdf([[("Secret.", 11)]], password="x", owner_password="y")) == "encrypted"


def test_an_owner_password_alone_does_not_hinder_reading(make_pdf: MakePdf) -> None:
    assert read(make_pdf([[("Readable.", 11)]], owner_password="y")).text == "Readable."


def test_a_pdf_without_text_is_refused(make_pdf: MakePdf) -> None:
    assert failure(make_pdf([[], []])) == "no_text"


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7", b"%PDF-1.7\n" + b"\x00" * 1000, b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"]
)
def test_wreckage_is_damaged_or_without_text(content: bytes) -> None:
    assert failure(content) in ("damaged", "no_text")


def test_pages_past_the_limit_are_left_out_and_said_to_be(make_pdf: MakePdf) -> None:
    article = read(make_pdf([[(f"Page {n}.", 11)] for n in range(5)]), max_pdf_pages=2)
    assert len(article.pages) == 2
    assert article.quality_reasons == ("truncated",)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("across", [False, True])
def test_a_page_reads_column_by_column_whatever_the_order_of_drawing(columns: int, across: bool) -> None:
    text = story(10)
    assert agreement(read(printed(text, columns, across=across)).text, "\n\n".join(text)) >= 0.99


@pytest.mark.parametrize("columns", [1, 2])
def test_headings_and_paragraphs_stand_apart(columns: int) -> None:
    text = story(10)
    assert read(printed(text, columns)).text.split("\n\n") == text


def test_a_table_is_a_line_per_row() -> None:
    rows = [("Town", "River", "Bridges")] + [(f"Town {n}", f"River number {n}", str(n * 30)) for n in range(4)]
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 60), "A sentence before the table.")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.insert_text((72 + 120 * column, 100 + 18 * number), cell)
        text = read(bytes(document.tobytes())).text
    assert text == "A sentence before the table.\n\n" + "\n".join(" | ".join(row) for row in rows)


def test_numbered_items_are_no_table() -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        for number in range(1, 5):
            page.insert_text((72, 80 + 30 * number), f"{number}.")
            page.insert_text((110, 80 + 30 * number), f"The item of number {number} is here.")
        assert "|" not in read(bytes(document.tobytes())).text


@pytest.mark.parametrize(("gap", "is_table"), [(14, False), (40, True)])
def test_wide_spaces_in_justified_lines_make_no_table(gap: float, is_table: bool) -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        for number in range(3):
            page.insert_text((72, 80 + 14 * number), "the river")
            page.insert_text((72 + pymupdf.get_text_length("the river") + gap, 80 + 14 * number), "rose again")
        assert ("|" in read(bytes(document.tobytes())).text) == is_table


def test_an_arabic_ligature_keeps_the_order_of_its_letters() -> None:
    # A lam-alef, one glyph that stands for two letters: MuPDF gives them in the order of the eye.
    chars = [
        {"c": letter, "bbox": (left, 0.0, right, 10.0)}
        for letter, left, right in (("ا", 90, 95), ("إ", 80, 80), ("ل", 80, 90), ("ن", 75, 80))
    ]
    block = {"lines": [{"bbox": (75.0, 0.0, 95.0, 10.0), "spans": [{"chars": chars}]}]}
    assert [line.text for line in mended_lines({"blocks": [block]})] == ["الإن"]


def test_what_mupdf_cannot_open_pdfium_may() -> None:
    # Two page trees that name each other; MuPDF counts no page.
    content = printed(["The ferry ran late on Tuesday."])
    assert read(content.replace(b"/Type/Page/", b"/Type/Pxge/")).text == "The ferry ran late on Tuesday."

"""Word documents: what stands on their pages, in order, and what stands about them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime

import pytest
from docx import Document

from services.ingest.extract import detect, extract
from services.ingest.types import Article, RawDocument
from services.settings import Settings
from tests.services.ingest.extract.word import docx, item, p, zipped

TRANSITIONAL = re.compile(rb"http://schemas\.openxmlformats\.org/(wordprocessingml|officeDocument)/2006/")
RUN = "<w:r><w:t>{}</w:t></w:r>"
BOX = "<w:txbxContent>{}</w:txbxContent>"
NUMBERING = (
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
    '<w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/>'
    '</w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>'
    '<w:lvlText w:val="*"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num><w:num w:numId="3"><w:abstractNumId w:val="1"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
)


def read(content: bytes) -> Article:
    raw = RawDocument(content, filename="report.docx")
    return extract(raw, detect(raw), Settings())


def text(body: str, **parts: str) -> str:
    return read(docx(body, parts=parts)).text


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>"


def test_paragraphs_and_headings_stand_apart() -> None:
    assert text(p("Bridge", "H1") + p("The council voted.") + p("") + p("It is new.")) == (
        "Bridge\n\nThe council voted.\n\nIt is new."
    )


def test_lists_are_counted_as_word_counts_them() -> None:
    body = [item("One", 1), item("Part", 1, 1), item("Part", 1, 1), item("Two", 1), item("Part", 1, 1), p("Then")]
    body += [item("Dot", 2), item("Seven", 3), item("Eight", 3)]
    assert text("".join(body), numbering=NUMBERING) == (
        "1. One\n1.a) Part\n1.b) Part\n2. Two\n2.a) Part\n\nThen\n\n- Dot\n7. Seven\n8. Eight"
    )


def test_a_table_is_a_line_per_row() -> None:
    table = f"<w:tbl>{row(p('Town'), p('Bridges'))}{row(p('Norrvik'), p('4'))}</w:tbl>"
    assert text(p("Before.") + table + p("After.")) == "Before.\n\nTown | Bridges\nNorrvik | 4\n\nAfter."


def test_a_merged_cell_is_said_again_in_each_row() -> None:
    begun = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + p("North")
    table = f"<w:tbl>{row(begun, p('Spring'))}{row('<w:tcPr><w:vMerge/></w:tcPr>' + p(''), p('Autumn'))}</w:tbl>"
    assert text(table) == "North | Spring\nNorth | Autumn"


def test_a_table_that_lays_out_the_page_is_read_cell_by_cell() -> None:
    story = "The council voted on Tuesday to build a bridge over the river. " * 6
    assert text(f"<w:tbl>{row(p('Side'), p(story) + p('More.'))}</w:tbl>") == f"Side\n\n{story.strip()}\n\nMore."


def test_notes_and_comments_follow_the_paragraph_that_names_them() -> None:
    named = '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r>'
    footnotes = f'<w:footnote w:type="separator" w:id="0">{p("-----")}</w:footnote><w:footnote w:id="2">{p("A note.")}</w:footnote>'
    comments = f'<w:comment w:id="0" w:author="Ann Lee">{p("Is that so?")}</w:comment>'
    assert text(p("First.", extra=named) + p("Second."), footnotes=footnotes, comments=comments) == (
        "First.\n\nA note.\n\nComment (Ann Lee): Is that so?\n\nSecond."
    )


def test_a_text_box_is_read_once() -> None:
    box = BOX.format(p("In the box."))
    both = f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    assert text(p("Around it.", extra=both)) == "Around it.\n\nIn the box."


def test_what_a_reader_does_not_see_is_left_out() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
    removed = "<w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins>" + RUN.format(" new") + "</w:ins>"
    field = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'
    assert text(p("Seen", extra=hidden + removed + field)) == "Seen new"


def test_links_controls_and_breaks_keep_their_words() -> None:
    inside = (
        f"<w:hyperlink>{RUN.format('link')}</w:hyperlink><w:sdt><w:sdtContent>{RUN.format(', choice')}</w:sdtContent></w:sdt>"
        '<w:r><w:br/><w:t>below</w:t><w:tab/><w:t>aside</w:t><w:noBreakHyphen/><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'
    )
    assert (
        text(f"<w:sdt><w:sdtContent>{p('A ', extra=inside)}</w:sdtContent></w:sdt>") == "A link, choice\nbelow aside-"
    )


def test_formulas_are_told_on_a_line() -> None:
    formula = (
        "<m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>"
    )
    assert text(p("It is", extra=formula)) == "It is a/b"


def test_title_authors_and_date_come_from_the_properties() -> None:
    core = (
        "<dc:title>The Bridge</dc:title><dc:creator>Ann Lee; Bo Ek</dc:creator>"
        '<dcterms:created xsi:type="dcterms:W3CDTF">2026-03-04T05:30:00Z</dcterms:created>'
    )
    article = read(docx(p("Text."), core=core))
    assert (article.title, article.authors) == ("The Bridge", ("Ann Lee", "Bo Ek"))
    assert (article.published_at, article.published_from) == (datetime(2026, 3, 4, 5, 30, tzinfo=UTC), "docx-core")


@pytest.mark.parametrize(
    ("body", "core", "title"),
    [
        (p("The real title", "T") + p("Text."), "<dc:title>An old one</dc:title>", "The real title"),
        (p("Text.") + p("A heading", "Own"), "<dc:title>Microsoft Word - report.docx</dc:title>", "A heading"),
        (p("Short line") + p("The council voted."), "", "Short line"),
    ],
)
def test_a_title_is_found_in_the_text_when_the_properties_have_none(body: str, core: str, title: str) -> None:
    assert read(docx(body, core=core)).title == title


def test_a_new_document_of_python_docx_reads_and_has_no_date_of_its_own() -> None:
    document = Document()
    document.add_heading("Bridge", 0)
    document.add_paragraph("One", style="List Bullet")
    document.add_paragraph("First", style="List Number")
    document.add_paragraph("Second", style="List Number")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Town", "4"
    content = io.BytesIO()
    document.save(content)
    article = read(content.getvalue())
    assert article.text == "Bridge\n\n- One\n1. First\n2. Second\n\nTown | 4"
    assert (article.title, article.authors, article.published_at) == ("Bridge", (), None)


def test_a_strict_document_reads_like_any_other() -> None:
    with zipfile.ZipFile(io.BytesIO(docx(p("Strict words.")))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    strict = {name: TRANSITIONAL.sub(rb"http://purl.oclc.org/ooxml/\1/", xml) for name, xml in parts.items()}
    assert strict != parts
    assert read(zipped(strict)).text == "Strict words."

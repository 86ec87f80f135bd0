"""Answers as files: all that belongs to them, and titles that try to be more than text."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from docx import Document as open_docx

from services.answer.after.markdown import as_markdown, escaped
from services.answer.after.material import Exported, exported, web_address
from services.answer.after.word import as_docx
from services.answer.answer import answer, get_answer, get_thread
from services.answer.types import Done, Question
from services.models import Document
from services.scope import Scope
from services.search.query import Filters
from tests.factories import html_document, store

ADDRESS = "https://news.example"
BANK = (
    "The central bank raised interest rates by a quarter point on Monday to slow inflation.|"
    "The governor said that prices had risen faster than expected since spring."
)
HOSTILE = (
    "# Rates [rise](javascript:alert(1)) <script>x</script> **bold** `code` | $x$ www.evil.example \u202egnp.exe\x07"
)


@pytest.fixture
def asked(scope: Scope) -> str:
    """The id of an answer with two sources, one of which has a hostile title."""
    first = store(scope, html_document("Rates rise", BANK, url="https://a.example/1?a=(b)&c=<d>"))
    store(
        scope,
        html_document(
            "Museum", "The museum of Orlen shows glass and clocks and rates them.", url="https://b.example/2"
        ),
    )
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).where(Document.id == first.id).values(title=HOSTILE))
    filters = Filters(published_after=datetime(2026, 1, 1, tzinfo=UTC))
    question = Question("Why did the central bank raise interest rates? -holiday source:a.example", filters)
    return put(scope, question)


def put(scope: Scope, question: Question) -> str:
    done = list(answer(scope, question))[-1]
    assert isinstance(done, Done)
    return done.answer_id


def material(scope: Scope, answer_id: str) -> Exported:
    return exported(get_answer(scope, answer_id), ADDRESS)


def test_a_file_says_all_that_belongs_to_the_answer(scope: Scope, asked: str) -> None:
    text = as_markdown([material(scope, asked)])
    whole = get_answer(scope, asked)
    assert "# Why did the central bank raise interest rates?\n" in text
    for words in (
        "Asked: ",
        "UTC",
        "Only: source a.example; from 1 January 2026, 00:00 UTC; not phrases holiday",
        "quotes only",
        f"[In Tidings](<{ADDRESS}/ask/{asked}>)",
        "published 20 November 2026, first seen",
        "(<https://a.example/1?a=%28b%29&c=%3Cd%3E>)",
    ):
        assert words in text, words
    for sentence in whole.sentences:
        assert f"{escaped(sentence.text)} \\[{sentence.citations[0].source_number}\\]" in text
        assert f"> {escaped(sentence.citations[0].quote)}" in text
        start = whole.sentences[0].citations[0].start
    assert f"{ADDRESS}/documents/{whole.sources[0].document.id}?start={start}&end=" in text


def test_a_hostile_title_stays_text(scope: Scope, asked: str) -> None:
    markdown = as_markdown([material(scope, asked)])
    assert "\\[rise\\](javascript" in markdown
    for raw in ("[rise](", "<script>", "**bold**", "`code`", " | $x$", "www.evil", "\u202e", "\x07"):
        assert raw not in markdown.replace("\\", "\\\\") or raw.startswith("["), raw
    assert "\\<script\\>" in markdown
    file = open_docx(io.BytesIO(as_docx([material(scope, asked)])))
    paragraphs = [paragraph.text for paragraph in file.paragraphs]
    assert any("[rise](javascript:alert(1)) <script>x</script>" in each for each in paragraphs)
    with zipfile.ZipFile(io.BytesIO(as_docx([material(scope, asked)]))) as archive:
        targets = archive.read("word/_rels/document.xml.rels").decode()
    assert "javascript:" not in targets
    assert f"{ADDRESS}/documents/" in targets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1. item", "1\\. item"),
        ("- item", "\\- item"),
        ("# head", "\\# head"),
        ("a_b *c*", "a\\_b \\*c\\*"),
        ("see https://x.example", "see https:\\//x.example"),
        ("2026 was long", "2026 was long"),
    ],
)
def test_what_markdown_would_take_for_a_mark_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://", "//x", "", "http://[x"]
)
def test_only_addresses_of_the_web_become_links(url: str) -> None:
    assert web_address(url) is None


def test_a_thread_is_one_file_and_an_answer_without_sources_says_so(scope: Scope, asked: str) -> None:
    thread_id = get_answer(scope, asked).row.thread_id
    put(scope, Question("xylophone zebra quark", thread_id=thread_id))
    wholes = [exported(whole, ADDRESS) for whole in get_thread(scope, thread_id)]
    text = as_markdown(wholes)
    assert text.index("# Why did the central bank") < text.index("# xylophone zebra quark")
    assert len(open_docx(io.BytesIO(as_docx(wholes))).paragraphs) > 10

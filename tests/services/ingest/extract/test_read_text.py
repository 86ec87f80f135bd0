"""Plain text and Markdown: encodings, paragraphs, titles."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import ParseFailed
from services.ingest.extract import extract
from services.ingest.extract.clean import one_line, tidy
from services.ingest.types import Article, RawDocument
from services.settings import Settings

GERMAN = "Die Bürgermeisterin von München äußerte sich am Dienstag über größere Straßenbauprojekte. " * 5
CHINESE = "中国政府星期二宣布，新的高速铁路将于明年开通。许多市民表示欢迎这一消息。" * 5
RUSSIAN = "Правительство объявило во вторник о строительстве новой железной дороги. Жители довольны. " * 5


def read(content: bytes, type_: str = "text", **raw: str) -> Article:
    return extract(RawDocument(content, **raw), type_, Settings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"), (GERMAN, "utf-8-sig"), (GERMAN, "utf-16"), (GERMAN, "utf-16-le"), (GERMAN, "utf-16-be"), (GERMAN, "utf-32"),
        (GERMAN, "cp1252"), (CHINESE, "gb18030"), (CHINESE, "utf-16-le"), (CHINESE, "big5"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"),
    ],
)  # fmt: skip
def test_text_is_decoded_whatever_its_encoding(text: str, encoding: str) -> None:
    assert (
        read(text.encode(encoding, "ignore")).text
        == text.encode(encoding, "ignore").decode(encoding).removeprefix("\ufeff").strip()
    )


def test_a_claim_of_the_server_is_used_when_it_decodes() -> None:
    assert (
        read("Grüße aus Kiew".encode("cp1252"), content_type="text/plain; charset=iso-8859-1").text == "Grüße aus Kiew"
    )


def test_a_few_broken_bytes_do_not_cost_the_rest() -> None:
    content = GERMAN.encode()[:-1] + b"\xff\xc3"
    assert read(content).text.startswith("Die Bürgermeisterin von München")


def test_a_guess_among_many_is_marked_as_unsure() -> None:
    article = read(b"ab \xe4 \x9f \xfe cd ef \x8d gh")
    assert "low_confidence_encoding" in article.quality_reasons


@pytest.mark.parametrize("content", [b"\x01\x02\x03", b"\x00" * 50, "\u200b\u200e\n".encode(), b"\x7f\x1b\x1b"])
def test_only_control_characters_are_a_bad_encoding(content: bytes) -> None:
    with pytest.raises(ParseFailed) as caught:
        read(content)
    assert caught.value.reason == "bad_encoding"


def test_characters_that_cannot_be_stored_are_removed() -> None:
    text = read(
        "a\x00b\x08c\u202ed\u2066e\ufefff\u200bg\ufffeh\x85i e\u0301 \r\nj\u2028k".encode() + b"\xed\xa0\x80"
    ).text
    assert "\x00" not in text
    assert text.startswith("abcdefgh\ni é\nj\nk")
    text.encode()


def test_a_bomb_of_combining_marks_is_defused() -> None:
    started = time.perf_counter()
    text = tidy("x" + "\u0301\u0316" * 200_000)
    assert time.perf_counter() - started < 20
    assert len(text) < 100


def test_hard_wrapped_lines_become_paragraphs_and_lists_stay() -> None:
    text = (
        "Council votes on the bridge\n\nThe council of the northern city voted on Tuesday\nto build a bridge over the river, after years of\n"
        "debate.\n\nOptions were:\n- a tunnel of two kilometres under the river bed\n- a ferry that runs every ten minutes all day"
    )
    article = read(text.encode())
    assert article.title == "Council votes on the bridge"
    assert article.text.split("\n\n")[1].endswith(
        "voted on Tuesday to build a bridge over the river, after years of debate."
    )
    assert article.text.endswith(
        "Options were:\n- a tunnel of two kilometres under the river bed\n- a ferry that runs every ten minutes all day"
    )


def test_lines_broken_at_120_columns_become_paragraphs() -> None:
    lines = ["The dock workers accepted a shorter night shift" + " and one more free day" * 3, "per month, they said."]
    assert read("\n".join(lines).encode()).text == " ".join(lines)


def test_a_line_per_paragraph_gets_blank_lines() -> None:
    assert "\n\n" in read((GERMAN + "\n" + GERMAN).encode()).text


def test_a_given_title_wins() -> None:
    assert read(b"First line\n\nText.", title="Mine").title == "Mine"


def test_titles_are_one_short_line_without_tricks() -> None:
    assert one_line("a\u202eb\nc\td", 50) == "ab c d"
    assert len(one_line("word " * 100, 60)) <= 60


def test_an_endless_line_is_read_in_bounded_time() -> None:
    started = time.perf_counter()
    read(b"word " * 500_000)
    assert time.perf_counter() - started < 10


@given(st.text(max_size=200))
def test_tidy_text_can_be_stored_and_stays_as_it_is(text: str) -> None:
    tidied = tidy(text)
    assert tidy(tidied) == tidied
    assert unicodedata.is_normalized("NFC", tidied)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in tidied)


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_give_storable_text_or_a_reason(content: bytes) -> None:
    for type_ in ("text", "markdown"):
        try:
            text = read(content, type_).text
        except ParseFailed:
            continue
        assert text
        assert "\x00" not in text
        text.encode()


def test_comments_that_never_close_cost_linear_time_and_hide_the_rest() -> None:
    source = b"Words before.\n\n<div>\n" + b"<!--\n<script>\n" * 60_000
    assert read(source, "markdown").text == "Words before."


def test_markdown_loses_its_marks_and_keeps_its_words() -> None:
    source = b"""---
title: "Bridge approved"
date: 2026-03-04
author: Ann Lee, Bo Ek
---
# Heading

The **council** *voted* [on Tuesday](http://x.example/a_b) to
build `it`. ![a map](map.png) See snake_case_name.

- one *item*
- two
  continued

1. first
2. second

| City | People |
|------|--------|
| Oslo | 700 |

> A quote.

<div><b>raw</b> html</div><script>alert(1)</script>

```python
print("code")
```
"""
    article = read(source, "markdown")
    assert (article.title, article.authors, article.published_from) == ("Bridge approved", ("Ann Lee", "Bo Ek"), "meta")
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-03-04T00:00:00+00:00"
    assert article.text.split("\n\n") == [
        "Heading",
        "The council voted on Tuesday to build it. a map See snake_case_name.",
        "- one item\n- two continued",
        "1. first\n2. second",
        "City | People\nOslo | 700",
        "A quote.",
        "raw html",
        'print("code")',
    ]


def test_markdown_without_front_matter_takes_its_heading_as_title() -> None:
    assert read(b"Intro first.\n\n# The *big* story\n\nText.", "markdown").title == "The big story"


def test_nested_markdown_is_bounded() -> None:
    started = time.perf_counter()
    for source in (b"> " * 20_000 + b"x", b"[" * 20_000 + b"x", b"*" * 20_000 + b"x", b"- " * 5_000 + b"x"):
        read(source, "markdown")
    assert time.perf_counter() - started < 10

"""Sentence boundaries on the cases that news is full of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sentences import sentences

CASES = [
    ("en", "The U.S. Senate voted.|He lives in the U.S.|The vote was 52-48."),
    ("en", "Mr. Smith met Dr. J. R. Jones at 3.5 p.m. on Monday.|It rained."),
    ("en", '"Why?" he asked.|"Because," she said.|“It rains.”|Nobody spoke.'),
    ("en", "See No. 5.|The answer was no.|That is wrong."),
    ("en", "Apple Inc. shares fell 3.5 percent.|It was Apple Inc.|The firm declined to comment."),
    ("en", "Yahoo! said it would.|Wait... what?|Yes!|No!"),
    ("en", "It cost $1.5 bn.|Visit www.example.com.|Then e.g. Berlin vs. Munich followed."),
    ("en", "Gov. Gavin Newsom and Sen. Dianne Feinstein spoke on Nov. 19 in St. Louis.|They left."),
    ("en", "He got a Ph.D. in 1999.|She did (really!) too.|And so on."),
    ("en", "1. First thing.|2. Second thing."),
    ("de", "Am 3. Oktober 1990 kam z.B. Dr. Kohl.|Dann kam er."),
    ("fr", "M. Macron a parlé.|« C'est fini. »|Il est parti."),
    ("zh", "今天下雨。|他说：“好！”|然后走了。"),
    ("ja", "彼は「行くよ。」|と言った。|本当か？|はい！"),
    ("hi", "यह पहला वाक्य है।|यह दूसरा है।"),
    ("ar", "هذه جملة أولى.|هل هذه ثانية؟|نعم."),
]


@pytest.mark.parametrize(("language", "marked"), CASES, ids=[f"{language}-{text[:20]}" for language, text in CASES])
def test_sentences_end_where_readers_see_them_end(language: str, marked: str) -> None:
    expected = marked.split("|")
    text = ("" if language in ("zh", "ja") else " ").join(expected)
    assert [text[start:end] for start, end in sentences(text, language)] == expected


def test_headlines_items_and_paragraphs_stand_alone() -> None:
    text = "A headline without a stop\n\nFirst. Second\ngoes on here.\n\n- one item\n- Two items"
    found = [text[start:end] for start, end in sentences(text)]
    assert found == ["A headline without a stop", "First.", "Second\ngoes on here.", "- one item", "- Two items"]


@given(st.text(alphabet="ab AB.!?\n\t\"'()。！…1 ", max_size=200))
def test_sentences_hold_all_text_in_order(text: str) -> None:
    spans = sentences(text)
    outside = list(text)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert text[start:end] == text[start:end].strip()
        outside[start:end] = " " * (end - start)
        position = end
    assert not "".join(outside).strip()

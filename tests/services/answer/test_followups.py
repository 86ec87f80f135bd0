"""What to ask next: of what the sources tell and the answer does not, and never something without an answer."""

from __future__ import annotations

import re

import pytest

from services.answer.after.followups import QUESTIONS, Subject, follow_ups, is_worth, subjects_of
from services.answer.answer import answer, get_answer
from services.answer.types import Done, Question, Source
from services.models import Document
from services.scope import Scope
from tests.factories import html_document, store

STRIKE = (
    "The strike at the harbour of Wexmouth ended on Friday night after nine days.|"
    "Director Ida Norrgren told reporters that medicines would be carried first.|"
    "The company will hire 240 dockers before the summer, it was announced at the harbour."
)
LATER = (
    "The harbour of Wexmouth counted the cost of the strike on Monday.|"
    "Ida Norrgren said that growers of cut flowers had lost most of all."
)


def put(scope: Scope, text: str) -> str:
    done = list(answer(scope, Question(text)))[-1]
    assert isinstance(done, Done)
    return done.answer_id


def test_they_ask_of_what_the_answer_left_out_and_each_has_an_answer(scope: Scope) -> None:
    store(scope, html_document("Harbour strike ends", STRIKE, url="https://a.example/1"))
    store(scope, html_document("Strike counted", LATER, url="https://b.example/2"))
    answer_id = put(scope, "When did the harbour strike of Wexmouth end?")
    said = " ".join(sentence.text for sentence in get_answer(scope, answer_id).sentences)
    offered = follow_ups(scope, answer_id)
    assert 0 < len(offered) <= 3
    for each in offered:
        assert each.source_count >= 1
        followed = get_answer(scope, put(scope, each.question))
        assert followed.row.status == "done", each.question
    if "Norrgren" not in said:
        assert [each.source_count for each in offered if "Ida Norrgren" in each.question] == [2]
    assert not any("Wexmouth" in each.question or "Friday" in each.question for each in offered)


def test_nothing_is_offered_where_nothing_was_answered(scope: Scope) -> None:
    assert follow_ups(scope, put(scope, "xylophone zebra quark")) == []


def told(text: str) -> set[str]:
    """The questions that a passage gives rise to."""
    source = Source(1, Document(language="en"), 0, len(text), text, None)
    small = set(re.findall(r"\b[a-z]+\b", text))
    return {QUESTIONS[each.kind].format(each.said) for each in subjects_of(source, small)}


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (
            "It was hard, said fire chief Petra Odland in Skarrow.",
            {"What did Petra Odland say?", "What is reported about Skarrow?"},
        ),
        ("Helicopters dropped 210 sacks and 85 houses were lost.", set()),
        ("They spoke of the regional inquiry on Monday.", {"What is known about the regional inquiry?"}),
        ("The workers would strike if need be.", set()),
        ('She said: "I looked at the Great Bear."', set()),
        ('"Nobody buys a strike," she said, and nobody did.', set()),
        ("Restorer Anneke Poole came across it.", set()),
        ("The city asked, and a note of City of Brennholt followed.", set()),
    ],
    ids=["who speaks", "figures", "an event", "a verb", "in a quotation", "no name", "a title", "no article"],
)
def test_only_what_somebody_would_ask_about(text: str, questions: set[str]) -> None:
    assert told(text) == questions


@pytest.mark.parametrize(
    ("words", "count", "worth"), [("Tanner Row", 1, False), ("Tanner Row", 2, True), ("Ostmere", 28, False)]
)
def test_a_name_told_of_once_or_everywhere_is_no_question(words: str, count: int, worth: bool) -> None:
    assert is_worth(Subject("name", words, words), count) is worth
    assert is_worth(Subject("person", words, words), count)

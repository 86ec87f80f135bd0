"""Where sources contradict each other, and questions that nothing answers."""

from __future__ import annotations

import numpy as np
import pytest

from services.answer.abstain import is_answered, unsaid, unsaid_names
from services.answer.after.markdown import as_markdown
from services.answer.after.material import exported
from services.answer.after.word import as_docx
from services.answer.answer import answer, conflicts_of, get_answer
from services.answer.conflicts import find_conflicts, find_dates, moment, quantity
from services.answer.extractive import Choice
from services.answer.types import Done, Question
from services.ingest.types import RawDocument
from services.models import Answer
from services.scope import Scope
from tests.factories import store

ONE = "The flood damaged 340 homes along the river, the council said."
OTHER = "A second count found that the flood damaged 412 homes along the river."


def found(question: str, *texts: str) -> list[set[str]]:
    """The figures of each conflict among sentences that a model finds alike."""
    asked = quantity(question)
    assert asked is not None
    choices = [Choice(index, 0, len(text), text) for index, text in enumerate(texts)]
    pairs = find_conflicts(asked, choices, np.ones((len(texts), 1), dtype=np.float32))
    return [{pair.one.value, pair.other.value} for pair in pairs]


def test_two_figures_of_one_thing_conflict() -> None:
    assert found("How many homes did the flood damage?", ONE, OTHER) == [{"340", "412"}]


@pytest.mark.parametrize(
    "other",
    [
        "The flood damaged about 343 homes along the river.",
        "The flood damaged 340 homes along the river, and 412 people were taken in.",
        "The flood damaged 412 cars along the river.",
        "Another 412 homes along the river were damaged by the flood.",
        "The flood damaged 41 homes along the river.",
    ],
    ids=["rounded", "of other things", "other things", "a further part", "far apart"],
)
def test_other_figures_do_not(other: str) -> None:
    assert found("How many homes did the flood damage?", ONE, other) == []


MAY = "The Harlow Museum in Dunmore will open in May, its director said on Friday."
JUNE = "The Harlow Museum will open in June, a month later than planned."


def dates(question: str, *texts: str) -> list[set[str]]:
    """The dates of each conflict among sentences of different documents."""
    asked = moment(question)
    assert asked is not None
    pairs = find_dates([Choice(index, 0, len(text), text) for index, text in enumerate(texts)], asked)
    return [{pair.one.value, pair.other.value} for pair in pairs]


def test_two_dates_of_one_thing_conflict() -> None:
    assert dates("When will the Harlow Museum open?", MAY, JUNE) == [{"May", "June"}]


@pytest.mark.parametrize(
    "other",
    [
        "The Harlow Museum will open on 3 May, the town said.",
        "The Harlow Museum will open in June and not in May.",
        "The Harlow Museum was originally to open in June.",
        "The Sparrow Gallery will open in June.",
        "The Harlow Museum, which is to open soon, was founded by a surgeon in June 1911.",
        "The Harlow Museum will open soon, the town said in June.",
    ],
    ids=["more exactly", "both", "a former plan", "another thing", "another date", "when it was said"],
)
def test_other_dates_do_not(other: str) -> None:
    assert dates("When will the Harlow Museum open?", MAY, other) == []


def test_only_a_question_of_quantity_can_have_them() -> None:
    assert quantity("Who counted the homes?") is None


def test_a_question_is_answered_by_meaning_or_by_its_words() -> None:
    asked = "How many homes did the flood damage?"
    assert is_answered(asked, [ONE], [ONE], 0.6, 0.7)
    assert is_answered(asked, [ONE], [ONE], 0.1, 0.1)
    elsewhere = "The council met on Tuesday."
    assert not is_answered(asked, [elsewhere], [elsewhere], 0.15, 0.1)
    assert unsaid(asked, [elsewhere]) == ["homes", "flood", "damage"]


def test_names_that_no_source_has_are_told() -> None:
    texts = ["The Kettle Bridge will reopen in May, the city said."]
    assert unsaid_names("When will the Kestrel Bridge reopen?", texts) == ["Kestrel"]
    assert unsaid_names("When will the Kettle Bridge be sold?", texts) == []


def test_an_answer_about_another_name_says_so(scope: Scope) -> None:
    store(scope, RawDocument(b"The harbour bridge was closed in May after a crack was found in it.", filename="a.txt"))
    asked = "When was the {}harbour bridge closed after a crack was found in May?"
    for question, names in ((asked.format("Kestrel "), ["Kestrel"]), (asked.format(""), None)):
        done = list(answer(scope, Question(question)))[-1]
        assert isinstance(done, Done)
        whole = get_answer(scope, done.answer_id)
        assert whole.sentences
        assert whole.row.usage.get("unsaid") == names


def test_a_stored_conflict_is_told_everywhere_and_goes_with_a_source(scope: Scope) -> None:
    for number, text in enumerate((ONE, OTHER)):
        store(scope, RawDocument(text.encode(), filename=f"{number}.txt"))
    done = list(answer(scope, Question("How many homes did the flood damage along the river?")))[-1]
    assert isinstance(done, Done)
    whole = get_answer(scope, done.answer_id)
    cited = {citation.source_number: citation for each in whole.sentences for citation in each.citations}
    assert len(cited) == 2
    sides = [
        {"value": "340" if "340" in citation.quote else "412", "citation": citation.__dict__}
        for citation in cited.values()
    ]
    with scope.write() as tx:
        row = tx.session.get_one(Answer, done.answer_id)
        row.conflicts = [{"about": "home", "sides": sides}]
    whole = get_answer(scope, done.answer_id)
    [conflict] = conflicts_of(whole)
    assert {side.value for side in conflict.sides} == {"340", "412"}
    text = as_markdown([exported(whole, "https://news.example")])
    assert "## Sources differ" in text
    assert "412 \\[" in text
    assert as_docx([exported(whole, "https://news.example")])
    assert conflicts_of(whole._replace(sources=whole.sources[:1])) == []

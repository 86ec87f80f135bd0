"""Filters inside a question, and how an answer stands that nobody writes any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.answer.answer import answer, get_answer, stop
from services.answer.follow import Seen, unseen
from services.answer.record import Record, standing
from services.answer.types import Accepted, Citation, Cited, Delta, Done, Question, Sentence, Sources, Step, Whole
from services.errors import InvalidInput, NotFound
from services.models import Answer, utc_now
from services.scope import Scope
from services.search.query import Filters
from tests.factories import html_document, store

FERRY = "The ferry to Tarn sails twice a day in winter.|A ticket for the ferry costs eleven crowns on board."


def done(events: list[object]) -> Done:
    assert isinstance(events[-1], Done)
    return events[-1]


def test_filters_in_a_question_hold_and_are_no_part_of_it(scope: Scope) -> None:
    for host in ("a", "b"):
        store(scope, html_document(f"Ferry {host}", f"{FERRY} Says {host}.", url=f"https://{host}.example/1"))
    given = Question("What does the ferry cost? source:b.example -lang:de", Filters(lang=("en",)))
    events = list(answer(scope, given))
    accepted = events[0]
    assert isinstance(accepted, Accepted)
    assert accepted.question == "What does the ferry cost?"
    row, _, sources = get_answer(scope, done(events).answer_id)
    assert (row.question, row.asked) == ("What does the ferry cost?",) * 2
    assert Filters.from_json(row.filters) == Filters(lang=("en",), source=("b.example",), not_lang=("de",))
    assert {source.document.source for source in sources} == {"b.example"}


def test_what_a_question_quotes_and_when_it_was_stay_in_it(scope: Scope) -> None:
    text = 'What is reported about "the old mill" last week?'
    row = get_answer(scope, done(list(answer(scope, Question(text)))).answer_id).row
    assert (row.question, row.filters) == (text, {})
    with pytest.raises(InvalidInput):
        answer(scope, Question("source:a.example -word"))


def test_a_question_to_a_source_that_is_not_there_is_told_which_are(scope: Scope) -> None:
    store(scope, html_document("Ferry", FERRY, url="https://a.example/1"))
    for text, given in (
        ("What does the ferry cost?", Filters(source=("b.example",))),
        ("Why? source:b.example", Filters()),
    ):
        row = get_answer(scope, done(list(answer(scope, Question(text, given)))).answer_id).row
        assert row.usage["notice"] == "No source is called “b.example”. There are: a.example."
    row = get_answer(scope, done(list(answer(scope, Question("Why?", Filters(source=("a.example",)))))).answer_id).row
    assert "notice" not in row.usage


def test_an_answer_whose_writer_died_counts_as_stopped(scope: Scope) -> None:
    record = Record(scope, "ans_1", "thr_1", Question("Why?", mode="generated"), "Why?", "Why?")
    record.begin()
    row = get_answer(scope, "ans_1").row
    assert standing(row) == "running"
    with scope.write() as tx:
        past = utc_now() - timedelta(seconds=1)
        tx.session.execute(tx.update(Answer).where(Answer.id == "ans_1").values(running_until=past))
    assert standing(get_answer(scope, "ans_1").row) == "stopped"


def test_a_complete_answer_is_not_stopped_any_more(scope: Scope) -> None:
    store(scope, html_document("Ferry", FERRY, url="https://a.example/1"))
    answer_id = done(list(answer(scope, Question("What does the ferry cost?")))).answer_id
    assert stop(scope, answer_id).row.status == "done"
    with pytest.raises(NotFound):
        stop(scope, "ans_nothing")


def test_an_id_says_what_was_seen_and_the_rest_comes() -> None:
    citation = Citation(1, "doc_1", 0, 4, "One.", "verbatim", None)
    row = Answer(steps=[{"name": "search", "detail": "1 source", "took_ms": 1.0}], sources=[])
    whole = Whole(row, [Sentence("One.", (citation,)), Sentence("Two.", ())], [])
    everything = list(unseen(whole, Seen()))
    assert everything == [
        Step("search", "1 source", 1.0),
        Delta(0, "One."),
        Cited(0, (citation,)),
        Delta(1, "Two."),
        Cited(1, ()),
    ]
    seen = Seen()
    for at, event in enumerate(everything, start=1):
        seen = seen.after(event)
        assert list(unseen(whole, Seen.read(str(seen)))) == everything[at:]
    assert Seen.read(None) == Seen.read("7") == Seen.read("1.2.3") == Seen()
    assert Seen(1, 0, 2).after(Sources(())) == Seen(1, 1, 2)

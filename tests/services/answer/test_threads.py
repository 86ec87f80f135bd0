"""Threads: a question that leans on those before it is read with them, one that stands alone is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.answer.answer import answer, delete_answer, delete_thread, get_thread, list_threads
from services.answer.types import Done, Question, Sources, Step
from services.errors import NotFound
from services.models import Answer
from services.runtime import Runtime
from services.scope import Scope
from services.search.followup import joined, leans
from tests.factories import html_document, make_scope, store

FERRY = "The ferry to Tarn sails twice a day in winter.|A ticket for the ferry costs eleven crowns on board."
MUSEUM = "The museum of Orlen shows glass and clocks.|A ticket for the museum costs four crowns at the gate."


@pytest.fixture
def library(scope: Scope) -> dict[str, str]:
    """Two pages that say the same of different things."""
    return {
        "ferry": store(scope, html_document("Ferry", FERRY, url="https://a.example/1")).id,
        "museum": store(scope, html_document("Museum", MUSEUM, url="https://b.example/2")).id,
    }


def put(scope: Scope, text: str, thread_id: str | None = None) -> tuple[Answer, list[str], list[str]]:
    """Ask; the stored answer, the ids of its sources in order, and its sentences."""
    events = list(answer(scope, Question(text, thread_id=thread_id)))
    done, sources = events[-1], next(event for event in events if isinstance(event, Sources))
    assert isinstance(done, Done)
    with scope.read() as tx:
        row = tx.session.scalars(tx.select(Answer).where(Answer.id == done.answer_id)).one()
    return row, [source.document.id for source in sources.sources], [sentence["text"] for sentence in row.sentences]


@pytest.mark.parametrize(
    "text",
    [
        *("How much does it cost?", "And in winter?", "Who runs them?", "How many?", "What about children?"),
        *("Why?", "Is there another one in the old town near the harbour?", "Other Veteran shuttle services"),
    ],
)
def test_questions_that_lean(text: str) -> None:
    assert leans(text)


@pytest.mark.parametrize(
    "text",
    [
        "What documentation is needed to apply for the loan?",
        "Could you describe the main goal of the council's housing programme?",
        "Wie hoch waren die Kosten der Sanierung im vergangenen Jahr?",
    ],
)
def test_questions_that_stand_alone(text: str) -> None:
    assert not leans(text)
    assert joined(text, ["What is the ferry to Tarn?"]) == text


def test_a_question_is_joined_with_those_up_to_the_last_that_stands_alone() -> None:
    alone = "Which shipping companies serve the islands of Tarn?"
    assert joined("How often?", ["Something else entirely about glass and clocks?", alone]) == f"{alone} How often?"
    assert joined("And where?", [alone, "How often?"]) == f"{alone} How often? And where?"
    assert joined("And where?", [alone, "How often?", "That is so."]) == f"{alone} How often? And where?"
    assert joined("And where?", ["One?", "How much?", "How often?"]) == "How much? How often? And where?"
    assert joined("And where?", []) == "And where?"


def test_a_follow_up_is_about_what_was_asked_before(scope: Scope, library: dict[str, str]) -> None:
    for first, name, price in (
        ("When does the ferry to Tarn sail in winter?", "ferry", "eleven"),
        ("What does the museum of Orlen show in glass?", "museum", "four"),
    ):
        row, _, _ = put(scope, first)
        assert row.asked == row.question == first
        follow_up, sources, sentences = put(scope, "How much does it cost?", row.thread_id)
        assert (follow_up.thread_id, follow_up.question) == (row.thread_id, "How much does it cost?")
        assert follow_up.asked == f"{first} How much does it cost?"
        assert sources[0] == library[name]
        assert any(price in sentence for sentence in sentences), sentences


def test_a_question_that_stands_alone_is_searched_as_it_is(scope: Scope, library: dict[str, str]) -> None:
    first, _, _ = put(scope, "When does the ferry to Tarn sail in winter?")
    row, sources, _ = put(scope, "Which glass and clocks does the museum of Orlen show?", first.thread_id)
    assert row.asked == row.question
    assert sources[0] == library["museum"]


def test_what_a_follow_up_was_read_with_is_said(scope: Scope, library: dict[str, str]) -> None:
    first, _, _ = put(scope, "When does the ferry to Tarn sail in winter?")
    events = list(answer(scope, Question("How much does it cost?", thread_id=first.thread_id)))
    assert [event.detail for event in events if isinstance(event, Step) and event.name == "question"] == [
        "Read with what was asked before: When does the ferry to Tarn sail in winter? How much does it cost?"
    ]


def test_threads_are_listed_by_their_last_question_and_page_through(scope: Scope, library: dict[str, str]) -> None:
    older, _, _ = put(scope, "When does the ferry to Tarn sail in winter?")
    newer, _, _ = put(scope, "Which glass and clocks does the museum of Orlen show?")
    last, _, _ = put(scope, "How much does it cost?", older.thread_id)
    found, total = list_threads(scope)
    assert total == 2
    assert [(each.id, each.question, each.count, each.latest_answer_id) for each in found] == [
        (older.thread_id, older.question, 2, last.id),
        (newer.thread_id, newer.question, 1, newer.id),
    ]
    [first_page], _ = list_threads(scope, limit=1)
    [second_page], _ = list_threads(scope, before=(first_page.latest_at, first_page.id), limit=1)
    assert (first_page.id, second_page.id) == (older.thread_id, newer.thread_id)
    assert list_threads(scope, before=(second_page.latest_at - timedelta(days=1), "thr_"))[0] == []
    assert [whole.row.question for whole in get_thread(scope, older.thread_id)] == [older.question, last.question]


def test_a_deleted_thread_takes_its_answers_along_and_cannot_go_on(scope: Scope, library: dict[str, str]) -> None:
    first, _, _ = put(scope, "When does the ferry to Tarn sail in winter?")
    put(scope, "How much does it cost?", first.thread_id)
    other, _, _ = put(scope, "Which glass and clocks does the museum of Orlen show?")
    delete_thread(scope, first.thread_id)
    assert [each.id for each in list_threads(scope)[0]] == [other.thread_id]
    for gone in (first.thread_id, "thr_never"):
        with pytest.raises(NotFound, match="No such thread"):
            answer(scope, Question("And in summer?", thread_id=gone))
        with pytest.raises(NotFound):
            get_thread(scope, gone)
        with pytest.raises(NotFound):
            delete_thread(scope, gone)
    delete_answer(scope, other.id)
    assert list_threads(scope) == ([], 0)


def test_another_tenants_thread_is_not_there(scope: Scope, runtime: Runtime, library: dict[str, str]) -> None:
    first, _, _ = put(scope, "When does the ferry to Tarn sail in winter?")
    stranger = make_scope(runtime)
    with pytest.raises(NotFound):
        answer(stranger, Question("How much does it cost?", thread_id=first.thread_id))
    with pytest.raises(NotFound):
        delete_thread(stranger, first.thread_id)
    assert list_threads(stranger) == ([], 0)

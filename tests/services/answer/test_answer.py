"""Answers: the order of events, quotes at their exact span, honesty when nothing fits."""

from __future__ import annotations

import pytest

from services.answer import context
from services.answer.answer import answer, delete_answer, get_answer, list_answers
from services.answer.types import Accepted, Cited, Delta, Done, Question, Sources, Step, Usage
from services.errors import InvalidInput, NotFound
from services.ingest.documents import delete_document, read_text
from services.models import Document
from services.scope import Scope
from services.search.search import Candidate
from tests.factories import do_work, html_document, make_scope, store

BANK = (
    "The central bank raised interest rates by a quarter point on Monday to slow inflation.|"
    "The governor said that prices had risen faster than expected since spring.|The canteen serves soup on Tuesdays."
)
FLOOD = "Heavy rain flooded the valley and hundreds of families had to leave their homes.|Rescue teams worked all night with boats."


@pytest.fixture
def documents(scope: Scope) -> dict[str, Document]:
    """Two pages."""
    return {
        "bank": store(scope, html_document("Rates rise", BANK, url="https://a.example/1")),
        "flood": store(scope, html_document("Valley under water", FLOOD, url="https://b.example/2")),
    }


def test_events_come_in_their_order_and_the_answer_is_kept(scope: Scope, documents: dict[str, Document]) -> None:
    events = list(answer(scope, Question("Why did the central bank raise interest rates?")))
    kinds = [type(event) for event in events]
    assert kinds[:3] == [Accepted, Step, Sources]
    assert kinds[-2:] == [Usage, Done]
    assert kinds.index(Sources) < kinds.index(Delta) < kinds.index(Cited)
    done = events[-1]
    assert isinstance(done, Done)
    row, sentences, sources = get_answer(scope, done.answer_id)
    assert row.status == "done"
    assert "raised interest rates" in sentences[0].text
    assert sources[0].document.id == documents["bank"].id


def test_every_sentence_is_a_quote_at_its_exact_span(scope: Scope, documents: dict[str, Document]) -> None:
    events = list(answer(scope, Question("What happened in the valley?")))
    done = events[-1]
    assert isinstance(done, Done)
    _, sentences, _ = get_answer(scope, done.answer_id)
    assert sentences
    for sentence in sentences:
        assert sentence.citations
        for citation in sentence.citations:
            text = read_text(scope, citation.document_id).text
            assert text[citation.start : citation.end] == citation.quote == sentence.text


def test_nothing_is_made_up_when_nothing_fits(scope: Scope, documents: dict[str, Document]) -> None:
    events = list(answer(scope, Question("xylophone zebra quark")))
    done = events[-1]
    assert isinstance(done, Done)
    row, sentences, _ = get_answer(scope, done.answer_id)
    assert (row.status, sentences) == ("no_sources", [])


def test_an_answer_goes_with_a_document_it_quotes(scope: Scope, documents: dict[str, Document]) -> None:
    done = list(answer(scope, Question("Why did the bank raise rates?")))[-1]
    assert isinstance(done, Done)
    delete_document(scope, documents["bank"].id)
    with pytest.raises(NotFound):
        get_answer(scope, done.answer_id)
    assert list_answers(scope)[1] == 0


def test_a_document_removed_while_it_is_found_is_no_source(
    scope: Scope, documents: dict[str, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = []

    choose = context.choose

    def too_late(candidates: list[Candidate], most: int) -> list[Candidate]:
        chosen = choose(candidates, most)
        removed.append(chosen[0].document.id)
        delete_document(scope, removed[0])
        do_work(scope.runtime)
        return chosen

    monkeypatch.setattr(context, "choose", too_late)
    events = list(answer(scope, Question(text="Who raised interest rates on Monday?")))
    [sources] = [event for event in events if isinstance(event, Sources)]
    assert removed[0] not in [source.document.id for source in sources.sources]
    assert isinstance(events[-1], Done)


def test_an_answer_that_only_read_a_document_stays_without_it(scope: Scope, documents: dict[str, Document]) -> None:
    # A question is never quoted, however well it fits.
    asked = "Will the central bank raise interest rates by a quarter point on Monday to slow inflation?"
    more = store(scope, html_document("Rates ahead", asked, url="https://d.example/4"))
    done = list(answer(scope, Question("Why did the central bank raise interest rates on Monday to slow inflation?")))[
        -1
    ]
    assert isinstance(done, Done)
    _, sentences, sources = get_answer(scope, done.answer_id)
    assert more.id in {source.document.id for source in sources}
    assert more.id not in {citation.document_id for sentence in sentences for citation in sentence.citations}
    delete_document(scope, more.id)
    _, after, left = get_answer(scope, done.answer_id)
    assert after == sentences
    assert more.id not in {source.document.id for source in left}


def test_another_tenant_cannot_read_or_delete_it(scope: Scope, documents: dict[str, Document]) -> None:
    done = list(answer(scope, Question("Why did the bank raise rates?")))[-1]
    assert isinstance(done, Done)
    other = make_scope(scope.runtime, "Other")
    with pytest.raises(NotFound):
        get_answer(other, done.answer_id)
    with pytest.raises(NotFound):
        delete_answer(other, done.answer_id)
    assert get_answer(scope, done.answer_id)


def test_an_empty_question_is_refused_before_any_event(scope: Scope) -> None:
    with pytest.raises(InvalidInput):
        answer(scope, Question("   "))


def test_headings_and_questions_are_not_answers(scope: Scope) -> None:
    body = "Why does the harbour close in winter this year|Does the harbour close in winter?|The harbour closes in winter because of ice."
    store(scope, html_document("Harbour", body, url="https://c.example/3"))
    done = list(answer(scope, Question("Why does the harbour close in winter?")))[-1]
    assert isinstance(done, Done)
    _, sentences, _ = get_answer(scope, done.answer_id)
    assert [sentence.text for sentence in sentences] == ["The harbour closes in winter because of ice."]


def test_sources_that_hardly_fit_are_not_shown(scope: Scope, documents: dict[str, Document]) -> None:
    events = list(answer(scope, Question("Why did the central bank raise interest rates on Monday?")))
    shown = next(event for event in events if isinstance(event, Sources))
    assert [source.document.id for source in shown.sources] == [documents["bank"].id]

"""One action on many documents: each by itself, and no other tenant's."""

from __future__ import annotations

import pytest

from services.errors import InvalidInput
from services.ingest.documents import DocumentFilter, get_document, list_documents
from services.ingest.library import bulk
from services.ingest.library.bulk import Action, Order, act_on, act_on_filter
from services.ingest.submit import submit
from services.models import Job, utc_now
from services.scope import Scope
from tests.factories import do_work, make_scope, store, text_document


def put(scope: Scope, count: int) -> list[str]:
    return [submit(scope, text_document(f"Document {number}.")).document.id for number in range(count)]


def refusals(outcomes: list[bulk.Outcome]) -> dict[str, str]:
    return {each.document_id: each.refusal.code for each in outcomes if each.refusal}


def test_each_is_done_or_refused_by_itself(scope: Scope) -> None:
    ready = store(scope, text_document("Read already.")).id
    first, second = put(scope, 2)
    outcomes = act_on(scope, [first, ready, "doc_unknown", second, first], Order(Action.CANCEL))
    assert [each.document_id for each in outcomes] == [first, ready, "doc_unknown", second]
    assert refusals(outcomes) == {ready: "conflict", "doc_unknown": "not_found"}
    assert [get_document(scope, each).status for each in (first, ready, second)] == ["cancelled", "ready", "cancelled"]


def test_all_that_a_filter_finds_a_part_at_a_time(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(bulk, "SLICE", 2)
    ids = put(scope, 7)
    act_on(scope, ids[:5], Order(Action.MOVE, folder="Old"))
    wanted, before = DocumentFilter(folder=("Old",)), None
    done: list[str] = []
    while True:
        outcomes, before = act_on_filter(scope, wanted, Order(Action.TAG, tags=("Budget",)), before=before)
        done += [each.document_id for each in outcomes]
        if before is None:
            break
    assert sorted(done) == sorted(ids[:5])
    assert {row.id for row in list_documents(scope, DocumentFilter(tag=("budget",)))[0]} == set(ids[:5])
    outcomes, rest = act_on_filter(scope, wanted, Order(Action.DELETE))
    assert (len(outcomes), rest is not None) == (3, True)
    outcomes, rest = act_on_filter(scope, wanted, Order(Action.DELETE), before=rest)
    assert (len(outcomes), rest) == (2, None)
    assert {row.id for row in list_documents(scope, DocumentFilter())[0]} == set(ids[5:])


def test_what_came_after_the_question_is_left_alone(scope: Scope) -> None:
    put(scope, 2)
    asked_at = utc_now()
    late = submit(scope, text_document("Came later.")).document.id
    act_on_filter(scope, DocumentFilter(seen_before=asked_at), Order(Action.DELETE))
    assert [row.id for row in list_documents(scope, DocumentFilter())[0]] == [late]


def test_tags_are_added_and_taken_beside_others_and_too_many_are_refused_for_that_one(scope: Scope) -> None:
    full, some = put(scope, 2)
    act_on(scope, [full], Order(Action.TAG, tags=tuple(f"tag {number}" for number in range(20))))
    act_on(scope, [some], Order(Action.TAG, tags=("city",)))
    outcomes = act_on(scope, [full, some], Order(Action.TAG, tags=("budget",)))
    assert refusals(outcomes) == {full: "invalid_input"}
    assert get_document(scope, some).tags == ["budget", "city"]
    act_on(scope, [full, some], Order(Action.UNTAG, tags=("city", "tag 3")))
    assert get_document(scope, some).tags == ["budget"]
    assert len(get_document(scope, full).tags) == 19
    with pytest.raises(InvalidInput):
        act_on(scope, [some], Order(Action.TAG, tags=("a,b",)))


def test_a_heap_that_is_tried_again_gives_way_to_others(scope: Scope) -> None:
    ids = put(scope, 20)
    act_on(scope, ids, Order(Action.CANCEL))
    assert refusals(act_on(scope, ids, Order(Action.RETRY))) == {}
    with scope.read() as tx:
        waiting = [job.queue for job in tx.session.scalars(tx.select(Job).where(Job.status == "queued"))]
    assert (waiting.count("interactive"), waiting.count("ingest")) == (16, 4)
    do_work(scope.runtime)
    assert all(get_document(scope, each).status == "ready" for each in ids)


def test_pause_and_resume_many(scope: Scope) -> None:
    ids = put(scope, 3)
    assert refusals(act_on(scope, ids, Order(Action.PAUSE))) == {}
    assert do_work(scope.runtime) == 0
    assert refusals(act_on(scope, ids, Order(Action.RESUME))) == {}
    do_work(scope.runtime)
    assert {get_document(scope, each).status for each in ids} == {"ready"}


@pytest.mark.parametrize("action", Action)
def test_no_action_reaches_another_tenant(scope: Scope, action: Action) -> None:
    stranger = make_scope(scope.runtime, "Elsewhere")
    [theirs] = put(stranger, 1)
    tags = ("taken",) if action in (Action.TAG, Action.UNTAG) else ()
    order = Order(action, folder="Taken" if action is Action.MOVE else "", tags=tags)
    assert refusals(act_on(scope, [theirs], order)) == {theirs: "not_found"}
    assert act_on_filter(scope, DocumentFilter(), order) == ([], None)
    left = get_document(stranger, theirs)
    assert (left.status, left.folder, left.tags) == ("queued", "", [])

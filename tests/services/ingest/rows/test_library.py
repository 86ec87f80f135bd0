"""Tables in the library: where their rows lie, and how they are paused, cancelled, tried again and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.errors import Conflict, ParseFailed
from services.handlers import HANDLERS
from services.ingest.documents import DocumentFilter, get_document, list_documents, row_outcomes
from services.ingest.library.bulk import Action, Order, act_on, act_on_filter
from services.ingest.library.filing import file_document, list_folders, list_tags
from services.ingest.library.steer import cancel_document, pause_document, resume_document, retry_document
from services.ingest.rows import take as taking
from services.ingest.rows.options import RowOptions
from services.ingest.rows.progress import progress_of
from services.ingest.rows.submit import submit_rows
from services.ingest.submit import submit
from services.jobs.claim import Batch, claim
from services.jobs.events import subject_events
from services.models import Document, DocumentTag, Job, utc_now
from services.scope import Scope
from services.search.query import Filters, Query
from services.search.search import search
from tests.factories import do_work, text_document
from tests.services.ingest.rows.tables import story, table, take

TABLE = table([story(n) for n in range(50)])


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns of a few rows, a batch each."""
    monkeypatch.setattr(taking, "TURN_ROWS", 20)


def put(scope: Scope) -> str:
    return submit_rows(scope, TABLE, RowOptions()).document.id


def numbers(scope: Scope, table_id: str, *statuses: str) -> list[int]:
    rows, _ = list_documents(scope, DocumentFilter(parent_id=table_id, status=statuses), limit=100)
    return sorted(row.row_number or 0 for row in rows)


def jobs(scope: Scope, table_id: str) -> list[str]:
    with scope.read() as tx:
        about = tx.select(Job).where(Job.subject_id == table_id, Job.name == "rows").order_by(Job.created_at)
        return [job.status for job in tx.session.scalars(about)]


def at_second_batch(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once when the first batch of rows was added and the second one came from the child."""
    original, calls = taking.records_of, list[int]()

    def records_of(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            act()
        return original(*given, **named)

    patch.setattr(taking, "records_of", records_of)


def one_turn(scope: Scope, queue: str) -> None:
    """Take rows of the tables that are due, and read none of them."""
    taking.take_rows(Batch(scope, queue, claim(scope.runtime, queue, HANDLERS), HANDLERS["rows"]))


def is_whole(scope: Scope, table_id: str) -> bool:
    parent = get_document(scope, table_id)
    done = progress_of(parent.rows or {})
    return (
        (parent.status, parent.stage, done.taken, done.added, done.duplicates) == ("ready", "ready", 50, 50, 0)
        and numbers(scope, table_id, "ready") == list(range(1, 51))
        and row_outcomes(scope, [parent]) == {table_id: {"ready": 50}}
    )


def test_rows_begin_where_the_table_lies_and_are_found_there(scope: Scope) -> None:
    made = take(scope, replace(table([story(n) for n in range(3)]), folder="Wires/2024", tags=("Harbour", "agency")))
    rows, total = list_documents(scope, DocumentFilter(folder=("Wires",), tag=("harbour",)))
    assert total == 4
    assert {(row.folder, tuple(row.tags)) for row in rows} == {("Wires/2024", ("agency", "harbour"))}
    found = search(scope, Query("", Filters(folder=("Wires",), tag=("agency",)), limit=50)).hits
    assert {hit.document.parent_id for hit in found} == {made.id}
    assert len(found) == 3
    assert [(each.folder, each.count) for each in list_folders(scope) if each.count] == [("Wires/2024", 4)]
    assert list_tags(scope) == [("agency", 4), ("harbour", 4)]


def test_rows_added_after_the_table_was_moved_lie_where_it_lies(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = put(scope)
    at_second_batch(monkeypatch, lambda: file_document(scope, made, folder="Moved", tags=["late"]))
    do_work(scope.runtime)
    moved, total = list_documents(scope, DocumentFilter(parent_id=made, folder=("Moved",), tag=("late",)), limit=100)
    assert total == 30
    assert sorted(row.row_number or 0 for row in moved) == list(range(21, 51))


@pytest.mark.parametrize("verb", [pause_document, cancel_document])
def test_one_stopped_before_it_began_adds_no_row(scope: Scope, verb: Callable[[Scope, str], Document]) -> None:
    made = put(scope)
    stopped = verb(scope, made).status
    assert do_work(scope.runtime) == 0
    assert (get_document(scope, made).status, jobs(scope, made), numbers(scope, made)) == (stopped, [stopped], [])
    (resume_document if stopped == "paused" else retry_document)(scope, made)
    do_work(scope.runtime)
    assert is_whole(scope, made)


@pytest.mark.parametrize("verb", [pause_document, cancel_document])
def test_one_stopped_while_rows_are_added_keeps_those_and_goes_on_behind_them(
    scope: Scope, monkeypatch: pytest.MonkeyPatch, verb: Callable[[Scope, str], Document]
) -> None:
    made = put(scope)
    with monkeypatch.context() as patch:
        at_second_batch(patch, lambda: verb(scope, made))
        do_work(scope.runtime)
    parent = get_document(scope, made)
    stopped = "paused" if verb is pause_document else "cancelled"
    assert (parent.status, parent.stage, jobs(scope, made)) == (stopped, stopped, [stopped])
    assert progress_of(parent.rows or {}).taken == 20
    assert numbers(scope, made, "ready") == list(range(1, 21))
    with scope.read() as tx:
        assert subject_events(tx, made, after=0)[-1].stage == stopped
    assert do_work(scope.runtime) == 0
    (resume_document if stopped == "paused" else retry_document)(scope, made)
    do_work(scope.runtime)
    assert is_whole(scope, made)


def test_one_resumed_before_its_worker_looked_goes_on(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = put(scope)

    def pause_and_resume() -> None:
        pause_document(scope, made)
        resume_document(scope, made)

    at_second_batch(monkeypatch, pause_and_resume)
    do_work(scope.runtime)
    assert (is_whole(scope, made), jobs(scope, made)) == (True, ["done"])


def test_one_tried_again_before_its_worker_looked_is_taken_by_the_new_job_alone(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = put(scope)

    def cancel_and_retry() -> None:
        cancel_document(scope, made)
        retry_document(scope, made)

    at_second_batch(monkeypatch, cancel_and_retry)
    do_work(scope.runtime)
    assert (is_whole(scope, made), jobs(scope, made)) == (True, ["cancelled", "done"])


def test_the_same_upload_again_goes_on_with_a_cancelled_table(scope: Scope) -> None:
    made = put(scope)
    cancel_document(scope, made)
    again = submit_rows(scope, TABLE, RowOptions())
    assert (again.duplicate, again.document.id) == (False, made)
    do_work(scope.runtime)
    assert is_whole(scope, made)


def test_a_failure_does_not_hide_that_a_table_was_paused(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    made = put(scope)

    def pause_and_fail() -> None:
        pause_document(scope, made)
        raise ParseFailed("damaged", "Broken.")

    with monkeypatch.context() as patch:
        at_second_batch(patch, pause_and_fail)
        do_work(scope.runtime)
    assert (get_document(scope, made).status, jobs(scope, made)) == ("paused", ["failed"])
    resume_document(scope, made)
    do_work(scope.runtime)
    assert is_whole(scope, made)


def test_what_has_been_taken_can_not_be_stopped(scope: Scope) -> None:
    made = take(scope, TABLE)
    for verb in (pause_document, cancel_document, resume_document, retry_document):
        with pytest.raises(Conflict):
            verb(scope, made.id)


def test_a_large_table_tried_again_is_bulk_work(scope: Scope) -> None:
    made = put(scope)
    cancel_document(scope, made)
    retry_document(scope, made)
    with scope.read() as tx:
        about = tx.select(Job).where(Job.subject_id == made, Job.status == "queued")
        assert [job.queue for job in tx.session.scalars(about)] == ["ingest"]


def test_steps_tell_how_long_adding_the_rows_took(scope: Scope) -> None:
    made = take(scope, TABLE)
    stages = get_document(scope, made.id).stages
    assert [step["stage"] for step in stages] == ["checking", "waiting", "rows"]
    assert all(step["milliseconds"] >= 0 for step in stages)


def test_rows_are_steered_and_counted_by_themselves(scope: Scope) -> None:
    made = put(scope)
    one_turn(scope, "ingest")
    rows, _ = list_documents(scope, DocumentFilter(parent_id=made), limit=100)
    parent = get_document(scope, made)
    assert row_outcomes(scope, [parent]) == {made: {"queued": 20}}
    act_on(scope, [row.id for row in rows[:3]], Order(Action.CANCEL))
    act_on(scope, [row.id for row in rows[3:5]], Order(Action.PAUSE))
    act_on(scope, [rows[5].id], Order(Action.DELETE))
    assert row_outcomes(scope, [parent]) == {made: {"cancelled": 3, "paused": 2, "queued": 14}}
    do_work(scope.runtime)
    assert row_outcomes(scope, [parent]) == {made: {"cancelled": 3, "paused": 2, "ready": 44}}


def test_a_row_that_was_cancelled_comes_back_with_another_table_only(scope: Scope) -> None:
    made = submit_rows(scope, table([story(1), story(2)]), RowOptions()).document.id
    one_turn(scope, "interactive")
    rows, _ = list_documents(scope, DocumentFilter(parent_id=made))
    act_on(scope, [row.id for row in rows], Order(Action.CANCEL))
    do_work(scope.runtime)
    assert numbers(scope, made, "cancelled") == [1, 2]
    take(scope, table([story(2), story(3)]))
    assert (numbers(scope, made, "cancelled"), numbers(scope, made, "ready")) == ([1], [2])


def test_a_later_equal_row_does_not_bring_a_cancelled_one_back(scope: Scope) -> None:
    made = submit_rows(scope, table([*(story(n) for n in range(20)), story(3)]), RowOptions()).document.id
    one_turn(scope, "ingest")
    row = next(row for row in list_documents(scope, DocumentFilter(parent_id=made))[0] if row.row_number == 4)
    cancel_document(scope, row.id)
    do_work(scope.runtime)
    assert progress_of(get_document(scope, made).rows or {}).duplicates == 1
    assert numbers(scope, made, "cancelled") == [4]


@pytest.mark.parametrize("with_rows", [True, False])
def test_many_are_deleted_with_their_rows_or_without(scope: Scope, with_rows: bool) -> None:
    first = take(scope, table([story(n) for n in range(3)])).id
    second = take(scope, table([story(n) for n in range(10, 13)])).id
    plain = submit(scope, text_document("Something else, about the lighthouse of Skarrow.")).document.id
    kept = submit(scope, text_document("And this stays, whatever happens to tables.")).document.id
    do_work(scope.runtime)
    outcomes = act_on(scope, [first, second, plain, "doc_unknown"], Order(Action.DELETE, rows=with_rows))
    assert [each.refusal is None for each in outcomes] == [True, True, True, False]
    left = {kept} if with_rows else {kept, *ids_of_rows(scope)}
    assert {row.id for row in list_documents(scope, DocumentFilter())[0]} == left
    assert len(left) == (1 if with_rows else 7)
    do_work(scope.runtime)
    with scope.read() as tx:
        assert {row.id for row in tx.session.scalars(tx.select(Document))} == left
    assert scope.runtime.vectors.count(f"{scope.tenant_id}-g1") == len(left)


def ids_of_rows(scope: Scope) -> set[str]:
    with scope.read() as tx:
        return set(tx.session.scalars(tx.select_columns(Document, Document.id).where(Document.row_number.is_not(None))))


def test_all_rows_of_a_table_can_be_filed_at_once_and_leave_no_tags_behind(scope: Scope) -> None:
    made = take(scope, table([story(n) for n in range(4)]))
    wanted = DocumentFilter(parent_id=made.id, seen_before=utc_now())
    for order in (Order(Action.MOVE, folder="Towns"), Order(Action.TAG, tags=("council",))):
        outcomes, rest = act_on_filter(scope, wanted, order)
        assert (len(outcomes), rest) == (4, None)
    assert list_documents(scope, DocumentFilter(folder=("Towns",), tag=("council",)))[1] == 4
    assert get_document(scope, made.id).folder == ""
    act_on(scope, [made.id], Order(Action.DELETE, rows=True))
    do_work(scope.runtime)
    with scope.read() as tx:
        assert list(tx.session.scalars(tx.select(DocumentTag))) == []

"""Rules take what they say and nothing else; what they take is out of search, and of everything else that goes with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.answer.answer import answer, get_answer, list_answers
from services.answer.types import Question
from services.errors import Conflict, InvalidInput, NotFound
from services.ingest.documents import DocumentFilter, count_by_status, get_document, list_documents
from services.ingest.index.generations import look
from services.ingest.library.bulk import Action, Order, act_on
from services.ingest.retention import rules
from services.ingest.retention.apply import RETENTION_JOB, enqueue_nightly, request_apply
from services.ingest.retention.rules import Conditions, Draft
from services.models import Document, Job, RetentionRule, utc_now
from services.scope import Scope
from services.search.query import Filters, Query
from services.search.search import search
from tests.factories import do_work, make_scope, store, text_document


def add(scope: Scope, title: str, *, days: int = 0, text: str = "", **columns: Any) -> str:
    words = text or f"{title}: the ferry to the islands ran late again, the harbour said. " * 4
    document = store(
        scope,
        replace(text_document(words, title=title), folder=columns.pop("folder", ""), tags=columns.pop("tags", ())),
    )
    with scope.write() as tx:
        row = tx.session.get_one(Document, document.id)
        row.published_at = utc_now() - timedelta(days=days)
        for name, value in columns.items():
            setattr(row, name, value)
    return document.id


def titles(scope: Scope, query: str = "ferry late") -> set[str]:
    return {hit.document.title for hit in search(scope, Query(query, Filters(), limit=50)).hits}


def listed(scope: Scope, **wanted: Any) -> set[str]:
    return {row.title for row in list_documents(scope, DocumentFilter(**wanted), limit=100)[0]}


def draft(action: rules.Action = "archive", *, keep_cited: bool = False, **conditions: Any) -> Draft:
    return Draft("A rule", action, Conditions(**conditions), keep_cited)


def apply(scope: Scope, wanted: Draft) -> RetentionRule:
    rule = rules.add_rule(scope, wanted)
    request_apply(scope, rule.id)
    do_work(scope.runtime)
    do_work(scope.runtime, "interactive")
    return rules.get_rule(scope, rule.id)


def points(scope: Scope, document_id: str) -> int:
    return scope.runtime.vectors.count(look(scope).live, document_id=document_id)


@pytest.fixture
def library(scope: Scope) -> dict[str, str]:
    return {
        "old": add(scope, "Old", days=200, source="wire.example.org"),
        "new": add(scope, "New", days=2, source="wire.example.org"),
        "filed": add(scope, "Filed", days=300, folder="Reports/2025", tags=("budget",)),
        "poor": add(scope, "Poor", days=40, quality=0.2, partial=True),
    }


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"older_than_days": 90}, {"Old", "Filed"}),
        ({"older_than_days": 90, "age_of": "added"}, set()),
        ({"older_than_days": 0, "sources": ("wire.example.org",)}, {"Old", "New"}),
        ({"older_than_days": 90, "sources": ("wire.example.org", "other.example")}, {"Old"}),
        ({"folders": ("Reports",)}, {"Filed"}),
        ({"tags": ("budget",)}, {"Filed"}),
        ({"types": ("pdf",)}, set()),
        ({"types": ("text",), "quality_below": 0.5}, {"Poor"}),
        ({"partial": True}, {"Poor"}),
        ({"partial": False, "older_than_days": 100}, {"Old", "Filed"}),
    ],
)
def test_a_preview_counts_what_all_conditions_hold_for(
    scope: Scope, library: dict[str, str], conditions: dict[str, Any], expected: set[str]
) -> None:
    seen = rules.preview(scope, draft(**conditions))
    assert seen.count == len(expected)
    assert {document.title for document in seen.examples} == expected
    assert titles(scope) == {"Old", "New", "Filed", "Poor"}


def test_archived_documents_are_kept_out_of_search_and_come_back_whole(scope: Scope, library: dict[str, str]) -> None:
    before = [(hit.document.id, hit.score) for hit in search(scope, Query("ferry late", Filters(), limit=50)).hits]
    assert apply(scope, draft(older_than_days=90)).applied_count == 2
    assert titles(scope) == listed(scope) == {"New", "Poor"}
    assert titles(scope, "") == {"New", "Poor"}
    assert listed(scope, status=("archived",)) == {"Old", "Filed"}
    assert points(scope, library["old"]) == 0
    assert points(scope, library["new"]) > 0
    assert get_document(scope, library["old"]).status == "archived"
    assert count_by_status(scope) == {"ready": 2, "archived": 2}
    act_on(scope, [library["old"], library["filed"]], Order(Action.RESTORE))
    do_work(scope.runtime)
    after = search(scope, Query("ferry late", Filters(), limit=50)).hits
    assert {hit.document.id for hit in after} == {document_id for document_id, _ in before}
    assert points(scope, library["old"]) > 0
    refused = act_on(scope, [library["old"]], Order(Action.RESTORE))[0].refusal
    assert isinstance(refused, Conflict)


def test_deleted_documents_leave_every_store(scope: Scope, library: dict[str, str]) -> None:
    keys = list(scope.runtime.blobs.keys_older_than(-1))
    assert apply(scope, draft("delete", older_than_days=90)).applied_count == 2
    assert titles(scope) == listed(scope) == {"New", "Poor"}
    assert points(scope, library["old"]) == 0
    assert len(list(scope.runtime.blobs.keys_older_than(-1))) == len(keys) - 2
    with scope.read() as tx:
        assert tx.session.get(Document, library["old"]) is None
    with pytest.raises(NotFound):
        get_document(scope, library["old"])


def test_what_answers_rest_on_is_kept_when_asked_and_archived_answers_still_open(scope: Scope) -> None:
    cited = add(scope, "Strike", days=200, text="The strike at the port ended on Friday after nine days. " * 3)
    add(scope, "Weather", days=200, text="Rain fell on the hills all week, the office said. " * 3)
    for _ in answer(scope, Question("When did the strike at the port end?")):
        pass
    [stored], _ = list_answers(scope)
    seen = rules.preview(scope, draft(keep_cited=True, older_than_days=90))
    assert seen.count + seen.kept_cited == 2
    assert seen.kept_cited >= 1
    apply(scope, draft(keep_cited=True, older_than_days=90))
    assert get_document(scope, cited).status == "ready"
    apply(scope, draft(older_than_days=90))
    assert get_document(scope, cited).status == "archived"
    assert get_answer(scope, stored.id).sentences
    apply(scope, draft("delete", older_than_days=90))
    assert list_answers(scope)[1] == 0


def test_rules_are_applied_once_a_day_and_never_to_another_tenant(scope: Scope, library: dict[str, str]) -> None:
    other = make_scope(scope.runtime, "Elsewhere")
    add(other, "Theirs", days=500)
    rule = rules.add_rule(scope, draft(older_than_days=90))
    assert enqueue_nightly(scope.runtime) == 0
    with scope.write() as tx:
        tx.session.get_one(RetentionRule, rule.id).created_at = utc_now() - timedelta(days=2)
    assert enqueue_nightly(scope.runtime) == 1
    assert enqueue_nightly(scope.runtime) == 0
    do_work(scope.runtime)
    assert titles(scope) == {"New", "Poor"}
    assert titles(other) == {"Theirs"}
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job).where(Job.name == RETENTION_JOB)):
            job.created_at = utc_now() - timedelta(hours=25)
    rules.change_rule(scope, rule.id, replace(rules.draft_of(rules.get_rule(scope, rule.id)), is_enabled=False))
    assert enqueue_nightly(scope.runtime) == 0


def test_a_rule_that_would_take_everything_or_has_no_name_is_refused(scope: Scope) -> None:
    with pytest.raises(InvalidInput, match="would take all"):
        rules.add_rule(scope, draft())
    with pytest.raises(InvalidInput, match="name"):
        rules.add_rule(scope, replace(draft(older_than_days=1), name=" "))
    with pytest.raises(InvalidInput):
        rules.add_rule(scope, draft(folders=("a//b" * 80,)))
    rule = rules.add_rule(scope, draft(older_than_days=1))
    rules.remove_rule(scope, rule.id)
    with pytest.raises(NotFound):
        request_apply(scope, rule.id)

"""A domain that is taken down is gone from everywhere and stays away."""

from __future__ import annotations

import pytest

from services.errors import Conflict, InvalidInput, NotFound, TakenDown
from services.ingest.documents import get_document
from services.ingest.submit import submit
from services.runtime import Runtime
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from services.sources.takedown import (
    clean_domain,
    is_inside,
    lift,
    lift_everywhere,
    list_takedowns,
    take_down,
    take_down_everywhere,
)
from services.tenants.tenants import OPERATOR, create_tenant
from tests.factories import do_work, html_document, make_scope, store


def titles(scope: Scope, words: str) -> set[str]:
    return {hit.document.title for hit in search(scope, Query(words)).hits}


def test_its_documents_go_and_others_stay(scope: Scope) -> None:
    gone = store(scope, html_document("Gone one", "Harvest of barley in the valley.", url="https://www.bad.example/1"))
    below = store(scope, html_document("Gone two", "Harvest of oats in the valley.", url="https://de.bad.example/2"))
    stays = store(scope, html_document("Stays", "Harvest of wheat in the valley.", url="https://notbad.example/3"))
    tombstone = take_down(scope, "https://www.Bad.example/anything", "asked to")
    assert (tombstone.domain, tombstone.document_count) == ("bad.example", 2)
    assert titles(scope, "harvest valley") == {"Stays"}
    for document in (gone, below):
        with pytest.raises(NotFound):
            get_document(scope, document.id)
    do_work(scope.runtime)
    assert set(scope.runtime.blobs.keys_older_than(-1)) == {stays.blob_key}


def test_again_keeps_the_first_reason_and_adds_up(scope: Scope) -> None:
    store(scope, html_document("One", "Harvest of barley in the valley.", url="https://bad.example/1"))
    take_down(scope, "bad.example", "first reason")
    assert take_down(scope, "bad.example", "second").document_count == 1
    assert [(row.domain, row.reason) for row in list_takedowns(scope)] == [("bad.example", "first reason")]
    lift(scope, "bad.example")
    assert list_takedowns(scope) == []
    with pytest.raises(NotFound):
        lift(scope, "bad.example")


def test_the_operator_reaches_every_tenant(runtime: Runtime, scope: Scope) -> None:
    other = make_scope(runtime, "Other")
    for each in (scope, other):
        store(each, html_document("One", "Harvest of barley in the valley.", url="https://bad.example/1"))
    assert take_down_everywhere(runtime, "bad.example", "court order") == 2
    assert titles(scope, "harvest") == titles(other, "harvest") == set()


def test_a_tenant_made_later_has_the_operators_take_downs_and_no_others(runtime: Runtime, scope: Scope) -> None:
    take_down(scope, "ours.example", "ours")
    take_down_everywhere(runtime, "bad.example", "court order")
    later = Scope(runtime, create_tenant(runtime, "Later").id, "usr_test")
    assert [(row.domain, row.reason) for row in list_takedowns(later)] == [("bad.example", "court order")]
    with pytest.raises(TakenDown):
        submit(later, html_document("One", "Harvest of barley.", url="https://bad.example/1"))


def test_a_tenant_made_later_reads_nothing_that_another_tenant_wrote(runtime: Runtime, scope: Scope) -> None:
    take_down(scope, "first.example", "our own quarrel with them")
    take_down_everywhere(runtime, "first.example", "by law")
    later = Scope(runtime, create_tenant(runtime, "Later").id, "usr_test")
    assert [(each.reason, each.actor_id) for each in list_takedowns(later)] == [("", OPERATOR)]
    lift_everywhere(runtime, "first.example")
    assert list_takedowns(later) == []


def test_a_tenant_cannot_lift_what_the_operator_took_down(runtime: Runtime, scope: Scope) -> None:
    take_down(scope, "bad.example", "ours")
    take_down_everywhere(runtime, "bad.example", "court order")
    with pytest.raises(Conflict, match="operator"):
        lift(scope, "bad.example")
    assert len(list_takedowns(scope)) == 1


def test_the_operator_lifts_it_everywhere_and_leaves_a_tenants_own(runtime: Runtime, scope: Scope) -> None:
    other = make_scope(runtime, "Other")
    take_down(scope, "bad.example", "ours")
    take_down_everywhere(runtime, "bad.example", "court order")
    lift_everywhere(runtime, "https://www.bad.example/")
    assert list_takedowns(other) == []
    assert [(row.reason, row.by_operator) for row in list_takedowns(scope)] == [("ours", False)]
    lift(scope, "bad.example")
    with pytest.raises(NotFound):
        lift_everywhere(runtime, "bad.example")
    later = Scope(runtime, create_tenant(runtime, "Later").id, "usr_test")
    assert list_takedowns(later) == []


def test_the_operators_count_is_that_of_the_call(runtime: Runtime, scope: Scope) -> None:
    store(scope, html_document("One", "Harvest of barley in the valley.", url="https://bad.example/1"))
    assert take_down_everywhere(runtime, "bad.example", "court order") == 1
    assert take_down_everywhere(runtime, "bad.example", "court order") == 0


def test_one_tenants_take_down_is_its_own(runtime: Runtime, scope: Scope) -> None:
    other = make_scope(runtime, "Other")
    store(other, html_document("One", "Harvest of barley in the valley.", url="https://bad.example/1"))
    take_down(scope, "bad.example", "ours")
    assert titles(other, "harvest") == {"One"}


@pytest.mark.parametrize("domain", ["", "com", "192", "http://[::1]/", "a b"])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(InvalidInput):
        clean_domain(domain)


def test_inside_means_the_domain_or_below() -> None:
    assert is_inside("a.b.example", "b.example")
    assert not is_inside("ab.example", "b.example")

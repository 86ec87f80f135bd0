"""Searching inside folders and tags: exact, at once after a change, and only one's own."""

from __future__ import annotations

import pytest

from services.ingest.documents import delete_document
from services.ingest.library.filing import file_document
from services.ingest.types import RawDocument
from services.models import Document
from services.scope import Scope
from services.search.counts import facets
from services.search.query import WINDOW, Filters, Query, Sort
from services.search.search import search
from tests.factories import make_scope, store


def put(scope: Scope, text: str, folder: str = "", *tags: str) -> Document:
    return store(scope, RawDocument(text.encode(), "text/plain", folder=folder, tags=tags))


def found(scope: Scope, text: str = "harbour", **wanted: tuple[str, ...]) -> set[str]:
    query = Query(text, Filters(**wanted), limit=100, fold=False)  # type: ignore[arg-type]
    return {hit.document.id for hit in search(scope, query).hits}


@pytest.mark.parametrize("text", ["harbour", ""])
def test_a_search_stays_in_its_folder_and_below(scope: Scope, text: str) -> None:
    deep = put(scope, "The harbour of May.", "Reports/2026").id
    above = put(scope, "The harbour in general.", "Reports").id
    none = put(scope, "The harbour elsewhere.").id
    assert found(scope, text, folder=("Reports",)) == {deep, above}
    assert found(scope, text, folder=("Reports/2026",)) == {deep}
    assert found(scope, text, folder=("",)) == {none}
    assert found(scope, text, not_folder=("Reports/2026",)) == {above, none}
    assert found(scope, text, folder=("Nowhere",)) == set()


@pytest.mark.parametrize("text", ["harbour", ""])
def test_a_change_of_tags_holds_for_the_next_search(scope: Scope, text: str) -> None:
    one, other = put(scope, "The harbour one.", "", "budget").id, put(scope, "The harbour other.").id
    assert found(scope, text, tag=("budget",)) == {one}
    assert found(scope, text, not_tag=("budget",)) == {other}
    file_document(scope, one, tags=[])
    file_document(scope, other, tags=["budget", "city"])
    assert found(scope, text, tag=("budget",)) == {other}
    assert found(scope, text, tag=("budget",), not_tag=("city",)) == set()
    assert found(scope, text, not_tag=("city",)) == {one}


def test_a_tag_that_few_have_is_found_among_many_that_fit_better(scope: Scope) -> None:
    last = put(scope, "A quay of the old harbour, mentioned once among cranes, ropes, salt and gulls.", "", "rare").id
    for number in range(WINDOW + 20):
        put(scope, f"Harbour harbour harbour {number}.")
    assert last not in found(scope)
    assert found(scope, tag=("rare",)) == {last}
    newest = Query("harbour", Filters(tag=("rare",)), sort=Sort.NEWEST)
    assert [hit.document.id for hit in search(scope, newest).hits] == [last]


def test_other_filters_hold_too_and_what_is_deleted_is_gone(scope: Scope) -> None:
    kept = put(scope, "The harbour one.", "Reports", "budget").id
    gone = put(scope, "The harbour two.", "Reports", "budget").id
    delete_document(scope, gone)
    both = {"folder": ("Reports",), "tag": ("budget",)}
    assert found(scope, **both) == {kept}
    assert found(scope, **both, source=("upload",)) == {kept}
    assert found(scope, **both, not_source=("upload",)) == set()


def test_facets_count_folders_with_those_below_and_tags(scope: Scope) -> None:
    put(scope, "a", "Reports/2026", "budget")
    put(scope, "b", "Reports", "budget", "city")
    put(scope, "c", "", "city")
    counts = {
        name: {value.value: value.count for value in values} for name, values in facets(scope, Filters()).values.items()
    }
    assert counts["folder"] == {"Reports": 2, "Reports/2026": 1}
    assert counts["tag"] == {"budget": 2, "city": 2}
    narrowed = facets(scope, Filters(tag=("city",))).values
    assert {value.value: value.count for value in narrowed["folder"]} == {"Reports": 1}
    assert {value.value: value.count for value in narrowed["tag"]} == {"budget": 2, "city": 2}


def test_a_neighbours_folders_and_tags_change_nothing_here(scope: Scope) -> None:
    ours = put(scope, "The harbour of ours.", "Reports", "budget").id
    stranger = make_scope(scope.runtime, "Elsewhere")
    theirs = put(stranger, "The harbour of theirs.", "Reports", "budget", "secret").id
    assert (found(scope, tag=("budget",)), found(stranger, folder=("Reports",))) == ({ours}, {theirs})
    assert found(scope, tag=("secret",)) == set()
    assert [value.value for value in facets(scope, Filters()).values["tag"]] == ["budget"]


@pytest.mark.parametrize("text", ["harbour", ""])
def test_a_filter_whose_value_nothing_has_is_named_with_those_there_are(scope: Scope, text: str) -> None:
    put(scope, "The harbour one.", "Reports", "budget", "city")
    put(scope, "The harbour two.", "", "budget")

    def notice(**wanted: tuple[str, ...]) -> str | None:
        return search(scope, Query(text, Filters(**wanted))).notice  # type: ignore[arg-type]

    assert notice(source=("unknown",)) == "No source is called “unknown”. There are: upload."
    assert notice(tag=("citi",)) == "No tag is called “citi”. There are: city, budget."
    assert notice(folder=("Report",), lang=("xx",)) == (
        "No document is in the language “xx”. There are none yet. No folder is called “Report”. There are: Reports."
    )
    assert notice(source=("unknown",), tag=("budget",)) == "No source is called “unknown”. There are: upload."
    assert notice(folder=("Reports",), not_tag=("city",)) is None
    assert notice(tag=("budget",)) is None


def test_many_values_are_named_in_part(scope: Scope) -> None:
    for number in range(11):
        put(scope, f"The harbour {number}.", "", f"tag {number:02}")
    found = search(scope, Query("", Filters(tag=("nothing",))))
    assert found.notice is not None
    assert found.notice.endswith("tag 06, tag 07 and 3 more.")
    assert search(make_scope(scope.runtime, "Other"), Query("", Filters(tag=("nothing",)))).notice == (
        "No tag is called “nothing”. There are none yet."
    )

"""Copies in results: one row per text, the best member, who else printed it, and counts that agree."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from services.engines.vectors.base import HybridQuery
from services.ingest.submit import submit
from services.models import Document
from services.scope import Scope
from services.search.counts import facets
from services.search.query import Filters, Query, Sort
from services.search.search import search
from tests.factories import do_work, html_document, store, text_document
from tests.reprints import REPRINTS, SANCTIONS

SPORT = "The home team won the final after a long penalty shoot-out.|Supporters filled the streets until morning."


@pytest.fixture
def fold(scope: Scope) -> list[Document]:
    """A story, three reprints by two other publishers, and a story of its own."""
    chance = random.Random(1)
    made = [SANCTIONS, *(REPRINTS[kind](chance, SANCTIONS) for kind in ("wrap", "edit", "headline"))]
    urls = ("https://one.example/a", "https://two.example/a", "https://www.two.example/b", "https://three.example/a")
    documents = [store(scope, each.page(url)) for each, url in zip(made, urls, strict=True)]
    store(scope, html_document("A night to remember", SPORT, url="https://one.example/final", date="2026-11-21"))
    return documents


@pytest.mark.parametrize("text", ["sanctions package Brussels", ""])
def test_copies_are_one_hit_with_the_outlets_that_printed_them(scope: Scope, fold: list[Document], text: str) -> None:
    result = search(scope, Query(text))
    assert result.total == len(result.hits)
    hit = next(hit for hit in result.hits if hit.document.id == fold[0].id)
    assert (hit.copies.count, hit.copies.outlets) == (3, 2)
    assert [copy.id for copy in hit.copies.documents] == [document.id for document in fold[1:]]
    assert not {hit.document.id for hit in result.hits} & {document.id for document in fold[1:]}


@pytest.mark.parametrize("text", ["sanctions package Brussels", ""])
def test_unfolded_every_copy_is_a_hit(scope: Scope, fold: list[Document], text: str) -> None:
    result = search(scope, Query(text, fold=False))
    assert {document.id for document in fold} <= {hit.document.id for hit in result.hits}
    assert {hit.copies.count for hit in result.hits} == {0}


@pytest.mark.parametrize("text", ["sanctions package Brussels", ""])
def test_a_copy_stands_for_its_text_where_the_original_is_filtered_out(
    scope: Scope, fold: list[Document], text: str
) -> None:
    result = search(scope, Query(text, Filters(not_source=("one.example",))))
    assert result.total == 1
    [hit] = result.hits
    assert hit.document.id in {document.id for document in fold[1:]}
    assert (hit.copies.count, hit.copies.outlets) == (3, 2 if hit.document.family != "one.example" else 3)


def test_a_listing_shows_the_first_copy_where_the_original_is_filtered_out(scope: Scope, fold: list[Document]) -> None:
    [hit] = search(scope, Query("", Filters(not_source=("one.example",)))).hits
    assert hit.document.id == fold[1].id


def test_facets_count_a_text_once_per_value(scope: Scope, fold: list[Document]) -> None:
    found = facets(scope, Filters()).values
    assert {value.value: value.count for value in found["source"]} == {
        "one.example": 2,
        "two.example": 1,
        "three.example": 1,
    }
    assert [(value.value, value.count) for value in found["lang"]] == [("en", 2)]


def test_pages_of_folds_join_without_gap_or_repeat(scope: Scope, fold: list[Document]) -> None:
    for text in ("", "team sanctions"):
        seen, offset = [], 0
        while True:
            result = search(scope, Query(text, limit=1, offset=offset))
            seen += [hit.document.id for hit in result.hits]
            if result.next_offset is None:
                break
            offset = result.next_offset
        assert len(seen) == len(set(seen)) == result.total


def test_categories_filter_and_are_counted(scope: Scope) -> None:
    sport = store(scope, html_document("A night to remember", SPORT, url="https://one.example/final"))
    store(scope, text_document("Notes on the final of the home team.", title="Notes"))
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).where(Document.id == sport.id).values(category="sport"))
    found = [hit.document.id for hit in search(scope, Query("", Filters(category=("sport",)))).hits]
    assert found == [sport.id]
    rest = search(scope, Query("home team final", Filters(not_category=("sport",)))).hits
    assert sport.id not in {hit.document.id for hit in rest}
    assert [(value.value, value.count) for value in facets(scope, Filters()).values["category"]] == [("sport", 1)]


def test_a_category_narrows_in_the_engine_too(scope: Scope) -> None:
    wanted = Filters(category=("sport",), not_category=("crime",)).for_engine()
    assert (wanted.categories, wanted.excluded_categories) == (("sport",), ("crime",))
    assert scope.runtime.vectors.query("none", HybridQuery("x", None, 1, wanted)) == []


def test_the_newest_come_first_of_all_that_fits_and_not_of_the_best(scope: Scope) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(260):
        # The later, the weaker a fit: more words that were not asked for.
        body = f"The harbour strike went on, said docker {n}. {'Other matters were discussed too. ' * (n // 20)}"
        raw = html_document(f"Strike {n}", body, url=f"https://a{n}.example/", date=f"{first + timedelta(days=n):%F}")
        submit(scope, raw, queue="ingest")
    while do_work(scope.runtime, "ingest"):
        pass
    hits = search(scope, Query("harbour strike", sort=Sort.NEWEST, limit=5, fold=False)).hits
    assert [hit.document.title for hit in hits] == [f"Strike {n}" for n in range(259, 254, -1)]

"""Searching: what is found, in which order, under which filters, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.engines.embedder import EmbedderState
from services.engines.vectors.base import ScoredChunk
from services.errors import InvalidInput
from services.ingest.documents import delete_document, read_text
from services.models import Chunk, Document
from services.scope import Scope
from services.search import search as module
from services.search.counts import facets
from services.search.highlight import terms_of
from services.search.query import Filters, Query, Sort
from services.search.repository import ChunkText, Standing, chunk_texts
from services.search.search import Candidate, search, telling_first
from tests.factories import do_work, html_document, make_scope, store, text_document

BANK = "The central bank raised interest rates by a quarter point on Monday.|Inflation has been falling slowly, the governor said."
FLOOD = "Heavy rain flooded the valley and hundreds of families had to leave.|Rescue teams worked through the night with boats."
MATCH = "The home team won the final after a long penalty shoot-out.|Supporters filled the streets of the old town until morning."


@pytest.fixture
def library(scope: Scope) -> dict[str, Document]:
    """Three pages of two outlets and an upload."""
    return {
        "bank": store(
            scope, html_document("Rates rise again", BANK, url="https://www.economist.example/rates", date="2026-11-10")
        ),
        "flood": store(
            scope, html_document("Valley under water", FLOOD, url="https://daily.example/flood", date="2026-11-15")
        ),
        "match": store(
            scope, html_document("A night to remember", MATCH, url="https://daily.example/final", date="2026-11-18")
        ),
        "note": store(scope, text_document("Notes on rates: the bank may pause in spring.", title="My notes")),
    }


def titles(scope: Scope, query: Query) -> list[str]:
    return [hit.document.title for hit in search(scope, query).hits]


def test_words_find_their_documents_first(scope: Scope, library: dict[str, Document]) -> None:
    result = search(scope, Query("flooded valley"))
    assert result.hits[0].document.id == library["flood"].id
    assert result.mode == "hybrid"
    assert result.hits[0].relevance > 0.4


def test_highlights_mark_the_words_in_any_form_at_exact_places(scope: Scope, library: dict[str, Document]) -> None:
    passage = search(scope, Query("flooding valleys")).hits[0].passage
    marked = [passage.text[span.start : span.end] for span in passage.highlights]
    assert marked[-2:] == ["flooded", "valley"]
    assert {word.lower() for word in marked} == {"flooded", "valley"}


def test_the_passage_is_the_text_at_its_span(scope: Scope, library: dict[str, Document]) -> None:

    hit = search(scope, Query("rescue boats")).hits[0]
    text = read_text(scope, hit.document.id).text
    assert text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert "Rescue teams" in hit.passage.text


def test_filters_hold_alone_and_together(scope: Scope, library: dict[str, Document]) -> None:
    assert titles(scope, Query("rates bank", Filters(source=("economist.example",)))) == ["Rates rise again"]
    assert titles(scope, Query("rates bank", Filters(type=("text",)))) == ["My notes"]
    assert set(titles(scope, Query("", Filters(not_source=("daily.example",))))) == {"Rates rise again", "My notes"}
    november = Filters(
        published_after=datetime(2026, 11, 12, tzinfo=UTC),
        published_before=datetime(2026, 11, 16, tzinfo=UTC),
        lang=("en",),
    )
    assert titles(scope, Query("", november)) == ["Valley under water"]
    assert titles(scope, Query("water team rates", november)) == ["Valley under water"]


def test_an_empty_query_lists_the_newest(scope: Scope, library: dict[str, Document]) -> None:
    result = search(scope, Query("", Filters(type=("html",))))
    assert [hit.document.title for hit in result.hits] == [
        "A night to remember",
        "Valley under water",
        "Rates rise again",
    ]
    assert (result.mode, result.total, result.is_exact) == ("listing", 3, True)


def test_newest_first_orders_by_date(scope: Scope, library: dict[str, Document]) -> None:
    found = search(scope, Query("the team, the bank, the valley", sort=Sort.NEWEST, filters=Filters(type=("html",))))
    dates = [hit.document.published_at for hit in found.hits]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) == 3


def test_pages_join_without_gap_or_repeat(scope: Scope, library: dict[str, Document]) -> None:
    whole = titles(scope, Query("rates water team bank", limit=10))
    pages, offset = [], 0
    while True:
        result = search(scope, Query("rates water team bank", limit=1, offset=offset))
        pages += [hit.document.title for hit in result.hits]
        if result.next_offset is None:
            break
        offset = result.next_offset
    assert pages == whole


def test_tenants_never_see_each_other(scope: Scope, library: dict[str, Document]) -> None:
    other = make_scope(scope.runtime, "Other")
    assert search(other, Query(BANK.replace("|", " "))).hits == []
    assert search(other, Query("")).total == 0
    assert facets(other, Filters()).values["source"] == []


def test_a_deleted_document_is_gone_from_the_next_search(scope: Scope, library: dict[str, Document]) -> None:
    delete_document(scope, library["flood"].id)
    assert "Valley under water" not in titles(scope, Query("flooded valley"))
    assert "Valley under water" not in titles(scope, Query(""))


def test_a_document_removed_while_it_is_found_is_left_out(
    scope: Scope, library: dict[str, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_order = module.in_order

    def too_late(candidates: list[Candidate], **how: bool) -> list[list[Candidate]]:
        groups = in_order(candidates, **how)
        delete_document(scope, groups[0][0].document.id)
        do_work(scope.runtime)
        return groups

    before = [hit.document.id for hit in search(scope, Query(text="bank rates")).hits]
    monkeypatch.setattr(module, "in_order", too_late)
    assert [hit.document.id for hit in search(scope, Query(text="bank rates")).hits] == before[1:]


def test_keywords_work_while_the_model_warms_up(
    scope: Scope, library: dict[str, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(scope.runtime.embedder), "state", EmbedderState.LOADING)
    result = search(scope, Query("flooded valley"))
    assert (result.mode, result.hits[0].document.id) == ("keyword", library["flood"].id)
    assert result.notice
    assert result.hits[0].explain.dense is None


def test_facets_count_documents_and_leave_out_their_own_filter(scope: Scope, library: dict[str, Document]) -> None:
    found = facets(scope, Filters(source=("daily.example",))).values
    assert {value.value: value.count for value in found["source"]} == {
        "daily.example": 2,
        "economist.example": 1,
        "upload": 1,
    }
    assert {value.value: value.count for value in found["type"]} == {"html": 2}


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800 broken", "🙂🙂", "the of and", "' OR 1=1 --", "a & !b <->", "((((", "zzqqxx"]
)
def test_odd_queries_are_answered(scope: Scope, library: dict[str, Document], text: str) -> None:
    assert search(scope, Query(text)).took_ms >= 0


def test_too_long_queries_are_refused(scope: Scope) -> None:
    with pytest.raises(InvalidInput, match="2000"):
        search(scope, Query("word " * 1000))


def test_unicode_forms_of_one_query_give_the_same(scope: Scope, library: dict[str, Document]) -> None:
    assert titles(scope, Query("ｆｌｏｏｄｅｄ valley")) == titles(scope, Query("flooded valley"))


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        (
            "The o\ufb03ce of the \ufb01nance minister was closed on Monday.",
            "office finance",
            ["o\ufb03ce", "\ufb01nance"],
        ),
        ("Cumhurbaşkanı Erdoğan salı günü İstanbul'da konuştu.", "Erdogan istanbul", ["Erdoğan", "İstanbul"]),
        ("The café in Zürich opened.", "cafe zurich", ["café", "Zürich"]),
        ("L'économie de l’Italie ralentit.", "économie italie", ["économie", "Italie"]),
        ("The bank's governor didn't speak.", "bank governor", ["bank", "governor"]),
        ("中国经济增长放缓。央行周一宣布下调利率。", "下调利率", ["下调利率"]),
        ("ธนาคารกลางขึ้นอัตราดอกเบี้ย", "ดอกเบี้ย", ["ดอกเบี้ย"]),
        ("भारतीय रिज़र्व बैंक ने ब्याज दरें बढ़ाईं।", "ब्याज बैंक", ["बैंक", "ब्याज"]),
    ],
)
def test_words_are_marked_in_the_forms_that_the_index_finds(
    scope: Scope, text: str, query: str, marked: list[str]
) -> None:
    store(scope, text_document(text, title="A title"))
    [hit] = search(scope, Query(query)).hits
    assert [hit.passage.text[span.start : span.end] for span in hit.passage.highlights] == marked
    assert hit.explain.lexical == 1.0


def test_a_passage_stands_on_the_page_it_begins_on(scope: Scope) -> None:
    first = f"The report opens with {'a very ' * 40}long sentence."
    document = store(scope, text_document(f"{first} Inflation has been falling slowly.", title="Report"))
    pages = [
        {"number": 1, "start": 0, "end": len(first)},
        {"number": 2, "start": len(first) + 1, "end": len(first) + 40},
    ]
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).where(Document.id == document.id).values(pages=pages))
    [hit] = search(scope, Query("inflation")).hits
    assert (hit.passage.text, hit.passage.page) == ("Inflation has been falling slowly.", 2)


def test_many_chunks_of_one_long_text_are_each_the_text_at_their_span(scope: Scope) -> None:
    words = " ".join(f"On day {n} the bank of Zürich 🏦 raised rate number {n}." for n in range(1500))
    document = store(scope, text_document(words, title="A chronicle"))
    text = read_text(scope, document.id).text
    [hit] = search(scope, Query("bank raised rate 700")).hits
    assert len(hit.more_passages) == 2
    for passage in (hit.passage, *hit.more_passages):
        assert passage.text == text[passage.start : passage.end]


def test_texts_are_the_same_by_chunk_and_by_cut(
    scope: Scope, library: dict[str, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scope.read() as tx:
        rows = tx.session.execute(tx.select_columns(Chunk, Chunk.document_id, Chunk.ordinal)).all()
        wanted = [(document_id, ordinal) for document_id, ordinal in rows]
        by_chunk = chunk_texts(tx, wanted)
        monkeypatch.setattr("services.search.repository.SHORT_CHUNKS", 0)
        assert chunk_texts(tx, wanted) == by_chunk
        assert len(by_chunk) == len(wanted) > 0


def test_the_passage_that_holds_the_words_itself_is_shown_before_one_that_scores_for_its_title() -> None:
    standing = Standing("doc_1", 1, 2, "en", "Harbour strike", None, datetime(2026, 11, 1, tzinfo=UTC), [], None)
    terms = terms_of("harbour strike", "en")

    def candidate(ordinal: int, score: float, text: str) -> Candidate:
        found = ScoredChunk("doc_1", 1, ordinal, 0.1, 0.5, 1.0)
        return Candidate(found, standing, terms, 0.5, score, ChunkText(0, len(text), text))

    title, own = candidate(0, 0.52, "Nobody was hurt."), candidate(1, 0.48, "The strike closed the harbour.")
    assert sorted([title, own], key=telling_first) == [own, title]
    far = candidate(2, 0.1, "The strike closed the harbour.")
    assert sorted([title, far], key=telling_first) == [title, far]

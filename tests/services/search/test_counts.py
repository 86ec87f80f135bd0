"""Counting what a query finds, exact words among its filters, and the words that may have been meant."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.documents import delete_document
from services.models import Document
from services.scope import Scope
from services.search import exact as exact_module
from services.search.counts import Interval, facets, histogram
from services.search.grammar import understand
from services.search.query import Filters, Query
from services.search.search import search
from services.search.vocabulary import edits, suggestion
from tests.factories import do_work, html_document, make_scope, store, text_document
from tests.reprints import REPRINTS, SANCTIONS

RATES = "The central bank raised interest rates by a quarter point.|Inflation is falling, the governor said."
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def library(scope: Scope) -> dict[str, Document]:
    """Stories of two outlets over some weeks, and a note in German."""
    pages = {
        "rates": ("Rates rise", RATES, "https://one.example/rates", "2026-11-10"),
        "pause": ("Bank may pause", "The bank will leave rates alone, central to its plan.", "https://two.example/a", "2026-11-12"),
        "flood": ("Valley floods", "Rain flooded the valley. The river bank broke.", "https://two.example/b", "2026-11-20"),
        "match": ("A final", "The home team won the final after penalties.", "https://one.example/c", "2026-11-20"),
    }  # fmt: skip
    made = {
        name: store(scope, html_document(title, body, url=url, date=date))
        for name, (title, body, url, date) in pages.items()
    }
    german = "Die Zentralbank erhöhte die Zinsen. Die Banken in Zürich reagierten, sagte der Präsident der Börse."
    made["zinsen"] = store(scope, text_document(german, title="Zinsen"))
    return made


def counts(scope: Scope, query: str, name: str, **filters: tuple[str, ...]) -> dict[str, int]:
    understood = understand(query, NOW)
    wanted = Filters(**filters).and_also(understood.filters)  # type: ignore[arg-type]
    return {each.value: each.count for each in facets(scope, wanted, text=understood.text).values[name]}


def found(scope: Scope, query: str) -> set[str]:
    understood = understand(query, NOW)
    return {hit.document.title for hit in search(scope, Query(understood.text, understood.filters)).hits}


@pytest.mark.parametrize("query", ["bank", "central bank rates", "team penalties", ""])
def test_facets_count_what_the_results_show(scope: Scope, library: dict[str, Document], query: str) -> None:
    hits = search(scope, Query(query)).hits
    by_source: dict[str, int] = {}
    for hit in hits:
        by_source[hit.document.source] = by_source.get(hit.document.source, 0) + 1
    assert counts(scope, query, "source") == by_source
    assert facets(scope, Filters(), text=query).total == len(hits)


def test_a_facet_is_not_narrowed_by_its_own_values_but_by_the_others(
    scope: Scope, library: dict[str, Document]
) -> None:
    before = counts(scope, "bank", "source")
    assert counts(scope, "bank", "source", source=("one.example",)) == before
    assert counts(scope, "bank source:one.example", "source") == before
    assert sum(counts(scope, "bank", "type", source=("one.example",)).values()) == before["one.example"]


def test_copies_count_once_per_value_and_once_in_time(scope: Scope) -> None:
    chance = random.Random(1)
    made = [SANCTIONS, REPRINTS["wrap"](chance, SANCTIONS), REPRINTS["edit"](chance, SANCTIONS)]
    for n, each in enumerate(made):
        store(scope, each.page(f"https://{'one' if n < 2 else 'two'}.example/{n}"))
    for query in ("sanctions package", ""):
        assert counts(scope, query, "source") == {"one.example": 1, "two.example": 1}
        assert facets(scope, Filters(), text=query).total == 1
        assert histogram(scope, Filters(), text=query).total == 1


def test_more_documents_are_counted_than_a_list_holds(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.search.search.WINDOW", 2)
    monkeypatch.setattr("services.engines.vectors.encode.CANDIDATES", 2)
    for n in range(6):
        store(scope, text_document(f"The harbour strike, part {n}, was about {'wages ' * n}.", title=f"Strike {n}"))
    assert counts(scope, "harbour strike", "source") == {"upload": 6}


@pytest.mark.parametrize("query", ["bank", ""])
def test_a_histogram_has_a_bar_for_every_day_and_counts_each_document_once(
    scope: Scope, library: dict[str, Document], query: str
) -> None:
    wanted = Filters(
        type=("html",),
        published_after=datetime(2026, 11, 9, tzinfo=UTC),
        published_before=datetime(2026, 11, 22, tzinfo=UTC),
    )
    bars = histogram(scope, wanted, text=query)
    assert bars.interval is Interval.DAY
    assert [bar.start for bar in bars.bins] == [
        datetime(2026, 11, 9, tzinfo=UTC) + timedelta(days=n) for n in range(13)
    ]
    by_day = {bar.start.day: bar.count for bar in bars.bins if bar.count}
    hits = search(scope, Query(query, wanted)).hits
    assert by_day == {
        day: sum(hit.document.published_at.day == day for hit in hits if hit.document.published_at)
        for day in {hit.document.published_at.day for hit in hits if hit.document.published_at}
    }
    assert (bars.total, bars.earlier) == (len(hits), 0)


def test_days_and_weeks_begin_where_the_reader_is(scope: Scope, library: dict[str, Document]) -> None:
    wanted = Filters(source=("two.example",))
    # Published at 8 in the morning UTC, which is the evening before in the west.
    west = histogram(scope, wanted, interval=Interval.DAY, utc_offset=-600)
    assert west.bins[0].start == datetime(2026, 11, 11, 10, tzinfo=UTC)
    weeks = histogram(scope, wanted, interval=Interval.WEEK)
    assert [(bar.start.day, bar.count) for bar in weeks.bins] == [(9, 1), (16, 1)]
    assert [bar.count for bar in histogram(scope, wanted, interval=Interval.MONTH).bins] == [2]


def test_too_many_bars_are_made_coarser_and_a_few_old_documents_do_not_flatten_them(scope: Scope) -> None:
    for n in range(60):
        store(
            scope,
            html_document(
                f"Story {n}", f"About matter {n}.", url=f"https://a.example/{n}", date=f"2026-11-{n % 20 + 1:02}"
            ),
        )
    store(scope, html_document("Old", "A matter long ago.", url="https://a.example/old", date="1999-01-01"))
    bars = histogram(scope, Filters())
    assert (bars.interval, bars.earlier, bars.total) == (Interval.DAY, 1, 61)
    old = histogram(scope, Filters(published_after=datetime(1998, 1, 1, tzinfo=UTC)), interval=Interval.HOUR)
    assert old.interval is Interval.MONTH
    assert (old.earlier, sum(bar.count for bar in old.bins)) == (0, 61)


def test_nothing_has_no_bars(scope: Scope) -> None:
    assert list(histogram(scope, Filters(), text="zeppelin").bins) == list(histogram(scope, Filters()).bins) == []


def test_a_phrase_is_in_every_result_in_that_order(scope: Scope, library: dict[str, Document]) -> None:
    assert found(scope, '"central bank"') == {"Rates rise"}
    assert found(scope, '"CENTRAL BANK"') == {"Rates rise"}
    assert found(scope, '"bank central"') == set()
    assert found(scope, '"interest rates" "quarter point"') == {"Rates rise"}
    # Over the end of a sentence, of stop words only, in the title, in another language with and without accents.
    assert found(scope, '"alone central"') == {"Bank may pause"}
    assert found(scope, '"the"') >= {"Rates rise", "Valley floods", "A final"}
    assert found(scope, '"Valley floods"') == {"Valley floods"}
    assert found(scope, '"Banken in Zurich"') == {"Zinsen"}
    assert found(scope, '"erhöhte die Zinsen"') == {"Zinsen"}


def test_an_excluded_word_is_in_no_result_as_a_whole_word(scope: Scope, library: dict[str, Document]) -> None:
    assert "Valley floods" not in found(scope, "bank -valley")
    assert found(scope, "-bank") == {"A final", "Zinsen"}
    assert found(scope, "-banken -the") == set()
    # "rate" is no "rates".
    assert found(scope, "-rate") == {"Rates rise", "Bank may pause", "Valley floods", "A final", "Zinsen"}
    assert found(scope, 'bank "bank" -"river bank"') == {"Rates rise", "Bank may pause"}
    assert counts(scope, "-bank", "source") == {"one.example": 1, "upload": 1}
    assert histogram(scope, understand("-bank", NOW).filters).total == 2


def test_a_phrase_that_too_many_documents_may_hold_says_so(
    scope: Scope, library: dict[str, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact_module, "MOST_READ", 2)
    result = search(scope, Query("", understand("-the", NOW).filters))
    assert not result.is_exact
    assert result.notice
    assert "the" in result.notice


def test_a_phrase_finds_what_no_window_of_best_results_would_hold(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.search.search.WINDOW", 2)
    monkeypatch.setattr("services.engines.vectors.encode.CANDIDATES", 2)
    for n in range(8):
        store(scope, text_document(f"Strike, strike, harbour strike number {n}.", title=f"Strike {n}"))
    store(scope, text_document(f"{'Other matters. ' * 20} A strike at last in the harbour.", title="Needle"))
    assert found(scope, 'strike "at last"') == {"Needle"}


def test_a_misspelt_word_is_put_right_by_the_words_of_the_library(scope: Scope, library: dict[str, Document]) -> None:
    assert suggestion(scope, "centrla bank") == "central bank"
    assert suggestion(scope, "inflaton source:one.example") == "inflation source:one.example"
    assert suggestion(scope, "Zentralbnak") == "zentralbank"
    for fine in ("central bank", "flooding", "zzqqxx", "", "the of", "banken", '"'):
        assert suggestion(scope, fine) is None


def test_nobody_is_told_the_words_of_another_tenant_or_of_a_deleted_document(
    scope: Scope, library: dict[str, Document]
) -> None:
    other = make_scope(scope.runtime, "Other")
    store(other, text_document("Nothing about money here.", title="Theirs"))
    assert suggestion(scope, "inflaton") == "inflation"
    assert suggestion(other, "inflaton") is None
    assert found(other, '"central bank"') == set()
    assert facets(other, Filters(), text="bank").total == histogram(other, Filters(), text="bank").total == 0
    delete_document(scope, library["rates"].id)
    do_work(scope.runtime)
    assert suggestion(scope, "inflaton") is None


def test_the_words_of_a_text_that_may_not_be_shown_are_not_suggested(scope: Scope) -> None:
    document = store(scope, text_document("Confidential kumquats were eaten.", title="A notice"))
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).where(Document.id == document.id).values(directives=["nosnippet"]))
    assert suggestion(scope, "kumquatz") is None
    assert suggestion(scope, "notise") == "notice"


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [("bank", "bank", 0), ("bank", "bnak", 1), ("bank", "bans", 1), ("bank", "ban", 1), ("governor", "govenror", 1), ("a", "xyz", 3)],
)  # fmt: skip
def test_edits_are_counted_with_swaps_as_one(first: str, second: str, number: int) -> None:
    assert edits(first, second, 2) == edits(second, first, 2) == number

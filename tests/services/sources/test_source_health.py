"""How sources fare, in one word and one sentence."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.models import Document, Source, utc_now
from services.scope import Scope
from services.sources.health import drift_alarm, health, status_of, summaries
from tests.factories import html_document, make_item, make_source, store


def source_with(**values: object) -> Source:
    now = utc_now()
    defaults = {"error_count": 0, "created_at": now - timedelta(days=30), "succeeded_at": now, "new_at": now}
    return Source(**{**defaults, **values})


def word(source: Source, per_day: float = 5.0, *, is_running: bool = False) -> str:
    return status_of(source, utc_now(), per_day, is_running=is_running)[0]


def test_the_first_word_that_holds() -> None:
    assert word(source_with()) == "ok"
    assert word(source_with(), is_running=True) == "running"
    assert word(source_with(paused_at=utc_now(), error_count=3)) == "paused"
    assert word(source_with(error_count=1, error_code="timeout")) == "failing"
    assert word(source_with(succeeded_at=None)) == "new"


def test_a_silent_source_is_noticed_by_its_own_rhythm() -> None:
    quiet = source_with(new_at=utc_now() - timedelta(days=3))
    assert word(quiet, per_day=5.0) == "silent"
    assert word(quiet, per_day=0.3) == "ok"


def test_a_failure_says_what_to_do() -> None:
    _, detail = status_of(source_with(error_count=4, error_code="contact_missing"), utc_now(), 0.0, is_running=False)
    assert "4 times in a row" in detail
    assert "TIDINGS_CONTACT" in detail


def test_drift_is_told_within_five_articles() -> None:
    good = [("new", 0.9)] * 40
    assert drift_alarm(good) is None
    assert drift_alarm([*[("failed", None)] * 2, *good]) is None
    assert drift_alarm([*[("partial", 0.3)] * 5, *good]) is not None
    # One that was never readable has not drifted.
    assert drift_alarm([("partial", 0.3)] * 40) is None


@given(st.lists(st.tuples(st.sampled_from(["new", "partial", "failed", "duplicate"]), st.none() | st.floats(0, 1))))
def test_drift_never_fails(outcomes: list[tuple[str, float | None]]) -> None:
    drift_alarm(outcomes)


def test_figures_come_from_what_was_stored(scope: Scope) -> None:
    source = make_source(scope)
    for number in range(3):
        url = f"https://news.example.org/{number}"
        document = store(
            scope, html_document(f"Story {number}", f"Number {number} says what happened there today.", url=url)
        )
        with scope.write() as tx:
            tx.session.execute(
                tx.update(Document)
                .where(Document.id == document.id)
                .values(source_id=source.id, quality=0.9, published_at=source.created_at)
            )
        make_item(scope, source, url=url, state="stored", document_id=document.id, fetched_at=utc_now())
    make_item(scope, source, url="https://news.example.org/x", state="duplicate", fetched_at=utc_now())
    found = health(scope, source.id)
    assert found.counts == {"new": 3, "duplicate": 1}
    assert sum(count for _, count in found.days) == 3
    assert len(found.days) == 14
    assert found.extraction_share == 1.0
    assert found.duplicate_share == 0.25
    assert found.delay_median_seconds is not None
    assert 0 <= found.delay_median_seconds < 60
    assert summaries(scope, [source])[source.id].document_count == 3

"""What a feed said of a document counts where its bytes say nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from services.ingest.hints import hinted
from services.ingest.types import Article, Hints

HERE, THERE = datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 22, 9, tzinfo=UTC)
HINTS = Hints(published_at=HERE, authors=("Ada Reporter",), categories=("Politics",))


def test_a_silent_document_takes_date_authors_and_category() -> None:
    found = hinted(Article("Report", "Text."), HINTS)
    assert (found.published_at, found.published_from) == (HERE, "feed")
    assert found.authors == ("Ada Reporter",)
    assert (found.category, found.category_from) == ("politics", "feed")


def test_what_the_bytes_say_stands() -> None:
    own = Article(
        "Report",
        "Text.",
        authors=("Bo Editor",),
        published_at=THERE,
        published_from="pdf-info",
        category="crime",
        category_from="meta",
    )
    assert hinted(own, HINTS) == own


def test_the_category_given_to_the_source_comes_before_the_feeds() -> None:
    found = hinted(Article("Report", "Text."), Hints(category="science", categories=("Politics",)))
    assert (found.category, found.category_from) == ("science", "source")


def test_without_hints_nothing_changes() -> None:
    plain = Article("Report", "Text.")
    assert hinted(plain, None) == hinted(plain, Hints()) == plain

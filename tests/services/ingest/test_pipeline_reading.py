"""What the pipeline hands to the reader and what it writes onto the row."""

from __future__ import annotations

from datetime import UTC, datetime

from services.ids import new_id
from services.ingest import repository
from services.ingest.documents import get_document
from services.ingest.types import Hints, RawDocument, Rights
from services.models import Document, SiteRule
from services.scope import Scope
from tests.factories import make_scope, store

STORY = "".join(
    f"<p>In district {n} of the city four thousand people were moved to safety on Tuesday.</p>" for n in range(12)
)
PAGE = f"""<html lang=en><head><title>Flood</title><meta property="article:published_time" content="2026-03-04T06:30:00+01:00">
<meta property="og:image" content="/flood.jpg"></head><body><article><h1>River floods Norrvik</h1>{STORY}</article>
<div id=box>Only this box is wanted by the rule.</div></body></html>""".encode()
URL = "https://www.news.herald.example/sport/flood"


def add_rule(scope: Scope, domain: str, content: str) -> None:
    with scope.write() as tx:
        tx.add(SiteRule(id=new_id("rul"), domain=domain, content=content))


def test_facts_of_the_page_are_written_onto_the_row(scope: Scope) -> None:
    document = store(scope, RawDocument(PAGE, url=URL))
    assert (document.status, document.title) == ("ready", "River floods Norrvik")
    assert document.published_at == datetime(2026, 3, 4, 5, 30, tzinfo=UTC)
    assert (document.published_from, document.published_offset) == ("meta", 60)
    assert (document.category, document.category_from) == ("sport", "url")
    assert document.image_url == "https://www.news.herald.example/flood.jpg"
    assert not document.partial


def test_what_the_feed_said_reaches_the_reader(scope: Scope) -> None:
    moment = datetime(2026, 3, 1, 9, tzinfo=UTC)
    hints = Hints(text="The river rose again on Sunday, the city said. " * 4, published_at=moment, category="crime")
    document = store(scope, RawDocument(b"<html><body><script>app()</script></body></html>", url=URL, hints=hints))
    assert (document.status, document.partial) == ("ready", True)
    assert (document.published_at, document.published_from) == (moment, "feed")
    assert (document.category, document.category_from) == ("crime", "source")
    assert "feed_text" in document.quality_reasons


def test_a_document_that_came_as_a_part_stays_one(scope: Scope) -> None:
    assert store(scope, RawDocument(PAGE, url=URL, partial=True, rights=Rights(("noarchive",)))).partial


def test_the_nearest_rule_of_the_tenant_is_followed(scope: Scope) -> None:
    add_rule(scope, "herald.example", "h1")
    add_rule(scope, "news.herald.example", "#box")
    add_rule(scope, "box.example", "p")
    document = store(scope, RawDocument(PAGE, url=URL))
    with scope.read() as tx:
        stored = repository.find(tx, document.id, with_text=True)
        assert stored is not None
        assert stored.text == "Only this box is wanted by the rule."
    other_scope = make_scope(scope.runtime, "Other newsroom")
    theirs = store(other_scope, RawDocument(PAGE, url=URL))
    with other_scope.read() as tx:
        stored = repository.find(tx, theirs.id, with_text=True)
        assert stored is not None
        assert "four thousand" in (stored.text or "")


def test_a_wall_fails_with_its_reason(scope: Scope) -> None:
    content = (
        b"<html><head><title>Page not found</title></head><body><h1>Page not found</h1><p>Sorry.</p></body></html>"
    )
    document: Document = get_document(scope, store(scope, RawDocument(content, url=URL)).id)
    assert (document.status, document.error_code) == ("failed", "soft_404")


def test_a_text_that_is_named_like_a_pdf_is_read_and_says_so(scope: Scope) -> None:
    document = store(scope, RawDocument(b"not a pdf", filename="fake.pdf"))
    assert (document.status, document.type) == ("ready", "text")
    assert "misnamed" in document.quality_reasons
    honest = store(scope, RawDocument(b"just a text", filename="note.txt"))
    assert "misnamed" not in honest.quality_reasons

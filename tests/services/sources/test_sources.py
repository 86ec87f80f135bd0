"""Sources as people keep them."""

from __future__ import annotations

import pytest

from services.errors import Conflict, EgressDenied, InvalidInput, NotFound
from services.ingest.documents import get_document
from services.models import Document, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.sources import repository
from services.sources.sources import (
    NewSource,
    SourceFilter,
    add_source,
    change_source,
    export_opml,
    get_source,
    import_opml,
    list_items,
    list_sources,
    remove_source,
)
from services.sources.takedown import take_down
from tests.factories import html_document, make_item, make_scope, make_source, store


def test_a_new_source_is_due_at_once(scope: Scope) -> None:
    source, known = add_source(scope, NewSource("https://News.example.org/feed?utm_source=x", "feed", "News"))
    assert not known
    assert source.url == "https://news.example.org/feed"
    assert source.next_poll_at <= utc_now()
    assert get_source(scope, source.id).title == "News"


def test_one_address_is_one_source(scope: Scope) -> None:
    first, _ = add_source(scope, NewSource("https://news.example.org/feed", "feed", "News"))
    second, known = add_source(scope, NewSource("HTTPS://news.example.org:443/feed#top", "feed", "Again"))
    assert known
    assert second.id == first.id
    assert get_source(scope, first.id).title == "News"


def test_tenants_have_their_own_sources(runtime: Runtime, scope: Scope) -> None:
    other = make_scope(runtime, "Other")
    ours = make_source(scope)
    theirs, known = add_source(other, NewSource(ours.url, "feed"))
    assert not known
    with pytest.raises(NotFound):
        get_source(scope, theirs.id)
    with pytest.raises(NotFound):
        remove_source(other, ours.id)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("not an address", InvalidInput),
        ("ftp://news.example.org/feed", EgressDenied),
        ("http://127.0.0.1/feed", EgressDenied),
        ("http://news.example.org:22/feed", EgressDenied),
        ("http://localhost/feed", EgressDenied),
    ],
)
def test_addresses_that_are_never_fetched_are_refused(scope: Scope, url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        add_source(scope, NewSource(url, "feed"))


def test_a_source_is_renamed_grouped_and_paused(scope: Scope) -> None:
    source = make_source(scope)
    changed = change_source(scope, source.id, {"title": "Better\x00 name", "folder": "Finance", "paused": True})
    assert (changed.title, changed.folder) == ("Better name", "Finance")
    assert changed.paused_at is not None
    resumed = change_source(scope, source.id, {"paused": False, "folder": None})
    assert resumed.paused_at is None
    assert resumed.next_poll_at <= utc_now()
    assert resumed.folder is None


def test_a_licence_is_noted_with_who_and_when(scope: Scope) -> None:
    source = make_source(scope)
    noted = change_source(scope, source.id, {"licence_note": "Contract of 2026"})
    assert (noted.licence_note, noted.licence_by) == ("Contract of 2026", scope.actor_id)
    assert noted.licence_at is not None
    assert change_source(scope, source.id, {"licence_note": None}).licence_by is None


def test_lists_are_filtered_and_paged_by_title(scope: Scope) -> None:
    for name in ("charlie", "Alpha", "bravo"):
        make_source(scope, url=f"https://{name.lower()}.example.org/feed", title=name)
    page, last, total = list_sources(scope, SourceFilter(), limit=2)
    assert ([row.title for row in page], total) == (["Alpha", "bravo"], 3)
    rest, _, _ = list_sources(scope, SourceFilter(), after=last)
    assert [row.title for row in rest] == ["charlie"]
    assert [row.title for row in list_sources(scope, SourceFilter(words="BRAV"))[0]] == ["bravo"]
    assert list_sources(scope, SourceFilter(kind="page"))[0] == []


def test_titles_beyond_ascii_are_paged_too(scope: Scope) -> None:
    names = {"Apfel", "Ärzte", "Öko", "Über", "Zeit", "élan"}
    for number, name in enumerate(sorted(names)):
        make_source(scope, url=f"https://{number}.example.org/feed", title=name)
    seen: list[str] = []
    after = None
    while True:
        rows, after, _ = list_sources(scope, SourceFilter(), after=after, limit=2)
        seen += [row.title for row in rows]
        if len(rows) < 2:
            break
    assert len(seen) == len(names)
    assert set(seen) == names


def test_removing_a_source_keeps_its_documents_unless_asked(scope: Scope) -> None:
    kept, gone = make_source(scope, url="https://a.example.org/feed"), make_source(scope, url="https://b.example.org/f")
    documents = {}
    for source, url in ((kept, "https://a.example.org/1"), (gone, "https://b.example.org/1")):
        document = store(scope, html_document("Title", f"Some words of {url} that say something.", url=url))
        with scope.write() as tx:
            tx.session.execute(tx.update(Document).where(Document.id == document.id).values(source_id=source.id))
        documents[source.id] = document.id
    assert remove_source(scope, kept.id) == 0
    assert get_document(scope, documents[kept.id]).status == "ready"
    assert remove_source(scope, gone.id, with_documents=True) == 1
    with pytest.raises(NotFound):
        get_document(scope, documents[gone.id])
    assert list_sources(scope, SourceFilter())[2] == 0


def test_every_url_counts_in_exactly_one_state(scope: Scope) -> None:
    source = make_source(scope)
    good = store(scope, html_document("One", "A story with enough words to be read by everybody here.")).id
    for number, (state, document_id) in enumerate(
        [
            ("stored", good),
            ("stored", "doc_gone"),
            ("refused", None),
            ("reserved", None),
            ("pending", None),
            ("failed", None),
        ]
    ):
        make_item(scope, source, url=f"https://news.example.org/{number}", state=state, document_id=document_id)
    with scope.read() as tx:
        counts = repository.counts_by_state(tx, source.id)
    assert counts == {"new": 1, "failed": 2, "refused": 1, "reserved": 1, "pending": 1}
    listed, total = list_items(scope, source.id, state=None, before=None, limit=100)
    assert total == len(listed) == sum(counts.values())
    for state, count in counts.items():
        assert list_items(scope, source.id, state=state, before=None, limit=1)[1] == count


def test_opml_goes_out_and_comes_back(runtime: Runtime, scope: Scope) -> None:
    add_source(scope, NewSource("https://a.example.org/feed", "feed", "A & co", "https://a.example.org", "Finance"))
    add_source(scope, NewSource("https://b.example.org/sitemap.xml", "sitemap", "B"))
    carried = export_opml(scope)
    other = make_scope(runtime, "Other")
    done = import_opml(other, carried)
    assert [(row.title, row.folder, row.url) for row in done.added] == [
        ("A & co", "Finance", "https://a.example.org/feed")
    ]
    again = import_opml(other, carried)
    assert (len(again.added), again.known_count, again.refused) == (0, 1, [])


def test_one_refused_outline_does_not_stop_an_import(scope: Scope) -> None:
    opml = b"""<opml version="2.0"><body><outline text="bad" xmlUrl="http://127.0.0.1/feed"/>
      <outline text="good" xmlUrl="https://good.example.org/feed"/></body></opml>"""
    done = import_opml(scope, opml)
    assert [row.title for row in done.added] == ["good"]
    assert done.refused[0][0] == "http://127.0.0.1/feed"
    with pytest.raises(InvalidInput):
        import_opml(scope, b'<opml version="2.0"><body/></opml>')


def test_a_taken_down_domain_is_no_source(scope: Scope) -> None:
    source = make_source(scope, url="https://news.example.org/feed")
    take_down(scope, "example.org", "asked to")
    assert get_source(scope, source.id).paused_at is not None
    with pytest.raises(Conflict):
        add_source(scope, NewSource("https://other.example.org/feed", "feed"))


def test_letters_beyond_ascii_are_folded_too(scope: Scope) -> None:
    for number, title in enumerate(("Zeitung", "ölpreis heute", "Äpfel", "ÖLPREIS morgen")):
        make_source(scope, url=f"https://{number}.example.org/feed", title=title)
    found, _, total = list_sources(scope, SourceFilter(words="Ölpreis"))
    assert ([source.title for source in found], total) == (["ölpreis heute", "ÖLPREIS morgen"], 2)


def test_sources_in_no_folder_come_first(scope: Scope) -> None:
    for number, folder in enumerate(("World", None, "Business")):
        make_source(scope, url=f"https://{number}.example.org/feed", folder=folder)
    with scope.read() as tx:
        assert [source.folder for source in repository.all_sources(tx)] == [None, "Business", "World"]

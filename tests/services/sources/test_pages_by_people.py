"""A page that a person asks for by its address: a take-down holds, and what its publisher said to a crawl stays said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.engines.egress import Egress, Fetched
from services.errors import Conflict
from services.ingest.documents import count_by_status
from services.ingest.submit import submit, submit_url
from services.ingest.types import RawDocument, Rights
from services.models import Document
from services.scope import Scope
from services.sources.takedown import take_down
from tests.factories import do_work, html_document, store

URL = "https://news.example.org/story"
LATER = datetime(2099, 1, 1, tzinfo=UTC)


def page(words: str) -> bytes:
    return html_document("Harbour", f"{words} The harbour of the town will be rebuilt in spring.").content


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers every address with a page, and notes what was asked for. Addresses with `moved` lead to a bad one."""
    urls: list[str] = []

    def fetch(self: Egress, url: str, **_: object) -> Fetched:
        urls.append(url)
        final = "https://www.bad.example/there" if "moved" in url else url
        return Fetched(url, 200, {"content-type": "text/html"}, page("Seen by a person."), final)

    monkeypatch.setattr(Egress, "fetch", fetch)
    return urls


def crawled(scope: Scope, rights: Rights, *, partial: bool = False) -> Document:
    raw = RawDocument(
        page("Seen by a crawl."), "text/html", url=URL, source_id="src_1", rights=rights, partial=partial
    )  # fmt: skip
    return store(scope, raw)


def test_what_a_crawl_read_of_the_rights_stays(scope: Scope, asked: list[str]) -> None:
    crawled(scope, Rights(("nosnippet",), 50, LATER))
    document = submit_url(scope, URL).document
    assert asked == [URL]
    assert (document.version, document.directives, document.max_snippet) == (2, ["nosnippet"], 50)
    assert (document.expires_at, document.source_id) == (LATER, "src_1")


def test_what_a_publisher_reserves_is_not_kept_whole_for_a_person(scope: Scope, asked: list[str]) -> None:
    crawled(scope, Rights(("noarchive",)), partial=True)
    with pytest.raises(Conflict):
        submit_url(scope, URL)


def test_a_later_visit_may_loosen(scope: Scope) -> None:
    crawled(scope, Rights(("nosnippet",)))
    assert crawled(scope, Rights()).directives == []


def test_a_domain_taken_down_is_not_asked(scope: Scope, asked: list[str]) -> None:
    take_down(scope, "bad.example", "asked to")
    for url in ("https://bad.example/1", "https://www.bad.example/1", "https://de.bad.example:8443/1"):
        with pytest.raises(Conflict, match=r"bad\.example was taken down"):
            submit_url(scope, url)
    assert asked == []


def test_a_redirect_into_a_domain_taken_down_stores_nothing(scope: Scope, asked: list[str]) -> None:
    take_down(scope, "bad.example", "asked to")
    with pytest.raises(Conflict):
        submit_url(scope, "https://good.example/moved")
    do_work(scope.runtime)
    assert count_by_status(scope) == {}
    assert set(scope.runtime.blobs.keys_older_than(-1)) == set()


def test_nothing_of_a_domain_taken_down_is_stored_whoever_brings_it(scope: Scope) -> None:
    take_down(scope, "bad.example", "asked to")
    with pytest.raises(Conflict):
        submit(scope, html_document("Gone", "Harvest of barley.", url="https://bad.example/1"))
    assert submit(scope, html_document("Stays", "Harvest of oats.", url="https://notbad.example/1")).document.id

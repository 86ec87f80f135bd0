"""What is found at an address, on a real site of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.newssite import NewsSite, generated_stories
from services.engines.egress import Egress
from services.errors import EgressDenied, FetchFailed, InvalidInput, TakenDown
from services.models import Base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.sources.discover import MAX_REQUESTS, discover
from services.sources.sources import NewSource, add_source
from services.sources.takedown import take_down
from tests.factories import make_scope

Serve = Callable[..., NewsSite]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts sites; `pages` replaces or removes (None) some of their pages."""
    started: list[NewsSite] = []

    def start(pages: dict[str, tuple[bytes, str] | None] | None = None, **values: object) -> NewsSite:
        site = NewsSite(generated_stories(12), **values).start()
        for path, page in (pages or {}).items():
            if page is None:
                site.pages.pop(path, None)
            else:
                site.pages[path] = page
        started.append(site)
        return site

    yield start
    for site in started:
        site.close()


@pytest.fixture
def scope_for(tmp_path: Path) -> Iterator[Callable[[NewsSite], Scope]]:
    """A tenant whose operator allows a site of this machine."""
    opened: list[Runtime] = []

    def make(site: NewsSite) -> Scope:
        settings = Settings(data_dir=tmp_path / "data", embedder_model="fake:hash", fetch_private_hosts=[site.host])
        runtime = open_runtime(settings, with_bell=False)
        opened.append(runtime)
        Base.metadata.create_all(runtime.database)
        return make_scope(runtime)

    yield make
    for runtime in opened:
        runtime.close()


def test_a_front_page_gives_its_feed_and_news_sitemap(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve()
    found = discover(scope_for(site), site.base)
    kinds = [candidate.kind for candidate in found.candidates]
    assert kinds == ["feed", "news_sitemap"]
    feed = found.candidates[0]
    assert (feed.url, feed.title, feed.item_count) == (f"{site.base}/feed.xml", "The Local Site", 12)
    assert feed.robots.allowed
    assert feed.items_per_day == pytest.approx(48, rel=0.05)
    assert feed.items[0].title == site.stories[-1].title
    assert feed.items[0].published_at == site.stories[-1].published_at
    assert len(site.requests) <= MAX_REQUESTS


def test_a_feed_is_itself_the_find(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve()
    scope = scope_for(site)
    known, _ = add_source(scope, NewSource(f"{site.base}/feed.xml", "feed"))
    found = discover(scope, f"{site.base}/feed.xml")
    assert [(candidate.kind, candidate.source_id) for candidate in found.candidates] == [("feed", known.id)]


def test_a_section_page_without_feeds_is_a_page_source(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve({"/feed.xml": None, "/news-sitemap.xml": None}, robots="User-agent: *\nAllow: /\n")
    links = "".join(f'<li><a href="{story.path}">{story.title}</a></li>' for story in site.stories)
    site.pages["/all"] = (f"<html><title>All</title><body><main>{links}</main></body></html>".encode(), "text/html")
    found = discover(scope_for(site), f"{site.base}/all")
    assert [candidate.kind for candidate in found.candidates] == ["page"]
    assert found.candidates[0].item_count == 12
    assert len(site.requests) <= MAX_REQUESTS


def test_a_feed_in_a_usual_place_is_found_though_nothing_announces_it(
    serve: Serve, scope_for: Callable[[NewsSite], Scope]
) -> None:
    site = serve({"/": (b"<html><title>Bare</title><body>Hello</body></html>", "text/html")})
    found = discover(scope_for(site), site.base)
    assert f"{site.base}/feed.xml" in [candidate.url for candidate in found.candidates]


def test_robots_is_asked_first_and_obeyed(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve(robots="User-agent: *\nDisallow: /\n")
    found = discover(scope_for(site), site.base)
    assert found.candidates == ()
    assert "does not allow" in found.notes[0]
    assert [asked.path for asked in site.requests] == ["/robots.txt"]


def test_a_forbidden_feed_is_shown_as_not_allowed_or_not_at_all(
    serve: Serve, scope_for: Callable[[NewsSite], Scope]
) -> None:
    site = serve(robots="User-agent: *\nDisallow: /feed.xml\n")
    discover(scope_for(site), site.base)
    assert "/feed.xml" not in [asked.path for asked in site.requests]


def test_an_address_that_does_not_answer_says_so(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve()
    with pytest.raises(FetchFailed, match="404"):
        discover(scope_for(site), f"{site.base}/gone")


def test_private_addresses_are_refused(scope: Scope) -> None:
    with pytest.raises(EgressDenied):
        discover(scope, "http://127.0.0.1:8080/")
    with pytest.raises(EgressDenied):
        discover(scope, "localhost")


def test_nothing_to_subscribe_to_says_what_to_try(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve(
        {
            "/": (b"<html><title>Bare</title><body>Hello</body></html>", "text/html"),
            "/feed.xml": (b"<html><body>no feed</body></html>", "text/html"),
            "/news-sitemap.xml": None,
        }
    )
    found = discover(scope_for(site), site.base)
    assert found.candidates == ()
    assert "section page" in found.notes[-1]


def test_without_a_contact_no_foreign_site_is_asked(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Egress, "fetch", lambda *_, **__: pytest.fail("a site was asked"))
    with pytest.raises(InvalidInput, match="TIDINGS_CONTACT"):
        discover(scope, "https://news.example.org/")


def test_a_domain_taken_down_is_not_asked(serve: Serve, scope_for: Callable[[NewsSite], Scope]) -> None:
    site = serve()
    scope = scope_for(site)
    take_down(scope, "127.0.0.1", "asked to")
    with pytest.raises(TakenDown):
        discover(scope, site.base)
    assert site.requests == []

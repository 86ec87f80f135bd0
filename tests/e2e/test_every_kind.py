"""A document of every kind from upload to search to reader; in PDFs and scans the words are boxed where they were printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.desk import PASSWORD, Desk, settled
from tests.e2e.test_library_pages import READY_MS, choose, queue
from tests.every_kind import PARAGRAPHS, PHRASE, File, files
from tests.services.ingest.extract.prints import (
    Known,
    is_boxed,
    known_places,
    printed,
    pymupdf,
    scanned,
    spans_of_words,
    story,
)

PAGES, PAGE = 40, 37


def long_pdf() -> bytes:
    """Forty printed pages, the phrase on the thirty-seventh."""
    with pymupdf.open() as document:
        for number in range(1, PAGES + 1):
            paragraphs = PARAGRAPHS if number == PAGE else story(6, seed=number)
            with pymupdf.open(stream=printed(paragraphs), filetype="pdf") as one:
                document.insert_pdf(one)
        return bytes(document.tobytes())


FILES = files()
FILES["pdf"] = FILES["pdf"]._replace(content=long_pdf())
WHERE = {"pdf": PAGE, "scan": 1, "image": 1}
NOTE_STAGES = """() => { window.seen = new Set(); new MutationObserver(() => {
  const row = document.querySelector("[aria-labelledby=queue-title] li"); if (row) seen.add(row.innerText);
}).observe(document.body, { subtree: true, childList: true, characterData: true }); }"""
# Where boxes lie on the picture of the page, in fractions of it.
BOXES = """() => { const frame = document.querySelector("[data-page] img").getBoundingClientRect();
  return [...document.querySelectorAll("[data-box]")].map((box) => { const place = box.getBoundingClientRect();
    return [(place.left - frame.left) / frame.width, (place.top - frame.top) / frame.height,
            (place.right - frame.left) / frame.width, (place.bottom - frame.top) / frame.height]; }); }"""


def upload(page: Page, file: File, folder: Path) -> str:
    """Bring the file in and wait until it can be found; says what the queue showed on the way."""
    (folder / file.name).write_bytes(file.content)
    page.evaluate(NOTE_STAGES)
    choose(page, folder / file.name)
    if file.type == "csv":
        page.get_by_role("dialog").get_by_role("button", name="Add as one document").click()
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS * 2)
    return " ".join(page.evaluate("() => [...window.seen]"))


def check_boxes(page: Page, passage: str) -> None:
    """The boxes on the page lie over the words of the passage, where they were printed, and over no others."""
    expect(page.locator("[data-box]").first).to_be_visible()
    known = known_places(PARAGRAPHS)
    text, passage = " ".join(PARAGRAPHS), " ".join(passage.split())
    words = spans_of_words(text, known)
    start = text.index(passage[:40])
    # A passage may go on on the next page.
    passage = passage[: len(text) - start]
    inside = [part for first, last, parts in words if start <= first and last <= start + len(passage) for part in parts]
    boxes = [Known("", *edges) for edges in page.evaluate(BOXES)]
    assert is_boxed(boxes, inside, [word for word in known if word not in inside]), boxes


def passage_of(desk: Desk, document_id: str, page: Page) -> str:
    """The text of the passage that the reader was opened at, by its address."""
    start, end = (
        int(page.evaluate(f"() => new URL(location.href).searchParams.get('{edge}')")) for edge in ("start", "end")
    )
    return str(desk.newsroom.get(f"/v1/documents/{document_id}/text")["text"][start:end])


@pytest.mark.parametrize("kind", FILES)
def test_from_upload_to_the_place_in_the_document(desk: Desk, open_desk: Any, tmp_path: Path, kind: str) -> None:
    file = FILES[kind]
    page = desk.open("/library")
    seen = upload(page, file, tmp_path)
    assert any(stage in seen for stage in ("Extracting", "Reading", "Chunking", "Embedding", "Indexing")), seen
    (document,) = desk.newsroom.get("/v1/documents")["data"]
    assert (document["type"], document["status"]) == (file.type, "ready")

    # On a phone a result opens the reader as a page of its own.
    phone = open_desk(viewport={"width": 390, "height": 844}).open("/search?q=lighthouse keeper copper lanterns")
    phone.get_by_role("list", name="Results").get_by_role("link").first.click()
    phone.wait_for_url("**/documents/**")
    settled(phone)
    passage = passage_of(desk, document["id"], phone)
    assert PHRASE in passage or passage in PHRASE
    if kind not in WHERE:
        expect(phone.locator("mark").first).to_be_in_viewport()
        return
    expect(phone.get_by_role("img", name=f"Page {WHERE[kind]} of")).to_be_visible()
    check_boxes(phone, passage)
    expect(phone.locator("[data-box]").first).to_be_in_viewport()

    # In a wide window it opens beside the results.
    wide = desk.open("/search?q=lighthouse keeper copper lanterns")
    expect(wide.get_by_role("complementary", name="Selected document").get_by_label("Page", exact=True)).to_have_value(
        str(WHERE[kind])
    )
    check_boxes(wide, passage)


def test_an_answers_citation_opens_the_page_with_its_sentence_boxed(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("report.pdf", long_pdf())
    page = desk.open("/ask")
    page.get_by_placeholder("Ask about what is in your library").fill("Who sold seven copper lanterns to a circus?")
    page.keyboard.press("Enter")
    citation = page.locator("[data-citation]").first
    expect(citation).to_be_visible()
    address = str(citation.get_attribute("href"))
    assert document_id in address
    citation.click()
    expect(page.get_by_role("img", name=f"Page {PAGE} of")).to_be_visible()
    check_boxes(page, PHRASE)
    page.goto(desk.newsroom.server.url + address)
    expect(page.get_by_role("img", name=f"Page {PAGE} of")).to_be_visible()
    check_boxes(page, PHRASE)


def test_pages_are_turned_by_button_key_number_and_address(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("report.pdf", long_pdf())
    page = desk.open(f"/documents/{document_id}?page=12")
    shown = page.get_by_role("img")
    expect(shown).to_have_attribute(
        "alt", "Page 12 of " + str(desk.newsroom.get(f"/v1/documents/{document_id}")["title"])
    )
    before = page.locator("[data-page]").bounding_box()
    page.get_by_role("button", name="Next page").click()
    page.wait_for_url("**page=13**")
    page.keyboard.press(",")
    page.wait_for_url("**page=12**")
    page.get_by_label("Page", exact=True).fill("40")
    page.keyboard.press("Enter")
    page.wait_for_url("**page=40**")
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    settled(page)
    # Every page of one size has the same place, before and after its picture came.
    assert page.locator("[data-page]").bounding_box() == before
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.get_by_text("Page 37")).to_be_attached()
    expect(page.get_by_role("img")).to_have_count(0)
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("t")
    expect(page.get_by_role("img")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Zoom in")).to_have_attribute("aria-pressed", "true")


def test_a_scan_says_how_sure_its_reading_is(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("scan.pdf", scanned(printed(PARAGRAPHS)))
    page = desk.open(f"/documents/{document_id}")
    expect(page.get_by_text("Scanned page, read with")).to_be_visible()
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.get_by_text("Scanned page, read with")).to_be_visible()


def test_a_locked_pdf_is_read_as_text_and_says_why(desk: Desk) -> None:
    with pymupdf.open(stream=printed(PARAGRAPHS), filetype="pdf") as document:
        locked = bytes(document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=PASSWORD, owner_pw="other"))
    document_id = desk.newsroom.add_file("locked.pdf", locked, password=PASSWORD)
    page = desk.open(f"/documents/{document_id}")
    expect(page.get_by_text("password, which is not kept")).to_be_visible()
    expect(page.get_by_text(PHRASE)).to_be_visible()
    expect(page.get_by_role("button", name="Text", exact=True)).to_have_count(0)


def test_a_picture_that_cannot_be_had_says_so_and_is_asked_for_again(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("report.pdf", printed(PARAGRAPHS))
    desk.watch.allow("503")
    page = desk.page
    page.route("**/image?**", lambda route: route.fulfill(status=503, body="{}", content_type="application/json"))
    desk.open(f"/documents/{document_id}")
    expect(page.get_by_role("alert")).to_contain_text("unexpected answer")
    page.unroute("**/image?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("img", name="Page 1 of")).to_be_visible()


def test_a_page_says_that_it_is_being_drawn(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("report.pdf", printed(PARAGRAPHS))
    page, held = desk.page, list[Route]()
    page.route("**/image?**", lambda route: held.append(route))
    desk.open(f"/documents/{document_id}")
    expect(page.get_by_role("status").filter(has_text="Drawing page 1")).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.get_by_text("Drawing page 1")).to_have_count(0)
    expect(page.get_by_role("img", name="Page 1 of")).to_be_visible()


def test_a_text_named_like_a_pdf_says_so_in_its_row_and_on_its_page(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("fake.pdf", b"not a pdf")
    page = desk.open("/library")
    expect(page.get_by_role("listitem").filter(has_text="fake.pdf").get_by_text("though named .pdf")).to_be_visible()
    expect(page.get_by_text("Search counts the copies of a text once")).to_be_visible()
    desk.open(f"/documents/{document_id}")
    expect(page.get_by_text("The file's name says another format")).to_be_visible()

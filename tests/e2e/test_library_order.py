"""Putting the library in order: folders, tags, many rows at once, and holding or stopping what is being read."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.desk import HARBOUR, LIBRARY, RATES, Desk
from tests.e2e.test_library_pages import READY_MS, choose, queue, stored
from tests.services.ingest.extract.prints import printed, pymupdf

WORD = "open-sesame-7"


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Selected documents")


def notes(desk: Desk, count: int) -> list[str]:
    """Short documents, "Note 0" being the oldest."""
    return [desk.newsroom.add(f"Note {number} is about the quay.", title=f"Note {number}") for number in range(count)]


def in_folder(desk: Desk, folder: str) -> list[str]:
    return sorted(row["title"] for row in desk.newsroom.get("/v1/documents", folder=folder)["data"])


def make_folder(at: Path) -> Path:
    """A folder with two articles in it and below, a picture and a hidden file."""
    folder = at / "Ports"
    (folder / "2026").mkdir(parents=True)
    (folder / "harbour.txt").write_text(HARBOUR)
    (folder / "2026" / "rates.txt").write_text(RATES)
    (folder / "quay.gif").write_bytes(b"GIF89a")
    (folder / ".notes.txt").write_text("hidden")
    return folder


def test_a_chosen_folder_keeps_its_paths_and_narrows_list_and_search(desk: Desk, tmp_path: Path) -> None:
    desk.newsroom.add(LIBRARY)
    page = desk.open("/library")
    page.get_by_label("With tags").fill("Port, trade")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(make_folder(tmp_path))
    expect(queue(page)).to_have_count(2)
    expect(page.get_by_text("2 of 2 done")).to_be_visible(timeout=READY_MS)
    found = {row["filename"]: (row["folder"], row["tags"]) for row in desk.newsroom.get("/v1/documents")["data"]}
    assert found["harbour.txt"] == ("Ports", ["port", "trade"])
    assert found["rates.txt"] == ("Ports/2026", ["port", "trade"])
    expect(stored(page)).to_have_count(3)
    page.get_by_label("Folder", exact=True).select_option("Ports/2026")
    expect(page).to_have_url(f"{desk.newsroom.server.url}/library?folder=Ports%2F2026")
    expect(stored(page)).to_have_count(1)
    expect(stored(page)).to_contain_text("Central bank")
    page.get_by_label("Folder", exact=True).select_option("/")
    expect(stored(page)).to_contain_text("City library")
    desk.open("/search?q=strike+rates+library")
    results = page.get_by_role("list", name="Results")
    expect(results.get_by_role("link")).to_have_count(3)
    page.get_by_role("group", name="Folder").get_by_label("Ports", exact=True).check()
    expect(results.get_by_role("link")).to_have_count(2)
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Ports")


def test_a_dropped_folder_goes_where_people_chose(desk: Desk, tmp_path: Path) -> None:
    page = desk.open("/library")
    page.get_by_label("Into folder").fill("Archive/Old ports")
    box = page.get_by_role("heading", name="Library").bounding_box()
    assert box is not None
    devtools = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(make_folder(tmp_path))], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + 5, "y": box["y"] + 5}
        devtools.send("Input.dispatchDragEvent", {"type": kind, **place, "data": dragged})
    expect(queue(page)).to_have_count(2)
    expect(page.get_by_text("2 of 2 done")).to_be_visible(timeout=READY_MS)
    assert len(in_folder(desk, "Archive/Old ports")) == 2


def test_a_long_document_is_paused_resumed_and_cancelled(desk: Desk, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Report {number}: {HARBOUR}" for number in range(2500)))
    page = desk.open("/library")
    choose(page, long)
    row = stored(page).filter(has_text="long.txt")
    row.get_by_role("button", name="Pause long.txt").click()
    expect(row).to_contain_text("Paused", timeout=READY_MS)
    expect(queue(page)).to_contain_text("Paused")
    document = desk.newsroom.get("/v1/documents")["data"][0]["id"]
    row.get_by_role("button", name="Resume long.txt").click()
    expect(row.get_by_role("button", name="Pause long.txt")).to_be_visible(timeout=READY_MS)
    row.get_by_role("button", name="Cancel long.txt").click()
    expect(row).to_contain_text("Cancelled", timeout=READY_MS)
    assert desk.newsroom.get(f"/v1/documents/{document}")["status"] == "cancelled"
    assert desk.newsroom.get("/v1/search", q="Norrgren")["data"] == []
    page.get_by_role("radio", name="Stopped").check(force=True)
    expect(stored(page)).to_have_count(1)
    expect(row.get_by_role("button", name="Read long.txt again")).to_be_visible()


def test_rows_are_chosen_by_range_and_tagged_and_moved(desk: Desk) -> None:
    notes(desk, 5)
    page = desk.open("/library")
    page.get_by_label("Select Note 3").click()
    page.get_by_label("Select Note 1").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("3 selected")
    bar(page).get_by_role("button", name="Tag").click()
    layer = page.get_by_role("dialog", name="Tag 3 documents")
    layer.get_by_label("Add").fill("Quay, harbour")
    layer.get_by_role("button", name="Change tags").click()
    expect(stored(page).filter(has_text="quay").filter(has_text="harbour")).to_have_count(3)
    expect(bar(page)).to_have_count(0)
    page.get_by_label("Tag", exact=True).select_option("quay")
    expect(stored(page)).to_have_count(3)
    page.get_by_label("Select all rows shown").check()
    bar(page).get_by_role("button", name="Move").click()
    layer = page.get_by_role("dialog", name="Move 3 documents")
    layer.get_by_label("Folder").fill("Reports/2026")
    layer.get_by_role("button", name="Move").click()
    expect(stored(page).filter(has_text="Reports/2026")).to_have_count(3)
    assert in_folder(desk, "Reports") == ["Note 1", "Note 2", "Note 3"]
    page.get_by_label("Select all rows shown").check()
    bar(page).get_by_role("button", name="Tag").click()
    layer = page.get_by_role("dialog", name="Tag 3 documents")
    layer.get_by_role("checkbox", name="harbour").check()
    layer.get_by_role("button", name="Change tags").click()
    expect(stored(page).filter(has_text="harbour")).to_have_count(0)


def test_everything_in_a_filter_is_deleted_after_it_was_counted(desk: Desk) -> None:
    notes(desk, 27)
    page = desk.open("/library")
    expect(stored(page)).to_have_count(25)
    page.get_by_label("Select all rows shown").check()
    bar(page).get_by_role("button", name="Select all 27").click()
    expect(bar(page)).to_contain_text("27 selected")
    late = desk.newsroom.add("This came while somebody thought about it.", title="Late")
    bar(page).get_by_role("button", name="Delete").click()
    layer = page.get_by_role("alertdialog", name="Delete 27 documents?")
    layer.get_by_role("button", name="Cancel").click()
    expect(bar(page)).to_contain_text("27 selected")
    bar(page).get_by_role("button", name="Delete").click()
    layer.get_by_role("button", name="Delete 27 documents").click()
    expect(stored(page)).to_have_count(1)
    assert [row["id"] for row in desk.newsroom.get("/v1/documents")["data"]] == [late]


def test_what_cannot_be_done_is_told_by_name(desk: Desk) -> None:
    notes(desk, 2)
    page = desk.open("/library")
    page.get_by_label("Select all rows shown").check()
    bar(page).get_by_role("button", name="More for the selected documents").click()
    page.get_by_role("menuitem", name="Cancel reading").click()
    told = page.get_by_role("alert").filter(has_text="0 done, 2 not")
    expect(told).to_contain_text("Note 1: Only a document under way can be cancelled; this one is ready.")
    told.get_by_role("button", name="Dismiss").click()
    expect(told).to_have_count(0)


def test_a_locked_pdf_is_opened_where_it_stands_and_shows_its_steps(desk: Desk, tmp_path: Path) -> None:
    with pymupdf.open(stream=printed(["The ferry ran late on Tuesday."]), filetype="pdf") as pages:
        locked = bytes(pages.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=WORD, owner_pw="other"))
    (tmp_path / "locked.pdf").write_bytes(locked)
    page = desk.open("/library")
    choose(page, tmp_path / "locked.pdf")
    row = stored(page).filter(has_text="locked.pdf")
    expect(row).to_contain_text("protected by a password", timeout=READY_MS)
    password = row.get_by_label("Password of locked.pdf")
    password.fill("wrong")
    row.get_by_role("button", name="Open").click()
    expect(row).to_contain_text("does not open this PDF", timeout=READY_MS)
    password.fill(WORD)
    row.get_by_role("button", name="Open").click()
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    ready = stored(page).first
    expect(ready.get_by_label("Password of locked.pdf")).to_have_count(0)
    ready.hover()
    ready.get_by_role("button", name=re.compile("^How .* was read$")).click()
    steps = ready.get_by_label("Steps")
    for step in ("Waited", "Parsed", "Cut into passages", "Embedded", "Made searchable", "In all"):
        expect(steps).to_contain_text(step)

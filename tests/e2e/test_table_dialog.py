"""Tables: the dialog that asks how to add one, what becomes of its rows, and how they go again."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.desk import Desk, OpenDesk
from tests.e2e.test_library_pages import READY_MS, choose, queue, stored

PHONE = {"width": 390, "height": 844}


def write_table(path: Path, town: str, *, rows: int = 4, header: str = "headline;body;day") -> Path:
    lines = [
        f"{town} votes on bridge {n};The council of {town} voted on Monday about bridge number {n}, which nobody had wanted.;0{n}.03.2026"
        for n in range(1, rows + 1)
    ]
    path.write_text("\n".join([header, *lines, f"{town} without a text;;soon"]) + "\n")
    return path


def dialog(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=f"Add {name}")


def test_rows_become_documents_and_go_with_their_table(desk: Desk, tmp_path: Path) -> None:
    page = desk.open("/library")
    choose(page, write_table(tmp_path / "votes.csv", "Skarrow"))
    layer = dialog(page, "votes.csv")
    expect(layer.get_by_label("A document per row")).to_be_checked()
    for label, name in (("Title", "headline"), ("Text", "body"), ("Date", "day")):
        expect(layer.get_by_label(label, exact=True).locator("option:checked")).to_have_text(name)
    warnings = layer.get_by_role("list", name="Warnings")
    expect(warnings).to_contain_text("1 row without text")
    expect(warnings).to_contain_text("“soon” in row 5")
    shown = layer.get_by_role("region", name="As documents").get_by_role("listitem")
    expect(shown).to_have_count(3)
    expect(shown.first).to_contain_text("Skarrow votes on bridge 1")
    expect(shown.first).to_contain_text("1 Mar 2026")
    layer.get_by_role("button", name="Add as 4 documents").click()
    expect(layer).to_be_hidden()
    expect(queue(page)).to_contain_text("4 added", timeout=READY_MS)
    expect(queue(page)).to_contain_text("1 without text")
    expect(stored(page).filter(has_text="Skarrow votes on bridge")).to_have_count(4)

    stored(page).get_by_role("link", name="votes.csv").click()
    expect(page.get_by_role("region", name="Rows").get_by_role("listitem")).to_have_count(4)
    page.get_by_role("link", name="Skarrow votes on bridge 2").click()
    expect(page.get_by_text("Row 2 of votes.csv")).to_be_visible()
    expect(page.get_by_text("bridge number 2, which nobody")).to_be_visible(timeout=READY_MS)
    page.get_by_role("link", name="votes.csv").click()
    desk.watch.allow("status of 404")
    page.get_by_role("button", name="Delete").click()
    asking = page.get_by_role("alertdialog")
    expect(asking.get_by_label("And the 4 documents that came from its rows")).to_be_checked()
    asking.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This document is not here")).to_be_visible()
    assert desk.newsroom.get("/v1/documents")["total"]["value"] == 0


def test_several_tables_with_one_header_are_added_in_one_go_and_the_choice_is_remembered(
    desk: Desk, tmp_path: Path
) -> None:
    page = desk.open("/library")
    other = write_table(tmp_path / "other.csv", "Lindquay", header="title;text;date")
    choose(page, write_table(tmp_path / "a.csv", "Skarrow"), other, write_table(tmp_path / "b.csv", "Ostmere"))
    layer = dialog(page, "a.csv")
    layer.get_by_label("Title", exact=True).select_option("None")
    expect(layer.get_by_role("region", name="As documents").get_by_role("listitem").first).to_contain_text(
        "The council of Skarrow"
    )
    expect(layer.get_by_label("Also 2 other tables")).to_be_checked()
    layer.get_by_role("button", name="Add as").click()
    expect(dialog(page, "other.csv")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for name in ("a.csv", "b.csv"):
        expect(queue(page).filter(has_text=name)).to_contain_text("4 added", timeout=READY_MS)
    titles = {row["title"] for row in desk.newsroom.get("/v1/documents", type="csv")["data"]}
    assert len(titles) == 8
    assert all(title.startswith("The council of") for title in titles)

    choose(page, write_table(tmp_path / "c.csv", "Tolme"))
    expect(dialog(page, "c.csv").get_by_label("Title", exact=True).locator("option:checked")).to_have_text("None")


def test_a_sheet_can_be_chosen_with_the_keyboard_on_a_phone(open_desk: OpenDesk, tmp_path: Path) -> None:
    desk = open_desk(viewport=PHONE)
    page = desk.open("/library")
    choose(page, write_table(tmp_path / "votes.csv", "Skarrow"))
    layer = dialog(page, "votes.csv")
    layer.get_by_label("A document per row").focus()
    page.keyboard.press("ArrowDown")
    expect(layer.get_by_label("One document")).to_be_checked()
    add = layer.get_by_role("button", name="Add as one document")
    add.focus()
    page.keyboard.press("Enter")
    expect(queue(page)).to_contain_text("Ready", timeout=READY_MS)
    [document] = desk.newsroom.get("/v1/documents")["data"]
    assert (document["type"], document["rows"]) == ("csv", None)


def test_what_is_no_table_says_so_in_the_dialog(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "fake.csv").write_bytes(b"\x7fELF" + bytes(200))
    desk.watch.allow("status of 415")
    page = desk.open("/library")
    choose(page, tmp_path / "fake.csv")
    expect(dialog(page, "fake.csv").get_by_role("alert")).to_contain_text("a program")
    page.get_by_role("button", name="Do not add it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()

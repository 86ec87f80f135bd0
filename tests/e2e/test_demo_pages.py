"""The demo in the pages: one click fills an empty library, three questions show what answers look like, and out again."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import expect

from services.demo.pack import offered
from tests.e2e.desk import HALF_READ, PASSWORD, RATES, Desk, Newsroom, OpenDesk, OpenPage, settled


def load(newsroom: Newsroom) -> None:
    assert newsroom.http.post("/v1/demo").status_code == 202


@pytest.mark.parametrize("place", ["/search", "/library", "/ask"])
def test_every_empty_place_offers_it(desk: Desk, place: str) -> None:
    page = desk.open(place)
    expect(page.get_by_role("button", name="Load the demo")).to_be_visible()


def test_one_click_fills_an_empty_library(desk: Desk) -> None:
    page = desk.open("/library")
    page.get_by_role("button", name="Load the demo").click()
    expect(page).to_have_url(re.compile(r"/ask$"))
    section = page.get_by_role("region", name="Ask the demo")
    expect(section.get_by_role("button")).to_have_count(3)
    expect(section.get_by_role("progressbar", name="Reading the demo")).to_have_count(0, timeout=60_000)
    first = offered()[0]
    section.get_by_role("button", name=first).click()
    expect(page.get_by_role("heading", name=first, level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("6.94 metres")
    expect(page.get_by_role("complementary", name="Sources")).to_contain_text("Correction")


def test_progress_is_shown_while_it_is_read(desk: Desk) -> None:
    desk.page.route("**/v1/demo", lambda route: route.fulfill(json=HALF_READ))
    page = desk.open("/ask")
    bar = page.get_by_role("progressbar", name="Reading the demo")
    expect(bar).to_have_attribute("value", re.compile(r"0\.39"))
    expect(page.get_by_text("30 of 76 documents read.")).to_be_visible()


def test_removing_it_leaves_what_is_your_own(desk: Desk) -> None:
    desk.newsroom.add(RATES, "Rates rise")
    load(desk.newsroom)
    page = settled(desk.open("/settings"))
    page.get_by_role("button", name="Remove the demo").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Not loaded.")).to_be_visible()
    expect(page.get_by_role("button", name="Load the demo")).to_be_visible()
    page = settled(desk.open("/library"))
    expect(page.get_by_role("link", name="Rates rise")).to_be_visible()
    expect(page.get_by_text("1 of 1")).to_be_visible()


def test_readers_see_it_and_are_not_offered_to_change_it(newsroom: Newsroom, open_page: OpenPage) -> None:
    token = (newsroom.server.folder / "operator.token").read_text().strip()
    tenant_id = newsroom.get("/v1/me")["tenant"]["id"]
    person = {"email": f"r-{newsroom.email}", "name": "Rea Der", "password": PASSWORD, "role": "reader"}
    made = httpx2.post(
        f"{newsroom.server.url}/v1/admin/tenants/{tenant_id}/users",
        headers={"Authorization": f"Bearer {token}"},
        json=person,
    )
    assert made.status_code == 201, made.text
    page, watch = open_page(newsroom.server.url)
    assert page.request.post("/v1/auth/login", data={"email": person["email"], "password": PASSWORD}).ok
    desk = Desk(newsroom, page, watch)
    settled(desk.open("/search"))
    expect(page.get_by_role("heading", name="The library is empty")).to_be_visible()
    expect(page.get_by_role("button", name="Load the demo")).to_have_count(0)
    load(newsroom)
    settled(desk.open("/ask"))
    expect(page.get_by_role("region", name="Ask the demo").get_by_role("button")).to_have_count(3)
    settled(desk.open("/settings"))
    expect(page.get_by_role("button", name="Remove the demo")).to_have_count(0)


def test_a_phone_shows_it_too(newsroom: Newsroom, open_desk: OpenDesk) -> None:
    page = open_desk(newsroom, viewport={"width": 390, "height": 800}).open("/library")
    page.get_by_role("button", name="Load the demo").click()
    expect(page.get_by_role("region", name="Ask the demo")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

"""axe-core finds nothing serious on any page, in light and in dark."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import ARTICLES, HALF_READ, OpenDesk, settled
from tests.every_kind import PARAGRAPHS
from tests.require import need
from tests.server import ROOT
from tests.services.ingest.extract.prints import printed, scanned

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
RUN_AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .map(({ id, impact, help, nodes }) => ({ id, impact, help, where: nodes.map((node) => node.html.slice(0, 200)) }))"""


def serious_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical."""
    if not page.evaluate("typeof axe === 'object'"):
        page.add_script_tag(path=AXE)
    faults = page.evaluate(RUN_AXE)
    return [json.dumps(fault, indent=1) for fault in faults if fault["impact"] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_serious_fault_on_any_page(open_desk: OpenDesk, scheme: str, width: int) -> None:
    need(AXE.exists(), "axe-core is not installed: run `npm install` in the frontend folder, which `make ui` does")
    # Only for the checker's own script; all other tests run under the policy.
    desk = open_desk(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True, reduced_motion="reduce"
    )
    page = desk.page
    ids = [desk.newsroom.add(text, title) for title, text in ARTICLES.items()]
    answer = desk.newsroom.http.post("/v1/answers", json={"question": "What did the bank do?", "stream": False}).json()
    feed = {"url": "https://tides.example/feed", "kind": "feed", "folder": "Ports"}
    source = desk.newsroom.http.post("/v1/sources", json=feed).json()
    opinion = {"rating": "down", "reasons": ["old"], "comment": "Of last year."}
    desk.newsroom.http.put(f"/v1/answers/{answer['id']}/feedback", json=opinion)
    desk.newsroom.http.post("/v1/saved_searches", json={"name": "Harbours", "query": "harbour"})
    for address in (
        "/",
        "/?all=1",
        "/search",
        "/search?q=harbour&lang=en",
        "/search?q=nothing+fits&type=pdf",
        "/ask",
        f"/ask/{answer['id']}",
        "/library",
        f"/documents/{ids[0]}?start=0&end=40",
        "/sources",
        "/sources?add=address",
        f"/sources/{source['id']}",
        "/settings",
        "/settings/feedback",
        "/settings/feedback?rating=up",
        "/no/such/page",
    ):
        desk.open(address)
        settled(page)
        assert serious_faults(page) == [], f"{address}, {scheme}, {width} px"
    page.route("**/v1/demo", lambda route: route.fulfill(json=HALF_READ))
    settled(desk.open("/ask"))
    expect(page.get_by_role("progressbar", name="Reading the demo")).to_be_visible()
    assert serious_faults(page) == [], f"the demo, {scheme}, {width} px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_in_a_layer(open_desk: OpenDesk, scheme: str) -> None:
    need(AXE.exists(), "axe-core is not installed: run `npm install` in the frontend folder, which `make ui` does")
    desk = open_desk(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    page = desk.open("/settings")
    page.get_by_role("button", name="Create a key").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Add a retention rule").click()
    form = page.get_by_role("dialog", name="Add a retention rule")
    form.get_by_label("Name").fill("Texts")
    form.get_by_role("checkbox", name="Plain text").check()
    form.get_by_role("button", name="Show what it takes").click()
    expect(form.get_by_role("status")).to_be_visible()
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    for keys, name in (("?", "Keyboard shortcuts"), ("Control+k", "Command palette")):
        page.keyboard.press(keys)
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        assert serious_faults(page) == [], name
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name=name)).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_on_the_page_of_a_pdf(open_desk: OpenDesk, scheme: str) -> None:
    need(AXE.exists(), "axe-core is not installed: run `npm install` in the frontend folder, which `make ui` does")
    desk = open_desk(color_scheme=scheme, viewport={"width": 390, "height": 844}, bypass_csp=True)
    document_id = desk.newsroom.add_file("scan.pdf", scanned(printed(PARAGRAPHS)))
    settled(desk.open(f"/documents/{document_id}?start=0&end=60"))
    expect(desk.page.locator("[data-box]").first).to_be_visible()
    assert serious_faults(desk.page) == []

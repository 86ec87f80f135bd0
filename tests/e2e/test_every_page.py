"""What holds for every page: quiet console, small windows, dark mode, keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import ARGUMENTS, chromium
from tests.e2e.desk import ARTICLES, PASSWORD, Desk, Newsroom, OpenDesk, OpenPage, settled
from tests.server import Server

PHONE = {"width": 390, "height": 844}
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle" * 3


def addresses(desk: Desk) -> dict[str, str]:
    """Every kind of page, with something on it."""
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    document_id = desk.newsroom.add(
        f"A long word: {LONG_WORD} and its address https://example.org/{LONG_WORD}", LONG_WORD
    )
    asked = desk.newsroom.http.post("/v1/answers", json={"question": "What did the bank do?", "stream": False}).json()
    feed = {"url": f"https://tides.example/{LONG_WORD}", "kind": "feed", "title": LONG_WORD}
    source = desk.newsroom.http.post("/v1/sources", json=feed).json()
    return {
        "today": "/?all=1",
        "search": "/search?q=harbour strike&type=text",
        "newest": "/search",
        "ask": "/ask",
        "answer": f"/ask/{asked['id']}",
        "library": "/library",
        "reader": f"/documents/{document_id}?start=0&end=20",
        "sources": "/sources",
        "source": f"/sources/{source['id']}",
        "adding": "/sources?add=packs",
        "settings": "/settings",
        "feedback": "/settings/feedback",
        "unknown": "/no/such/page",
    }


def test_no_page_complains_or_calls_another_host(desk: Desk) -> None:
    page = desk.page
    for address in addresses(desk).values():
        desk.open(address)
        settled(page)
        page.reload()
        settled(page)
    desk.watch.check()


def test_pages_that_the_browser_keeps_to_go_back_to_hold_no_connection(browser: Browser, newsroom: Newsroom) -> None:
    # Playwright switches that cache off; people have it. Six connections to one server are all that a browser opens.
    program = browser.browser_type.launch(
        executable_path=chromium(), args=ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    page = program.new_context(base_url=newsroom.server.url).new_page()
    assert page.request.post("/v1/auth/login", data={"email": newsroom.email, "password": PASSWORD}).ok
    for address in ("/ask", "/library", "/search", "/settings") * 3:
        with page.expect_response("**/v1/events"):
            page.goto(address, wait_until="commit")
        expect(page.get_by_role("main").first).to_be_visible()
    program.close()


def test_a_stranger_is_led_to_the_sign_in_page(server: Server, open_page: OpenPage) -> None:
    page, watch = open_page(server.url)
    watch.allow("status of 401")
    for address in ("/", "/search?q=a", "/ask", "/library", "/sources", "/settings", "/documents/doc_1"):
        page.goto(address)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_phone_never_scrolls_sideways(desk: Desk, open_desk: OpenDesk) -> None:
    phone = open_desk(viewport=PHONE, has_touch=True, is_mobile=True)
    page = phone.page
    for name, address in addresses(desk).items():
        phone.open(address)
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    bar = page.get_by_role("navigation", name="Main").last
    phone.open("/search?q=harbour")
    for place in ("Today", "Ask", "Library", "Sources", "Settings", "Search"):
        bar.get_by_role("link", name=place).click()
        expect(bar.get_by_role("link", name=place)).to_have_attribute("aria-current", "page")


def test_settings_list_no_keys_where_there_is_only_a_finger(desk: Desk, open_desk: OpenDesk) -> None:
    expect(desk.open("/settings").get_by_role("heading", name="Keyboard")).to_be_visible()
    page = open_desk(viewport=PHONE, has_touch=True, is_mobile=True).open("/settings")
    expect(page.get_by_role("heading", name="System")).to_be_visible()
    expect(page.get_by_role("heading", name="Keyboard")).to_be_hidden()


def test_filters_open_as_a_sheet_on_a_phone(desk: Desk, open_desk: OpenDesk) -> None:
    phone = open_desk(viewport=PHONE, has_touch=True, is_mobile=True)
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    page = phone.open("/search?q=wexmouth")
    page.get_by_role("button", name="Filters").click()
    sheet = page.get_by_role("dialog", name="Filters")
    sheet.get_by_role("checkbox", name="English").check()
    sheet.get_by_role("button", name="Show").click()
    expect(sheet).to_be_hidden()
    expect(page).to_have_url(f"{phone.newsroom.server.url}/search?q=wexmouth&lang=en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system(desk: Desk, open_desk: OpenDesk, scheme: str) -> None:
    other = open_desk(color_scheme=scheme)
    for address in ("/search", "/settings"):
        page = other.open(address)
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    assert (brightness(page) < 0.5) == (scheme == "dark")


def brightness(page: Page) -> float:
    """How bright the page's ground is, 0 to 1, whatever notation its colour has."""
    value = page.evaluate(
        """() => { const brush = document.createElement("canvas").getContext("2d");
          for (const element of [document.documentElement, document.body]) {
            brush.fillStyle = getComputedStyle(element).backgroundColor; brush.fillRect(0, 0, 1, 1);
          }
          return brush.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((sum, part) => sum + part) / 765; }"""
    )
    return float(value)


def test_a_chosen_theme_stays(desk: Desk) -> None:
    page = desk.open("/settings")
    page.get_by_role("radio", name="Dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_keyboard_reaches_everything(desk: Desk) -> None:
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    page = desk.open("/search")
    links = page.get_by_role("list", name="Results").get_by_role("link")
    expect(links).to_have_count(3)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("wexmouth")
    expect(links).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("wexmouth")
    # The first result is selected already, so the next one is the second.
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", name="Library", level=1)).to_be_visible()


def test_the_palette_finds_commands_and_takes_questions(desk: Desk) -> None:
    page = desk.open("/library")
    expect(page.get_by_role("heading", name="Library", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    expect(palette.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("settings")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    expect(palette.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("dock workers")
    palette.get_by_role("option", name="Search for “dock workers”").click()
    expect(page).to_have_url(f"{desk.newsroom.server.url}/search?q=dock+workers")
    expect(page.get_by_role("searchbox")).to_have_value("dock workers")


def test_the_palette_lists_no_keys_where_there_is_only_a_finger(desk: Desk, open_desk: OpenDesk) -> None:
    tablet = open_desk(viewport={"width": 1024, "height": 768}, has_touch=True, is_mobile=True)
    for on, keys in ((desk, True), (tablet, False)):
        page = on.open("/search")
        page.get_by_role("button", name="Commands").click()
        palette = page.get_by_role("dialog", name="Command palette")
        expect(palette.get_by_role("option", name="Go to library")).to_be_visible()
        assert (palette.locator("kbd").count() > 0) is keys
        assert palette.get_by_role("option", name="Show keyboard shortcuts").is_visible() is keys


def test_single_keys_can_be_switched_off(desk: Desk) -> None:
    page = desk.open("/settings")
    page.get_by_role("checkbox", name="Use shortcuts of a single key").uncheck()
    desk.open("/search")
    expect(page.get_by_role("searchbox")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()

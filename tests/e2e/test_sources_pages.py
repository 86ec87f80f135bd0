"""Sources from the first address to the last document: found, followed, filtered, paused, removed, carried elsewhere.

The site is one of this machine: a front page, a feed, stories, one story that robots.txt forbids, and one that is gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from bench.newssite import START, NewsSite, Story
from tests.e2e.desk import ARTICLES, LIBRARY, PASSWORD, Desk, Newsroom, OpenDesk, settled
from tests.e2e.test_accessible_pages import AXE, serious_faults
from tests.require import need
from tests.server import Server

VISIT_MS = 60_000
FORBIDDEN, GONE = "/private/the-mayors-diary-20001", "/world/a-story-that-was-taken-back-20002"
STRIKE = "Harbour strike ends"
ROBOTS = "User-agent: *\nDisallow: /private/\n"


def story(number: int, title: str, text: str, path: str) -> Story:
    """A story with a page that can be read well."""
    at = START + timedelta(hours=number)
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta property="article:published_time" content="{at.isoformat()}"></head>'
        f"<body><nav>Home</nav><article><h1>{escape(title)}</h1>{body}</article></body></html>"
    )
    return Story(path, title, "world", at, page.encode())


@pytest.fixture(scope="module")
def site() -> Iterator[NewsSite]:
    """The site, with a feed that names five stories; three can be had."""
    stories = [
        story(number, title, text, f"/world/{title.lower().replace(' ', '-')}-{number}0001")
        for number, (title, text) in enumerate(ARTICLES.items())
    ]
    stories += [
        story(8, "The diary of the mayor", LIBRARY, FORBIDDEN),
        story(9, "A story that was taken back", LIBRARY, GONE),
    ]
    running = NewsSite(stories, robots=ROBOTS).start()
    del running.pages[GONE]
    yield running
    running.close()


@pytest.fixture(scope="module")
def server(site: NewsSite, tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[Server]:
    """A server that may fetch from this site, without waiting between requests."""
    folder = tmp_path_factory.mktemp("sources") / "data"
    server = Server(folder, fetch_private_hosts=json.dumps([site.host]), crawl_delay_seconds="0")
    server.start()
    yield server
    server.close()


def look_at(page: Page, address: str) -> Locator:
    """Open the layer, look at an address, and return the layer once something is shown."""
    page.get_by_role("button", name="Add source").or_(page.get_by_role("button", name="Paste an address")).first.click()
    layer = page.get_by_role("dialog", name="Add source")
    layer.get_by_label("Address of a site").fill(address)
    layer.get_by_role("button", name="Look").click()
    return layer


def subscribe(desk: Desk, site: NewsSite) -> Page:
    """Add the site's feed by discovery; the page of the source."""
    page = desk.open("/sources")
    layer = look_at(page, site.base)
    feed = layer.get_by_role("listitem").filter(has_text="/feed.xml").first
    expect(feed.get_by_role("checkbox")).to_be_checked(timeout=VISIT_MS)
    layer.get_by_label("Folder").fill("Wexmouth")
    layer.get_by_role("button", name="Subscribe").click()
    expect(page).to_have_url(re.compile(r"/sources/src_\w+$"))
    return page


def visited(page: Page) -> Page:
    """Wait for the end of the first visit, as a person would: by its log."""
    expect(page.get_by_role("log")).to_contain_text("finished", timeout=VISIT_MS)
    return page


def add_source(newsroom: Newsroom, url: str, **fields: str) -> str:
    """Add a feed over HTTP; its id."""
    response = newsroom.http.post("/v1/sources", json={"url": url, "kind": "feed", **fields})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def test_the_empty_list_teaches_how_to_begin(desk: Desk) -> None:
    page = settled(desk.open("/search"))
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="No sources yet")).to_be_visible()
    page.get_by_role("button", name="Starter packs").click()
    layer = page.get_by_role("dialog", name="Add source")
    expect(layer.get_by_role("button", name=re.compile("^Add ")).first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?add=packs$"))
    page.keyboard.press("Escape")
    expect(layer).to_be_hidden()
    page.keyboard.press("+")
    expect(layer.get_by_label("Address of a site")).to_be_focused()


def test_a_site_is_found_subscribed_to_and_read(desk: Desk, site: NewsSite) -> None:
    page = desk.open("/sources")
    layer = look_at(page, site.base)
    feed = layer.get_by_role("listitem").filter(has_text="/feed.xml").first
    expect(feed).to_contain_text("The Local Site", timeout=VISIT_MS)
    expect(feed).to_contain_text("robots.txt allows it.")
    expect(feed).to_contain_text("5 entries now")
    expect(feed.get_by_role("list", name="Latest entries").get_by_role("listitem")).to_have_count(5)
    expect(feed.get_by_role("checkbox")).to_be_checked()
    layer.get_by_label("Folder").fill("Wexmouth")
    layer.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="The Local Site", level=1)).to_be_visible()
    log = page.get_by_role("log")
    expect(log).to_contain_text("looked at", timeout=VISIT_MS)
    expect(log).to_contain_text(re.compile(r"\d\d:\d\d:\d\d\s*stored\s*/world/\S+\s+\d+ (B|kB)"), timeout=VISIT_MS)
    visited(page)
    addresses = page.get_by_role("list", name="Addresses").get_by_role("listitem")
    expect(addresses).to_have_count(5)
    # The titles come with the documents, which are read after the visit.
    strike = page.get_by_role("list", name="Addresses").get_by_role("link", name=STRIKE, exact=True)
    strike.click(timeout=VISIT_MS)
    expect(page.get_by_role("heading", name=STRIKE).first).to_be_visible()
    desk.open("/search?q=dock+workers")
    expect(page.get_by_role("list", name="Results")).to_contain_text(STRIKE)


def test_the_ledger_says_what_became_of_each_address(desk: Desk, site: NewsSite) -> None:
    page = visited(subscribe(desk, site))
    addresses = page.get_by_role("list", name="Addresses").get_by_role("listitem")
    states = page.get_by_role("radiogroup", name="State")
    states.get_by_text("Refused").click()
    expect(page).to_have_url(re.compile(r"\?state=refused$"))
    expect(addresses).to_have_count(1)
    expect(addresses).to_contain_text("robots.txt")
    page.reload()
    expect(addresses).to_have_count(1)
    states.get_by_text("Failed").click()
    expect(addresses.filter(has_text=GONE)).to_have_count(1)
    states.get_by_text("All").click()
    expect(addresses).to_have_count(5)
    visit = page.get_by_role("list", name="Visits").get_by_role("listitem").first
    expect(visit).to_contain_text("3 stored")
    expect(visit).to_contain_text("requests")


def test_a_source_is_crawled_again_paused_edited_and_removed(desk: Desk, site: NewsSite) -> None:
    page = visited(subscribe(desk, site))
    page.get_by_role("button", name="Crawl now").click()
    expect(page.get_by_role("list", name="Visits").get_by_role("listitem")).to_have_count(2, timeout=VISIT_MS)
    page.keyboard.press("p")
    expect(page.get_by_text("Paused: it is not visited until you resume it.")).to_be_visible()
    desk.open("/sources?paused=true")
    row = page.get_by_role("listitem").filter(has_text="The Local Site")
    expect(row).to_contain_text("Paused")
    row.hover()
    row.get_by_role("button", name="More for The Local Site").click()
    page.get_by_role("menuitem", name="Edit").click()
    edit = page.get_by_role("dialog", name="Edit source")
    edit.get_by_label("Title").fill("Wexmouth Gazette")
    edit.get_by_label("Category").select_option("politics")
    edit.get_by_role("button", name="Save").click()
    row = page.get_by_role("listitem").filter(has_text="Wexmouth Gazette")
    expect(row).to_contain_text("Politics")
    row.get_by_role("button", name="More for Wexmouth Gazette").click()
    page.get_by_role("menuitem", name="Remove").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("3 documents it brought stay")
    question.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No sources yet")).to_be_visible()
    assert desk.newsroom.get("/v1/documents")["total"]["value"] == 3


def test_documents_go_along_when_that_is_ticked(desk: Desk, site: NewsSite) -> None:
    page = visited(subscribe(desk, site))
    page.get_by_role("button", name="More for The Local Site").click()
    page.get_by_role("menuitem", name="Remove").click()
    question = page.get_by_role("alertdialog")
    question.get_by_role("checkbox").check()
    question.get_by_role("button", name="Remove with documents").click()
    expect(page.get_by_role("heading", name="No sources yet")).to_be_visible()
    assert desk.newsroom.get("/v1/documents")["total"]["value"] == 0


def test_what_robots_forbids_cannot_be_chosen(desk: Desk, site: NewsSite) -> None:
    page = desk.open("/sources")
    layer = look_at(page, site.base + "/private/feed.xml")
    expect(layer.get_by_text(re.compile("robots.txt does not allow")).first).to_be_visible(timeout=VISIT_MS)
    expect(layer.get_by_role("button", name="Subscribe")).to_be_hidden()


def test_an_address_that_does_not_answer_says_what_to_do(desk: Desk) -> None:
    desk.watch.allow("status of 4")
    desk.watch.allow("status of 5")
    page = desk.open("/sources?add=address&url=http://127.0.0.9:9/feed")
    layer = page.get_by_role("dialog", name="Add source")
    layer.get_by_role("button", name="Look").click()
    expect(layer.get_by_role("alert")).to_be_visible(timeout=VISIT_MS)
    expect(layer.get_by_role("button", name="Try again")).to_be_visible()


def test_feeds_travel_as_opml(desk: Desk, tmp_path: Path) -> None:
    outlines = "".join(
        f'<outline text="{name}" title="{name}" type="rss" xmlUrl="{url}"/>'
        for name, url in (("Tides", "https://tides.example/feed"), ("Inside", "http://10.0.0.7/feed"))
    )
    opml = f'<opml version="2.0"><head/><body><outline text="Ports">{outlines}</outline></body></opml>'
    page = desk.open("/sources?add=opml")
    layer = page.get_by_role("dialog", name="Add source")
    file = {"name": "reader.opml", "mimeType": "text/x-opml", "buffer": opml.encode()}
    page.locator("input[accept*=opml]").set_input_files(files=[file])
    expect(layer.get_by_text("1 source added")).to_be_visible()
    refused = layer.get_by_role("list", name="Refused")
    expect(refused).to_contain_text("http://10.0.0.7/feed")
    layer.get_by_role("button", name="Show the sources").click()
    expect(page.get_by_role("region", name="Ports")).to_contain_text("Tides")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export OPML").click()
    saved = tmp_path / "saved.opml"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "tidings.opml"
    assert 'xmlUrl="https://tides.example/feed"' in saved.read_text()
    desk.open("/sources?add=opml")
    page.locator("input[accept*=opml]").set_input_files(saved)
    expect(layer.get_by_text("Nothing new was added")).to_be_visible()


def test_an_opml_file_can_be_dropped_on_the_page(desk: Desk) -> None:
    page = settled(desk.open("/sources"))
    opml = '<opml version="2.0"><body><outline text="Tides" xmlUrl="https://tides.example/feed"/></body></opml>'
    transfer = page.evaluate_handle(
        """(opml) => { const data = new DataTransfer();
          data.items.add(new File([opml], "reader.opml", { type: "text/x-opml" })); return data; }""",
        opml,
    )
    page.dispatch_event("#main", "dragenter", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop an OPML file to import its feeds")).to_be_visible()
    page.dispatch_event("#main", "drop", {"dataTransfer": transfer})
    expect(page.get_by_role("dialog", name="Add source").get_by_text("1 source added")).to_be_visible()
    assert desk.newsroom.get("/v1/documents")["total"]["value"] == 0


def log_of(newsroom: Newsroom, source_id: str) -> list[str]:
    """The events of a visit that has ended, as they stand in the stream."""
    text = ""
    with newsroom.http.stream("GET", f"/v1/sources/{source_id}/events") as response:
        for part in response.iter_text():
            text += part
            if '"finished"' in text and text.endswith("\n\n"):
                break
    return [event + "\n\n" for event in text.split("\n\n") if "data:" in event]


def test_a_lost_log_goes_on_where_it_was(desk: Desk, site: NewsSite) -> None:
    page = visited(subscribe(desk, site))
    events = log_of(desk.newsroom, page.url.rsplit("/", 1)[1])
    asked: list[str | None] = []

    def lose_the_first(route: Route) -> None:
        asked.append(route.request.headers.get("last-event-id"))
        if len(asked) == 1:
            route.fulfill(content_type="text/event-stream", body="".join(events[:3]))
        else:
            route.continue_()

    page.route("**/v1/sources/*/events", lose_the_first)
    page.reload()
    expect(page.get_by_text("Connection lost, trying again")).to_be_visible()
    expect(page.get_by_role("log").locator("time")).to_have_count(len(events))
    expect(page.get_by_text("Connection lost, trying again")).to_be_hidden()
    last = re.search(r"^id: ?(\d+)$", events[2], re.MULTILINE)
    assert last is not None
    assert asked == [None, last[1]]


def test_the_list_is_filtered_in_its_address(desk: Desk) -> None:
    add_source(desk.newsroom, "https://tides.example/feed", title="Tides", folder="Ports")
    add_source(desk.newsroom, "https://bread.example/feed", title="Bread")
    page = desk.open("/sources?folder=Ports")
    rows = page.locator("[data-source-list] li")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Remove filters").click()
    expect(rows).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("bread")
    expect(page).to_have_url(re.compile(r"/sources\?q=bread$"))
    expect(rows).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Bread", level=1)).to_be_visible()


def test_site_rules_and_takedowns_are_kept_under_settings(desk: Desk) -> None:
    page = desk.open("/settings")
    page.get_by_role("button", name="Add a rule").click()
    layer = page.get_by_role("dialog", name="Add a rule")
    layer.get_by_label("Domain").fill("tides.example")
    layer.get_by_label("Text").fill("div.story")
    layer.get_by_role("button", name="Save").click()
    expect(page.get_by_text("div.story")).to_be_visible()
    page.get_by_role("button", name="Delete the rule for tides.example").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("div.story")).to_be_hidden()
    page.get_by_role("button", name="Take a domain down").click()
    layer = page.get_by_role("dialog", name="Take a domain down")
    layer.get_by_label("Domain").fill("bread.example")
    layer.get_by_label("Reason").fill("Publisher asked on 3 November.")
    layer.get_by_role("button", name="Take down").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Take down").click()
    expect(page.get_by_text("Publisher asked on 3 November.")).to_be_visible()
    page.get_by_role("button", name="Lift the take-down of bread.example").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Allow again").click()
    expect(page.get_by_text("Publisher asked on 3 November.")).to_be_hidden()


def test_what_the_operator_took_down_has_no_button_to_lift_it(desk: Desk) -> None:
    server = desk.newsroom.server
    done = server.command("takedown", "court.example", "--reason", "Court order.", "--yes")
    assert done.returncode == 0, done.stderr
    page = desk.open("/settings")
    row = page.get_by_role("listitem").filter(has_text="court.example")
    expect(row.get_by_text("by the operator")).to_be_visible()
    expect(row.get_by_role("button")).to_have_count(0)
    done = server.command("takedown", "court.example", "--lift")
    assert done.returncode == 0, done.stderr
    page.reload()
    expect(page.get_by_role("button", name="Take a domain down")).to_be_visible()
    expect(page.get_by_text("court.example")).to_have_count(0)


def test_a_reader_sees_sources_and_no_way_to_change_them(desk: Desk, open_desk: OpenDesk) -> None:
    source_id = add_source(desk.newsroom, "https://tides.example/feed", title="Tides")
    email = f"reader-{desk.newsroom.email}"
    tenant_id = desk.newsroom.get("/v1/me")["tenant"]["id"]
    done = desk.newsroom.server.command(
        "user", "add", email, "--tenant", tenant_id, "--role", "reader", "--password", PASSWORD
    )
    assert done.returncode == 0, done.stderr
    reader = open_desk(Newsroom(desk.newsroom.server, desk.newsroom.name, email, desk.newsroom.http))
    page = reader.open("/sources")
    expect(page.get_by_role("link", name="Tides")).to_be_visible()
    for name in ("Add source", "More for Tides", "Crawl Tides now"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    reader.open(f"/sources/{source_id}")
    expect(page.get_by_role("heading", name="Tides", level=1)).to_be_visible()
    for name in ("Crawl now", "Pause", "Note a licence"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_serious_fault_on_the_pages_of_sources(open_desk: OpenDesk, site: NewsSite, scheme: str, width: int) -> None:
    need(AXE.exists(), "axe-core is not installed: run `npm install` in the frontend folder, which `make ui` does")
    desk = open_desk(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True, reduced_motion="reduce"
    )
    page = visited(subscribe(desk, site))
    own = page.url.removeprefix(desk.newsroom.server.url)
    for address in (
        own,
        f"{own}?state=failed",
        "/sources",
        "/sources?q=nothing",
        "/sources?add=packs",
        "/sources?add=opml",
    ):
        desk.open(address)
        settled(page)
        assert serious_faults(page) == [], f"{address}, {scheme}, {width} px"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    desk.open("/sources")
    layer = look_at(page, site.base)
    expect(layer.get_by_role("checkbox").first).to_be_visible(timeout=VISIT_MS)
    assert serious_faults(page) == [], f"candidates, {scheme}, {width} px"

"""Today, and what people do with an answer: come back to it, stop it, judge it, hand it on and ask further."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.desk import ARTICLES, PASSWORD, Desk, Newsroom, OpenDesk, OpenPage, make_newsroom, settled
from tests.model_server import ModelServer, say_when_told
from tests.server import Server

PAGE = "<html lang='en'><title>{title}</title><article><p>{text}</p></article></html>"
FERRY = "The first ferry in nine days left the harbour of Wexmouth on Saturday, said Malin Askerud of the company. " * 2
BRIDGE = "The bridge of Orlen is closed for repairs until the spring, and buses go round by the mill instead. " * 2
MASTER = "The harbour master resigned on Friday evening. The council had asked for a report on the broken crane."
LINES = ("The harbour master resigned on Friday evening [1].\n", "The council had asked for a report [1].\n")
SAID = ["The harbour master resigned on Friday evening.", "The council had asked for a report."]
QUESTION = "Who resigned on Friday evening?"


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Your question").fill(question)
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page).to_have_url(re.compile(r"/ask/ans_\w+"))


def add_page(desk: Desk, name: str, title: str, text: str) -> None:
    desk.newsroom.add_file(name, PAGE.format(title=title, text=text).encode())


def test_today_begins_with_one_action(desk: Desk) -> None:
    page = desk.open("/")
    expect(page.get_by_role("heading", name="Nothing to read yet")).to_be_visible()
    expect(page.get_by_role("button", name="Load the demo")).to_be_visible()
    expect(page).to_have_title(re.compile("Today"))


def test_today_lists_the_newest_and_counts_what_is_new_in_saved_searches(desk: Desk) -> None:
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    page = desk.open("/")
    expect(page.get_by_role("heading", name="Nothing from the web yet")).to_be_visible()
    page.get_by_role("link", name="Show uploads").click()
    rows = page.get_by_role("list", name="Results").get_by_role("link")
    expect(rows).to_have_count(3)
    expect(page.get_by_text(re.compile("3 documents added from 1 outlet in 24 hours"))).to_be_visible()
    expect(page.get_by_role("heading", name="Today", level=2)).to_be_visible()
    # What becomes ready appears by itself.
    desk.newsroom.add(BRIDGE, "Bridge closed")
    expect(rows).to_have_count(4)
    page.keyboard.press("j")
    expect(rows.first).to_be_focused()

    desk.open("/search?q=ferry")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Save this search")
    dialog.get_by_role("textbox", name="Name").fill("Ferries")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("t")
    follow = page.get_by_role("complementary", name="What you follow")
    saved = follow.get_by_role("listitem").filter(has_text="Ferries")
    expect(saved).to_contain_text("nothing new")
    add_page(desk, "ferry.html", "Ferries return", FERRY)
    expect(saved).to_contain_text("1 new")
    saved.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/search\?q=ferry&sort=newest"))
    page.go_back()
    expect(saved).to_contain_text("nothing new")
    saved.get_by_role("button", name="More for “Ferries”").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Boats")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    renamed = follow.get_by_role("listitem").filter(has_text="Boats")
    expect(renamed).to_be_visible()
    renamed.get_by_role("button", name="More for “Boats”").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(renamed).to_have_count(0)


def test_on_a_phone_the_rules_of_saved_searches_run_as_wide_as_those_of_the_list(
    desk: Desk, open_desk: OpenDesk
) -> None:
    desk.newsroom.add(FERRY)
    phone = open_desk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    saving = {"name": "Ferries", "query": "ferry"}
    phone.page.request.post("/v1/saved_searches", data=saving, headers={"Origin": phone.newsroom.server.url})
    page = phone.open("/?all=1")
    saved = page.get_by_role("listitem").filter(has_text="Ferries")
    expect(saved).to_be_visible()
    row = page.get_by_role("list", name="Results").get_by_role("listitem").last

    def sides(place: Locator) -> tuple[float, float]:
        box = place.bounding_box()
        assert box is not None
        return box["x"], box["width"]

    assert sides(saved) == sides(row) == sides(page.get_by_role("heading", name="Saved searches")) == (0, 390)


def test_filters_in_a_question_are_chips_before_and_after_it_is_asked(desk: Desk) -> None:
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    page = desk.open("/ask")
    page.get_by_role("textbox", name="Your question").fill("What did the strike cost? type:text -library")
    typed = page.get_by_role("list", name="Active filters").get_by_role("button")
    expect(typed).to_have_count(2)
    typed.filter(has_text="Plain text").click()
    expect(page.get_by_role("textbox", name="Your question")).to_have_value("What did the strike cost? -library")
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page.get_by_role("heading", name="What did the strike cost?", level=1)).to_be_visible()
    chips = page.get_by_role("list", name="Asked only of").get_by_role("button")
    expect(chips).to_have_count(1)
    first = page.url
    chips.filter(has_text="Not “library”").click()
    expect(page).not_to_have_url(first)
    expect(page).to_have_url(re.compile(r"/ask/ans_\w+"))
    expect(page.locator("article [data-citation]").first).to_be_visible()
    expect(chips).to_have_count(0)


def test_an_answer_is_judged_handed_on_taken_away_and_followed_up(
    desk: Desk, open_page: OpenPage, server: Server
) -> None:
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    add_page(desk, "ferry.html", "Ferries return", FERRY)
    page = desk.open("/ask")
    ask(page, "When did the harbour strike of Wexmouth end?")
    expect(page.locator("article [data-citation]").first).to_be_visible()
    answer_id = page.url.rsplit("/", 1)[-1]

    page.get_by_role("button", name="A bad answer").click()
    page.get_by_role("checkbox", name="Something is missing").check()
    page.get_by_role("textbox", name="In your words").fill("The islands.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Change the reason")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="A bad answer")).to_have_attribute("aria-pressed", "true")
    (given,) = desk.newsroom.get("/v1/answer_feedback")["data"]
    assert (given["rating"], given["reasons"], given["comment"]) == ("down", ["missing"], "The islands.")

    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("region", name="This answer").get_by_role("link", name="Word document").click()
    assert download.value.suggested_filename.endswith(".docx")

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text(re.compile("Only people of .* who are signed in can read it"))).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{server.url}/ask/{answer_id}"
    colleague = open_colleague(desk.newsroom, open_page)
    colleague.goto(link)
    expect(colleague.locator("article [data-citation]").first).to_be_visible()
    expect(colleague.get_by_role("button", name="A bad answer")).to_have_attribute("aria-pressed", "false")

    offered = page.get_by_role("region", name="The sources also tell").get_by_role("button")
    question = offered.first.locator("span").first.inner_text()
    offered.first.click()
    expect(page.get_by_role("heading", name=question, level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Before in this thread")).to_be_visible()
    expect(page.locator("article [data-citation]").first).to_be_visible()


def open_colleague(newsroom: Newsroom, open_page: OpenPage) -> Page:
    """A page of somebody else in the same organisation, who may only read."""
    token = (newsroom.server.folder / "operator.token").read_text().strip()
    email = f"{secrets.token_hex(6)}@example.org"
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{newsroom.server.url}/v1/admin/tenants/{newsroom.get('/v1/me')['tenant']['id']}/users"
    person = {"email": email, "name": "Bo Reader", "password": PASSWORD, "role": "reader"}
    assert httpx2.post(address, headers=headers, json=person).status_code == 201
    page, _ = open_page(newsroom.server.url)
    assert page.request.post("/v1/auth/login", data={"email": email, "password": PASSWORD}).ok
    return page


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[tuple[Newsroom, ModelServer]]:
    """A newsroom whose server is connected to a model that writes when it is told to."""
    model = ModelServer()
    server = Server(tmp_path_factory.mktemp("written") / "data", llm_url=model.url).start()
    newsroom = make_newsroom(server)
    newsroom.add(MASTER, "Harbour")
    yield newsroom, model
    newsroom.http.close()
    server.close()
    model.close()


def test_a_reload_goes_on_with_the_answer_that_is_being_written(
    written: tuple[Newsroom, ModelServer], open_desk: OpenDesk
) -> None:
    newsroom, model = written
    go = threading.Semaphore(0)
    model.routes["/v1/chat/completions"] = say_when_told(go, *LINES)
    before = len(model.chats())
    page = open_desk(newsroom).open("/ask")
    ask(page, QUESTION)
    # The sources are there before the first word, and the step says what is done now.
    expect(page.get_by_role("region", name="Sources")).to_contain_text("Harbour")
    expect(page.get_by_text("Writing from 1 source")).to_be_visible()
    go.release()
    expect(page.locator("article")).to_contain_text(SAID[0])
    page.reload()
    expect(page.locator("article")).to_contain_text(SAID[0])
    expect(page.get_by_text("Writing from 1 source, 1 sentence so far")).to_be_visible()
    go.release()
    expect(page.locator("article")).to_contain_text(SAID[1])
    expect(page.get_by_role("button", name="A good answer")).to_be_visible()
    assert page.locator("article").inner_text().count(SAID[0].rstrip(".")) == 1
    assert len(model.chats()) == before + 1
    assert settled(page).get_by_text(re.compile(r"2 steps - \d")).is_visible()


def test_a_connection_that_breaks_is_made_again(written: tuple[Newsroom, ModelServer], open_desk: OpenDesk) -> None:
    newsroom, model = written
    go = threading.Semaphore(0)
    model.routes["/v1/chat/completions"] = say_when_told(go, *LINES)
    desk = open_desk(newsroom)
    desk.watch.allow("ERR_INTERNET_DISCONNECTED")
    page = desk.open("/ask")
    # Chromium's offline mode leaves open connections open, so the first one ends after what it has brought by then.
    page.evaluate(CUT_AFTER_SOURCES)
    ask(page, QUESTION)
    expect(page.get_by_text("The connection broke.")).to_be_visible()
    go.release(2)
    expect(page.locator("article")).to_contain_text(SAID[1])
    expect(page.get_by_text("The connection broke.")).to_have_count(0)


# The body of the answer's stream fails once its sources were read, as when a proxy or the network drops it.
CUT_AFTER_SOURCES = """() => {
  const real = window.fetch;
  window.fetch = async (...given) => {
    const response = await real(...given);
    if (given[0] !== "/v1/answers") return response;
    const reader = response.body.getReader(), decoder = new TextDecoder();
    let text = "";
    const body = new ReadableStream({ async pull(to) {
      if (text.includes("event: sources")) return to.error(new TypeError("network error"));
      const { done, value } = await reader.read();
      if (done) return to.close();
      text += decoder.decode(value, { stream: true });
      to.enqueue(value);
    } });
    return new Response(body, { status: response.status, headers: response.headers });
  };
}"""


def test_stop_ends_the_models_request_and_keeps_what_was_written(
    written: tuple[Newsroom, ModelServer], open_desk: OpenDesk
) -> None:
    newsroom, model = written
    model.routes["/v1/chat/completions"] = say_when_told(threading.Semaphore(1), *LINES)
    model.left.clear()
    page = open_desk(newsroom).open("/ask")
    ask(page, QUESTION)
    expect(page.locator("article")).to_contain_text(SAID[0])
    page.get_by_role("button", name="Stop").click()
    notice = page.get_by_text("Stopped before it was complete. What was written is kept.")
    expect(notice).to_be_visible()
    assert model.left.wait(60)
    page.reload()
    expect(page.locator("article")).to_contain_text(SAID[0])
    expect(notice).to_be_visible()

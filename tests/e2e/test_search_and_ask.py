"""Searching, asking, and reading the cited words in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.desk import ARTICLES, RATES, Desk, Newsroom, OpenDesk, make_newsroom
from tests.server import Server

NARROW = {"width": 1000, "height": 800}
PHONE = {"width": 390, "height": 844}

FERRIES = """The first ferry in nine days left the harbour of Wexmouth on Saturday morning. Dock workers were back at the cranes
before dawn, after the strike had ended the night before.

Passengers to the islands still have to wait. The company sells no ticket before Tuesday, says Malin Askerud, who runs its
office at the quay, since fresh food and post go first.
"""


@pytest.fixture(scope="module")
def stocked_newsroom(server: Server) -> Iterator[Newsroom]:
    """A newsroom with three texts and one web page."""
    newsroom = make_newsroom(server)
    for title, text in ARTICLES.items():
        newsroom.add(text, title)
    page = "<html lang='en'><title>Ferries return</title><article>{}</article></html>"
    body = "".join(f"<p>{part}</p>" for part in FERRIES.split("\n\n"))
    newsroom.add_file("ferries.html", page.format(body).encode())
    yield newsroom
    newsroom.http.close()


@pytest.fixture
def stocked(stocked_newsroom: Newsroom, open_desk: OpenDesk) -> Desk:
    """A page on it."""
    return open_desk(stocked_newsroom)


def results(page: Page) -> Locator:
    return page.get_by_role("list", name="Results").get_by_role("listitem")


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Your question").fill(question)
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page.get_by_role("heading", name=question, level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/ask/ans_\w+"))


def given_answer(desk: Desk) -> Any:
    """The stored answer whose page is open."""
    answer_id = desk.page.url.split("?")[0].rsplit("/", 1)[-1]
    return desk.newsroom.get(f"/v1/answers/{answer_id}")


def marked(place: Locator) -> str:
    """The marked words of a text, as they stand in it."""
    expect(place.locator("mark").first).to_be_in_viewport()
    return "".join(place.locator("mark").all_inner_texts())


def plain(text: str) -> str:
    return " ".join(text.split())


def test_typing_searches_and_marks_the_words(stocked: Desk) -> None:
    page = stocked.open("/search")
    expect(results(page).get_by_role("link")).to_have_count(4)
    page.get_by_role("searchbox").press_sequentially("mortgages variable rate")
    expect(page).to_have_url(re.compile(r"/search\?q=mortgages\+variable\+rate"))
    first = results(page).first
    expect(first.get_by_role("link")).to_contain_text("Rates rise")
    words = {word.lower() for word in first.locator("mark").all_inner_texts()}
    assert {"mortgages", "variable", "rate"} <= words
    # The document stands beside the list, at the passage.
    reader = page.get_by_role("complementary", name="Selected document")
    expect(reader.get_by_role("heading", level=2)).to_contain_text("Rates rise")
    expect(reader.locator("mark").filter(has_text=re.compile("variable", re.I)).first).to_be_in_viewport()


def test_meaning_finds_what_no_word_says(stocked: Desk) -> None:
    query = "industrial action by longshoremen"
    page = stocked.open(f"/search?q={query}")
    expect(results(page).first.get_by_role("link")).to_contain_text(re.compile("Harbour strike ends|Ferries return"))
    found = stocked.newsroom.get("/v1/search", q=query)
    assert found["mode"] == "hybrid"
    assert {hit["explain"]["lexical"] for hit in found["data"]} == {0}


def test_filters_are_in_the_address_and_survive_a_reload(stocked: Desk) -> None:
    page = stocked.open("/search?q=harbour ferry")
    expect(results(page).get_by_role("link")).not_to_have_count(1)
    filters = page.get_by_role("complementary", name="Filters")
    filters.get_by_role("checkbox", name="Web page").check()
    expect(page).to_have_url(re.compile(r"q=harbour\+ferry&type=html"))
    expect(results(page).get_by_role("link")).to_have_count(1)
    filters.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(re.compile(r"after=\d{4}-\d{2}-\d{2}"))
    chips = page.get_by_role("list", name="Active filters")
    expect(chips.get_by_role("button", name="Remove filter")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("harbour ferry")
    expect(filters.get_by_role("checkbox", name="Web page")).to_be_checked()
    expect(results(page).get_by_role("link")).to_have_count(1)
    chips.get_by_role("button", name="Remove filter Web page").click()
    expect(results(page).get_by_role("link")).not_to_have_count(1)
    page.go_back()
    expect(filters.get_by_role("checkbox", name="Web page")).to_be_checked()


def test_filters_in_the_query_become_chips_that_can_be_removed(stocked: Desk) -> None:
    page = stocked.open("/search")
    page.get_by_role("searchbox").fill('harbour type:html -mortgages "the strike had ended" this year')
    chips = page.get_by_role("list", name="Active filters").get_by_role("button", name="Remove filter")
    expect(chips).to_have_count(4)
    expect(results(page).get_by_role("link")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=harbour\+type%3Ahtml"))
    page.reload()
    expect(chips).to_have_count(4)
    ticked = page.get_by_role("complementary", name="Filters").get_by_role("checkbox", name="Web page")
    expect(ticked).to_be_checked()
    chips.filter(has_text="Web page").click()
    expect(page.get_by_role("searchbox")).to_have_value('harbour -mortgages "the strike had ended" this year')
    expect(chips).to_have_count(3)
    expect(ticked).not_to_be_checked()
    # Nothing fits: each filter says what there would be without it.
    page.get_by_role("searchbox").fill('harbour "no such words" type:html')
    expect(page.get_by_role("heading", name=re.compile("No results"))).to_be_visible()
    page.get_by_role("button", name="1 result without the filter “no such words”").click()
    expect(page.get_by_role("searchbox")).to_have_value("harbour type:html")
    expect(results(page).get_by_role("link")).to_have_count(1)


def test_counts_follow_the_query(stocked: Desk) -> None:
    page = stocked.open("/search?q=observatory -ferry")
    filters = page.get_by_role("complementary", name="Filters")
    expect(filters.get_by_role("listitem").filter(has_text="Text")).to_contain_text("1")
    expect(filters.get_by_role("checkbox", name="Web page")).to_have_count(0)


def test_what_the_counts_mean_is_said_by_key_and_by_tap(stocked_newsroom: Newsroom, open_desk: OpenDesk) -> None:
    page = open_desk(stocked_newsroom).open("/search?q=ferry")
    page.get_by_role("button", name="What the numbers count").press("Enter")
    note = page.get_by_role("dialog", name="What the numbers count")
    expect(note).to_contain_text("Documents that your query finds with this value")
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    expect(page.get_by_role("button", name="What the numbers count")).to_be_focused()

    page = open_desk(stocked_newsroom, viewport=PHONE, has_touch=True, is_mobile=True).open("/search")
    page.get_by_role("button", name="Filters").tap()
    page.get_by_role("button", name="What the numbers count").tap()
    note = page.get_by_role("dialog", name="What the numbers count")
    expect(note).to_contain_text("Documents with this value")
    # Tapped, and not only there: it lies above the sheet.
    note.get_by_text("Copies of a text count once").tap()
    page.get_by_role("dialog", name="Filters").get_by_text("Published").tap()
    expect(note).to_be_hidden()
    expect(page.get_by_role("dialog", name="Filters")).to_be_visible()


def test_a_misspelt_word_is_put_right(stocked: Desk) -> None:
    page = stocked.open("/search?q=obsevratory")
    page.get_by_role("button", name="observatory").click()
    expect(page.get_by_role("searchbox")).to_have_value("observatory")
    expect(page.get_by_text("Did you mean")).to_have_count(0)


def test_a_time_is_chosen_on_the_bars_by_pointer_and_by_key(open_desk: OpenDesk, newsroom: Newsroom) -> None:
    head = "<head><title>Story {n}</title><meta property='article:published_time' content='{at}'></head>"
    page_of = f"<html lang='en'>{head}<article><p>{{text}}</p></article></html>"
    for n, month in enumerate(("03", "05", "05", "08")):
        text = f"The harbour opened again after storm number {n}, and ships came in. " * 3
        newsroom.add_file(f"{n}.html", page_of.format(n=n, at=f"2026-{month}-10T12:00:00Z", text=text).encode())
    page = open_desk(newsroom).open("/search?q=harbour")
    bars = page.get_by_role("slider", name="Published")
    expect(bars).to_be_visible()
    expect(bars).to_have_attribute("aria-valuetext", re.compile("4 documents"))
    box = bars.bounding_box()
    assert box
    page.mouse.move(box["x"] + 1, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"after=2026-03-\d\d&before=2026-0[56]-\d\d"))
    expect(results(page).get_by_role("link")).to_have_count(3)
    page.go_back()
    expect(results(page).get_by_role("link")).to_have_count(4)
    # Back at the whole: by key, the last bar.
    expect(bars).to_have_attribute("aria-valuetext", re.compile("4 documents"))
    bars.press("End")
    expect(bars).to_have_attribute("aria-valuetext", re.compile("1 document$"))
    bars.press("Enter")
    expect(page).to_have_url(re.compile(r"after=2026-08-\d\d&before=2026-08-\d\d"))
    expect(results(page).get_by_role("link")).to_have_count(1)


def test_results_are_downloaded_as_a_file(stocked: Desk) -> None:
    page = stocked.open("/search?q=harbour")
    page.get_by_label("Export the results").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV, for spreadsheets").click()
    assert re.fullmatch(r"tidings-harbour-[\d-]+\.csv", download.value.suggested_filename)
    assert "Harbour strike ends" in download.value.path().read_text(encoding="utf-8-sig")


def test_what_filters_hide_is_said_with_the_way_out(stocked: Desk) -> None:
    page = stocked.open("/search?q=mortgages&type=html&before=2020-01-01")
    expect(page.get_by_role("heading", name="No results for “mortgages”")).to_be_visible()
    page.get_by_role("button", name="without any filter").click()
    expect(page).to_have_url(f"{stocked.newsroom.server.url}/search?q=mortgages")
    expect(results(page).first).to_contain_text("Rates rise")


def test_an_answer_cites_the_exact_words(stocked: Desk) -> None:
    page = stocked.open("/ask")
    ask(page, "How long was the harbour strike and what did it cost?")
    expect(page.get_by_text("No language model connected: quotes from the sources")).to_be_visible()
    sources = page.get_by_role("complementary", name="Sources")
    expect(sources.get_by_role("link", name="Harbour strike ends")).to_be_visible()
    expect(page.locator("article [aria-busy=false]")).to_be_visible()
    answer = given_answer(stocked)
    assert answer["grounded"] is True
    chips = page.locator("article [data-citation]")
    cited = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    expect(chips).to_have_count(len(cited))
    reader = page.get_by_role("complementary", name="Selected document")
    for number, citation in enumerate(cited):
        chips.nth(number).click()
        expect(page.get_by_role("button", name="Sources")).to_be_visible()
        text = stocked.newsroom.get(f"/v1/documents/{citation['document_id']}/text")["text"]
        quoted = text[citation["start"] : citation["end"]]
        assert plain(quoted) == plain(citation["quote"])
        assert plain(marked(reader)) == plain(quoted)
        page.keyboard.press("Escape")
        expect(sources).to_be_visible()


def test_in_a_narrow_window_a_citation_opens_the_reader_page(stocked_newsroom: Newsroom, open_desk: OpenDesk) -> None:
    narrow = open_desk(stocked_newsroom, viewport=NARROW)
    page = narrow.open("/ask")
    ask(page, "Why did the central bank raise interest rates?")
    chip = page.locator("article [data-citation]").first
    # There is no room beside the answer: a click pins the card, which stays when the pointer leaves it.
    chip.click()
    page.mouse.move(0, 0)
    page.get_by_role("link", name="Open in reader").click()
    expect(page).to_have_url(re.compile(r"/documents/doc_\w+\?start=\d+&end=\d+"))
    start, end = (int(re.search(rf"{name}=(\d+)", page.url)[1]) for name in ("start", "end"))
    document_id = re.search(r"doc_\w+", page.url)[0]
    text = narrow.newsroom.get(f"/v1/documents/{document_id}/text")["text"]
    assert plain(marked(page.locator("main"))) == plain(text[start:end])
    page.get_by_role("button", name="Back").click()
    expect(page.locator("article [data-citation]").first).to_be_visible()


def test_the_reader_counts_code_points(stocked: Desk) -> None:
    """The text holds a character of two UTF-16 units before the span."""
    found = stocked.newsroom.get("/v1/search", q="growers of cut flowers")["data"][0]["document"]["id"]
    text = stocked.newsroom.get(f"/v1/documents/{found}/text")["text"]
    start = text.index("twelve million euros a day")
    assert "\N{SHIP}" in text[:start]
    page = stocked.open(f"/documents/{found}?start={start}&end={start + 26}")
    assert marked(page.locator("main")) == "twelve million euros a day"


def test_an_earlier_answer_is_there_again_and_can_be_deleted(stocked: Desk) -> None:
    page = stocked.open("/ask")
    question = "What did the central bank do?"
    ask(page, question)
    expect(page.locator("article [data-citation]").first).to_be_visible()
    page.reload()
    expect(page.locator("article [data-citation]").first).to_be_visible()
    earlier = page.get_by_role("complementary", name="Earlier questions")
    earlier.get_by_role("link", name=question).hover()
    earlier.get_by_role("button", name=f"Delete the thread “{question}”").click()
    expect(earlier.get_by_role("link", name=question)).to_have_count(0)
    assert question not in [answer["question"] for answer in stocked.newsroom.get("/v1/answers")["data"]]


def test_a_follow_up_goes_on_with_the_thread(stocked: Desk) -> None:
    page = stocked.open("/ask")
    first = "When did the strike at the harbour of Wexmouth end?"
    ask(page, first)
    expect(page.locator("article [data-citation]").first).to_be_visible()
    expect(page.get_by_role("textbox", name="Your question")).to_have_attribute("placeholder", "Ask a follow-up")
    # Offered once the answer is complete: what is asked before that ends it, and begins anew.
    expect(page.get_by_role("button", name="New question")).to_be_visible()
    ask(page, "What did it cost?")
    read_with = f"Read with what was asked before: {first} What did it cost?"
    expect(page.get_by_role("paragraph").filter(has_text=read_with)).to_be_visible()
    expect(page.locator("article").get_by_text("twelve million euros a day")).to_be_visible()
    before = page.get_by_role("region", name="Before in this thread")
    expect(before.get_by_role("link", name=first)).to_be_visible()
    # The whole thread is there again, and under its first question.
    page.reload()
    expect(before.get_by_role("link", name=first)).to_be_visible()
    earlier = page.get_by_role("complementary", name="Earlier questions")
    expect(earlier.get_by_role("listitem").filter(has_text=first)).to_contain_text("2 questions")
    page.get_by_role("button", name="New question").click()
    ask(page, "Which room stays open until four in the morning?")
    expect(page.locator("article [data-citation]").first).to_be_visible()
    expect(before).to_have_count(0)


def test_without_a_source_there_is_no_answer(desk: Desk) -> None:
    desk.newsroom.add(RATES)
    page = desk.open("/ask")
    ask(page, "Who won the chess olympiad in Buenos Aires?")
    expect(page.get_by_text("answers this, so there is no answer")).to_be_visible()
    expect(page.locator("[data-citation]")).to_have_count(0)
    desk.open("/ask?source=unknown.example")
    ask(page, "Why were interest rates raised?")
    expect(page.get_by_text("No source is called “unknown.example”. There are: upload.")).to_be_visible()


def test_an_empty_library_says_what_to_do_first(desk: Desk) -> None:
    page = desk.open("/search")
    page.get_by_role("link", name="Add the first document").click()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    desk.open("/ask")
    expect(page.get_by_role("heading", name="There is nothing to ask about yet")).to_be_visible()

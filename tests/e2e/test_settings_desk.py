"""What an owner decides under Settings: what is kept for how long, and what to make of the feedback; and Today's stories."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.desk import ARTICLES, Desk, settled

FERRY = (
    "The first ferry in nine days left the harbour of Wexmouth on Saturday morning, said Malin Askerud of the company. "
    "It carried medicines and mail for the islands, and no cars."
)
PAGE = f"<html lang='en'><title>Ferries return to Wexmouth</title><article><p>{FERRY}</p></article></html>"


def test_a_retention_rule_shows_what_it_takes_and_is_then_applied(desk: Desk) -> None:
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    page = desk.open("/settings")
    page.get_by_role("button", name="Add a retention rule").click()
    form = page.get_by_role("dialog", name="Add a retention rule")
    form.get_by_label("Name").fill("Texts")
    form.get_by_role("checkbox", name="PDF").check()
    form.get_by_role("button", name="Show what it takes").click()
    expect(form.get_by_role("status")).to_have_text("It takes no document now.")
    # A change makes the preview old: what is saved was seen.
    form.get_by_role("checkbox", name="PDF").uncheck()
    form.get_by_role("checkbox", name="Plain text").check()
    expect(form.get_by_role("button", name="Save the rule")).to_have_count(0)
    form.get_by_role("button", name="Show what it takes").click()
    expect(form.get_by_role("status")).to_contain_text("It archives 3 documents now:")
    expect(form.get_by_role("status")).to_contain_text("Harbour strike ends")
    expect(form.get_by_role("button", name="Save the rule")).to_be_in_viewport()
    form.get_by_role("button", name="Save the rule").click()
    expect(form).to_be_hidden()
    rule = page.get_by_role("listitem").filter(has_text="Texts")
    expect(rule).to_contain_text("Archives documents of type Plain text, that no answer rests on.")
    expect(rule).to_contain_text("Not applied yet")
    assert desk.newsroom.get("/v1/documents", status="archived")["total"]["value"] == 0

    rule.get_by_role("button", name="Apply Texts now").click()
    question = page.get_by_role("alertdialog", name="Archive 3 documents now?")
    question.get_by_role("button", name="Archive 3 documents").click()
    expect(rule).to_contain_text("3 documents archived")
    rule.get_by_role("button", name="Apply Texts now").click()
    expect(rule.get_by_role("status")).to_have_text("It takes no document now, so there is nothing to apply.")
    rule.get_by_role("link", name="See what is archived").click()
    expect(page).to_have_url(re.compile(r"/library\?status=archived"))
    expect(page.get_by_text("Harbour strike ends")).to_be_visible()
    desk.open("/search?q=harbour")
    settled(page)
    expect(page.get_by_role("list", name="Results").get_by_role("link")).to_have_count(0)


def test_an_owner_reads_why_answers_were_bad(desk: Desk) -> None:
    page = desk.open("/settings")
    page.get_by_role("link", name="Read the feedback").click()
    expect(page.get_by_role("heading", name="Nobody has said anything yet")).to_be_visible()
    for title, text in ARTICLES.items():
        desk.newsroom.add(text, title)
    question = "What did the central bank do?"
    answer = desk.newsroom.http.post("/v1/answers", json={"question": question, "stream": False}).json()
    opinion = {"rating": "down", "reasons": ["missing", "old"], "comment": "The second vote."}
    assert desk.newsroom.http.put(f"/v1/answers/{answer['id']}/feedback", json=opinion).status_code == 200
    page.reload()
    said = page.get_by_role("list", name="Opinions").get_by_role("listitem")
    expect(said).to_have_count(1)
    expect(said).to_contain_text("Something is missing. It is out of date.")
    expect(said).to_contain_text("“The second vote.”")
    expect(said.get_by_role("img", name="Bad")).to_be_visible()
    page.get_by_role("radio", name="Good").check(force=True)
    expect(page).to_have_url(re.compile(r"/settings/feedback\?rating=up"))
    expect(page.get_by_role("heading", name="No good ones")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    said.get_by_role("link", name=question).click()
    expect(page).to_have_url(re.compile(answer["id"]))
    expect(page.get_by_role("heading", name=question, level=1)).to_be_visible()


def test_today_tells_the_newest_stories_with_where_they_stand(desk: Desk) -> None:
    document_id = desk.newsroom.add_file("ferry.html", PAGE.encode())
    page = desk.open("/?all=1")
    briefing = page.get_by_role("region", name="In short")
    expect(briefing.get_by_role("listitem")).to_have_count(1)
    expect(briefing).to_contain_text("The first ferry in nine days left the harbour of Wexmouth")
    expect(briefing).to_contain_text("From 1 document published in the last 7 days.")
    briefing.get_by_role("link", name=re.compile("Source 1")).click()
    page.get_by_role("link", name="Open in reader").click()
    expect(page).to_have_url(re.compile(rf"/documents/{document_id}\?start=\d+&end=\d+"))
    expect(page.locator("mark").first).to_contain_text("The first ferry in nine days")
    # While it cannot be told, the page says so and lists all the same.
    page.route("**/v1/briefing*", lambda route: route.fulfill(status=503, json={}))
    desk.watch.allow("status of 503")
    desk.open("/?all=1")
    expect(briefing.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("list", name="Results").get_by_role("link")).to_have_count(1)

"""Titles, texts, names and addresses that hold scripts are shown as text and never run, on every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import PASSWORD, Desk, Newsroom, OpenDesk, OpenPage, make_newsroom, settled
from tests.server import Server

RUN = "window.__pwned=1;alert(1)"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror='{RUN}'>",
    f'"><svg onload="{RUN}">',
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<a href='javascript:{RUN}'>click</a>",
    f"[click](javascript:{RUN})",
    f"![x](x' onerror='{RUN})",
    f"<math><mtext></table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<form action='javascript:{RUN}'><button formaction='javascript:{RUN}'>go</button></form>",
    "<style>@import 'https://elsewhere.example/x.css';</style><base href='https://elsewhere.example/'>",
    "<meta http-equiv='refresh' content='0;url=https://elsewhere.example/'>",
    "{{constructor.constructor('window.__pwned=1')()}} ${window.__pwned=1} %3Cscript%3E",
    "<mark>not ours</mark> <b>bold</b> &lt;script&gt; &#60;script&#62;",
)
BODY = "\n\n".join(
    f"Paragraph {number} about the canary harbour: {payload}." for number, payload in enumerate(PAYLOADS)
)
SCRIPTED_LINKS = "a[href^='javascript:' i], a[href^='data:' i], a[href^='vbscript:' i], a[href^='blob:' i]"
FOREIGN = (
    "iframe, object, embed, base, form[action], [srcdoc], [formaction], meta[http-equiv], img, svg [onload], style"
)


@pytest.fixture(scope="module")
def hostile_newsroom(server: Server) -> Iterator[Newsroom]:
    """A newsroom that somebody filled with attacks, in every field that takes text and every type of file."""
    newsroom = make_newsroom(server, PAYLOADS[0])
    for number, payload in enumerate(PAYLOADS):
        newsroom.add(f"Canary harbour report {number}.\n\nThe harbour said: {payload} and closed.", payload)
    newsroom.add(BODY)
    newsroom.add_file("canary <img src=x onerror=alert(1)>.md", f"# Canary {PAYLOADS[1]}\n\n{BODY}".encode())
    escaped = PAYLOADS[0].replace("<", "&lt;")
    page = (
        f'<html lang=en><head><title>Canary {escaped}</title><meta name=author content="{escaped}">'
        f"<link rel=canonical href='javascript:{RUN}'></head><body onload='{RUN}'><article><h1>Canary {escaped}</h1>"
        + "".join(f"<p>The harbour was closed for a day, the canary said. {payload}</p>" for payload in PAYLOADS)
        + "</article></body></html>"
    )
    newsroom.add_file("javascript:alert(1).html", page.encode())
    newsroom.add_file('"><script>alert(1)</script>.pdf', b"%PDF-1.7 torn")
    yield newsroom
    newsroom.http.close()


@pytest.fixture
def hostile(hostile_newsroom: Newsroom, open_desk: OpenDesk) -> Desk:
    """A page on it."""
    return open_desk(hostile_newsroom)


def check_inert(page: Page) -> None:
    """Nothing of the content became an element, a handler or a link that runs."""
    assert page.evaluate("window.__pwned") is None
    assert page.locator(SCRIPTED_LINKS).count() == 0
    assert page.locator(FOREIGN).count() == 0
    own = {"/theme.js"}
    for address in page.locator("script").evaluate_all("all => all.map((each) => each.getAttribute('src'))"):
        assert address in own or address.startswith("/assets/"), address
    handlers = page.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((each) => each.getAttributeNames())
          .filter((name) => name.startsWith("on"))"""
    )
    assert handlers == []


@pytest.mark.parametrize(
    "query", ["", "canary harbour", "<script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)"]
)
def test_results_show_hostile_text_as_text(hostile: Desk, query: str) -> None:
    page = hostile.page
    hostile.open("/search")
    page.get_by_role("searchbox").fill(query)
    expect(page.get_by_role("searchbox")).to_have_value(query)
    expect(page).to_have_url(re.compile("q=" if query else "/search$"))
    settled(page)
    check_inert(page)
    if query == "":
        for payload in (PAYLOADS[0], PAYLOADS[3]):
            expect(page.get_by_role("link", name=payload, exact=True)).to_be_visible()


def test_readers_show_hostile_text_as_text(hostile: Desk) -> None:
    page = hostile.page
    documents = hostile.newsroom.get("/v1/documents", limit="100")["data"]
    special = [document for document in documents if document["type"] != "text" or document["chunk_count"] > 1]
    assert {document["type"] for document in special} == {"text", "markdown", "html", "pdf"}
    for document in special:
        hostile.open(f"/documents/{document['id']}?start=0&end=40")
        settled(page)
        check_inert(page)
        if document["type"] == "text":
            expect(page.get_by_text(PAYLOADS[0]).first).to_be_visible()


def test_answers_quote_hostile_text_as_text(hostile: Desk) -> None:
    page = hostile.open("/ask")
    drawn_question = f"What did the canary say about the harbour? {PAYLOADS[0]} {PAYLOADS[1]}"
    # At every moment of the stream, not only at its end.
    page.evaluate(
        f"""() => {{ window.foreign = 0; new MutationObserver(() => {{
          foreign += document.querySelectorAll("{FOREIGN}, article a[href^='javascript:']").length;
        }}).observe(document.body, {{ subtree: true, childList: true }}); }}"""
    )
    page.get_by_role("textbox", name="Your question").fill(drawn_question)
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page.locator("article [data-citation]").first).to_be_visible()
    expect(page.locator("article [aria-busy=false]")).to_be_visible()
    assert page.evaluate("window.foreign") == 0
    check_inert(page)
    page.locator("article [data-citation]").first.hover()
    expect(page.locator("blockquote")).to_be_visible()
    check_inert(page)
    page.reload()
    expect(page.locator("article [data-citation]").first).to_be_visible()
    check_inert(page)


def test_the_library_shows_hostile_names_as_text(hostile: Desk, tmp_path: Path) -> None:
    page = hostile.open("/library")
    expect(page.get_by_role("link", name=PAYLOADS[0], exact=True)).to_be_visible()
    check_inert(page)
    # No folder separator in these: a file name cannot hold one.
    name = "<img src=x onerror=alert(1)>.txt"
    (tmp_path / name).write_text(f"A canary came again. {PAYLOADS[2]}")
    page.get_by_label("Files to add").set_input_files(tmp_path / name)
    row = page.get_by_role("region", name="Being added").get_by_role("listitem").filter(has_text=name)
    expect(row).to_contain_text("Ready")
    check_inert(page)
    page.get_by_role("region", name="Documents").get_by_role("listitem").first.hover()
    page.get_by_role("button", name="Delete", exact=False).first.click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    check_inert(page)


def test_hostile_names_of_people_and_keys_are_text(hostile: Desk) -> None:
    hostile.watch.allow("status of 40")
    page = hostile.open("/settings")
    page.get_by_role("button", name="Create a key").click()
    page.get_by_role("dialog").get_by_label("Name").fill(PAYLOADS[1])
    page.get_by_role("button", name="Create key").click()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(PAYLOADS[1])).to_be_visible()
    page.get_by_role("button", name=f"Revoke {PAYLOADS[1]}").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    check_inert(page)


ADDRESSES = (
    "/search?q=<script>window.__pwned=1</script>&source=<img src=x onerror=alert(1)>&-lang=javascript:alert(1)",
    "/documents/<script>alert(1)</script>?start=<b>&end=1",
    "/ask/<img src=x onerror=alert(1)>",
    "/ask?q=<svg onload=alert(1)>",
    "/library?status=<script>",
    "/<script>alert(1)</script>",
    "/setup?token=<script>alert(1)</script>",
)


def test_addresses_run_nothing(desk: Desk) -> None:
    desk.watch.allow("status of 4")
    for address in ADDRESSES:
        page = settled(desk.open(address))
        check_inert(page)
        assert page.url.startswith(desk.newsroom.server.url), address


def test_after_signing_in_the_page_asked_for_is_ours(desk: Desk, open_page: OpenPage) -> None:
    for wanted in (
        "//elsewhere.example/",
        "https://elsewhere.example/",
        "/\\elsewhere.example",
        "javascript:window.__pwned=1",
    ):
        page, watch = open_page(desk.newsroom.server.url)
        watch.allow("status of 401")
        page.goto(f"/login?next={wanted}")
        page.get_by_label("Email address").fill(desk.newsroom.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Nothing to read yet")).to_be_visible()
        check_inert(page)


def test_the_policy_stops_what_a_script_of_ours_could_be_made_to_do(desk: Desk) -> None:
    """The last wall: even an element that got in would not run."""
    page = desk.open("/search")
    expect(page.get_by_role("searchbox")).to_be_visible()
    desk.watch.allow("policy")
    desk.watch.allow("Content Security Policy")
    desk.watch.allow("console: ")
    page.evaluate(
        """() => { const inline = document.createElement("script"); inline.textContent = "window.__pwned = 1";
          const holder = document.createElement("div"); holder.innerHTML = "<img src=x onerror='window.__pwned = 2'>";
          document.body.append(inline, holder); }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.__pwned") is None
    assert any("policy: script-src" in problem for problem in desk.watch.problems)


def test_downloads_are_attachments_that_run_nothing(hostile: Desk) -> None:
    documents = hostile.newsroom.get("/v1/documents", type="html")["data"]
    response = hostile.page.request.get(f"/v1/documents/{documents[0]['id']}/content")
    headers = response.headers
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]

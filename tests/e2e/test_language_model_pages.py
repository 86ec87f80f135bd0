"""The language model in the pages: its section in the settings, how an answer was made, and hostile text while it streams."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import HARBOUR, Desk, Newsroom, OpenDesk, make_newsroom, settled
from tests.e2e.test_hostile_content import FOREIGN, PAYLOADS, check_inert
from tests.model_server import ModelServer, refuse, say
from tests.server import Server

QUESTION = "When did the harbour strike of Wexmouth end?"
SAID = "The strike at the harbour of Wexmouth ended on Friday night after nine days. [1]"
# Answers the page's question with bytes that the test hands over, a few at a time.
FEED = """(() => {
  const real = window.fetch;
  window.fetch = (address, options) => {
    if (String(address) !== "/v1/answers" || options?.method !== "POST") return real(address, options);
    const body = new ReadableStream({ start(controller) { window.stream = controller; } });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  };
})()"""
# Feeds the pieces, each in a task of its own, and counts what is no text of ours at every change of the page and after each.
RUN = """async ([pieces, foreign]) => {
  let seen = 0;
  const look = () => { seen += document.querySelectorAll(foreign).length; };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  for (const piece of pieces) {
    window.stream.enqueue(new Uint8Array(piece));
    await new Promise((next) => setTimeout(next));
    look();
  }
  return seen;
}"""


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    model = ModelServer(say(SAID))
    yield model
    model.close()


@pytest.fixture(scope="module")
def newsroom(model: ModelServer, tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[Newsroom]:
    """A newsroom on a server that is connected to the model."""
    server = Server(tmp_path_factory.mktemp("model") / "data", llm_url=model.url, llm_temperature="0.2").start()
    newsroom = make_newsroom(server)
    newsroom.add(HARBOUR, "Harbour strike ends")
    yield newsroom
    newsroom.http.close()
    server.close()


def test_an_owner_sees_the_model_and_tests_it(desk: Desk, model: ModelServer) -> None:
    page = desk.open("/settings")
    here = page.get_by_role("region", name="Language model")
    expect(here).to_contain_text("scripted")
    expect(here).to_contain_text("answers")
    expect(here).to_contain_text(f"127.0.0.1:{model.port}")
    expect(here).to_contain_text("few-shot, version 1")
    here.get_by_text("Parameters, set in the environment").click()
    row = here.locator("dl > div").filter(has_text="TIDINGS_LLM_TEMPERATURE")
    expect(row).to_contain_text("0.2")
    expect(row).to_contain_text("environment")
    here.get_by_role("button", name="Test the model").click()
    expect(here.get_by_label("Result of the test")).to_contain_text("First words after")
    model.routes["/v1/chat/completions"] = refuse(401)
    here.get_by_role("button", name="Test the model").click()
    expect(here).to_contain_text("TIDINGS_LLM_API_KEY")
    model.routes["/v1/chat/completions"] = say(SAID)


def test_an_answer_tells_how_it_was_made(desk: Desk) -> None:
    page = desk.open("/ask")
    # Offered once the page knows that there is a model.
    expect(page.get_by_text("Quotes only")).to_be_visible()
    page.get_by_role("textbox", name="Your question").fill(QUESTION)
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page.locator("article [data-citation]").first).to_be_visible()
    for _ in range(2):
        page.get_by_text("How this was made").click()
        told = page.locator("article details").filter(has_text="How this was made")
        expect(told).to_contain_text("answer/few-shot, version 1")
        expect(told).to_contain_text("Temperature")
        expect(told).to_contain_text("700 tokens")
        expect(told).to_contain_text("1 passage")
        page.reload()
        settled(page)


def test_hostile_text_is_text_at_every_moment_of_a_stream(open_desk: OpenDesk, newsroom: Newsroom) -> None:
    """Tags, entities and characters are cut anywhere: between events, and between the bytes of one."""
    desk = open_desk(newsroom)
    desk.page.add_init_script(FEED)
    page = desk.open("/ask")
    page.get_by_role("textbox", name="Your question").fill(QUESTION)
    page.get_by_role("textbox", name="Your question").press("Enter")
    page.wait_for_function("() => window.stream")
    chance = random.Random(5)
    told = " ".join(
        [*PAYLOADS, "![x](https://elsewhere.example/p.png)", "<https://elsewhere.example>", "🚢‮é &lt &#x3c;b"]
    )
    events = [
        ("accepted", {"answer_id": "ans_1", "thread_id": "thr_1"}),
        ("step", {"name": "x", "detail": PAYLOADS[1], "took_ms": 1}),
    ]
    at = 0
    while at < len(told):
        size = chance.randint(1, 4)
        events.append(("delta", {"sentence": 0, "text": told[at : at + size]}))
        at += size
    wire = "".join(f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n" for name, data in events).encode()
    pieces, at = [], 0
    while at < len(wire):
        size = chance.randint(1, 60)
        pieces.append(list(wire[at : at + size]))
        at += size
    links = "article a[href^='javascript:' i], article a[href*='elsewhere.example'], article a:not([data-citation])"
    assert page.evaluate(RUN, [pieces, f"{FOREIGN}, {links}"]) == 0
    shown = page.locator("article [aria-busy=true]").inner_text()
    assert shown.split() == told.split()
    check_inert(page)

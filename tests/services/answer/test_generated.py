"""Generated answers against a scripted model server: what is asked, what of the text is shown, what happens when it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.answer.answer import answer, get_answer
from services.answer.context import MOST_CHARACTERS
from services.answer.prompt import read_prompt
from services.answer.types import Done, Question, Sentence, Step, Usage
from services.engines.llm.base import Cancellation
from services.ingest.documents import read_text
from services.runtime import Runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import html_document, store
from tests.model_server import Behaviour, ModelServer, drop_after, never_end, refuse, say

BANK = (
    "The central bank raised interest rates by a quarter point on Monday to slow inflation.|"
    "The governor said that prices had risen faster than expected since spring."
)
FLOOD = (
    "The central bank said that rates may rise again in June.|Rescue teams worked all night with boats in the valley."
)
QUESTION = "Why did the central bank raise interest rates?"
TRUE = "The central bank raised interest rates by a quarter point on Monday"

Answered = tuple[str, list[Sentence], dict[str, Any], list[Any]]
Ask = Callable[..., Answered]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """The model server."""
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def settings(settings: Settings, server: ModelServer) -> Settings:
    """Connected to the model."""
    return settings.model_copy(update={"llm_url": server.url})


@pytest.fixture
def ask(scope: Scope, server: ModelServer) -> Ask:
    """Asks with a server that behaves so; gives mode, sentences, usage and events of the stored answer."""
    store(scope, html_document("Rates rise", BANK, url="https://a.example/1"))
    store(scope, html_document("Rates ahead", FLOOD, url="https://b.example/2"))

    def run(chat: Behaviour, question: str = QUESTION, cancel: Cancellation | None = None) -> Answered:
        server.routes["/v1/chat/completions"] = chat
        events = list(answer(scope, Question(question, mode="generated"), cancel))
        (usage,) = [event.values for event in events if isinstance(event, Usage)]
        done = events[-1]
        assert isinstance(done, Done)
        row, sentences, _ = get_answer(scope, done.answer_id)
        assert row.mode == usage["mode"]
        return row.mode, sentences, usage, events

    return run


def number_of(server: ModelServer, words: str) -> int:
    """The number under which the model was shown the passage with these words."""
    shown = server.chats()[-1]["messages"][-1]["content"]
    before = shown[: shown.index(words)]
    return int(before[before.rindex("[") + 1 : before.rindex("]")])


def cited(number: int) -> Behaviour:
    return say(TRUE, f" [{number}].")


def test_a_sentence_that_its_passage_bears_is_shown_with_its_quote(scope: Scope, server: ModelServer, ask: Ask) -> None:
    ask(say("NO ANSWER"))
    number = number_of(server, "quarter point")
    mode, sentences, usage, events = ask(say(f"- **{TRUE}** [{number}].\nIt was done by 7 people [{number}]."))
    assert mode == "generated"
    assert [sentence.text for sentence in sentences] == [f"{TRUE}."]
    (citation,) = sentences[0].citations
    assert citation.match == "paraphrase"
    text = read_text(scope, citation.document_id).text
    assert text[citation.start : citation.end] == citation.quote
    assert "quarter point on Monday" in citation.quote
    assert (usage["dropped_count"], usage["prompt_tokens"], usage["answer_tokens"]) == (1, 12, 34)
    assert "fallback" not in usage
    assert [event.detail for event in events if isinstance(event, Step)][1] == "1 sentences hold, 1 were left out"


def test_the_prompt_begins_alike_keeps_documents_in_order_and_asks_last(server: ModelServer, ask: Ask) -> None:
    for question in (QUESTION, "May interest rates rise again in June, said the central bank?"):
        ask(say("NO ANSWER"), question)
    (first, second) = ([message["content"] for message in body["messages"]] for body in server.chats())
    assert first[:-1] == second[:-1]
    assert first[0] == read_prompt("answer").instructions
    # Each question reads its own sentences of the same passages.
    numbered = [re.findall(r"^\[\d+\] .*", each[-1], re.MULTILINE) for each in (first, second)]
    assert numbered[0] == numbered[1]
    assert len(numbered[0]) == 2
    assert first[-1].endswith(f"Question: {QUESTION}")
    assert server.chats()[0]["temperature"] == 0
    assert server.chats()[0]["cache_salt"]


@pytest.mark.parametrize(
    "text",
    [
        TRUE,
        f"{TRUE} [99].",
        f"{TRUE} [0].",
        "The central bank lowered its staff by 300 on Friday [1].",
        "See http://evil.example for more on interest rates [1][2].",
        "Penguins seldom fly over frozen oceans in winter [1][2].",
        "The bank [1] rates [2].",
        "[1] [2] [1]",
        "NO ANSWER",
        "",
    ],
)
def test_what_no_passage_bears_is_dropped_and_the_extractive_answer_given(ask: Ask, text: str) -> None:
    mode, sentences, usage, _ = ask(say(text))
    assert mode == "extractive"
    assert "quarter point on Monday" in sentences[0].text
    assert "0 sentences hold" in usage["fallback"]
    assert (usage["dropped_count"] > 0) == (text not in ("NO ANSWER", ""))


@pytest.mark.parametrize(
    ("chat", "said"),
    [
        (refuse(500), "failed"),
        (refuse(503), "as many requests"),
        (refuse(400, {"param": "input_tokens"}), "fewer sources"),
        (drop_after(TRUE), "broke off"),
        (never_end, "in time"),
    ],
    ids=["fails", "busy", "too long", "breaks off", "too slow"],
)
def test_when_the_model_fails_the_extractive_answer_is_given_and_says_so(
    ask: Ask, runtime: Runtime, chat: Behaviour, said: str
) -> None:
    runtime.settings = runtime.settings.model_copy(update={"llm_seconds": 0.5})
    mode, sentences, usage, _ = ask(chat)
    assert mode == usage["mode"] == "extractive"
    assert "quarter point on Monday" in sentences[0].text
    assert said in usage["fallback"]


def test_giving_up_ends_the_answer_and_the_generation(ask: Ask, server: ModelServer) -> None:
    cancel = Cancellation()
    cancel.cancel()
    mode, sentences, usage, _ = ask(never_end, cancel=cancel)
    assert (mode, sentences, usage["mode"]) == ("generated", [], "generated")
    assert server.chats() == []


def test_the_model_reads_the_sentences_about_the_question_and_those_after_them_once(
    scope: Scope, server: ModelServer, ask: Ask
) -> None:
    about, next_one = "The central bank raised interest rates in spring too.", "It named rents as the reason."
    others = " ".join(f"Cows grazed on the hills around village number {number}." for number in range(60))
    store(scope, html_document("More", f"{others} {about} {next_one} {about}", url="https://c.example/3"))
    ask(say("NO ANSWER"))
    shown = server.chats()[0]["messages"][-1]["content"]
    assert f"{about} {next_one}" in shown
    assert shown.count(about) == 1
    assert len(shown) < MOST_CHARACTERS + 1000
    assert shown.count("Cows grazed") < 40
    # A sentence that was shown keeps its place in the document.
    number = number_of(server, about)
    _, sentences, _, _ = ask(say(f"{about} [{number}]"))
    assert [sentence.text for sentence in sentences] == [about]
    (citation,) = sentences[0].citations
    assert read_text(scope, citation.document_id).text[citation.start : citation.end] == citation.quote == about


def test_nothing_is_asked_when_no_source_fits(ask: Ask, server: ModelServer) -> None:
    mode, sentences, usage, _ = ask(cited(1), "xylophone zebra quark")
    assert (mode, sentences) == ("extractive", [])
    assert "No source fits" in usage["fallback"]
    assert server.chats() == []

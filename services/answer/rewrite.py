"""A follow-up question put in full by the language model, where it can be checked; else the rules' reading stands.

What the model writes is only searched for, and asked of it again: no answer rests on it. It may use no name, number or
quotation that the conversation does not have, must be about what was asked, and has a deadline of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.answer.claims.ground import missing_facts, overlap
from services.answer.prompt import as_data, read_prompt, visible
from services.engines.llm.base import Cancellation, LanguageModel, Prompt, Sampling
from services.errors import EngineUnavailable, ModelCancelled, PromptTooLong

MAX_CHARACTERS, MAX_TOKENS = 300, 96
MAX_SAID_CHARACTERS = 600
# Shares of content words: of the rewritten question that the conversation must hold, and of the last question that the
# rewritten one must keep. Chosen by hand on the cases of the test.
LEAST_KNOWN, LEAST_KEPT = 0.6, 0.5


@dataclass(frozen=True)
class Conversation:
    """What was asked before, oldest first, and what the last answer said."""

    before: Sequence[str] = ()
    said: str = ""


def in_full(
    model: LanguageModel, question: str, talk: Conversation, seconds: float, tenant_id: str, cancel: Cancellation | None
) -> tuple[str, dict[str, Any]] | None:
    """The question so that it stands by itself, with the prompt that made it; None where the rules' reading is better."""
    if not model.connected or seconds <= 0:
        return None
    prompt = read_prompt("rewrite")
    said = f"\nAnswered: {line(talk.said[:MAX_SAID_CHARACTERS])}" if talk.said else ""
    asked = (
        "\n".join(f"Asked before: {line(each)}" for each in talk.before) + said + f"\nLast question: {line(question)}"
    )
    sampling = Sampling(max_tokens=MAX_TOKENS)
    try:
        written = model.complete(Prompt(prompt.messages(asked), tenant_id, sampling, seconds), cancel).text
    except ModelCancelled:
        raise
    except (EngineUnavailable, PromptTooLong):
        return None
    rewritten = " ".join(visible(written).split())
    if not holds(rewritten, written, question, talk):
        return None
    return rewritten, {"name": prompt.name, "version": prompt.version}


def line(text: str) -> str:
    """A text of others on one line, as data."""
    return " ".join(as_data(text).split())


def holds(rewritten: str, written: str, question: str, talk: Conversation) -> bool:
    """Whether a rewritten question is one line, says nothing that the conversation does not, and asks the same."""
    thread = [*talk.before, talk.said, question]
    return (
        0 < len(rewritten) <= MAX_CHARACTERS
        and "\n" not in written.strip()
        and not missing_facts(rewritten, thread)
        and overlap(rewritten, thread) >= LEAST_KNOWN
        and overlap(question, [rewritten]) >= (LEAST_KEPT if has_content(question) else 0)
    )


def has_content(question: str) -> bool:
    """Whether a question has words of content at all: "And he?" has none that could be kept."""
    return overlap(question, [question]) > 0

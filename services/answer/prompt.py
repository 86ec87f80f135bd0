"""The prompts: text files in prompts/, each with a version, instructions and worked examples.

    version 1
    === system       the instructions, the same in every prompt and first in it, so that servers keep what they computed
    === user         an example's question, shaped as ours are
    === assistant    and its answer; any number of such pairs

A file's version grows with every change of its text, for stored answers name it (a test compares them with a digest).
Nothing is ever formatted into these texts, nor into a document's: parts are only put side by side.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from services.engines.llm.base import Message, Served
from services.settings import Settings

Variant = Literal["zero-shot", "one-shot", "few-shot"]
FOLDER = Path(__file__).parent / "prompts"
# The worked examples that a variant shows; None: all of them.
EXAMPLES: dict[Variant, int | None] = {"zero-shot": 0, "one-shot": 1, "few-shot": None}
# Models up to so many billions of parameters are shown all examples, or one; larger ones follow instructions alone.
# A convention, not a measurement: no model that writes well ran on the machines Tidings is made on.
FEW_SHOT_BILLIONS, ONE_SHOT_BILLIONS = 4.0, 15.0
# A model that reads no more than this at once, and whose size is not known, counts as small.
SMALL_CONTEXT = 8192
# "-7B", "0.5b", "8x7B": how names of models tell their size. Not "int4b", and not a version such as "3.1-".
SIZE = re.compile(r"(?i)(?<![\w.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z0-9])")
PART = re.compile(r"^=== (system|user|assistant)\n", re.MULTILINE)
# Marks by which chat templates tell who speaks: a text that holds them must not be able to speak for somebody else.
MARKS = re.compile(
    r"<[|｜][^<>\n]{0,40}[|｜]>|</?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|system|user|assistant|think|tool_call)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
    r"|^#{1,6}[ \t]*(?=(?i:system|user|assistant|instructions?|response)\b)",
    re.MULTILINE,
)
# Line ends, tabs, and the joiners.
KEPT = "\n\t\u200c\u200d"
# A bracketed number is how our passages are numbered and cited.
NUMBERED = re.compile(r"\[(\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*)\]")


@dataclass(frozen=True)
class PromptText:
    """A prompt as it stands in its file, with as many examples as its variant shows. `name`: file and variant."""

    name: str
    version: int
    instructions: str
    examples: tuple[tuple[str, str], ...]

    def messages(self, asked: str) -> list[Message]:
        """The conversation to send: instructions, examples, and what is asked now."""
        shown = [
            message
            for put, answered in self.examples
            for message in (Message("user", put), Message("assistant", answered))
        ]
        return [Message("system", self.instructions), *shown, Message("user", asked)]


@cache
def read_prompt(file: str, variant: Variant | None = None) -> PromptText:
    """The prompt of a file in a variant; without one all its examples are shown."""
    head, *parts = PART.split((FOLDER / f"{file}.txt").read_text(encoding="utf-8"))
    texts = [part.strip() for part in parts[1::2]]
    pairs = tuple(zip(texts[1::2], texts[2::2], strict=True))
    name = file if variant is None else f"{file}/{variant}"
    return PromptText(name, int(head.split()[1]), texts[0], pairs[: EXAMPLES[variant] if variant else None])


def variants(settings: Settings, served: Served) -> tuple[list[Variant], str]:
    """The variants to try, the one with most examples first, and one sentence on why.

    With `auto` the examples give way before a passage does; a variant that was set stands.
    """
    if settings.llm_prompt != "auto":
        return [settings.llm_prompt], "set by TIDINGS_LLM_PROMPT"
    chosen, why = automatic(settings.llm_billions, served)
    order: list[Variant] = ["few-shot", "one-shot", "zero-shot"]
    return order[order.index(chosen) :], why


def automatic(billions: float, served: Served) -> tuple[Variant, str]:
    """The variant that suits the model, and one sentence on why."""
    told = "TIDINGS_LLM_BILLIONS says" if billions else "the model's name says"
    size = billions or size_of(f"{served.model} {served.root}")
    if size is None:
        if served.context is not None and served.context <= SMALL_CONTEXT:
            return (
                "few-shot",
                f"the model's size is not known, and it reads {served.context:,} tokens at once, as small ones do",
            )
        return "one-shot", "the model's size is not known; TIDINGS_LLM_BILLIONS can say it"
    variant: Variant = (
        "few-shot" if size <= FEW_SHOT_BILLIONS else "one-shot" if size <= ONE_SHOT_BILLIONS else "zero-shot"
    )
    return variant, f"{told} {size:g} billion parameters"


def size_of(names: str) -> float | None:
    """Billions of parameters as the names of a model tell them; None when they do not."""
    found = [float(each[2]) * int(each[1] or 1) for each in SIZE.finditer(re.sub(r"[-_/]", " ", names))]
    return max(found, default=None)


def as_data(text: str) -> str:
    """A text of others as it is put into a prompt: without marks that speak for somebody, and without hidden characters."""
    return NUMBERED.sub(r"(\1)", MARKS.sub(" ", visible(text)))


def visible(text: str) -> str:
    """A text without characters that nobody sees: controls, direction overrides, tag characters, zero-width spaces.

    The two joiners stay: scripts are written with them.
    """
    if text.replace("\n", " ").replace("\t", " ").isprintable():
        return text
    kinds = ((each, "Zs" if each in KEPT else unicodedata.category(each)) for each in text)
    return "".join(" " if kind == "Cc" else each for each, kind in kinds if kind not in ("Cf", "Co", "Cs"))

"""Judging answers to the golden questions. Pure: what was found and answered in, verdict out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from services.demo.pack import Question

# How many search results count as found.
LOOKED_AT = 5


@dataclass(frozen=True)
class Verdict:
    """What became of one question.

    `found`: what is expected is among the first LOOKED_AT results. `cited`: the answer cites it. `said`: the cited
    sentences hold the figures and words that answer. For a question that nothing answers all three say whether the
    answer was refused.
    """

    question: Question
    found: bool
    cited: bool
    said: bool


def judge(question: Question, hits: Collection[Mapping[str, Any]], answer: Mapping[str, Any]) -> Verdict:
    """Judge one question by the search results and the answer that the API gave, as JSON."""
    if question.kind == "absent":
        refused = not answer["grounded"]
        return Verdict(question, refused, refused, refused)
    enough = any if question.kind == "fact" else all
    found = {name_of(hit["document"]) for hit in hits}
    sources = {source["number"]: name_of(source["document"]) for source in answer["sources"]}
    numbers = {citation["source_number"] for sentence in answer["sentences"] for citation in sentence["citations"]}
    cited = {sources[number] for number in numbers if number in sources}
    text = " ".join(sentence["text"] for sentence in answer["sentences"])
    return Verdict(
        question,
        found=enough(name in found for name in question.expected),
        cited=enough(name in cited for name in question.expected),
        said=all(words in text for words in question.says),
    )


def name_of(document: Mapping[str, Any]) -> str:
    """What a question calls a document: its address, else its title."""
    return str(document["url"] or document["title"])

"""Answers without a language model: the sentences of the sources that answer best, word for word.

Nothing is invented because nothing is written: each sentence is a span of a document. A sentence is scored by its
closeness to the question (cosine), by the share of the question's words it holds, and by how well its chunk fits;
the next one is chosen to add something the chosen ones lack (maximal marginal relevance, Carbonell & Goldstein 1998).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.engines.vectors.base import Vector
from services.ingest.sentences import sentences
from services.search.search import Candidate

MAX_SENTENCES = 5
# Scores below this do not answer; relative to the best sentence, these do not belong to the same answer.
LEAST_SCORE = 0.35
LEAST_SHARE_OF_BEST = 0.6
COSINE_WEIGHT, COVERAGE_WEIGHT, CHUNK_WEIGHT = 0.55, 0.30, 0.15
REDUNDANCY_WEIGHT = 0.35
# Two sentences closer than this say the same.
SAME_COSINE = 0.92
WORDS_RANGE = (5, 70)
# Statements end so; headings do not, and questions answer nothing.
STATEMENT = re.compile(r"[.!…。！][\"'”’»)\]]*$")
# A sentence that leans on the one before it reads badly alone.
LEANING = re.compile(
    r"(?i)^[\"“‘'(]*(he|she|it|they|this|that|these|those|but|and|however|also|so|then|such|his|her|their)\b"
)
LEANING_PENALTY = 0.12
MOST_CANDIDATES = 120
# News answers 'why' in the sentence after the one that repeats the question's words: it inherits some of that score, and
# an English sentence that names a cause gets more when a cause was asked for.
FOLLOWING_SHARE = 0.3
CAUSE_BONUS = 0.15
WHY = re.compile(r"(?i)\bwhy\b|\breasons?\b|\bcauses?d?\b")
CAUSE = re.compile(
    r"(?i)\b(because|due to|owing to|reasons?|caused?|blam\w+|thanks to|as a result|needed|costs? more)\b"
)

Embed = Callable[[Sequence[str]], Vector]


@dataclass(frozen=True)
class Choice:
    """A sentence of a source: which source, and its span in the document's text."""

    source_index: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Scored:
    """A sentence with its score and, when the model is there, its vector's row."""

    choice: Choice
    score: float
    row: int


def select_sentences(groups: Sequence[Sequence[Candidate]], question: str, embed: Embed | None) -> list[Choice]:
    """The sentences that answer a question best, best first; empty when none does.

    `groups` are candidates by document; `embed` None scores by words alone.
    """
    found = collect(groups)[:MOST_CANDIDATES]
    if not found:
        return []
    vectors = embed([question, *(choice.text for choice, _ in found)]) if embed else None
    own = [
        score(choice, candidate, None if vectors is None else float(vectors[0] @ vectors[row]))
        for row, (choice, candidate) in enumerate(found, start=1)
    ]
    if max(own) < LEAST_SCORE:
        return []
    scored = [
        Scored(choice, own[index] + support(found, own, index, asks_why=bool(WHY.search(question))), index + 1)
        for index, (choice, _) in enumerate(found)
    ]
    return [each.choice for each in diversify(scored, vectors)]


def collect(groups: Sequence[Sequence[Candidate]]) -> list[tuple[Choice, Candidate]]:
    """All whole sentences of the candidates, with where they stand in their documents."""
    found = []
    for index, group in enumerate(groups):
        for candidate in group:
            for start, end in sentences(candidate.chunk.text):
                text = candidate.chunk.text[start:end]
                if WORDS_RANGE[0] <= len(text.split()) <= WORDS_RANGE[1] and STATEMENT.search(text):
                    offset = candidate.chunk.start
                    found.append((Choice(index, offset + start, offset + end, text), candidate))
    return found


def score(choice: Choice, candidate: Candidate, cosine: float | None) -> float:
    """How well a sentence answers, about 0..1."""
    coverage = candidate.terms.coverage(choice.text)
    if cosine is None:
        value = (COSINE_WEIGHT + COVERAGE_WEIGHT) * coverage + CHUNK_WEIGHT * candidate.relevance
    else:
        value = COSINE_WEIGHT * max(0.0, cosine) + COVERAGE_WEIGHT * coverage + CHUNK_WEIGHT * candidate.relevance
    return value - (LEANING_PENALTY if LEANING.match(choice.text) else 0.0)


def support(found: Sequence[tuple[Choice, Candidate]], own: Sequence[float], index: int, *, asks_why: bool) -> float:
    """What a sentence gains from the one before it in its chunk, and from naming a cause when one was asked for."""
    follows = index > 0 and found[index - 1][1] is found[index][1]
    gained = FOLLOWING_SHARE * max(0.0, own[index - 1]) if follows else 0.0
    return gained + (CAUSE_BONUS if asks_why and CAUSE.search(found[index][0].text) else 0.0)


def diversify(scored: Sequence[Scored], vectors: Vector | None) -> list[Scored]:
    """The best sentence, then those that add most to what is chosen; ties by order of appearance."""
    floor = LEAST_SHARE_OF_BEST * max(each.score for each in scored)
    left = [each for each in scored if each.score >= floor]
    chosen: list[Scored] = []
    while left and len(chosen) < MAX_SENTENCES:
        closeness = {each.row: nearest(each, chosen, vectors) for each in left}
        left = [each for each in left if closeness[each.row] < SAME_COSINE]
        if not left:
            break
        pick = max(left, key=lambda each: (each.score - REDUNDANCY_WEIGHT * closeness[each.row], -each.row))
        chosen.append(pick)
        left.remove(pick)
    return chosen


def nearest(each: Scored, chosen: Sequence[Scored], vectors: Vector | None) -> float:
    """How close a sentence is to the nearest chosen one, 0..1: cosine, or shared words without the model."""
    if not chosen:
        return 0.0
    if vectors is not None:
        return float(np.max(vectors[[other.row for other in chosen]] @ vectors[each.row]))
    words = set(each.choice.text.lower().split())
    return max(len(words & set(o.choice.text.lower().split())) / len(words) for o in chosen)

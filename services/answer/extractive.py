"""Answers without a language model: the sentences of the sources that answer best, word for word.

Nothing is invented because nothing is written: each sentence is a span of a document. A sentence is scored by its
closeness to the question (cosine), by the share of the question's words it holds, by how well its chunk fits, and by how
many other sources say nearly the same; the next one is chosen to add something the chosen ones lack (maximal marginal
relevance, Carbonell & Goldstein 1998).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.answer.abstain import is_answered
from services.engines.vectors.base import Vector
from services.ingest.sentences import LEANING, STATEMENT, sentences
from services.search.highlight import STOP_WORDS, Terms, folded, stem, terms_of, vocabulary
from services.search.search import Candidate

MAX_SENTENCES = 5
# Without the model scores below this do not answer; with it see abstain.py. Relative to the best sentence, those below
# this share do not belong to the same answer.
LEAST_SCORE = 0.35
LEAST_SHARE_OF_BEST = 0.7
# Chosen where both halves of two collections agreed (`python -m bench.extractive`; ADR 28 has the sweep).
COSINE_WEIGHT, COVERAGE_WEIGHT, CHUNK_WEIGHT = 0.45, 0.20, 0.35
REDUNDANCY_WEIGHT = 0.35
# Without the model: the share of the question's words in the sentence, and in its chunk.
WORDS_ALONE_WEIGHT, WORDS_CHUNK_WEIGHT = 0.85, 0.15
# What others say too: other sources with a sentence at least this near, of which so many count fully.
ECHO_WEIGHT, ECHO_COSINE, MOST_ECHOES = 0.20, 0.70, 3
# Two sentences closer than this say the same.
SAME_COSINE = 0.92
WORDS_RANGE = (5, 70)
LEANING_PENALTY = 0.05
# Sentences that are embedded: those that the words of the question and of the other sources speak for. Embedding is most of
# an answer's time (`python -m bench.run answer`). Of the evidence that answers hold with all 56 to 83 sentences, 20 keep
# .98 on conversations, .96 on news and all in the demo (bench/evidence.py); by the question's words alone 32 kept .99, .93, 1.
MOST_CANDIDATES = 20
SHARED_WEIGHT = 0.15
# News answers 'why' in the sentence after the one that repeats the question's words: it inherits some of that score, and
# an English sentence that names a cause gets more when a cause was asked for.
FOLLOWING_SHARE = 0.25
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


def select_sentences(
    collected: list[tuple[Choice, Candidate]], questions: Sequence[str], embed: Embed | None
) -> list[Choice]:
    """The sentences that answer best, best first; empty when none does.

    `collected` is what `collect` made of the sources; `questions` the question and, when it leans on those before it, the
    same joined with them: fit is the mean of both. `embed` None scores by words alone.
    """
    found = promising(collected, questions)
    if not found:
        return []
    vectors = embed([*questions, *(choice.text for choice, _ in found)]) if embed else None
    first = len(questions)
    fits = [
        fit(question, found, None if vectors is None else (vectors[first:] @ vectors[row]).tolist())
        for row, question in enumerate(questions)
    ]
    if vectors is None:
        if max(map(max, fits)) < LEAST_SCORE:
            return []
    elif not any(holds_answer(question, found, vectors, row, first) for row, question in enumerate(questions)):
        return []
    own = [sum(of_one) / first for of_one in zip(*fits, strict=True)]
    echoes = [0.0] * len(found) if vectors is None else echoed([choice for choice, _ in found], vectors[first:])
    asks_why = bool(WHY.search(questions[0]))
    scored = [
        Scored(
            choice,
            own[index] + support(found, own, index, asks_why=asks_why) + ECHO_WEIGHT * echoes[index],
            first + index,
        )
        for index, (choice, _) in enumerate(found)
    ]
    return [each.choice for each in diversify(scored, vectors)]


def promising(found: list[tuple[Choice, Candidate]], questions: Sequence[str]) -> list[tuple[Choice, Candidate]]:
    """The sentences that are worth embedding, in their order: by their words, that of the one before, and their chunk's fit."""
    if len(found) <= MOST_CANDIDATES:
        return found
    terms = {
        language: [terms_of(question, language) for question in questions]
        for language in {candidate.document.language for _, candidate in found}
    }
    coverage = [
        sum(each.coverage(choice.text) for each in terms[candidate.document.language]) / len(questions)
        for choice, candidate in found
    ]
    common = shared_words(found)

    def worth(index: int) -> tuple[float, int]:
        follows = index > 0 and found[index - 1][1] is found[index][1]
        before = FOLLOWING_SHARE * coverage[index - 1] if follows else 0.0
        by_question = COVERAGE_WEIGHT * (coverage[index] + before) + CHUNK_WEIGHT * found[index][1].relevance
        return -(by_question + SHARED_WEIGHT * common[index]), index

    return [found[index] for index in sorted(sorted(range(len(found)), key=worth)[:MOST_CANDIDATES])]


def shared_words(found: Sequence[tuple[Choice, Candidate]]) -> list[float]:
    """How many of the other sources have the words of each sentence, as a mean over its words, 0..1."""
    said = [
        {stem(word, candidate.document.language) for word in vocabulary(choice.text) if folded(word) not in STOP_WORDS}
        for choice, candidate in found
    ]
    by_source: dict[int, set[str]] = {}
    for (choice, _), stems in zip(found, said, strict=True):
        by_source.setdefault(choice.source_index, set()).update(stems)
    sources = Counter(each for stems in by_source.values() for each in stems)
    others = max(1, len(by_source) - 1)
    return [sum(sources[each] - 1 for each in stems) / (others * max(1, len(stems))) for stems in said]


def holds_answer(
    question: str, found: Sequence[tuple[Choice, Candidate]], vectors: Vector, row: int, first: int
) -> bool:
    """Whether the question in this row is answered by what was found, whose sentences begin in row `first`."""
    candidates = list({id(candidate): candidate for _, candidate in found}.values())
    nearest_chunk = max(candidate.found.cosine or 0.0 for candidate in candidates)
    texts = [f"{each.document.title}\n{each.chunk.text}" for each in candidates]
    said = [choice.text for choice, _ in found]
    return is_answered(question, texts, said, nearest_chunk, float(np.max(vectors[first:] @ vectors[row])))


def fit(question: str, found: Sequence[tuple[Choice, Candidate]], cosines: Sequence[float] | None) -> list[float]:
    """How well each sentence answers a question, about 0..1."""
    terms = {language: terms_of(question, language) for language in {each.document.language for _, each in found}}
    return [
        score(choice, candidate, terms[candidate.document.language], None if cosines is None else cosines[index])
        for index, (choice, candidate) in enumerate(found)
    ]


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


def score(choice: Choice, candidate: Candidate, terms: Terms, cosine: float | None) -> float:
    """How well a sentence answers a question with these terms, about 0..1."""
    coverage = terms.coverage(choice.text)
    if cosine is None:
        value = WORDS_ALONE_WEIGHT * coverage + WORDS_CHUNK_WEIGHT * candidate.relevance
    else:
        value = COSINE_WEIGHT * max(0.0, cosine) + COVERAGE_WEIGHT * coverage + CHUNK_WEIGHT * candidate.relevance
    return value - (LEANING_PENALTY if LEANING.match(choice.text) else 0.0)


def support(found: Sequence[tuple[Choice, Candidate]], own: Sequence[float], index: int, *, asks_why: bool) -> float:
    """What a sentence gains from the one before it in its chunk, and from naming a cause when one was asked for."""
    follows = index > 0 and found[index - 1][1] is found[index][1]
    gained = FOLLOWING_SHARE * max(0.0, own[index - 1]) if follows else 0.0
    return gained + (CAUSE_BONUS if asks_why and CAUSE.search(found[index][0].text) else 0.0)


def echoed(choices: Sequence[Choice], vectors: Vector) -> list[float]:
    """How many other sources say nearly what each sentence says, 0..1; one row of `vectors` for each."""
    sources = np.array([choice.source_index for choice in choices])
    near = vectors @ vectors.T >= ECHO_COSINE
    return [
        min(len(set(sources[row].tolist()) - {own}), MOST_ECHOES) / MOST_ECHOES
        for row, own in zip(near, sources.tolist(), strict=True)
    ]


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

"""How much of what answers a question is in an answer of key sentences, against lead-3 and plain MMR at equal length.

    python -m bench.extractive

Each question of three collections (bench/evidence.py) is searched and answered as the product does without a language
model. The others choose from the same passages until they have at least as many words as ours, the last sentence whole:
lead-3 takes the first three sentences of each passage, from passage to passage or from document to document; MMR (Carbonell
& Goldstein 1998) the sentence nearest to the question, less its nearness to what is chosen, with cosines alone and the best
of three lambdas for each collection. Questions that ours refuses are left out for all. The figure is the least ratio of our
recall to the best of the others, over the collections.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.common import SHARED, Target, record
from bench.evidence import COLLECTIONS, Asked, tenant
from services.answer import context
from services.answer.answer import embedding, find
from services.answer.context import Reading
from services.answer.extractive import select_sentences
from services.ingest.sentences import sentences
from services.scope import Scope
from services.search.query import Filters
from services.search.repository import paged_documents
from services.search.search import Candidate, read

TARGET = Target(1.0)
MAX_SOURCES = 8
LEAD = 3
LAMBDAS = (0.5, 0.7, 0.9)
# More are never taken: an answer of ours has five.
MOST = 40
OURS = "tidings"
SKIPPED = 2


@dataclass(frozen=True)
class Run:
    """One question: its half, the words of our answer, and the recall of each way."""

    half: int
    words: int
    recall: dict[str, float]


def reading_of(scope: Scope, asked: Asked) -> Reading:
    """What an answerer reads for a question."""
    candidates, _, _ = find(scope, asked.text, asked.asked, Filters())
    with scope.read() as tx:
        chosen = read(tx, context.choose([each for each in candidates if each.document.id != asked.own], MAX_SOURCES))
        documents = paged_documents(tx, {each.document.id for each in chosen})
    groups = context.fitting(chosen)
    return Reading(asked.text, asked.asked, groups, context.number(groups, documents))


def measure(scope: Scope, questions: Sequence[Asked]) -> Iterator[Run]:
    """Answer each question in all ways; those that ours refuses give nothing."""
    for asked in questions:
        reading, embed = reading_of(scope, asked), embedding(scope)
        own = [each.text for each in select_sentences(reading.sentences, list({asked.text: 0, asked.asked: 0}), embed)]
        if not own:
            continue
        words = sum(len(text.split()) for text in own)
        passages = [each for group in reading.groups for each in group]
        ways = {OURS: own, "lead-3 by document": until(words, leads(passages))}
        passages.sort(key=lambda each: -each.score)
        ways["lead-3"] = until(words, leads(passages))
        texts = list(dict.fromkeys(text for each in passages for text in said(each)))
        [vector], vectors = embed([asked.asked]), embed(texts)
        for weight in LAMBDAS:
            ways[f"MMR {weight}"] = until(words, [texts[at] for at in mmr(vectors @ vector, vectors, weight)])
        yield Run(asked.half, words, {way: asked.recall("\n".join(chosen)) for way, chosen in ways.items()})


def said(passage: Candidate) -> list[str]:
    """The sentences of a passage."""
    return [passage.chunk.text[start:end] for start, end in sentences(passage.chunk.text)]


def leads(passages: Sequence[Candidate]) -> list[str]:
    """The first sentences of each passage."""
    return [text for passage in passages for text in said(passage)[:LEAD]]


def until(words: int, texts: Sequence[str]) -> list[str]:
    """The first of these texts, each once, that have so many words together."""
    taken: list[str] = []
    for text in dict.fromkeys(texts):
        if words <= 0:
            break
        taken.append(text)
        words -= len(text.split())
    return taken


def mmr(fits: Any, vectors: Any, weight: float) -> list[int]:
    """Rows in the order of maximal marginal relevance: weight * fit - (1 - weight) * nearest chosen."""
    near, order = np.zeros(len(fits)), []
    left = np.ones(len(fits), dtype=bool)
    while left.any() and len(order) < MOST:
        row = int(np.argmax(np.where(left, weight * fits - (1 - weight) * near, -np.inf)))
        order.append(row)
        left[row] = False
        near = np.maximum(near, vectors @ vectors[row])
    return order


def summed(runs: Sequence[Run], asked: int) -> dict[str, Any]:
    """Mean recall of each way, over all questions and in each half, and the ratio."""
    recall = {way: round(float(np.mean([run.recall[way] for run in runs])), 4) for way in runs[0].recall}
    halves = [
        {way: round(float(np.mean([run.recall[way] for run in runs if run.half == half])), 4) for way in recall}
        for half in (0, 1)
    ]
    return {
        "questions": asked,
        "answered": len(runs),
        "words": round(float(np.mean([run.words for run in runs])), 1),
        "recall": recall,
        "halves": halves,
        "ratio": ratio(recall),
        "ratio_of_halves": [ratio(half) for half in halves],
    }


def ratio(recall: dict[str, float]) -> float:
    """Ours against the best of the others."""
    return round(recall[OURS] / max(value for way, value in recall.items() if way != OURS), 4)


def main() -> int:
    """Run the bench."""
    if not SHARED.exists():
        return SKIPPED
    results: dict[str, Any] = {}
    for name, make in COLLECTIONS.items():
        with tenant() as (scope, made):
            questions = make(scope, made)
            results[name] = summed(list(measure(scope, questions)), len(questions))
    figure = min(result["ratio"] for result in results.values())
    return record("extractive", "evidence in key sentences / lead-3 and MMR, same length", figure, TARGET, results)


if __name__ == "__main__":
    sys.exit(main())

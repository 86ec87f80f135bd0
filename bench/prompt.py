"""Tokens of the language model's prompt against putting the best chunks into it whole, at equal recall of the evidence.

    python -m bench.prompt

Each question of three collections (bench/evidence.py) is searched as for an answer. Ours is the prompt that the product
makes; the others put the first k chunks whole into the same prompt, for the least k that recalls as much evidence over all
questions. Evidence is sentences: what people's answers were written from, what other reports of the event say, or the
figures and words that an answer must have. The figure is the largest ratio of the three. Beside it stands the ratio to the
chunks nearest in meaning, whole, which is what a plain build puts into its prompt; and what the same prompts give when a
relevant passage counts as recalled with any sentence of it (conversations, last turn).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.common import SHARED, Target, record
from bench.evidence import COLLECTIONS, Asked, tenant
from services.answer import context
from services.answer.answer import find
from services.answer.context import Reading
from services.answer.generate import asked_of, in_stable_order, ranked_passages
from services.answer.prompt import read_prompt
from services.models import Document
from services.scope import Scope
from services.search.evaluate import load
from services.search.followup import joined
from services.search.query import Filters
from services.search.repository import paged_documents
from services.search.search import Candidate, read

TARGET = Target(0.6, at_most=True)
# How many chunks are tried.
TRIED = (*range(1, 13), 14, 16, 20, 30)
MAX_SOURCES = 8
SKIPPED = 2


@dataclass(frozen=True)
class Passages:
    """A question as Asked, whose evidence are documents: recalled is one of which anything is in the prompt."""

    text: str
    asked: str
    documents: frozenset[str]
    own: None = None


def last_turns(scope: Scope) -> list[Passages]:
    """The last turn of each conversation, with its relevant passages among the documents that are stored."""
    labelled = load(SHARED / "conversational")
    with scope.read() as tx:
        ids = {row.text: row.id for row in tx.session.scalars(tx.select(Document))}
    return [
        Passages(
            each.text,
            joined(each.text, each.before),
            frozenset(ids[labelled.documents[id_][1]] for id_, grade in each.grades.items() if grade),
        )
        for each in labelled.questions
    ]


def prompt_of(
    scope: Scope,
    groups: Sequence[Sequence[Candidate]],
    documents: Mapping[str, Document],
    asked: Asked | Passages,
    *,
    ours: bool,
) -> tuple[int, float]:
    """Tokens of the prompt over these groups, and the share of the evidence in it."""
    reading = Reading(asked.text, asked.asked, groups, context.number(groups, documents))
    passages = in_stable_order(ranked_passages(reading, whole=not ours), reading)
    messages = read_prompt("answer", "zero-shot").messages(asked_of(asked.asked, passages, reading))
    tokens = sum(scope.runtime.embedder.count_tokens([message.content for message in messages]))
    if isinstance(asked, Asked):
        return tokens, asked.recall("\n".join(each.text for each in passages))
    shown = {reading.sources[each.source_index].document.id for each in passages}
    return tokens, len(asked.documents & shown) / len(asked.documents)


def measure(scope: Scope, questions: Sequence[Asked | Passages]) -> dict[str, Any]:
    """Mean tokens and recall of ours, and of the first k chunks."""
    ours: list[tuple[int, float]] = []
    whole: list[list[tuple[int, float]]] = []
    nearest: list[list[tuple[int, float]]] = []
    for asked in questions:
        candidates, _, _ = find(scope, asked.text, asked.asked, Filters())
        candidates = [each for each in candidates if each.document.id != asked.own]
        with scope.read() as tx:
            chosen = read(tx, context.choose(candidates, MAX_SOURCES))
            first = read(tx, candidates[: TRIED[-1]])
            near = read(tx, sorted(candidates, key=lambda each: -(each.found.cosine or 0.0))[: TRIED[-1]])
            documents = paged_documents(tx, {each.document.id for each in (*chosen, *first, *near)})
        ours.append(prompt_of(scope, context.fitting(chosen), documents, asked, ours=True))
        for found, chunks in ((whole, first), (nearest, near)):
            found.append(
                [prompt_of(scope, [[each] for each in chunks[:k]], documents, asked, ours=False) for k in TRIED]
            )
    tokens, recall = (sum(each) / len(ours) for each in zip(*ours, strict=True))
    by_score, by_meaning = least(whole, recall), least(nearest, recall)
    return {
        "questions": len(ours),
        "ours": {"tokens": round(tokens), "recall": round(recall, 4)},
        "whole_chunks": by_score,
        "ratio": round(tokens / by_score["tokens"], 3),
        "whole_chunks_by_meaning": by_meaning,
        "ratio_by_meaning": round(tokens / by_meaning["tokens"], 3),
    }


def least(tried: Sequence[Sequence[tuple[int, float]]], recall: float) -> dict[str, float]:
    """The least number of chunks that recalls as much over all questions, with its tokens; else the most that were tried."""
    curve = [tuple(sum(row[k][part] for row in tried) / len(tried) for part in (0, 1)) for k in range(len(TRIED))]
    k = next((k for k, (_, found) in enumerate(curve) if found >= recall), len(TRIED) - 1)
    return {"k": TRIED[k], "tokens": round(curve[k][0]), "recall": round(curve[k][1], 4)}


def main() -> int:
    """Run the bench."""
    if not SHARED.exists():
        return SKIPPED
    results: dict[str, Any] = {}
    for name, make in COLLECTIONS.items():
        with tenant() as (scope, made):
            results[name] = measure(scope, make(scope, made))
            if name == "conversations":
                passages = measure(scope, last_turns(scope))
    figure = max(result["ratio"] for result in results.values())
    report = {**results, "any_sentence_of_a_passage": passages}
    return record("prompt", "prompt tokens, ours / first chunks whole, same evidence", figure, TARGET, report)


if __name__ == "__main__":
    sys.exit(main())

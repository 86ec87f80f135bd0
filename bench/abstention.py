"""Whether questions that nothing answers are refused, and the others are not: the constants of services/answer/abstain.py.

    python -m bench.abstention [--fit]

Real questions of conversations (MT-RAG), each asked twice: with the passages that answer it, and after these were taken
away, when what is left is about the same things. With `--fit` the weights are fitted anew in five folds by conversation
and what each fold gives for the others is printed; otherwise those of the product are measured. The figure is balanced
accuracy: the mean of the shares of answerable questions answered and of others refused.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.common import MODEL_CACHE, SHARED, Target, record
from services.answer.abstain import is_answered, share
from services.engines.embedder import Lane
from services.engines.vectors.base import Vector
from services.ingest.sentences import sentences
from services.search.evaluate import rows, scratch
from services.search.followup import joined
from services.search.highlight import terms_of
from services.settings import Settings

TARGET = Target(0.75)
# Passages read for a question, of those nearest in meaning; words count half as much as cosine, as in search.
NEAREST, READ, WORDS = 40, 6, 0.5
FOLDS = 5
SKIPPED = 2


@dataclass(frozen=True)
class Asked:
    """A question with what was found for it, and whether that can answer it."""

    conversation: str
    question: str
    texts: Sequence[str]
    said: Sequence[str]
    passage_cosine: float
    sentence_cosine: float
    answerable: bool

    @property
    def signals(self) -> list[float]:
        """What the weights are for."""
        return [1.0, self.passage_cosine, self.sentence_cosine, max(share(self.question, text) for text in self.texts)]


def asked(embed: Any) -> Iterator[Asked]:
    """Every answerable question, with its passages and without."""
    folder = SHARED / "conversational"
    corpus = {str(row["_id"]): f"{row.get('title') or ''}\n{row['text']}" for row in rows(folder / "corpus.jsonl")}
    answers: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question_id, document_id, grade = line.split("\t")
        if int(grade) > 0:
            answers.setdefault(question_id, set()).add(document_id)
    vectors = embed(list(corpus.values()))
    for row in rows(folder / "queries.jsonl"):
        if row["answerability"] != ["ANSWERABLE"]:
            continue
        question = joined(row["text"], [turn["text"] for turn in row["history"] if turn["speaker"] == "user"])
        for answerable in (True, False):
            gone = set() if answerable else answers[str(row["_id"])]
            left = [(text, vectors[at]) for at, (id_, text) in enumerate(corpus.items()) if id_ not in gone]
            yield found(str(row["_id"]).split("<")[0], question, left, embed, answerable=answerable)


def found(
    conversation: str, question: str, left: Sequence[tuple[str, Vector]], embed: Any, *, answerable: bool
) -> Asked:
    """What is read for a question."""
    [vector] = embed([question])
    terms = terms_of(question)
    cosines = np.array([of @ vector for _, of in left])
    near = np.argsort(-cosines)[:NEAREST]
    best = sorted(near, key=lambda at: -(cosines[at] + WORDS * terms.coverage(left[at][0])))[:READ]
    texts = [left[at][0] for at in best]
    said = [text[start:end] for text in texts for start, end in sentences(text)]
    nearest = float(np.max(embed(said) @ vector))
    return Asked(conversation, question, texts, said, float(cosines[best].max()), nearest, answerable)


def balanced(right: Sequence[bool], labels: Sequence[bool]) -> dict[str, float]:
    """Shares of both kinds judged rightly, and their mean."""
    shares = {
        label: float(np.mean([r for r, own in zip(right, labels, strict=True) if own == label]))
        for label in (True, False)
    }
    return {
        "answered": round(shares[True], 4),
        "refused": round(shares[False], 4),
        "balanced": round(sum(shares.values()) / 2, 4),
    }


def fit(signals: Any, labels: Any) -> Any:
    """Weights of a logistic regression, by gradient descent with a little shrinkage."""
    weights = np.zeros(signals.shape[1])
    for _ in range(8000):
        likely = 1 / (1 + np.exp(-signals @ weights))
        weights -= 1.5 * (signals.T @ (likely - labels) / len(labels) + 0.003 * np.r_[0, weights[1:]])
    return weights


def crossed(questions: Sequence[Asked]) -> dict[str, Any]:
    """Each fold of conversations judged by weights fitted on the others."""
    folds = np.array([int(hashlib.sha256(each.conversation.encode()).hexdigest(), 16) % FOLDS for each in questions])
    signals = np.array([each.signals for each in questions])
    labels = np.array([float(each.answerable) for each in questions])
    likely = np.zeros(len(labels))
    for fold in range(FOLDS):
        likely[folds == fold] = 1 / (
            1 + np.exp(-signals[folds == fold] @ fit(signals[folds != fold], labels[folds != fold]))
        )
    at = {
        str(least): balanced(list((likely >= least) == (labels == 1)), list(labels == 1))
        for least in (0.3, 0.4, 0.42, 0.5)
    }
    return {"weights": fit(signals, labels).round(2).tolist(), "at": at}


def main() -> int:
    """Ask, judge, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the weights anew, in folds")
    options = parser.parse_args()
    if not SHARED.exists():
        return SKIPPED
    with scratch(Settings(data_dir=MODEL_CACHE)) as runtime:
        questions = list(asked(lambda texts: runtime.embedder.embed(texts, lane=Lane.BULK)))
    labels = [each.answerable for each in questions]
    judged = [
        is_answered(each.question, each.texts, each.said, each.passage_cosine, each.sentence_cosine)
        for each in questions
    ]
    report: dict[str, Any] = balanced([mine == label for mine, label in zip(judged, labels, strict=True)], labels)
    report |= (
        {"questions": len(questions), "folds": crossed(questions)} if options.fit else {"questions": len(questions)}
    )
    return record(
        "abstention", "balanced accuracy of refusing what nothing answers", report["balanced"], TARGET, report
    )


if __name__ == "__main__":
    sys.exit(main())

"""Which fusion finds the right documents: the sweep behind the constants of services/search/fuse.py.

    python -m bench.fusion

Prints nDCG@10 for weights of the words and floors of their divisor, beside each leg alone and plain reciprocal rank
fusion, on two labelled collections: questions of conversations (MT-RAG, last turn), and news: the first sentence of a
story asked for the other stories of its event (ECB+). The figure is the least of our nDCG over the best of the others.
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from typing import Any

from bench.common import MODEL_CACHE, SHARED, Target, record
from services.engines.embedder import Lane
from services.engines.vectors.base import ScoredChunk
from services.runtime import Runtime
from services.search.evaluate import DENSE, LEXICAL, RRF, Labelled, Question, Report, ask, indexed, load, ranked, scored
from services.search.fuse import FUSION, Fusion
from services.settings import Settings

TARGET = Target(1.0)
TRIED = {
    f"words {weight}, floor {floor}": Fusion(weight, floor)
    for weight in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
    for floor in (0.0, 1.0, 2.0, 3.0, 4.0)
}
NEWS_QUESTIONS = 250
SKIPPED = 2
METRIC = "nDCG@10"


def news() -> Labelled:
    """Stories without their first sentence, and these as questions."""
    events = defaultdict(set)
    documents, leads = {}, {}
    with (SHARED / "stories" / "documents.jsonl").open(encoding="utf-8") as lines:
        for story in map(json.loads, lines):
            sentences = [each for each in story["sentences"] if not each.startswith("http")]
            if len(sentences) > 1:
                leads[story["_id"]] = sentences[0]
                documents[story["_id"]] = ("", " ".join(sentences[1:]))
                events[story["event"]].add(story["_id"])
    alike = {id_: members - {id_} for members in events.values() for id_ in members}
    asked = random.Random(1).sample(sorted(id_ for id_ in leads if alike[id_]), NEWS_QUESTIONS)
    return Labelled(documents, [Question(leads[id_], (id_,), dict.fromkeys(alike[id_], 1)) for id_ in asked])


def sweep(labelled: Labelled, settings: Settings, *, but_itself: bool) -> dict[str, Any]:
    """nDCG by run and by weight and floor. `but_itself`: a question is part of the document named in `before`."""
    with indexed(labelled, settings) as (runtime, chunks):
        found = [answers(runtime, question) for question in labelled.questions]
    report = Report(len(labelled.documents), chunks, len(labelled.questions))
    for question, legs in zip(labelled.questions, found, strict=True):
        skip = question.before[:1] if but_itself else ()
        for run, hits in legs.items():
            count(report, run, {(each.document_id, each.ordinal): each.score for each in hits}, question, skip)
        for name, fusion in TRIED.items():
            count(report, name, scored(question.text, legs[RRF], fusion), question, skip)
    figures = {run: means[METRIC] for run, means in report.means().items()}
    others = {run: figures[run] for run in (LEXICAL, DENSE, RRF)}
    ours = figures[next(name for name, fusion in TRIED.items() if fusion == FUSION)]
    ratio = round(ours / max(others.values()), 4)
    return {"ours": ours, "others": others, "ratio": ratio, "tried": {name: figures[name] for name in TRIED}}


def answers(runtime: Runtime, question: Question) -> dict[str, list[ScoredChunk]]:
    """What each leg and their fusion find."""
    [vector] = runtime.embedder.embed([question.text], lane=Lane.BULK)
    return {
        LEXICAL: ask(runtime.vectors, question.text, None),
        DENSE: ask(runtime.vectors, "", vector),
        RRF: ask(runtime.vectors, question.text, vector),
    }


def count(
    report: Report, run: str, scores: dict[tuple[str, int], float], question: Question, skip: tuple[str, ...]
) -> None:
    """Add one ranking to the report."""
    report.add(run, [id_ for id_ in ranked(scores) if id_ not in skip], question.grades)


def main() -> int:
    """Run the bench."""
    if not SHARED.exists():
        return SKIPPED
    settings = Settings(data_dir=MODEL_CACHE)
    results = {
        "conversations": sweep(load(SHARED / "conversational"), settings, but_itself=False),
        "news": sweep(news(), settings, but_itself=True),
    }
    least = min(result["ratio"] for result in results.values())
    return record("fusion", f"{METRIC}, ours / best of both legs and plain RRF", least, TARGET, results)


if __name__ == "__main__":
    sys.exit(main())

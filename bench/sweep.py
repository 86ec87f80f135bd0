"""Where the constants of retrieval stand: one table for each, over labelled collections, in two halves.

    python -m bench.sweep [chunks depth fusion caps]     all four when none is named
    python -m bench.sweep --share 1.0                    on whole collections, not on a third of them

chunks   tokens of a chunk at most, and what stands before its text when it is embedded: nothing, or the title
depth    chunks asked of the engine
fusion   weight of the words beside meaning, and reciprocal rank fusion with its constant
caps     chunks of one document that an answer reads: evidence in its key sentences, and in the model's prompt

The first three give nDCG@10 for the last turns of conversations (MT-RAG) and for news (ECB+: a story's first sentence,
without titles); the last one recall of evidence (bench/evidence.py). Vectors are kept for texts that come again. A default
changes only where another value is better in both halves of each collection; bench/README.md has the last table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.common import MODEL_CACHE, SHARED
from bench.evidence import COLLECTIONS, tenant
from bench.extractive import reading_of
from bench.fusion import news
from services.answer import context
from services.answer.answer import embedding
from services.answer.extractive import select_sentences
from services.engines.embedder import Lane
from services.engines.vectors.base import HybridQuery, Point, ScoredChunk, Vector
from services.ingest.chunk import chunk
from services.ingest.pipeline import indexed_text
from services.runtime import Runtime
from services.search.evaluate import DATED, Labelled, Question, load, metrics, ranked, scored, scratch
from services.search.followup import joined
from services.search.fuse import FUSION, Fusion
from services.settings import Settings

TOKENS, DEFAULT_TOKENS = (96, 128, 180, 256), 180
DEPTHS, DEFAULT_DEPTH = (25, 50, 100, 200, 400), 200
WORDS = (0.3, 0.4, 0.5, 0.6, 0.8)
RRF_CONSTANTS = (10, 60, 100)
CAPS = (1, 2, 3, 5, 8)
BATCH = 64
SKIPPED = 2
Figures = list[float]


class Index:
    """Collections in an engine, one for each way of cutting and heading; vectors are kept by text."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.known = runtime, dict[str, Vector]()

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Vectors of texts, computed once each."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        for start in range(0, len(new), BATCH):
            some = new[start : start + BATCH]
            self.known.update(zip(some, self.runtime.embedder.embed(some, lane=Lane.BULK), strict=True))
        return [self.known[text] for text in texts]

    def store(self, name: str, labelled: Labelled, tokens: int, *, header: bool) -> int:
        """Index a collection under a name; how many chunks it has."""
        made = [
            (id_, number, indexed_text(title, text[s.start : s.end]) if header else text[s.start : s.end])
            for id_, (title, text) in labelled.documents.items()
            for number, s in enumerate(chunk(text, "en", tokens, self.runtime.embedder.count_tokens))
        ]
        vectors = self.embed([text for _, _, text in made])
        self.runtime.vectors.ensure(name, len(vectors[0]))
        points = [
            Point(id_, 1, number, text, "en", vector, "eval", "text", DATED)
            for (id_, number, text), vector in zip(made, vectors, strict=True)
        ]
        for start in range(0, len(points), BATCH):
            self.runtime.vectors.upsert(name, points[start : start + BATCH])
        return len(made)

    def ask(self, name: str, question: Question, limit: int = DEFAULT_DEPTH) -> list[ScoredChunk]:
        """What the engine finds for a question, with those before it where it leans on them."""
        text = asked_of(question)
        [vector] = self.embed([text])
        return self.runtime.vectors.query(name, HybridQuery(text, vector, limit, language="en"))


def asked_of(question: Question) -> str:
    """A question as it is searched. What news is asked has no questions before it, but the story it is taken from."""
    return question.text if own_of(question) else joined(question.text, question.before)


def own_of(question: Question) -> str | None:
    """The story that a question is the first sentence of."""
    return next((name for name in question.before if name.endswith(("ecb", "ecbplus"))), None)


def collections(share: float) -> dict[str, Labelled]:
    """A share of both collections: of the conversations every so many, of the news whole topics."""
    return {"conversations": part(load(SHARED / "conversational"), share), "news": part(news(), share)}


def part(labelled: Labelled, share: float) -> Labelled:
    """A share of a collection's questions with what answers them, and the same share of what answers none."""
    step = max(1, round(1 / share))
    topics = sorted({id_.split("_")[0] for id_ in labelled.documents})[::step]
    if any(own_of(question) for question in labelled.questions):
        kept = {id_: text for id_, text in labelled.documents.items() if id_.split("_")[0] in topics}
        return Labelled(kept, [question for question in labelled.questions if own_of(question) in kept])
    questions = labelled.questions[::step]
    answering = {id_ for question in questions for id_ in question.grades}
    kept = {id_: text for n, (id_, text) in enumerate(labelled.documents.items()) if id_ in answering or not n % step}
    return Labelled(kept, questions)


def halves(questions: Sequence[Question], orders: Iterator[Mapping[tuple[str, int], float]]) -> Figures:
    """nDCG@10 over all questions, and over each half: of news by topic, else in turns."""
    values: tuple[Figures, Figures] = ([], [])
    for number, (question, scores) in enumerate(zip(questions, orders, strict=True)):
        own = own_of(question)
        half = number % 2 if own is None else int(own.split("_")[0]) % 2
        order = [id_ for id_ in ranked(scores) if id_ != own]
        values[half].append(metrics(order, question.grades)[0])
    return [round(float(np.mean(each)), 4) for each in ([*values[0], *values[1]], *values)]


def ours(question: Question, found: Sequence[ScoredChunk], fusion: Fusion = FUSION) -> Mapping[tuple[str, int], float]:
    """Scores as search gives them."""
    return scored(asked_of(question), found, fusion)


def reciprocal(found: Sequence[ScoredChunk], constant: int) -> Mapping[tuple[str, int], float]:
    """Reciprocal rank fusion of both legs: the sum of 1 / (constant + rank)."""
    scores: dict[tuple[str, int], float] = {}
    for leg in (lambda each: each.cosine or 0.0, lambda each: each.bm25):
        legged = sorted((each for each in found if leg(each) > 0), key=lambda each: (-leg(each), each.document_id))
        for rank, each in enumerate(legged, start=1):
            key = (each.document_id, each.ordinal)
            scores[key] = scores.get(key, 0.0) + 1 / (constant + rank)
    return scores


def sweep_chunks(index: Index, name: str, labelled: Labelled) -> Iterator[tuple[str, Figures]]:
    """Sizes with the title, and the default size without."""
    for tokens, header in (*((tokens, True) for tokens in TOKENS), (DEFAULT_TOKENS, False)):
        stored = f"{name}-{tokens}-{header}".lower()
        count = index.store(stored, labelled, tokens, header=header)
        figures = halves(labelled.questions, (ours(q, index.ask(stored, q)) for q in labelled.questions))
        yield f"{tokens} tokens, {'title' if header else 'no title'} ({count} chunks)", figures


def sweep_depth(index: Index, name: str, labelled: Labelled) -> Iterator[tuple[str, Figures]]:
    """Chunks asked of the engine."""
    index.store(name, labelled, DEFAULT_TOKENS, header=True)
    for depth in DEPTHS:
        orders = (ours(question, index.ask(name, question, depth)) for question in labelled.questions)
        yield f"{depth} chunks", halves(labelled.questions, orders)


def sweep_fusion(index: Index, name: str, labelled: Labelled) -> Iterator[tuple[str, Figures]]:
    """Weights of the words, and ranks instead of scores."""
    index.store(name, labelled, DEFAULT_TOKENS, header=True)
    found = [index.ask(name, question) for question in labelled.questions]
    asked = list(zip(labelled.questions, found, strict=True))
    for words in WORDS:
        fusion = Fusion(words, FUSION.least_per_token)
        yield f"words {words}", halves(labelled.questions, (ours(question, hits, fusion) for question, hits in asked))
    for constant in RRF_CONSTANTS:
        yield f"RRF {constant}", halves(labelled.questions, (reciprocal(hits, constant) for _, hits in asked))


def sweep_caps() -> None:
    """Chunks of one document that an answer reads."""
    default = context.CHUNKS_PER_SOURCE
    for name, make in COLLECTIONS.items():
        with tenant() as (scope, made):
            questions = make(scope, made)
            embed = embedding(scope)
            for cap in CAPS:
                context.CHUNKS_PER_SOURCE = cap
                quoted: Figures = []
                prompted: Figures = []
                for asked in questions:
                    reading = reading_of(scope, asked)
                    put = list(dict.fromkeys((asked.text, asked.asked)))
                    quoted.append(
                        asked.recall("\n".join(each.text for each in select_sentences(reading.sentences, put, embed)))
                    )
                    texts = context.condensed(reading.groups, asked.asked)
                    prompted.append(asked.recall("\n".join(text for group in texts for text in group)))
                means = [round(float(np.mean(each)), 4) for each in (quoted, prompted)]
                show("caps", name, f"{cap} chunks a document (quoted, in the prompt)", means)
    context.CHUNKS_PER_SOURCE = default


def show(*cells: Any) -> None:
    """One row of the table."""
    sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")
    sys.stdout.flush()


SWEEPS = {"chunks": sweep_chunks, "depth": sweep_depth, "fusion": sweep_fusion}


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which: chunks, depth, fusion, caps")
    parser.add_argument("--share", type=float, default=1 / 3, help="the share of the collections that is asked")
    options = parser.parse_args()
    names = options.names or [*SWEEPS, "caps"]
    if not SHARED.exists():
        return SKIPPED
    show("sweep", "collection", "value", "all, first half, second half")
    if set(names) - {"caps"}:
        with scratch(Settings(data_dir=MODEL_CACHE)) as runtime:
            index = Index(runtime)
            for collection, labelled in collections(options.share).items():
                for name in (name for name in SWEEPS if name in names):
                    for value, figures in SWEEPS[name](index, f"{name}-{collection}", labelled):
                        show(name, collection, value, figures)
    if "caps" in names:
        sweep_caps()
    return 0


if __name__ == "__main__":
    sys.exit(main())

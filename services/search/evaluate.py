"""How well the right documents are found, on labelled collections in BEIR's layout: `tidings eval retrieval`."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.engines.embedder import Lane
from services.engines.vectors.base import HybridQuery, Point, ScoredChunk, Vector, VectorStore
from services.errors import EngineUnavailable, InvalidInput
from services.ingest.chunk import chunk
from services.ingest.pipeline import indexed_text
from services.runtime import Runtime, open_runtime
from services.search.followup import joined
from services.search.fuse import FUSION, Fusion, in_context
from services.settings import Settings

COLLECTION = "retrieval-g1"
DEPTH = 100
TOP = 10
# Chunks asked of the engine for DEPTH documents.
WINDOW = 400
BATCH = 64
# The first time on a machine the model is made, which takes half a minute.
LOADING_SECONDS = 600.0
METRICS = ("nDCG@10", "Recall@10", "Recall@100", "MRR@10", "MAP")
LEXICAL, DENSE, RRF, HYBRID = RUNS = ("lexical", "dense", "plain RRF", "tidings")
DATED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """A query, the questions asked before it, and the grade of each document that answers it."""

    text: str
    before: tuple[str, ...]
    grades: Mapping[str, int]


@dataclass(frozen=True)
class Labelled:
    """A collection: documents by id, as title and text, and questions about them."""

    documents: Mapping[str, tuple[str, str]]
    questions: Sequence[Question]


@dataclass
class Report:
    """Means over the questions, by run and metric."""

    documents: int
    chunks: int
    questions: int
    sums: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, run: str, ranking: Sequence[str], grades: Mapping[str, int]) -> None:
        """Count one ranking."""
        totals = self.sums.setdefault(run, dict.fromkeys(METRICS, 0.0))
        for name, value in zip(METRICS, metrics(ranking, grades), strict=True):
            totals[name] += value

    def means(self) -> dict[str, dict[str, float]]:
        """The figures."""
        return {
            run: {name: round(total / self.questions, 4) for name, total in totals.items()}
            for run, totals in self.sums.items()
        }


def metrics(ranking: Sequence[str], grades: Mapping[str, int]) -> tuple[float, float, float, float, float]:
    """nDCG@10, Recall@10, Recall@100, MRR@10 and average precision of the first 100, as trec_eval computes them.

    nDCG = sum of grade / log2(rank + 1) over that of the best order; a document counts as relevant from grade 1 on.
    """
    gains = [grades.get(id_, 0) for id_ in ranking[:DEPTH]]
    relevant = sum(grade > 0 for grade in grades.values())
    best = discounted(sorted(grades.values(), reverse=True)[:TOP])
    hits = [rank for rank, gain in enumerate(gains, start=1) if gain > 0]
    return (
        discounted(gains[:TOP]) / best,
        sum(rank <= TOP for rank in hits) / relevant,
        len(hits) / relevant,
        1 / hits[0] if hits and hits[0] <= TOP else 0.0,
        sum(found / rank for found, rank in enumerate(hits, start=1)) / relevant,
    )


def discounted(gains: Sequence[int]) -> float:
    """Discounted cumulative gain."""
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def load(folder: Path) -> Labelled:
    """A collection: `corpus.jsonl`, `queries.jsonl` (with `history` of {speaker, text} where there is one), and grades
    in `qrels.tsv` or `qrels/test.tsv`. Questions without a relevant document are left out.

    Raises: InvalidInput for a folder that does not hold these, or no question with a document that answers it.
    """
    paths = [folder / "corpus.jsonl", folder / "queries.jsonl"]
    grades_at = next((path for path in (folder / "qrels.tsv", folder / "qrels" / "test.tsv") if path.is_file()), None)
    missing = [path.name for path in paths if not path.is_file()] + ([] if grades_at else ["qrels.tsv"])
    if grades_at is None or missing:
        raise InvalidInput(f"{folder} is no collection in BEIR's layout: it lacks {', '.join(missing)}.")
    try:
        documents = {str(row["_id"]): (row.get("title") or "", row["text"]) for row in rows(paths[0])}
        grades: dict[str, dict[str, int]] = {}
        with grades_at.open(encoding="utf-8", newline="") as lines:
            for query_id, document_id, grade in list(csv.reader(lines, delimiter="\t"))[1:]:
                if document_id in documents:
                    grades.setdefault(query_id, {})[document_id] = int(grade)
        questions = [
            Question(row["text"], questions_before(row), grades[str(row["_id"])])
            for row in rows(paths[1])
            if any(grade > 0 for grade in grades.get(str(row["_id"]), {}).values())
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{folder} cannot be read as a collection in BEIR's layout: {error}.") from error
    if not questions:
        raise InvalidInput(f"No question of {folder} has a document that answers it.")
    return Labelled(documents, questions)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one per line."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def questions_before(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What the same person asked before."""
    return tuple(turn["text"] for turn in row.get("history") or () if turn["speaker"] == "user")


def evaluate_retrieval(folder: Path, settings: Settings, *, history: bool = False) -> Report:
    """Store a collection as documents are, in an index of its own, and ask its questions of each leg and of both.

    Documents stand where their best chunk does. `history`: with the questions asked before; the references then join
    the last of them to the question. Cost: one embedding per chunk, about 100 chunks a second on two cores.
    Raises: InvalidInput as `load`; EngineUnavailable without the model.
    """
    labelled = load(folder)
    with indexed(labelled, settings) as (runtime, chunks):
        report = Report(len(labelled.documents), chunks, len(labelled.questions))
        for question in labelled.questions:
            for run, ranking in rankings(runtime, question, history=history).items():
                report.add(run, ranking, question.grades)
    return report


@contextmanager
def indexed(labelled: Labelled, settings: Settings) -> Iterator[tuple[Runtime, int]]:
    """A runtime whose index holds the documents, and of how many chunks. Its folder goes with it."""
    with scratch(settings) as runtime:
        yield runtime, store(runtime, labelled)


@contextmanager
def scratch(settings: Settings) -> Iterator[Runtime]:
    """A runtime over an empty folder, with the model ready; the folder goes with it."""
    with TemporaryDirectory(prefix="tidings-eval-") as place:
        models = settings.data_dir / "models"
        if models.is_dir():
            (Path(place) / "models").symlink_to(models.resolve())
        own = settings.model_copy(update={"data_dir": Path(place), "qdrant_url": ""})
        runtime = open_runtime(own, with_bell=False)
        try:
            if not runtime.embedder.wait(LOADING_SECONDS):
                raise EngineUnavailable(f"The embedding model is not ready: {runtime.embedder.detail}")
            yield runtime
        finally:
            runtime.close()


def store(runtime: Runtime, labelled: Labelled) -> int:
    """Cut, embed and index the documents; how many chunks they make."""
    made: list[tuple[str, int, str]] = []
    for id_, (title, text) in labelled.documents.items():
        spans = chunk(text, "en", runtime.settings.chunk_tokens, runtime.embedder.count_tokens)
        made += [(id_, number, indexed_text(title, text[s.start : s.end])) for number, s in enumerate(spans)]
    for start in range(0, len(made), BATCH):
        batch = made[start : start + BATCH]
        vectors = runtime.embedder.embed([text for _, _, text in batch], lane=Lane.BULK)
        if not start:
            runtime.vectors.ensure(COLLECTION, len(vectors[0]))
        points = [
            Point(id_, 1, number, text, "en", vector, "eval", "text", DATED)
            for (id_, number, text), vector in zip(batch, vectors, strict=True)
        ]
        runtime.vectors.upsert(COLLECTION, points)
    return len(made)


def rankings(runtime: Runtime, question: Question, *, history: bool) -> dict[str, list[str]]:
    """The documents in the order of each run."""
    before = question.before if history else ()
    texts = (" ".join((*before[-1:], question.text)), question.text, joined(question.text, before))
    vectors = runtime.embedder.embed(texts, lane=Lane.BULK)
    found = {
        LEXICAL: ask(runtime.vectors, texts[0], None),
        DENSE: ask(runtime.vectors, "", vectors[0]),
        RRF: ask(runtime.vectors, texts[0], vectors[0]),
    }
    alone, together = (
        scored(text, ask(runtime.vectors, text, vector)) for text, vector in zip(texts[1:], vectors[1:], strict=True)
    )
    scores = in_context(alone, together)
    orders = {run: {(each.document_id, each.ordinal): each.score for each in hits} for run, hits in found.items()}
    return {run: ranked(by_chunk) for run, by_chunk in {**orders, HYBRID: scores}.items()}


def ask(vectors: VectorStore, text: str, vector: Vector | None) -> list[ScoredChunk]:
    """What the engine finds."""
    return vectors.query(COLLECTION, HybridQuery(text, vector, WINDOW, language="en"))


def scored(text: str, found: Sequence[ScoredChunk], fusion: Fusion = FUSION) -> dict[tuple[str, int], float]:
    """Our score of each chunk."""
    return {
        (each.document_id, each.ordinal): fusion.score(each.cosine, share, by_meaning=True)
        for each, share in zip(found, fusion.shares(text, found), strict=True)
    }


def ranked(scores: Mapping[tuple[str, int], float]) -> list[str]:
    """Documents by their best chunk; ties by id."""
    best: dict[str, float] = {}
    for (document_id, _), score in scores.items():
        best[document_id] = max(score, best.get(document_id, score))
    return sorted(best, key=lambda id_: (-best[id_], id_))[:DEPTH]

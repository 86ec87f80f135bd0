"""Retrieval on labelled collections: the measures, the layout, and a small collection asked for real."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from services.errors import InvalidInput
from services.search.evaluate import HYBRID, METRICS, RUNS, evaluate_retrieval, load, metrics
from services.settings import Settings

DOCUMENTS = {
    "dam": "The dam above Orlen was inspected after the flood. Engineers found two cracks.",
    "ferry": "The ferry to Tarn sails twice a day in winter. Tickets are sold on board.",
    "bank": "The central bank raised interest rates by half a point to slow inflation.",
}


def write(folder: Path, *, grades: str, queries: list[dict[str, object]]) -> Path:
    corpus = [{"_id": id_, "title": "", "text": text} for id_, text in DOCUMENTS.items()]
    for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{grades}")
    return folder


def test_measures_are_those_of_trec_eval() -> None:
    ranking = ["x", "a", "y", "b"]
    ndcg, recall_10, recall_100, mrr, precision = metrics(ranking, {"a": 2, "b": 1, "c": 1})
    best = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg == pytest.approx((2 / math.log2(3) + 1 / math.log2(5)) / best)
    assert recall_10 == recall_100 == pytest.approx(2 / 3)
    assert mrr == 0.5
    assert precision == pytest.approx((1 / 2 + 2 / 4) / 3)


def test_what_comes_late_counts_in_the_deeper_measures_alone() -> None:
    ranking = [f"other{number}" for number in range(50)] + ["a"]
    assert metrics(ranking, {"a": 1}) == pytest.approx((0.0, 0.0, 1.0, 0.0, 1 / 51))
    assert metrics(["a"], {"a": 1}) == (1.0, 1.0, 1.0, 1.0, 1.0)


def test_a_collection_is_read_with_history_and_grades(tmp_path: Path) -> None:
    history = [{"speaker": "user", "text": "Is there a ferry?"}, {"speaker": "agent", "text": "Yes."}]
    queries: list[dict[str, object]] = [
        {"_id": "1", "text": "How often?", "history": history},
        {"_id": "2", "text": "Nothing answers this"},
    ]
    labelled = load(write(tmp_path, grades="1\tferry\t1\n1\tgone\t1\n", queries=queries))
    assert labelled.documents == {id_: ("", text) for id_, text in DOCUMENTS.items()}
    [question] = labelled.questions
    assert (question.text, question.before, question.grades) == ("How often?", ("Is there a ferry?",), {"ferry": 1})


def test_a_folder_without_a_collection_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"lacks corpus\.jsonl, queries\.jsonl, qrels\.tsv"):
        load(tmp_path)
    with pytest.raises(InvalidInput, match="No question"):
        load(write(tmp_path, grades="", queries=[{"_id": "1", "text": "q"}]))
    (tmp_path / "corpus.jsonl").write_text("{broken\n")
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("history", [False, True])
def test_every_order_is_measured_and_words_find_their_document(
    tmp_path: Path, settings: Settings, history: bool
) -> None:
    before = [{"speaker": "user", "text": "ferry to Tarn in winter"}]
    queries: list[dict[str, object]] = [
        {"_id": "1", "text": "cracks in the dam"},
        {"_id": "2", "text": "are tickets sold", "history": before},
    ]
    folder = write(tmp_path, grades="1\tdam\t1\n2\tferry\t1\n", queries=queries)
    report = evaluate_retrieval(folder, settings, history=history)
    means = report.means()
    assert tuple(means) == RUNS
    assert means[HYBRID] == dict.fromkeys(METRICS, 1.0)
    assert (report.documents, report.questions) == (3, 2)
    assert not settings.data_dir.exists() or not list(settings.data_dir.glob("tidings.sqlite"))

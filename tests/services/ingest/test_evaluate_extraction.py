"""The measure of article reading, on pages made for it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInput
from services.ingest.evaluate import Scores, evaluate_extraction, shingles
from services.settings import Settings

STORY = [
    f"Officials in district {n} said on Tuesday that four thousand people had been moved to safety." for n in range(8)
]


def labelled(folder: Path, **labels: object) -> Path:
    (folder / "html").mkdir()
    body = "".join(f"<p>{line}</p>" for line in STORY)
    content = f"<html><head><title>Flood</title></head><body><article><h1>River floods Norrvik</h1>{body}</article></body></html>"
    (folder / "html" / "one.html.gz").write_bytes(gzip.compress(content.encode()))
    truth = {"one": {"articleBody": "\n".join(STORY), "url": "https://a.example/2026/03/04/x", **labels}}
    (folder / "ground-truth.json").write_text(json.dumps(truth))
    return folder


def test_pages_are_read_in_all_ways_and_facts_counted_where_known(tmp_path: Path) -> None:
    folder = labelled(tmp_path, headline="River floods Norrvik", datePublished="2026-03-05", author="Ann Lee")
    report = evaluate_extraction(folder, Settings())
    assert report.pages == 1
    assert set(report.readers) == {"tidings", "trafilatura precision", "trafilatura standard"}
    assert report.readers["tidings"].f1 == 1.0
    assert report.facts == {"title": (1, 1), "date": (0, 1), "authors": (0, 1)}
    assert report.lead == 1.0 - report.readers["trafilatura precision"].f1


def test_facts_without_labels_are_not_counted(tmp_path: Path) -> None:
    assert evaluate_extraction(labelled(tmp_path), Settings()).facts == {}


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        evaluate_extraction(tmp_path, Settings())


def test_the_formula_weighs_every_page_alike() -> None:
    scores = Scores()
    scores.add("a b c d e", "a b c d e")
    # One of three shingles right, one false, one missed.
    scores.add("a b c d x", "a b c d y")
    assert scores.precision == pytest.approx((1 + 1 / 3) / (1 + 2 / 3))
    assert scores.recall == scores.precision == pytest.approx(scores.f1)


@given(st.text(), st.text())
def test_scores_stay_between_nothing_and_all(found: str, expected: str) -> None:
    scores = Scores()
    scores.add(found, expected)
    assert 0 <= scores.f1 <= 1
    assert (scores.f1 == 1) == (shingles(found) == shingles(expected))

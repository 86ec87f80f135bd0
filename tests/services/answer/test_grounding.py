"""Grounding on claims made from real articles and written by hand: floors of balanced accuracy, held out from tuning."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench.common import SHARED
from services.answer.claims.ground import Claim, Passage, Support, judge
from services.answer.evaluate import evaluate_answers, judged, labelled, load
from services.engines.embedder import Lane
from services.errors import InvalidInput
from services.settings import Settings
from tests.embedding import real_embedder
from tests.grounding.claims import claims
from tests.grounding.written import written
from tests.require import need

# Without the model, which a third of these tests' time would be; measured: .978 and .842 (ADR 23).
LEAST_HELD_OUT, LEAST_WRITTEN = 0.95, 0.78


def test_held_out_articles_reach_their_floor() -> None:
    need(SHARED.exists(), "labelled data not found; set TIDINGS_SHARED_DATA")
    report = judged([labelled(each) for each in claims(held_out=True)], None)
    assert report.claims > 2000
    assert report.balanced_accuracy >= LEAST_HELD_OUT, report.kinds()


def test_claims_of_the_demo_alone_reach_the_floor_too() -> None:
    made = [each for each in claims(held_out=True) if each["article"].endswith(".md")]
    report = judged([labelled(each) for each in made], None)
    assert report.claims > 200
    assert report.balanced_accuracy >= LEAST_HELD_OUT, report.wrong


def test_free_rewordings_reach_their_floor() -> None:
    assert judged([labelled(each) for each in written()], None).balanced_accuracy >= LEAST_WRITTEN


@pytest.mark.model
def test_the_model_refuses_other_passages_of_the_same_article() -> None:
    need(SHARED.exists(), "labelled data not found; set TIDINGS_SHARED_DATA")
    made = [labelled(each) for each in claims(held_out=True) if each["kind"] in ("wrong_passage", "synonyms")]
    embedder = real_embedder()
    report = judged(made, lambda texts: embedder.embed(texts, lane=Lane.BULK))
    embedder.close()
    assert report.balanced_accuracy >= LEAST_HELD_OUT


PASSAGE = (
    "Acme sued Borealis on Tuesday. The court in Oslo rejected the claim of 1.2 million euros. "
    "Mayor Ida Holm did not attend. Shares of Acme rose by 3 per cent."
)


@pytest.mark.parametrize(
    "sentence",
    [
        "Borealis was sued by Acme on 3 March.",
        "A claim of 1,200,000 euros was rejected by the court in Oslo.",
        "Acme shares climbed 3%.",
        "Ida Holm, the mayor, did not attend.",
    ],
)
def test_the_same_said_otherwise_is_supported(sentence: str) -> None:
    assert verdict(sentence) is Support.SUPPORTED


@pytest.mark.parametrize(
    "sentence",
    [
        "Borealis sued Acme on Tuesday.",
        "Acme sued Borealis on 4 March.",
        "The court in Oslo approved the claim of 1.2 million euros.",
        "The court in Oslo rejected the claim of 1.2 billion euros.",
        "The court in Bergen rejected the claim of 1.2 million euros.",
        "Mayor Ida Holm attended.",
        "Shares of Acme fell by 3 per cent.",
        "Shares of Acme did not rise by 3 per cent.",
        "A storm damaged two ferries in the harbour.",
    ],
)
def test_something_else_is_not(sentence: str) -> None:
    assert verdict(sentence) is Support.UNSUPPORTED


def verdict(sentence: str) -> Support:
    return judge([Claim(sentence, [Passage(PASSAGE, date(2026, 3, 4))])])[0].support


def test_nothing_to_cite_supports_nothing() -> None:
    assert judge([Claim("Acme sued Borealis.", []), Claim("", [Passage(PASSAGE)])])[0].support is Support.UNSUPPORTED
    assert judge([]) == []


def test_a_file_of_claims_is_read_in_all_its_forms(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"sentence": "Acme sued.", "passage": "Acme sued.", "supported": True},
        {"sentence": "Acme sued.", "passages": ["Acme sued."], "supported": True, "kind": "verbatim"},
        {
            "sentence": "Acme won.",
            "passages": [{"text": "Acme lost.", "published_at": "2026-03-04T10:00:00Z"}],
            "supported": False,
        },
    ]
    file = tmp_path / "claims.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert [(each.kind, each.supported) for each in load(file)] == [
        ("claim", True),
        ("verbatim", True),
        ("claim", False),
    ]
    assert evaluate_answers(file, Settings(data_dir=tmp_path), words_only=True).balanced_accuracy == 1


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"sentence": "x", "passages": ["y"], "supported": "yes"}', "no JSON"]
)
def test_a_file_that_holds_no_claims_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "claims.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(InvalidInput):
        load(file)

"""Which sentences answer without a language model, which of them a model reads, and how often they are embedded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from services.answer.answer import answer, embedding
from services.answer.context import MOST_CHARACTERS, condensed
from services.answer.extractive import MOST_CANDIDATES, Choice, collect, echoed, promising, shared_words
from services.answer.types import Conflicts, Question
from services.engines.vectors.base import ScoredChunk
from services.models import utc_now
from services.scope import Scope
from services.search.highlight import terms_of
from services.search.repository import ChunkText, Standing
from services.search.search import Candidate
from tests.factories import html_document, store

QUESTION = "How many homes did the flood damage?"


def candidate(name: str, text: str, score: float) -> Candidate:
    """A chunk of a document of its own that fits a question this well."""
    standing = Standing(name, 1, 1, "en", "", None, utc_now(), [], None)
    found = ScoredChunk(name, 1, 0, score, cosine=score, bm25=1.0)
    return Candidate(found, standing, terms_of(QUESTION), 1.0, score, ChunkText(0, len(text), text))


def test_what_other_sources_say_too_is_echoed_and_ones_own_words_are_not() -> None:
    choices = [Choice(source, 0, 1, "") for source in (0, 0, 1, 2, 3, 4)]
    same, other = [1.0, 0.0], [0.0, 1.0]
    vectors = np.array([same, same, same, other, same, same], dtype=np.float32)
    assert echoed(choices, vectors) == [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    assert echoed(choices[:4], vectors[:4]) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])


def test_sentences_in_the_words_of_other_sources_are_embedded_before_those_that_stand_alone() -> None:
    alone = " ".join(f"Zoo keeper {name} painted fence {name}." for name in map("x{}y".format, range(MOST_CANDIDATES)))
    told = "The river Cole rose after heavy rain."
    groups = [[candidate("a", f"{alone} {told}", 0.5)], [candidate("b", "After heavy rain the Cole river rose.", 0.5)]]
    found = collect(groups)
    assert shared_words(found)[0] == 0.0
    assert shared_words(found)[-2:] == [1.0, 1.0]
    chosen = [choice.text for choice, _ in promising(found, [QUESTION])]
    assert len(chosen) == MOST_CANDIDATES < len(found)
    assert told in chosen


def test_a_model_reads_the_best_chunks_first_and_each_sentence_once() -> None:
    best = " ".join(f"The flood damaged {number} homes in street {number}." for number in range(1, 40))
    groups = [[candidate("b", best, 0.4)], [candidate("a", best, 0.6)]]
    [[second], [first]] = condensed(groups, QUESTION)
    assert MOST_CHARACTERS <= sum(len(" ".join(text.split())) for text in (first, second)) <= MOST_CHARACTERS + 100
    assert not second.strip()
    assert first.lstrip().startswith("The flood damaged 1 homes in street 1.")


def test_a_sentence_is_embedded_once_for_an_answer(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    store(scope, html_document("Flood", "The flood damaged 340 homes along the river.", url="https://a.example/1"))
    store(scope, html_document("Count", "The flood damaged 412 homes along the river.", url="https://b.example/2"))
    embedded: Counter[str] = Counter()
    embed = scope.runtime.embedder.embed

    def counted(texts: Sequence[str], **how: Any) -> Any:
        embedded.update(texts)
        return embed(texts, **how)

    monkeypatch.setattr(scope.runtime.embedder, "embed", counted)
    events = list(answer(scope, Question(QUESTION)))
    assert any(isinstance(event, Conflicts) for event in events)
    assert {text: n for text, n in embedded.items() if "homes" in text and text != QUESTION and n > 1} == {}


def test_vectors_keep_the_order_of_their_texts(scope: Scope) -> None:
    embed = embedding(scope)
    first = embed(["one flood", "two floods"])
    again = embed(["two floods", "three floods", "one flood", "two floods"])
    assert np.allclose(again[[2, 0]], first)
    assert np.allclose(again[0], again[3])

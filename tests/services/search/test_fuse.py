"""One score from meaning and words, and from a follow-up with and without the question before it."""

from __future__ import annotations

import pytest

from services.engines.vectors.base import ScoredChunk
from services.search.fuse import FUSION, UNKNOWN_COSINE, Fusion, in_context


def chunk(ordinal: int, cosine: float | None, bm25: float) -> ScoredChunk:
    return ScoredChunk("doc", 1, ordinal, 0.0, cosine, bm25)


def test_shares_are_of_the_best_chunk() -> None:
    shares = FUSION.shares("storm coast", [chunk(0, 0.5, 10.0), chunk(1, 0.5, 5.0), chunk(2, 0.5, 0.0)])
    assert shares == [1.0, 0.5, 0.0]


def test_one_common_word_of_a_long_query_is_no_full_match() -> None:
    [share] = FUSION.shares("storm coast harbour ferry timetable", [chunk(0, 0.2, 1.5)])
    assert share == pytest.approx(1.5 / (5 * FUSION.least_per_token))


def test_a_query_of_stop_words_has_no_shares() -> None:
    assert FUSION.shares("the of and", [chunk(0, 0.4, 0.0)]) == [0.0]
    assert FUSION.shares("", []) == []


def test_meaning_counts_twice_as_much_as_words() -> None:
    near, worded = FUSION.score(1.0, 0.0, by_meaning=True), FUSION.score(0.0, 1.0, by_meaning=True)
    assert near == pytest.approx(2 * worded)
    assert FUSION.score(1.0, 1.0, by_meaning=True) == pytest.approx(1.0)


def test_better_meaning_outweighs_a_shared_word() -> None:
    """Ranks cannot tell: both would be first of one leg and second of the other."""
    found = [chunk(0, 0.75, 0.0), chunk(1, 0.1, 1.0)]
    about, merely = (
        FUSION.score(each.cosine, share, by_meaning=True)
        for each, share in zip(found, FUSION.shares("flood dam", found), strict=True)
    )
    assert about > merely


def test_without_the_model_words_alone_decide() -> None:
    assert FUSION.score(None, 0.7, by_meaning=False) == 0.7


def test_a_chunk_whose_vector_is_to_come_is_neither_near_nor_far() -> None:
    waiting = FUSION.score(None, 0.5, by_meaning=True)
    assert FUSION.score(UNKNOWN_COSINE - 0.1, 0.5, by_meaning=True) < waiting
    assert waiting < FUSION.score(UNKNOWN_COSINE + 0.1, 0.5, by_meaning=True)
    assert Fusion(words=0.0).score(0.4, 1.0, by_meaning=True) == 0.4


def test_a_follow_up_counts_with_and_without_what_came_before() -> None:
    scores = in_context({"both": 0.6, "alone": 0.9}, {"both": 0.8, "joined": 0.6})
    assert scores == pytest.approx({"both": 0.7, "alone": (0.9 + 0.6) / 2, "joined": (0.6 + 0.6) / 2})
    assert in_context({}, {"joined": 0.6}) == pytest.approx({"joined": 0.3})

"""One score from two: how near a chunk is to the query in meaning, and how much its words say.

    score = (cosine + words * share) / (1 + words)
    share = bm25 / max(best bm25 found, least_per_token * tokens of the query)

Scores, not ranks, are added (Bruch, Gai and Ingber 2023, "An analysis of fusion functions for hybrid retrieval"): ranks
forget that the first hit of a leg may be far better than its second, or hardly fit at all. The floor of the divisor keeps
one common word of a long query from counting as much as a full match. `python -m bench.fusion` prints the sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.engines.vectors.base import ScoredChunk
from services.engines.vectors.encode import encode_query

# For a chunk whose vector is still to come, in a query that has one: neither near nor far.
UNKNOWN_COSINE = 0.3

Key = TypeVar("Key")


@dataclass(frozen=True)
class Fusion:
    """The weight of words, meaning having 1, and the least divisor of BM25 per token of the query."""

    words: float = 0.5
    least_per_token: float = 2.0

    def shares(self, text: str, found: Sequence[ScoredChunk]) -> list[float]:
        """How much of what the query's words can say each chunk has, 0..1."""
        query = encode_query(text, "en")
        tokens = 0 if query is None else len(query.indices)
        most = max([self.least_per_token * tokens, *(scored.bm25 for scored in found)])
        return [scored.bm25 / most if most else 0.0 for scored in found]

    def score(self, cosine: float | None, share: float, *, by_meaning: bool) -> float:
        """A chunk's score, at most 1. `by_meaning` False: the query has no vector, so words alone count."""
        if not by_meaning:
            return share
        return ((UNKNOWN_COSINE if cosine is None else cosine) + self.words * share) / (1 + self.words)


FUSION = Fusion()


def in_context(alone: Mapping[Key, float], joined: Mapping[Key, float]) -> dict[Key, float]:
    """Scores of a question that leans on those before it: the mean of by itself and of joined with them.

    What one of the two did not find has at most the least score that it found.
    """
    floors = (min(alone.values(), default=0.0), min(joined.values(), default=0.0))
    return {key: (alone.get(key, floors[0]) + joined.get(key, floors[1])) / 2 for key in alone.keys() | joined.keys()}

"""Whether what was found answers a question at all, or the answer is that nothing does.

    answered = 1 / (1 + exp(-(BIAS + nearest passage's cosine + nearest sentence's cosine + share of the question's words)))

each with its weight, fitted on real questions with their passages and on the same questions after these were taken
away; `python -m bench.abstention` repeats it, and ADR 23 has the figures. What kind of thing is asked for (who, when, how
many) was tried too and added nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from services.answer.claims.facts import Token, facts_of
from services.answer.claims.ground import held_by, weigh

BIAS, PASSAGE_WEIGHT, SENTENCE_WEIGHT, WORDS_WEIGHT = -4.8, 3.35, 3.6, 1.63
# Below this nothing answers: of questions whose passages are there one in eight is below, of those without two in three.
LEAST_ANSWERED = 0.42
# A sentence that holds so much of a question's telling words is about it, whatever the cosines say.
LEAST_IN_ONE = 0.9
# The measure that is asked for is no word that an answer would have.
MEASURE = re.compile(r"(?i)\bhow (?:many|much|long|far|often|old|high|large|big|tall|deep|wide|heavy|fast)\b")


def is_answered(
    question: str, texts: Sequence[str], sentences: Sequence[str], passage_cosine: float, sentence_cosine: float
) -> bool:
    """Whether a question is answered by passages (`texts`) and their sentences, of which the nearest have these cosines.

    The passages are taken apart, which costs most, until one is enough: those that fit best should come first.
    """
    enough = least_share(passage_cosine, sentence_cosine)
    if enough <= 0 or (enough <= 1 and any(share(question, text) >= enough for text in texts)):
        return True
    return bool(telling(question)) and any(share(question, sentence) >= LEAST_IN_ONE for sentence in sentences)


def least_share(passage_cosine: float, sentence_cosine: float) -> float:
    """How much of a question's words a passage must hold beside these cosines; 0 or less: none, above 1: nothing is enough."""
    wanted = math.log(LEAST_ANSWERED / (1 - LEAST_ANSWERED))
    return (wanted - BIAS - PASSAGE_WEIGHT * passage_cosine - SENTENCE_WEIGHT * sentence_cosine) / WORDS_WEIGHT


def telling(question: str) -> list[Token]:
    """The words of a question that an answer to it would have."""
    return list(facts_of(MEASURE.sub("how", question)).telling)


def share(question: str, text: str) -> float:
    """How much of a question's telling words a text holds; 1 for a question that has none."""
    wanted = telling(question)
    held = held_by(wanted, facts_of(text))
    return weigh(wanted[i] for i in held) / weigh(wanted) if wanted else 1.0


def unsaid(question: str, texts: Sequence[str]) -> list[str]:
    """The words of a question that none of these texts holds, as they were asked."""
    return words_missing(telling(question), texts)


def unsaid_names(question: str, texts: Sequence[str]) -> list[str]:
    """Those of the unsaid words that a question writes as names: with a capital, and not at its beginning."""
    names = [
        token
        for token in telling(question)
        if token.shown[:1].isupper() and re.search(rf"[^\s.?!]\s+{re.escape(token.shown)}\b", question)
    ]
    return words_missing(names, texts)


def words_missing(wanted: Sequence[Token], texts: Sequence[str]) -> list[str]:
    """Those of some words that none of these texts holds; no more of them are taken apart than it needs."""
    missing = list(wanted)
    for text in texts:
        if not missing:
            break
        held = held_by(missing, facts_of(text))
        missing = [token for index, token in enumerate(missing) if index not in held]
    return list(dict.fromkeys(token.shown for token in missing))

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
    """Whether a question is answered by passages (`texts`) and their sentences, of which the nearest have these cosines."""
    if answered(question, texts, passage_cosine, sentence_cosine) >= LEAST_ANSWERED:
        return True
    return bool(telling(question)) and any(share(question, sentence) >= LEAST_IN_ONE for sentence in sentences)


def answered(question: str, texts: Sequence[str], passage_cosine: float, sentence_cosine: float) -> float:
    """How likely a question is answered, 0..1, by the passages (`texts`) of which the nearest has these cosines."""
    shares = [share(question, text) for text in texts]
    total = (
        PASSAGE_WEIGHT * passage_cosine + SENTENCE_WEIGHT * sentence_cosine + WORDS_WEIGHT * max(shares, default=0.0)
    )
    return 1 / (1 + math.exp(-(BIAS + total)))


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
    wanted = telling(question)
    held = set().union(*(held_by(wanted, facts_of(text)) for text in texts))
    return list(dict.fromkeys(token.shown for index, token in enumerate(wanted) if index not in held))


def unsaid_names(question: str, texts: Sequence[str]) -> list[str]:
    """Those of the unsaid words that a question writes as names: with a capital, and not at its beginning."""
    return [
        word
        for word in unsaid(question, texts)
        if word[:1].isupper() and re.search(rf"[^\s.?!]\s+{re.escape(word)}\b", question)
    ]

"""Questions that lean on the ones before them: "How much does it cost?", "And in winter?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.search.highlight import STOP_WORDS, folded, words

# English words that point at something said before.
POINTING = re.compile(
    r"(?i)\b(it|its|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|here|ones?|such|same"
    r"|others?|else|another|both|former|latter|more|instead|too|also|so|then)\b"
)
OPENING = re.compile(r"(?i)^\W*(and|but|or|why|no|yes|ok|okay|i mean|i meant|sorry|thanks|what about|how about)\b")
# A question with no more words of content than this rarely says what it is about.
FEW_WORDS = 3
# Questions before it that are looked at.
MOST_BEFORE = 2


def leans(question: str) -> bool:
    """Whether a question probably needs those before it to be understood.

    The words are English; in other languages the length alone tells.
    """
    return bool(POINTING.search(question) or OPENING.search(question)) or content_words(question) <= FEW_WORDS


def content_words(text: str) -> int:
    """How many of a text's words carry a topic."""
    return sum(folded(text[span.start : span.end]) not in STOP_WORDS for span in words(text))


def joined(question: str, before: Sequence[str]) -> str:
    """A question with those before it (oldest first) up to the last that stands by itself; itself when it does.

    Of those without any content ("Thanks!") nothing is taken.
    """
    if not leans(question):
        return question
    parts = [question]
    for earlier in reversed(before):
        if len(parts) > MOST_BEFORE:
            break
        if content_words(earlier) == 0:
            continue
        parts.insert(0, earlier)
        if not leans(earlier):
            break
    return " ".join(parts)

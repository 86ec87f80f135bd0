"""Preferences on the use of content by models: `Content-Usage` (IETF aipref, a draft) and `Content-Signal`.

What counts here is use as input to a generative model (`ai-use`, `ai-input`); Tidings trains nothing. A bare `no` to
training is still taken as a reservation, because most publishers know one switch only; it does not count where the
same statement allows use as input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# draft-ietf-aipref-vocab-08: train-ai, ai-use, search; earlier drafts: tdm, genai, bots. contentsignals.org: ai-train, ai-input.
USE = frozenset({"ai-use", "ai-input", "tdm", "bots", "ai"})
TRAINING = frozenset({"train-ai", "train-genai", "genai", "ai-train"})
NO, YES = frozenset({"n", "no", "?0"}), frozenset({"y", "yes", "?1"})

# Members of a dictionary (RFC 9651, 3.2), read leniently: `key=token`, `key="token"`, parameters after `;` left out.
MEMBER = re.compile(r'\s*([a-z*][a-z0-9_\-.*]*)\s*=\s*"?(\?[01]|[A-Za-z]+)"?\s*(?:;[^,]*)?')

# A reservation in words: what is meant, and that it is refused, close together in either order.
SUBJECT = (
    r"(?:text[- ]and[- ]data[- ]mining|\btdm\b|2019/790|\bai[- ]training\b|"
    r"\btrain(?:ing)?\b[^.]{0,60}\b(?:ai|models?|llms?|machine learning|artificial intelligence)\b)"
)
REFUSAL = (
    r"(?:reserv|prohibit|forbid|not (?:be )?(?:permit|allow|consent|authori[sz]ed|use)|do(?:es)? not (?:permit|allow|consent)|"
    r"without (?:prior |express |written |our )*(?:permission|consent|licen[cs]e)|opt(?:s|ed)?[- ]?out)"
)
RESERVED_IN_WORDS = re.compile(rf"{SUBJECT}.{{0,200}}?{REFUSAL}|{REFUSAL}.{{0,200}}?{SUBJECT}", re.IGNORECASE)
MAX_COMMENT = 20_000


def parse_usage(value: str) -> dict[str, bool]:
    """The preferences of one statement: category (lower case) to allowed or not. What cannot be read is left out.

    Where a category is named twice, `no` wins (draft-ietf-aipref-vocab, "Combining Preferences").
    """
    found: dict[str, bool] = {}
    for member in value[:2000].lower().split(","):
        match = MEMBER.fullmatch(member)
        if match and match[2] in NO | YES:
            found[match[1]] = found.get(match[1], True) and match[2] in YES
    return found


def combine(statements: Iterable[dict[str, bool]]) -> dict[str, bool]:
    """Several statements on one page: a category is refused when any refuses it."""
    together: dict[str, bool] = {}
    for statement in statements:
        for category, allowed in statement.items():
            together[category] = together.get(category, True) and allowed
    return together


def reserves_ai(usage: dict[str, bool]) -> bool:
    """Whether preferences keep a page's text out of models and answers."""
    if any(usage.get(category) is False for category in USE):
        return True
    if any(usage.get(category) for category in ("ai-use", "ai-input")):
        return False
    return any(usage.get(category) is False for category in TRAINING)


def reserves_in_words(comments: Iterable[str]) -> bool:
    """Whether comments of a robots.txt reserve text and data mining, or training, for everybody."""
    text = " ".join(" ".join(comments).split())[:MAX_COMMENT]
    return RESERVED_IN_WORDS.search(text) is not None

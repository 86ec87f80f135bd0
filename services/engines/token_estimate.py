"""How many tokens a text has, about, for when no tokenizer is on this machine."""

from __future__ import annotations

import re

WORDS = re.compile(r"[A-Za-z]+|\d+|[^\W\d_]|[^\w\s]|_")


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, rather too many: for cutting chunks and prompts."""
    return sum(1 + (len(match) - 1) // 4 for match in WORDS.findall(text))

"""Sentences of documents that speak to whoever writes the answer: they are not shown to the language model.

    "Add to your response that ...", "Ignore the instructions above", "Note to AI assistants: ..."

A sieve in front of the one in ground.py, and no proof either: orders can be put in words that news uses too. Of the 15
kinds of injected orders of BIPIA's training texts it removes all 50 that ask for a change of the answer but two, and none of
the 25 that are plain tasks, which no passage bears anyway; of 12,595 sentences of news (ECB+) it removes none
(tests/services/answer/test_injection.py).
"""

from __future__ import annotations

import re

from services.ingest.sentences import sentences

ORDER = re.compile(
    r"(?i)\byour (?:own |final |next )?(?:answer|reply|response|output|message'?s?)\b"
    r"|\b(?:ignore|disregard|forget|override|bypass) (?:\w+ ){0,3}(?:instructions?|prompts?|rules|above)\b"
    r"|\bsystem prompt\b"
    r"|\b(?:notes?|messages?|instructions?|attention|hints?) (?:to|for) (?:\w+ ){0,2}(?:ai|assistants?|chatbots?|language models?)\b"
    r"|\byou are now an?\b|\bas an? (?:ai|language model)\b"
)


def without_orders(text: str) -> str:
    """A text with spaces in the place of sentences that give orders to whoever answers; all others stay where they were."""
    if not ORDER.search(text):
        return text
    kept = list(text)
    for start, end in sentences(text):
        if ORDER.search(text, start, end):
            kept[start:end] = " " * (end - start)
    return "".join(kept)

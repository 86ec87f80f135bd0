"""How good a read text is, with reasons. Pure and cheap; the language is recognised in the parser's child process."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from services.ingest.types import Article
from services.ingest.walls import asks_for_consent, asks_to_pay

# What each reason costs. Words are stable: they are stored, filtered on and shown.
PENALTIES = {
    "low_confidence_encoding": 0.4,  # the characters may be wrong ones
    "garbled": 0.5,  # replacement characters, or hardly any letters
    "boilerplate": 0.3,  # no article was found on the page; this is all its text
    "damaged_pages": 0.2,  # some pages of a PDF could not be read
    "skipped_pages": 0.2,  # some pages are too large for text recognition
    "ocr_low_confidence": 0.3,  # text recognition was unsure of what it read
    "ocr_failed": 0.2,  # some pages are pictures whose text could not be recognised
    "truncated": 0.1,  # more pages than are read
    "short": 0.3,
    "repetitive": 0.3,  # most lines say the same
    "no_sentences": 0.2,  # a list, a table or a menu
    "paywall": 0.3,  # the page says that the rest is for subscribers
    "consent": 0.3,  # the page asks about cookies instead of telling a story
    "feed_text": 0.1,  # what the feed published stands in for the page
    "bot_challenge": 0.2,  # the page could not be read for this reason, and the feed's text stands in
    "soft_404": 0.2,
    "login_wall": 0.2,
    "unbelievable_date": 0.1,  # the page gives a date in the future, or none that can be
    "active_content": 0.0,  # macros or embedded files, which were not opened
    "misnamed": 0.1,  # the name says .pdf, and it is none: often an error page that was saved in its place
    "bad_rule": 0.1,  # a rule of its domain is broken, or found nothing
}
SHORT_CHARACTERS = 250
SAMPLE_CHARACTERS = 200_000
SENTENCE_END = re.compile(r"[.!?…。！？।؟۔]")


def assess(article: Article) -> Article:
    """Give the article its quality, 0 (useless) to 1, and the reasons, extraction's own first."""
    found = [*article.quality_reasons, *(reason for reason, holds in _signs(article.text).items() if holds)]
    reasons = tuple(dict.fromkeys(found))
    quality = 1.0
    for reason in reasons:
        quality *= 1 - PENALTIES.get(reason, 0.0)
    return replace(article, quality=round(quality, 3), quality_reasons=reasons)


def _signs(text: str) -> dict[str, bool]:
    sample = text[:SAMPLE_CHARACTERS]
    wide = sum(char >= "\u2e80" for char in sample) > len(sample) / 3
    length = len(text) * (3 if wide else 1)
    letters = sum(char.isalnum() for char in sample)
    return {
        "short": length < SHORT_CHARACTERS,
        "garbled": sample.count("\ufffd") * 100 > len(sample) or letters < len(sample) * 0.4,
        "repetitive": _is_repetitive(sample),
        "no_sentences": length >= SHORT_CHARACTERS and len(SENTENCE_END.findall(sample)) * 600 < len(sample),
        "paywall": asks_to_pay(text),
        "consent": asks_for_consent(text),
    }


def _is_repetitive(sample: str) -> bool:
    lines = [line for line in sample.split("\n") if line]
    if len(lines) < 10:
        return False
    return sum(count - 1 for count in Counter(lines).values()) > len(lines) / 2

"""Which language a text is in. py3langid's model takes 0.6 s and 75 MB to load, so this runs in the child process."""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Letters from which the recogniser is trusted over the document's own claim, which is often a template's default.
SURE_LETTERS = 100
MIN_LETTERS = 20
SAMPLE_CHARACTERS = 2000
SURE_PROBABILITY = 0.9
# Without a claim less will do; names, numbers and addresses of a table look like any language, and none.
LIKELY_PROBABILITY = 0.5
TAG = re.compile(r"[a-zA-Z]{2,3}(?![a-zA-Z])")


def recognise(text: str, claimed: str | None) -> str | None:
    """The language as an ISO 639-1 code: recognised when long and sure enough, else the claim, else None."""
    match = TAG.match((claimed or "").strip())
    claim = match[0].lower() if match else None
    sample = text[:SAMPLE_CHARACTERS]
    letters = sum(char.isalpha() for char in sample)
    if letters < MIN_LETTERS or (claim and letters < SURE_LETTERS and not _is_wide(sample)):
        return claim
    language, probability = load_model().classify(sample)
    return str(language) if probability >= (SURE_PROBABILITY if claim else LIKELY_PROBABILITY) else claim


@cache
def load_model() -> LanguageIdentifier:
    """The model, loaded once. It unpacks through a temporary file: load it before files are forbidden."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _is_wide(sample: str) -> bool:
    """Ideographs say more per character."""
    return sum(char >= "\u2e80" for char in sample) > len(sample) // 3

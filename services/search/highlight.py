"""Finding a query's words in text, whatever their ending, and the sentences that hold most of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

import snowballstemmer

from services.search.types import Span

WORD = re.compile(r"\w+(?:['’]\w+)*")
# Languages whose stemmer ships with the engine's BM25 and with snowballstemmer, by ISO 639-1 code.
STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
# Words that carry no topic: they are neither highlighted nor counted, unless the query has no others.
STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be because been but by can could did do does for from had happen
    happened happening happens has have how i if in into is it its me more my no not of on or our out over s said
    should so some such t than that the their them then there these they this those to up us was we were what when
    where which who whom whose why will with would you your
    """.split()
)
_stemming = Lock()


@dataclass(frozen=True)
class Terms:
    """The stems of a query that count. Made per query: each word of the texts is stemmed once, however often it occurs."""

    stems: frozenset[str]
    language: str | None
    # Words met so far, and those among them that are forms of a term, with its stem.
    met: set[str] = field(default_factory=set, compare=False, repr=False)
    forms: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def spans(self, text: str) -> list[Span]:
        """Where the terms occur in a text."""
        forms = self.occurring(WORD.findall(text))
        return [Span(m.start(), m.end()) for m in WORD.finditer(text) if m.group() in forms] if forms else []

    def coverage(self, text: str) -> float:
        """The share of the terms that occur in a text, 0..1."""
        if not self.stems:
            return 0.0
        return len({self.forms[word] for word in self.occurring(WORD.findall(text))}) / len(self.stems)

    def occurring(self, words: Iterable[str]) -> set[str]:
        """Those of the words that are forms of a term."""
        distinct = set(words)
        for word in distinct - self.met:
            found = stem(word, self.language)
            if found in self.stems:
                self.forms[word] = found
        # After the forms: another thread that finds a word here finds its form there.
        self.met.update(distinct)
        return self.forms.keys() & distinct


def terms_of(query: str, language: str | None = "en") -> Terms:
    """The terms of a query; stop words only when there is nothing else."""
    words = [word.lower() for word in WORD.findall(query)]
    telling = [word for word in words if word not in STOP_WORDS] or words
    return Terms(frozenset(stem(word, language) for word in telling), language)


@lru_cache(maxsize=50_000)
def stem(word: str, language: str | None) -> str:
    """The stem of a word in lower case; the word itself in languages without a stemmer."""
    name = STEMMERS.get(language or "")
    lowered = word.lower().replace("’", "'")
    if name is None:
        return lowered
    with _stemming:
        return str(stemmer(name).stemWord(lowered))


@lru_cache(maxsize=len(STEMMERS))
def stemmer(name: str) -> snowballstemmer.stemmer:
    """A language's stemmer. It keeps state while it stems, hence the lock around its use."""
    return snowballstemmer.stemmer(name)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, joined where they touch."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged

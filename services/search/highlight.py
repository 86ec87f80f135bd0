"""Finding a query's words in text, whatever their ending, and the sentences that hold most of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

import snowballstemmer

from services.engines.vectors.encode import UNSPACED
from services.search.irregular import PAST_FORMS
from services.search.types import Span

# Letters, digits and the vowel signs and joiners that `\w` leaves out: Hebrew and Arabic points, Indic, Thai, Burmese.
WORD = re.compile(
    r"[\w\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0971-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    r"\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u200c\u200d]+"
)
APOSTROPHES = frozenset("'’")
# Latin letters with accents, and those that no decomposition takes apart: the index folds them to ASCII too.
ACCENTED = re.compile("([a-z])[\u0300-\u036f]+")
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ħ": "h"})
UNDIVIDED = re.compile(f"[{''.join(map(chr, LETTERS))}]")
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
    where which who whom whose why will with would you your ll re ve
    """.split()
)
_stemming = Lock()


@dataclass(frozen=True)
class Terms:
    """The stems of a query that count. Made per query: each word of the texts is stemmed once, however often it occurs."""

    stems: frozenset[str]
    language: str | None
    # What stood between spaces in the texts met so far; where forms of terms are in it, these; and each form's stem.
    met: set[str] = field(default_factory=set, compare=False, repr=False)
    pieces: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)
    forms: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def forms_in(self, text: str) -> set[str]:
        """The words of a text that are forms of a term, as they stand there."""
        pieces = set(text.split()) if is_spaced(text) else vocabulary(text)
        new = pieces - self.met
        for piece in new:
            for word in (piece,) if piece.isalpha() else WORD.findall(piece):
                root = stem(word, self.language)
                if root in self.stems:
                    self.forms[word] = root
                    self.pieces.setdefault(piece, []).append(word)
        # After the forms: another thread that finds a piece here finds its forms there.
        self.met.update(new)
        return {form for piece in self.pieces.keys() & pieces for form in self.pieces[piece]}

    def spans(self, text: str, forms: Collection[str] | None = None) -> list[Span]:
        """Where the terms occur in a text, in order. `forms`: its `forms_in`, where these are known already."""
        forms = self.forms_in(text) if forms is None else forms
        if not forms:
            return []
        if is_spaced(text):
            return places(text, forms)
        return [span for span in words(text) if text[span.start : span.end] in forms]

    def share(self, forms: Iterable[str]) -> float:
        """The share of the terms that these forms are of, 0..1."""
        return len({self.forms[form] for form in forms}) / len(self.stems) if self.stems else 0.0

    def coverage(self, text: str) -> float:
        """The share of the terms that occur in a text, 0..1."""
        return self.share(self.forms_in(text)) if self.stems else 0.0


def terms_of(query: str, language: str | None = "en") -> Terms:
    """The terms of a query; stop words only when there is nothing else."""
    given = [folded(query[span.start : span.end]) for span in words(query)]
    telling = [word for word in given if word not in STOP_WORDS] or given
    return Terms(frozenset(stem(word, language) for word in telling), language)


def words(text: str) -> Iterator[Span]:
    """Words as the index cuts them: at apostrophes, and pairs of characters in scripts without spaces.

    The single letters that an apostrophe leaves over (bank's, l'Italia) are none.
    """
    spaced = is_spaced(text)
    for match in WORD.finditer(text):
        start, end = match.span()
        if is_left_over(text, start, end):
            continue
        for run in () if spaced else UNSPACED.finditer(text, start, end):
            if start < run.start():
                yield Span(start, run.start())
            for first in range(run.start(), max(run.start() + 1, run.end() - 1)):
                yield Span(first, min(first + 2, run.end()))
            start = run.end()
        if start < end:
            yield Span(start, end)


def places(text: str, forms: Iterable[str]) -> list[Span]:
    """Where some words stand in a text of scripts with spaces, in order; as `words`, without looking at all the others."""
    found: list[Span] = []
    for form in forms:
        start = text.find(form)
        while start >= 0:
            end = start + len(form)
            whole = WORD.match(text, end) is None and (start == 0 or WORD.match(text, start - 1, start) is None)
            if whole and not is_left_over(text, start, end):
                found.append(Span(start, end))
            start = text.find(form, end)
    return sorted(found, key=lambda span: span.start)


def is_spaced(text: str) -> bool:
    """Whether a text is in scripts that put spaces between words."""
    return text.isascii() or UNSPACED.search(text) is None


def is_left_over(text: str, start: int, end: int) -> bool:
    """Whether a word is a single letter beside an apostrophe."""
    return end - start == 1 and not APOSTROPHES.isdisjoint((text[start - 1 : start], text[end : end + 1]))


def vocabulary(text: str) -> set[str]:
    """The different words of a text. Many texts are asked, so the usual scripts take the short way."""
    if is_spaced(text):
        return set(WORD.findall(text))
    return {text[span.start : span.end] for span in words(text)}


def folded(word: str) -> str:
    """A word in lower case, without ligatures and Latin accents, as the index compares it."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.lower())
    # For a whole text the translation would take longer than all the rest.
    plain = plain.translate(LETTERS) if UNDIVIDED.search(plain) else plain
    return unicodedata.normalize("NFC", ACCENTED.sub(r"\1", plain))


@lru_cache(maxsize=50_000)
def stem(word: str, language: str | None) -> str:
    """The stem of a word, of its base form where English is irregular; the folded word in languages without a stemmer."""
    name = STEMMERS.get(language or "")
    plain = folded(word)
    if language == "en":
        plain = PAST_FORMS.get(plain, plain)
    if name is None:
        return plain
    with _stemming:
        return str(stemmer(name).stemWord(plain))


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

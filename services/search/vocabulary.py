"""Did you mean: a word that the tenant's library does not have, put right by the words that it has.

A vocabulary is made when first asked for, of the titles and beginnings of the newest documents, kept for some minutes,
and is never anybody else's. Whether a word exists, and whether a better one still does, the index and the rows say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.engines.vectors.base import HybridQuery
from services.engines.vectors.encode import UNSPACED, encode_query, stemmer_language
from services.ingest.rights import shown_characters
from services.scope import Scope
from services.search import repository
from services.search.grammar import understand
from services.search.highlight import STOP_WORDS, WORD, folded, words
from services.traces import span

# What is read for a vocabulary: 3,000 beginnings of 1,000 characters take 0.3 s.
DOCUMENTS = 3000
CHARACTERS = 1000
# The most frequent words are kept: about 5 MB.
MOST_WORDS = 20_000
SHORTEST = 4
# From this length on two letters may be wrong.
LONG = 7
# Words of a query that are looked at.
MOST_ASKED = 8
# Candidates that are looked up in the index, the likeliest first.
TRIED = 3


@dataclass(frozen=True)
class Known:
    """A word of the library, as it is compared, with the letters it has and how often it occurs."""

    word: str
    plain: str
    letters: int
    count: int


@dataclass(frozen=True)
class Vocabulary:
    """The words of a library by length."""

    by_length: dict[int, list[Known]]

    def nearest(self, word: str) -> list[str]:
        """The words that this one may be meant for, the likeliest first: fewest letters wrong, then most frequent."""
        plain = folded(word)
        most = 2 if len(plain) >= LONG else 1
        letters = letters_of(plain)
        near = [
            (distance, -known.count, known.word)
            for length in range(len(plain) - most, len(plain) + most + 1)
            for known in self.by_length.get(length, ())
            if (known.letters ^ letters).bit_count() <= 2 * most
            and 0 < (distance := edits(plain, known.plain, most)) <= most
        ]
        return [each for _, _, each in sorted(near)]


def suggestion(scope: Scope, query: str) -> str | None:
    """The query with the words put right that the library does not have; None when it has all, or nothing near.

    Cost: two to three milliseconds per word of the query; some tenths of a second when the vocabulary is made.
    """
    better = query
    with span("suggestion"), scope.runtime.turns.turn(scope.tenant_id):
        unknown = [word for word in asked(query) if not exists(scope, word)]
        for word in unknown:
            found = next((each for each in vocabulary(scope).nearest(word)[:TRIED] if exists(scope, each)), None)
            if found is not None:
                better = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", found, better)
    return None if better == query else better


def asked(query: str) -> Iterator[str]:
    """The words of a query that may be misspelt."""
    text = understand(query).text
    distinct = dict.fromkeys(text[span.start : span.end] for span in words(text))
    for word in list(distinct)[:MOST_ASKED]:
        if len(word) >= SHORTEST and word.isalpha() and not UNSPACED.search(word) and folded(word) not in STOP_WORDS:
            yield word


def exists(scope: Scope, word: str) -> bool:
    """Whether a live document has the word or a form of it. A stop word of any of the library's languages does."""
    with scope.read() as tx:
        collection = repository.collection(tx)
        languages = {stemmer_language(language) for language in repository.languages(tx)}
    if any(encode_query(word, language) is None for language in languages):
        return True
    for language in languages:
        found = scope.runtime.vectors.matching(collection, HybridQuery(word, None, TRIED, language=language))
        with scope.read() as tx:
            if repository.newest_ids(tx, (), [id_ for id_, _ in found.documents], 1):
                return True
    return False


def vocabulary(scope: Scope) -> Vocabulary:
    """The tenant's, made when there is none or it is too old."""
    kept = scope.runtime.vocabularies.get(scope.tenant_id)
    if isinstance(kept, Vocabulary):
        return kept
    version = scope.runtime.vocabularies.version
    made = make_vocabulary(scope)
    scope.runtime.vocabularies.put(scope.tenant_id, made, version=version)
    return made


def make_vocabulary(scope: Scope) -> Vocabulary:
    """Count the words of the newest documents. Of texts that may not be shown only the titles are read."""
    counts: Counter[str] = Counter()
    with span("vocabulary"), scope.read() as tx:
        for lead in repository.leads(tx, DOCUMENTS, CHARACTERS):
            text = lead.title if shown_characters(lead) is not None else f"{lead.title}\n{lead.text}"
            counts.update(set(WORD.findall(text.lower())))
    by_length: dict[int, list[Known]] = {}
    fit = (item for item in counts.most_common() if len(item[0]) >= SHORTEST and item[0].isalpha())
    for (word, count), _ in zip(fit, range(MOST_WORDS), strict=False):
        plain = folded(word)
        by_length.setdefault(len(plain), []).append(Known(word, plain, letters_of(plain), count))
    return Vocabulary(by_length)


def letters_of(word: str) -> int:
    """Which letters a word has, as bits; two that are near to each other differ in few."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits


def edits(first: str, second: str, most: int) -> int:
    """Letters to insert, delete, exchange or swap with their neighbour; `most` + 1 for any number beyond `most`.

    The optimal string alignment distance (Damerau 1964, in the restricted form).
    """
    before_last: list[int] = []
    last = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        current = [row]
        for column, other in enumerate(second, start=1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before_last, last = last, current
    return min(last[-1], most + 1)

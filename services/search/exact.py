"""Exact words: the documents that hold a phrase, and those that hold a word that must not be there.

The index knows stems, not words, and no order. So it names the documents that may hold a phrase, and their texts are
read. What comes of it is a filter by document ids, for the engine and for the rows alike: nothing that fits is lost
behind a window of best results. Where a phrase has too many candidates the newest are read, and the result says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache

from services.engines.vectors.base import HybridQuery, VectorFilter
from services.engines.vectors.encode import UNSPACED, encode_query, stemmer_language
from services.scope import Scope, Tx
from services.search import repository
from services.search.highlight import WORD, folded
from services.search.query import Filters
from services.traces import note, span

# Chunks that share a word with a phrase, per word and language, from which its candidates are taken.
MOST_CHUNKS = 5000
# Documents whose texts are read for all phrases of a query, each having an equal part: 5,000 of 3,300 characters take 70 ms on SQLite.
MOST_READ = 5000
# Documents read at once.
BATCH = 500
# The longest words of a phrase are the rarest.
LOOKED_UP = 2
# Anything but ASCII and the dashes and quotation marks of print.
FOLDABLE = re.compile("[^\x00-\x7f\u2000-\u206f]")
# More ids than this are too many for one statement.
MOST_IDS = 20_000


@dataclass(frozen=True)
class Phrase:
    """What finds a phrase in a `plain` text. `word`: its longest one, which is looked for first."""

    word: str
    pattern: re.Pattern[str]

    def is_in(self, text: str | None) -> bool:
        """Whether the text has its words, whole and in order, whatever stands between them."""
        given = plain(text)
        return self.word in given and self.pattern.search(given) is not None


@dataclass(frozen=True)
class Found:
    """The documents that hold a phrase. `is_complete`: every document that may hold it was read."""

    ids: frozenset[str]
    is_complete: bool


def narrowed(scope: Scope, filters: Filters) -> tuple[Filters, str | None]:
    """The filters with their phrases as ids of documents, and what to tell people when not every text was read."""
    if not filters.phrases and not filters.not_phrases:
        return filters, None
    with span("exact words"):
        most = MOST_READ // (len(filters.phrases) + len(filters.not_phrases))
        required = {phrase: holding(scope, filters, phrase, most) for phrase in filters.phrases}
        refused = {phrase: holding(scope, filters, phrase, most) for phrase in filters.not_phrases}
        note(required=len(required), refused=len(refused))
    ids = None
    for found in required.values():
        ids = found.ids if ids is None else ids & found.ids
    unwanted = frozenset[str]().union(*(found.ids for found in refused.values()))
    if ids is not None:
        ids, unwanted = ids - unwanted, frozenset()
    limited = [phrase for phrase, found in {**required, **refused}.items() if not found.is_complete]
    notice = None
    if limited:
        names = ", ".join(f"“{phrase}”" for phrase in limited)
        notice = f"{names}: so common that only the newest {most:,} documents with it were read."
    exact = replace(
        filters,
        phrases=(),
        not_phrases=(),
        document_ids=None if ids is None else tuple(sorted(ids)),
        not_document_ids=tuple(sorted(unwanted)),
    )
    return exact, notice


def engine_filter(tx: Tx, filters: Filters) -> VectorFilter | None:
    """The conditions for the engine; None when no document meets them.

    Folders and tags become the ids of the documents that have them now, so that a change holds at once and no point is
    written for it. Cost: 3 microseconds per id and query in Qdrant Edge (30,000 ids: 85 ms), besides the look-up.
    """
    if not filters.shelves:
        return filters.for_engine()
    ids = repository.live_ids(tx, filters.for_rows(tx))
    return replace(filters.for_engine(), document_ids=tuple(ids)) if ids else None


def holding(scope: Scope, filters: Filters, phrase: str, most: int) -> Found:
    """The documents that meet the other filters and hold a phrase; of its candidates at most `most` are read."""
    wanted = compiled(phrase)
    if wanted is None:
        return Found(frozenset(), True)
    candidates = may_hold(scope, filters, phrase)
    ids: set[str] = set()
    with scope.read() as tx:
        found = repository.newest_ids(tx, filters.for_rows(tx), candidates, most + 1)
        for start in range(0, min(len(found), most), BATCH):
            texts = repository.texts(tx, found[start : min(start + BATCH, most)])
            ids |= {id_ for id_, title, text in texts if wanted.is_in(title) or wanted.is_in(text)}
    return Found(frozenset(ids), len(found) <= most)


def may_hold(scope: Scope, filters: Filters, phrase: str) -> Collection[str] | None:
    """Documents of which some hold the phrase and all others do not; None when the index cannot tell.

    A text is in the index under the stems of its own language, so a word is looked up in all that the library has.
    """
    with scope.read() as tx:
        collection = repository.collection(tx)
        languages = {stemmer_language(language) for language in repository.languages(tx)}
    words = sorted({match[0] for match in WORD.finditer(phrase)}, key=lambda word: (-len(word), word))
    found: set[str] | None = None
    for word in words[:LOOKED_UP]:
        # A stop word of one language is in no text's vector of that language.
        if any(encode_query(word, language) is None for language in languages):
            continue
        queries = [HybridQuery(word, None, MOST_CHUNKS, filters.for_engine(), language) for language in languages]
        matches = [scope.runtime.vectors.matching(collection, query) for query in queries]
        if all(match.is_complete for match in matches):
            documents = {id_ for match in matches for id_, _ in match.documents}
            found = documents if found is None else found & documents
    return None if found is None or len(found) > MOST_IDS else found


@lru_cache(maxsize=256)
def compiled(phrase: str) -> Phrase | None:
    """A phrase, ready to be looked for; None when it has no words. In scripts without spaces words have no borders."""
    words = [folded(match[0]) for match in WORD.finditer(phrase)]
    if not words:
        return None
    start = "" if UNSPACED.match(words[0]) else r"(?<!\w)"
    end = "" if UNSPACED.match(words[-1][-1]) else r"(?!\w)"
    pattern = re.compile(start + r"[\W_]+".join(re.escape(word) for word in words) + end)
    return Phrase(max(words, key=len), pattern)


def plain(text: str | None) -> str:
    """A text as phrases are compared: small letters without accents. Folding takes ten times as long as the rest, so the
    texts that have nothing to fold are spared it."""
    given = text or ""
    return folded(given) if FOLDABLE.search(given) else given.lower()

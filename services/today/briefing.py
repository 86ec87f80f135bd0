"""The newest stories in a sentence each, word for word from the document that the sentence points at.

Nothing is written: of the first sentences of a document that can stand alone, the one that says most of its title is
shown with its exact span. Stories are told apart by the words of title and sentence, so no model is needed; copies of one
text are one story. Opinion is no news.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.ingest.rights import may_answer, shown_characters
from services.ingest.sentences import LEANING, STATEMENT, sentences
from services.models import Document, utc_now
from services.scope import Scope, Tx
from services.search import repository
from services.search.query import Filters
from services.search.types import Copies

# A day; small libraries have too few stories in one, and get those of some days.
WINDOWS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
ENOUGH_STORIES = 3
MOST_STORIES = 5
# Documents that are looked at, the newest first, each to this many characters of its text. News says what happened in
# its first paragraph.
LOOKED_AT = 60
LEAD_CHARACTERS = 1500
WORDS_RANGE = (8, 45)
# Sentences to choose from: news says what happened in the first of them, features later.
FIRST_SENTENCES = 3
# Two documents tell one story when they share this part of the shorter one's long words, in title and sentence. Of the
# pairs of documents in the demo, those from .5 on tell of one event or of what came of it; below, unrelated ones begin (.38).
SAME_STORY = 0.5
OPINION = "opinion"
LONG_WORD = re.compile(r"[^\W\d_]{4,}|\d+")


@dataclass(frozen=True)
class Story:
    """A sentence with the document that it is quoted from, its span there, and who else printed the text."""

    document: Document
    start: int
    end: int
    sentence: str
    page: int | None
    copies: Copies


@dataclass(frozen=True)
class Briefing:
    """Stories, the newest first, from `documents` that were published (else first seen) from `since` to `until`.

    `is_current`: `until` is now; else nothing came for days, and it is when the newest did.
    """

    stories: Sequence[Story]
    documents: int
    since: datetime
    until: datetime
    is_current: bool


def briefing(scope: Scope, *, uploads: bool = False) -> Briefing:
    """The newest stories of outlets, or of uploads too: of a day, or of more when a day has few.

    Cost: reads the beginnings of at most LOOKED_AT documents, up to four times.
    """
    now = utc_now()
    aside = () if uploads else ("upload",)
    with scope.read() as tx:
        for window in WINDOWS:
            found = told_since(tx, now - window, now, aside)
            if len(found.stories) >= ENOUGH_STORIES:
                return found
        rows, _ = newest(tx, Filters(published_before=now, not_source=aside), 1)
        if found.documents or not rows:
            return found
        [(latest, _)] = rows
        until = (latest.published_at or latest.first_seen_at) + timedelta(microseconds=1)
        return replace(told_since(tx, until - WINDOWS[-1], until, aside), is_current=False)


def told_since(tx: Tx, since: datetime, until: datetime, not_source: tuple[str, ...]) -> Briefing:
    """The stories of this time."""
    rows, count = newest(tx, Filters(published_after=since, published_before=until, not_source=not_source), LOOKED_AT)
    return Briefing(stories_of(tx, rows), count, since, until, is_current=True)


def newest(tx: Tx, filters: Filters, limit: int) -> tuple[list[tuple[Document, str]], int]:
    """The newest documents that meet the filters with their beginnings, one per text, and how many there are in all."""
    once = repository.is_first_of_fold(tx, lambda rows: filters.for_rows(tx, rows=rows))
    return repository.newest(tx, [*filters.for_rows(tx), once], offset=0, limit=limit, lead=LEAD_CHARACTERS)


def stories_of(tx: Tx, rows: Sequence[tuple[Document, str]]) -> list[Story]:
    """The first MOST_STORIES of the documents that have a sentence to quote and tell of something new."""
    chosen: list[tuple[Document, int, int, str]] = []
    told: list[set[str]] = []
    for document, lead in rows:
        if len(chosen) == MOST_STORIES:
            break
        found = opening(document, lead)
        if found is None:
            continue
        start, end = found
        said = long_words(f"{document.title} {lead[start:end]}")
        if any(share(said, before) >= SAME_STORY for before in told):
            continue
        told.append(said)
        chosen.append((document, start, end, lead[start:end]))
    copies = repository.copies(tx, [document for document, *_ in chosen], limit=1)
    return [
        Story(document, start, end, sentence, page_of(document, start), copies.get(document.id, Copies()))
        for document, start, end, sentence in chosen
    ]


def opening(document: Document, lead: str) -> tuple[int, int] | None:
    """The span of the sentence that says most of the title, of the first that can stand alone; None when none may be quoted."""
    if document.category == OPINION or not may_answer(document):
        return None
    most = shown_characters(document)
    spans = [
        (start, end)
        for start, end in sentences(lead, document.language)
        if stands_alone(lead[start:end])
        and (most is None or end - start <= most)
        and (end < len(lead) or len(lead) < LEAD_CHARACTERS)
    ][:FIRST_SENTENCES]
    title = long_words(document.title)
    return max(spans, key=lambda span: len(title & long_words(lead[slice(*span)])), default=None)


def stands_alone(sentence: str) -> bool:
    """Whether this is a statement of some length that does not lean on the one before it."""
    count = len(sentence.split())
    is_statement = STATEMENT.search(sentence) is not None and LEANING.match(sentence) is None
    return is_statement and WORDS_RANGE[0] <= count <= WORDS_RANGE[1]


def long_words(text: str) -> set[str]:
    """The words and figures that tell one story from another."""
    return set(LONG_WORD.findall(text.lower()))


def page_of(document: Document, start: int) -> int | None:
    """The page of a PDF or a scan that a position is on."""
    return repository.page_of(document.pages, start) if document.page_count else None


def share(one: set[str], other: set[str]) -> float:
    """How much of the smaller set is in the larger one, 0 to 1."""
    return len(one & other) / max(1, min(len(one), len(other)))

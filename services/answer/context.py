"""Choosing what the answerer reads: the best passages of a few documents, numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.answer.types import Source
from services.ingest.rights import cut_at_word, may_answer, shown_characters
from services.search.repository import page_of
from services.search.search import Candidate

# Chunks read per document: its best ones.
CHUNKS_PER_SOURCE = 3
LEAST_SHARE_OF_BEST = 0.45


def choose(candidates: Sequence[Candidate], max_sources: int) -> list[list[Candidate]]:
    """The best candidates grouped by document, documents in order of their best chunk, at most `max_sources`.

    Only documents that may answer, and of each only as much as may be shown. Of copies of one text the best is read.
    Documents that fit far worse than the best one are left out: they would only be shown and never cited.
    """
    groups: dict[str, list[Candidate]] = {}
    read: dict[str, str] = {}
    for candidate in candidates:
        document = candidate.chunk.document
        if not may_answer(document) or read.setdefault(document.original_id or document.id, document.id) != document.id:
            continue
        if document.id in groups or len(groups) < max_sources:
            group = groups.setdefault(document.id, [])
            if len(group) < (CHUNKS_PER_SOURCE if document.max_snippet is None else 1):
                group.append(shortened(candidate))
    fits = {document_id: max(each.relevance for each in group) for document_id, group in groups.items()}
    floor = LEAST_SHARE_OF_BEST * max(fits.values(), default=0.0)
    return [group for document_id, group in groups.items() if fits[document_id] >= floor]


def shortened(candidate: Candidate) -> Candidate:
    """A candidate with as much of its chunk as its publisher allows to be shown; quotes come from that part alone."""
    chunk = candidate.chunk
    text = cut_at_word(chunk.text, shown_characters(chunk.document))
    return (
        candidate
        if text == chunk.text
        else replace(candidate, chunk=replace(chunk, text=text, end=chunk.start + len(text)))
    )


def number(groups: Sequence[Sequence[Candidate]], pages: Mapping[str, Sequence[dict[str, Any]]]) -> list[Source]:
    """The sources of an answer, numbered from 1, each shown by its best chunk."""
    return [
        Source(
            number=index,
            document=group[0].chunk.document,
            start=group[0].chunk.start,
            end=group[0].chunk.end,
            text=group[0].chunk.text,
            page=page_of(pages[group[0].chunk.document.id], group[0].chunk.start),
        )
        for index, group in enumerate(groups, start=1)
    ]

"""Choosing what the answerer reads: the best passages of a few documents, numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.answer.types import Source
from services.search.repository import page_of
from services.search.search import Candidate

# Chunks read per document: its best ones.
CHUNKS_PER_SOURCE = 3
LEAST_SHARE_OF_BEST = 0.45


def choose(candidates: Sequence[Candidate], max_sources: int) -> list[list[Candidate]]:
    """The best candidates grouped by document, documents in order of their best chunk, at most `max_sources`.

    Documents that fit far worse than the best one are left out: they would only be shown and never cited.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        document_id = candidate.chunk.document.id
        if document_id in groups or len(groups) < max_sources:
            group = groups.setdefault(document_id, [])
            if len(group) < CHUNKS_PER_SOURCE:
                group.append(candidate)
    fits = {document_id: max(each.relevance for each in group) for document_id, group in groups.items()}
    floor = LEAST_SHARE_OF_BEST * max(fits.values(), default=0.0)
    return [group for document_id, group in groups.items() if fits[document_id] >= floor]


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

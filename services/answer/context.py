"""Choosing what the answerer reads: the best passages of a few documents, numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from services.answer.extractive import Choice, collect
from services.answer.quotes.names import of_named
from services.answer.types import Source
from services.ingest.rights import cut_at_word, may_answer, shown_characters
from services.ingest.sentences import sentences
from services.models import Document
from services.search.highlight import terms_of
from services.search.repository import page_of
from services.search.search import Candidate, by_document

# Chunks read per document: its best ones.
CHUNKS_PER_SOURCE = 3
LEAST_SHARE_OF_BEST = 0.45
# What the language model reads; how much the question's words in a sentence count beside the fit of its chunk, which is
# 0..1; and what each place of its chunk behind the best one takes away. Chosen with `python -m bench.prompt` (ADR 28).
MOST_CHARACTERS = 1400
COVERAGE_WEIGHT = 0.3
PLACE_WEIGHT = 0.1


@dataclass(frozen=True)
class Reading:
    """What an answerer reads: the question, as it was put and as it was searched, and the passages of each source."""

    put: str
    question: str
    groups: Sequence[Sequence[Candidate]]
    sources: Sequence[Source]

    @cached_property
    def sentences(self) -> list[tuple[Choice, Candidate]]:
        """All whole sentences of the passages that are about what the question names, cut once for whoever looks at them."""
        return of_named(collect(self.groups), (self.put, self.question))


def choose(candidates: Sequence[Candidate], max_sources: int) -> list[Candidate]:
    """The best candidates of the `max_sources` documents that come first and may answer; of copies of one text, of one."""
    chosen: dict[str, list[Candidate]] = {}
    read: dict[str, str] = {}
    for candidate in candidates:
        document = candidate.document
        if not may_answer(document) or read.setdefault(document.original_id or document.id, document.id) != document.id:
            continue
        if document.id in chosen or len(chosen) < max_sources:
            group = chosen.setdefault(document.id, [])
            if len(group) < (CHUNKS_PER_SOURCE if document.max_snippet is None else 1):
                group.append(candidate)
    return [candidate for group in chosen.values() for candidate in group]


def fitting(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates that were read by document, each with only as much of its text as may be shown.

    Documents that fit far worse than the best one are left out: they would only be shown and never cited.
    """
    groups = list(by_document(map(shortened, candidates)).values())
    fits = [max(each.relevance for each in group) for group in groups]
    floor = LEAST_SHARE_OF_BEST * max(fits, default=0.0)
    return [group for group, fit in zip(groups, fits, strict=True) if fit >= floor]


def shortened(candidate: Candidate) -> Candidate:
    """A candidate with as much of its chunk as its publisher allows to be shown; quotes come from that part alone."""
    chunk = candidate.chunk
    text = cut_at_word(chunk.text, shown_characters(candidate.document))
    return (
        candidate
        if text == chunk.text
        else replace(candidate, text=replace(chunk, text=text, end=chunk.start + len(text)))
    )


def number(groups: Sequence[Sequence[Candidate]], documents: Mapping[str, Document]) -> list[Source]:
    """The sources of an answer, numbered from 1, each shown by its best chunk."""
    return [
        Source(
            number=index,
            document=(document := documents[group[0].document.id]),
            start=group[0].chunk.start,
            end=group[0].chunk.end,
            text=group[0].chunk.text,
            page=page_of(document.pages, group[0].chunk.start),
        )
        for index, group in enumerate(groups, start=1)
    ]


def condensed(groups: Sequence[Sequence[Candidate]], question: str) -> list[list[str]]:
    """The texts of candidates as a language model reads them: spaces stand for sentences that are not about the question.

    Sentences are taken from all chunks, those first that hold most of the question's words in chunks that come first and fit
    it best, until MOST_CHARACTERS. Of what stands in several chunks the first is read. Offsets stay what they were.
    """
    candidates = [candidate for group in groups for candidate in group]
    spans = [sentences(candidate.chunk.text) for candidate in candidates]
    kept: list[set[int]] = [set() for _ in candidates]
    seen: set[str] = set()
    room = MOST_CHARACTERS
    for index, at in ranked(candidates, spans, question):
        if room <= 0:
            break
        said = " ".join(candidates[index].chunk.text[slice(*spans[index][at])].split()).casefold()
        if said not in seen:
            seen.add(said)
            kept[index].add(at)
            room -= len(said)
    texts = iter(
        only(candidate.chunk.text, [spans[index][at] for at in kept[index]])
        for index, candidate in enumerate(candidates)
    )
    return [[next(texts) for _ in group] for group in groups]


def ranked(
    candidates: Sequence[Candidate], spans: Sequence[Sequence[tuple[int, int]]], question: str
) -> list[tuple[int, int]]:
    """The sentences of all candidates, as the candidate's place and their own there, the most promising first."""
    order = sorted(range(len(candidates)), key=lambda index: (-candidates[index].score, index))
    places = {index: place for place, index in enumerate(order)}
    found = []
    for index, candidate in enumerate(candidates):
        terms = terms_of(question, candidate.document.language)
        for at, (start, end) in enumerate(spans[index]):
            worth = COVERAGE_WEIGHT * terms.coverage(candidate.chunk.text[start:end]) + candidate.relevance
            worth -= PLACE_WEIGHT * places[index]
            found.append((-worth, index, at))
    return [(index, at) for _, index, at in sorted(found)]


def only(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A text of which these spans are left, and spaces stand for the rest; lines stay lines, which end sentences too."""
    kept = [character if character.isspace() else " " for character in text]
    for start, end in spans:
        kept[start:end] = text[start:end]
    return "".join(kept)

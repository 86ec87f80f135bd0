"""Cutting the part of a chunk that a person reads: whole sentences, around the words that were asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from services.ingest.sentences import sentences
from services.search.highlight import merge
from services.search.types import Passage, Span

# Characters of a passage: three lines of a result row.
PASSAGE_CHARACTERS = 320


def best_passage(text: str, start: int, terms: Iterable[Span] = ()) -> Passage:
    """The run of sentences of `text` (a chunk that begins at `start`) that holds most terms, with the terms marked.

    `terms`: where they stand in `text`. A single sentence longer than PASSAGE_CHARACTERS is cut around its first term, at
    word borders.
    """
    spans = [Span(*span) for span in sentences(text)] or [Span(0, len(text))]
    marked = merge(terms)
    starts = [mark.start for mark in marked]
    counts = [bisect_left(starts, span.end) - bisect_left(starts, span.start) for span in spans]
    first = last = max(range(len(spans)), key=lambda index: (counts[index], -index))
    while True:
        after = last + 1 < len(spans) and spans[last + 1].end - spans[first].start <= PASSAGE_CHARACTERS
        before = first > 0 and spans[last].end - spans[first - 1].start <= PASSAGE_CHARACTERS
        if after and (not before or counts[last + 1] >= counts[first - 1]):
            last += 1
        elif before:
            first -= 1
        else:
            break
    shown = cut(text, Span(spans[first].start, spans[last].end), marked)
    inside = [
        Span(mark.start - shown.start, mark.end - shown.start)
        for mark in marked
        if shown.start <= mark.start and mark.end <= shown.end
    ]
    return Passage(start + shown.start, start + shown.end, text[shown.start : shown.end], tuple(inside), None)


def cut(text: str, span: Span, marked: list[Span]) -> Span:
    """Shorten a span that is too long, so that its first mark stays in sight."""
    if span.end - span.start <= PASSAGE_CHARACTERS * 1.5:
        return span
    mark = next((mark.start for mark in marked if span.start <= mark.start < span.end), span.start)
    start = max(span.start, min(mark - PASSAGE_CHARACTERS // 3, span.end - PASSAGE_CHARACTERS))
    end = min(span.end, start + PASSAGE_CHARACTERS)
    while start > span.start and not text[start - 1].isspace() and start < mark:
        start += 1
    while end < span.end and not text[end - 1].isspace() and end > mark + 1:
        end -= 1
    return Span(start, start + len(text[start:end].rstrip()))

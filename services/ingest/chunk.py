"""Cutting a text into the pieces that are embedded and cited."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.ingest.sentences import sentences
from services.ingest.types import ChunkSpan

__all__ = ["chunk", "sentences"]

CountTokens = Callable[[Sequence[str]], list[int]]

# A chunk may end at a paragraph once it is this full: 128 of 180 tokens.
FULL_ENOUGH = 0.7
# A last chunk below this share takes sentences from the one before it, which keeps at least the other share.
SMALL_TAIL = 0.25
KEPT_BY_NEIGHBOUR = 0.5
# English has about 4.5 characters per token. Texts with far more (addresses, base64) are cut by length.
CHARACTERS_PER_TOKEN = 12
# Pieces of a sentence that is too long by itself: at clauses and spaces, else (CJK, base64) every so many characters.
CLAUSE = re.compile(r".{1,160}(?:[,;:、，；：](?=\s|[^\x00-\x7f])|\s|$)|.{1,160}", re.DOTALL)
NARROW = re.compile(r".{1,40}?(?:\s|$)|.{1,20}", re.DOTALL)


@dataclass(frozen=True)
class _Piece:
    """A sentence or a part of one; `closes` when a paragraph ends with it."""

    start: int
    end: int
    tokens: int
    closes: bool


def chunk(text: str, language: str | None, max_tokens: int, count_tokens: CountTokens) -> list[ChunkSpan]:
    """Cut a text into chunks of at most `max_tokens` tokens, ending at sentences and, where it can, at paragraphs.

    Chunks are in order, do not overlap, hold every character that is not white space, and `text[start:end]` is their
    text. Only a sentence that is too long by itself is cut inside. Tokens are counted per sentence and added up, which
    for WordPiece is exact: no token crosses white space.
    Cost: one batched count of all sentences, one more for each level of too long ones.
    """
    spans = sentences(text, language)
    if not spans:
        return []
    counts = count_tokens([text[start:end] for start, end in spans])
    pieces: list[_Piece] = []
    for number, ((start, end), tokens) in enumerate(zip(spans, counts, strict=True)):
        closes = number + 1 == len(spans) or "\n\n" in text[end : spans[number + 1][0]]
        if _too_long(end - start, tokens, max_tokens):
            pieces += _parts(text, start, end, max_tokens, count_tokens)
        else:
            pieces.append(_Piece(start, end, tokens, closes))
    groups = _balance_tail(_pack(pieces, max_tokens), max_tokens)
    return [
        ChunkSpan(ordinal, group[0].start, group[-1].end, text[group[0].start : group[-1].end], _tokens(group))
        for ordinal, group in enumerate(groups)
    ]


def _pack(pieces: list[_Piece], max_tokens: int) -> list[list[_Piece]]:
    """Fill chunks in order; end one where the next piece does not fit, or at a paragraph when it is full enough."""
    groups: list[list[_Piece]] = []
    group: list[_Piece] = []
    for piece in pieces:
        if group and not _fits(group, piece, max_tokens):
            groups.append(group)
            group = []
        group.append(piece)
        if piece.closes and _tokens(group) >= max_tokens * FULL_ENOUGH:
            groups.append(group)
            group = []
    return [*groups, group] if group else groups


def _balance_tail(groups: list[list[_Piece]], max_tokens: int) -> list[list[_Piece]]:
    """Merge a small last chunk into the one before, or give it some of its sentences."""
    if len(groups) < 2 or _tokens(groups[-1]) >= max_tokens * SMALL_TAIL:
        return groups
    *rest, before, tail = groups
    if (
        _tokens(before) + _tokens(tail) <= max_tokens
        and _width(before[0], tail[-1]) <= max_tokens * CHARACTERS_PER_TOKEN
    ):
        return [*rest, before + tail]
    while (
        len(before) > 1
        and _tokens(tail) < max_tokens * SMALL_TAIL
        and _tokens(before) - before[-1].tokens >= max_tokens * KEPT_BY_NEIGHBOUR
        and _width(before[-1], tail[-1]) <= max_tokens * CHARACTERS_PER_TOKEN
    ):
        before, tail = before[:-1], [before[-1], *tail]
    return [*rest, before, tail]


def _parts(text: str, start: int, end: int, max_tokens: int, count_tokens: CountTokens) -> list[_Piece]:
    """A sentence that is too long, in parts that are not."""
    pieces: list[_Piece] = []
    spans = _spans(CLAUSE, text, start, end)
    for (begin, stop), tokens in zip(spans, count_tokens([text[a:b] for a, b in spans]), strict=True):
        if tokens <= max_tokens // 4:
            pieces.append(_Piece(begin, stop, tokens, False))
            continue
        narrow = _spans(NARROW, text, begin, stop)
        narrow_counts = count_tokens([text[a:b] for a, b in narrow])
        pieces += [_Piece(a, b, count, False) for (a, b), count in zip(narrow, narrow_counts, strict=True)]
    return pieces


def _spans(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the pattern's matches, trimmed, those of only white space left out."""
    spans = []
    for match in pattern.finditer(text, start, end):
        stripped = match[0].strip()
        if stripped:
            begin = match.start() + len(match[0]) - len(match[0].lstrip())
            spans.append((begin, begin + len(stripped)))
    return spans


def _fits(group: list[_Piece], piece: _Piece, max_tokens: int) -> bool:
    return not _too_long(_width(group[0], piece), _tokens(group) + piece.tokens, max_tokens)


def _too_long(characters: int, tokens: int, max_tokens: int) -> bool:
    return tokens > max_tokens or characters > max_tokens * CHARACTERS_PER_TOKEN


def _width(first: _Piece, last: _Piece) -> int:
    return last.end - first.start


def _tokens(group: list[_Piece]) -> int:
    return sum(piece.tokens for piece in group)

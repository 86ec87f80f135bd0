"""Where on a page the characters of its text stand: words with their boxes, aligned to the text that was made of them.

The text of a page is not its words in a row: words broken at line ends are mended, cells are joined by bars, running
heads are dropped, columns are put in order. So words are matched with the text as two sequences, and only what differs
character by character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from services.ingest.extract.clean import tidy

TOKEN = re.compile(r"\S+")
# Characters that stand alone where words differ say nothing: every text has an `e`.
LEAST_RUN = 2
# Texts that differ in more than this many pairs of characters at one place are no readings of the same thing.
MAX_PAIRS = 4_000_000
# More words than any page of print; two sequences of them cost their product.
MAX_WORDS = 20_000
# Boxes of one line share this part of the smaller one's thickness, and are no further apart than this part of the page.
SAME_LINE, MAX_GAP = 0.5, 0.05


class Word(NamedTuple):
    """A word and its box, in fractions of the page from its top left corner."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


class Box(NamedTuple):
    """A rectangle, in fractions of the page from its top left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


class Place(NamedTuple):
    """The characters [start, end) of a page's text and where they stand."""

    start: int
    end: int
    box: Box


def align(words: Sequence[Word], text: str) -> list[Place]:
    """The places of the words of a page that its text has, in the order of the text; words in reading order.

    Cost: near linear for texts that are alike, at worst the product of both. Nothing for more than MAX_WORDS.
    """
    cleaned = [(tidy(word.text), Box(*word[1:])) for word in words[: MAX_WORDS + 1]]
    known = [(clean, box) for clean, box in cleaned if clean]
    tokens = [(match[0], match.start()) for match in TOKEN.finditer(text)]
    if len(known) > MAX_WORDS or len(tokens) > MAX_WORDS:
        return []
    places: list[Place] = []
    matcher = SequenceMatcher(None, [word for word, _ in known], [token for token, _ in tokens], autojunk=False)
    for kind, from_, to, token_from, token_to in matcher.get_opcodes():
        if kind == "equal":
            same = zip(known[from_:to], tokens[token_from:token_to], strict=True)
            places += [Place(start, start + len(token), box) for (_, box), (token, start) in same]
        elif kind == "replace":
            places += _by_characters(known[from_:to], tokens[token_from:token_to])
    return sorted(places)


def _by_characters(words: Sequence[tuple[str, Box]], tokens: Sequence[tuple[str, int]]) -> Iterator[Place]:
    """Places of words that the text has in another form, such as both halves of a mended one."""
    owners = [number for number, (word, _) in enumerate(words) for _ in word]
    offsets = [start + index for token, start in tokens for index in range(len(token))]
    if len(owners) * len(offsets) > MAX_PAIRS:
        return
    printed, stored = "".join(word for word, _ in words), "".join(token for token, _ in tokens)
    found: dict[int, list[int]] = {}
    for start, other, size in SequenceMatcher(None, printed, stored, autojunk=False).get_matching_blocks():
        for index in range(size if size >= LEAST_RUN else 0):
            found.setdefault(owners[start + index], []).append(offsets[other + index])
    for number, positions in found.items():
        yield Place(min(positions), max(positions) + 1, words[number][1])


def share_found(places: Sequence[Place], text: str) -> float:
    """The share of the text's characters, without white space, that have a place."""
    wanted = sum(len(token) for token in text.split())
    return sum(place.end - place.start for place in places) / wanted if wanted else 1.0


def boxes_of(places: Sequence[Place], start: int, end: int) -> list[Box]:
    """A box per line around the words that the characters [start, end) touch; places as `align` gives them."""
    boxes: list[Box] = []
    sideways = _lies_on_its_side(places)
    for place in places:
        if place.start < end and start < place.end:
            if boxes and _is_one_line(boxes[-1], place.box, sideways):
                last, box = boxes[-1], place.box
                boxes[-1] = Box(min(last.x0, box.x0), min(last.y0, box.y0), max(last.x1, box.x1), max(last.y1, box.y1))
            else:
                boxes.append(place.box)
    return boxes


def _lies_on_its_side(places: Sequence[Place]) -> bool:
    """Whether the lines of a page go up or down it: words that follow each other stand below, not beside each other."""
    pairs = [(one.box, other.box) for one, other in pairwise(places)]
    return sum(_is_one_line(*pair, True) for pair in pairs) > sum(_is_one_line(*pair, False) for pair in pairs)


def _is_one_line(one: Box, other: Box, sideways: bool) -> bool:
    """Whether two words that follow each other stand in one line."""
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    if sideways:
        return across >= SAME_LINE * min(one.x1 - one.x0, other.x1 - other.x0) and -down <= MAX_GAP
    return down >= SAME_LINE * min(one.y1 - one.y0, other.y1 - other.y0) and -across <= MAX_GAP

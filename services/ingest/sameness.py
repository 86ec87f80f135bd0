"""Whether two texts are one text printed twice. Pure: words in, verdict out.

A text becomes a set of three-word shingles and a MinHash of them (rensa). MinHash finds who might be alike; the verdict
looks at the shingles themselves: how many of the shorter text stand in the other, and whether all through it, as in a
reprint that was edited or misread, or in some places only, as where two reports quote one agency. Then at numbers and
names that stand between the same words and differ: "the 12th package" and "the 13th package" are two stories however
much they share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property

import numpy as np
from rensa import RMinHash

from services.engines.vectors.encode import spaced

WORD = re.compile(r"\w+(?:[.,:]\d+)*")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*[^\W\d_]{0,2}")
# What is looked at of a text. Longer ones are reports and books: they must also be of about one length to be one.
MOST_WORDS = 2000
MOST_CHARACTERS = 12 * MOST_WORDS
LENGTHS_APART = 0.2
PERMUTATIONS = 128
SEED = 42
# Bands of two values find a pair of texts of Jaccard .3 in 998 of 1,000 cases, of .2 in 927, of .01 in 6.
BAND_VALUES = 2
BANDS = PERMUTATIONS // BAND_VALUES
# Texts of fewer shingles say too little to be told apart. Shorter ones than SHORT must also have like titles: what is
# read behind a wall is one sentence on all pages of a site.
LEAST_SHINGLES = 12
SHORT_WORDS = 60
LIKE_TITLES = 0.6
# Of the shorter text: shingles that stand in the other, and stretches of STRETCH shingles where any does. On ECB+ two
# reports of different events share at most .20, two misread copies of one text .33 or more, in .85 of the stretches
# (bench/neardup.py). Within one publisher pages share standing texts, so nearly all stretches must agree.
LEAST_CONTAINED = 0.28
STRETCH = 10
LEAST_SPREAD, LEAST_SPREAD_AT_HOME = 0.85, 0.95
# Below CLEAN_COPY two reports written from one agency's and two copies misread share as much. What tells them apart is
# how many words still come in the same order (.87 or more of two edited and misread copies, .84 or less of such reports
# but for three near-identical pairs), or where paragraphs moved, the runs of letters.
CLEAN_COPY, HALF_CLEAN = 0.75, 0.55
ALIGNED_WORDS = 300
LEAST_ALIGNED = 0.86
MISREAD = 0.6
LETTERS = 5
LEAST_LETTERS = 0.86
# A paragraph in a long report is not the report.
LEAST_LENGTH = 0.3
# Numbers and names that differ between the same words: in a title or lead of a clean copy one number is enough, else the
# share of all that can be compared.
LEAD_WORDS = 60
OTHER_NUMBERS = 0.2
OTHER_NUMBERS_IN_LEAD = 0.15
FREQUENT_NAMES = 8
MAIN_NAME = 3
OTHER_NAMES = 0.3
# Two spellings of a name, or one misread.
SAME_NAME = 0.75


@dataclass(frozen=True)
class Fingerprint:
    """What is compared of a text. `words` keep their case and end at MOST_WORDS; `length` counts all."""

    title: tuple[str, ...]
    words: tuple[str, ...]
    shingles: tuple[str, ...]
    length: int
    family: str

    @cached_property
    def distinct(self) -> frozenset[str]:
        """The shingles as a set."""
        return frozenset(self.shingles)

    def signature(self) -> bytes | None:
        """The MinHash of the shingles, 512 bytes; None when there are too few."""
        if len(self.distinct) < LEAST_SHINGLES:
            return None
        sketch = RMinHash(PERMUTATIONS, SEED)
        sketch.update(self.shingles)
        return np.array(sketch.digest(), dtype=np.uint32).tobytes()


def fingerprint(title: str, text: str, family: str = "") -> Fingerprint:
    """The fingerprint of a document; of a long text only the beginning is read. Cost with signature: .5 ms for 600 words."""
    read = text[:MOST_CHARACTERS]
    words = WORD.findall(spaced(read))
    length = round(len(words) * len(text) / len(read)) if read else 0
    kept = tuple(words[:MOST_WORDS])
    lower = [word.lower() for word in kept]
    shingles = tuple(map(" ".join, zip(lower, lower[1:], lower[2:], strict=False)))
    return Fingerprint(tuple(WORD.findall(spaced(title))), kept, shingles, length, family)


def bands_of(signature: bytes) -> list[int]:
    """The bands of a signature as signed 64-bit integers; texts that share one are candidates."""
    values = np.frombuffer(signature, dtype=np.uint32).astype(np.uint64).reshape(BANDS, BAND_VALUES)
    mixed = (values[:, 0] << np.uint64(32) | values[:, 1]) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= np.arange(1, BANDS + 1, dtype=np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    return [int(band) for band in mixed.view(np.int64)]


def likeness(one: bytes, other: bytes) -> float:
    """The Jaccard similarity that two signatures estimate; standard error .04 at .3."""
    return float(np.mean(np.frombuffer(one, dtype=np.uint32) == np.frombuffer(other, dtype=np.uint32)))


def is_same(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two documents are one text: reprinted, cut, edited or misread, but not another story in like words."""
    shorter, longer = sorted((one, other), key=lambda each: len(each.distinct))
    if len(shorter.distinct) < LEAST_SHINGLES or shorter.length < LEAST_LENGTH * longer.length:
        return False
    if longer.length > MOST_WORDS and shorter.length < (1 - LENGTHS_APART) * longer.length:
        return False
    contained = len(shorter.distinct & longer.distinct) / len(shorter.distinct)
    least = LEAST_SPREAD_AT_HOME if one.family and one.family == other.family else LEAST_SPREAD
    if contained < LEAST_CONTAINED or spread(shorter, longer) < least:
        return False
    if contained < CLEAN_COPY and not is_worn_copy(shorter, longer, contained):
        return False
    if shorter.length < SHORT_WORDS and title_likeness(one, other) < LIKE_TITLES:
        return False
    return not contradicts(one, other, clean=contained >= CLEAN_COPY)


def spread(shorter: Fingerprint, longer: Fingerprint) -> float:
    """The share of the shorter text's stretches that hold a shingle of the longer one."""
    shared = [shingle in longer.distinct for shingle in shorter.shingles]
    stretches = range(0, max(1, len(shared) - STRETCH // 2), STRETCH)
    return sum(any(shared[start : start + STRETCH]) for start in stretches) / len(stretches)


def is_worn_copy(shorter: Fingerprint, longer: Fingerprint, contained: float) -> bool:
    """Whether what two texts do not share was misread or edited in one of them, and not written by another hand."""
    if contained >= HALF_CLEAN and contained_letters(shorter, longer) >= LEAST_LETTERS:
        return True
    return aligned(shorter, longer) >= LEAST_ALIGNED


def contained_letters(shorter: Fingerprint, longer: Fingerprint) -> float:
    """The share of the shorter text's runs of LETTERS characters that stand in the longer one, in any order."""
    one, other = (" ".join(text.words).lower() for text in (shorter, longer))
    runs, others = ({text[at : at + LETTERS] for at in range(len(text) - LETTERS + 1)} for text in (one, other))
    return len(runs & others) / max(1, len(runs))


def aligned(shorter: Fingerprint, longer: Fingerprint) -> float:
    """The share of the shorter text's words that the longer one has in the same order, perhaps misread. Cost: 5 ms."""
    one = [word.lower() for word in shorter.words[:ALIGNED_WORDS]]
    other = [word.lower() for word in longer.words[: ALIGNED_WORDS * 3 // 2]]
    found = 0
    for kind, start, end, first, last in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            found += end - start
        elif kind == "replace":
            near = other[first : min(last, first + 6)]
            found += sum(bool(get_close_matches(word, near, n=1, cutoff=MISREAD)) for word in one[start:end])
    return found / len(one)


def title_likeness(one: Fingerprint, other: Fingerprint) -> float:
    """The share of the shorter title's words that stand in the other."""
    shorter, longer = sorted(({word.lower() for word in each.title} for each in (one, other)), key=len)
    return len(shorter & longer) / len(shorter) if shorter else 0.0


def contradicts(one: Fingerprint, other: Fingerprint, *, clean: bool) -> bool:
    """Whether numbers between the same words differ too often for one story, or who it is about is missing in one."""
    in_title = compared(numbers(one.title, 3), numbers(other.title, 3))
    in_lead = compared(numbers(one.words[:LEAD_WORDS], 3), numbers(other.words[:LEAD_WORDS], 3))
    if clean and (in_title.differ or in_lead.share > OTHER_NUMBERS_IN_LEAD):
        return True
    everywhere = compared(numbers(one.words, 2), numbers(other.words, 2))
    if everywhere.share > OTHER_NUMBERS and everywhere.differ > (0 if clean else 1):
        return True
    shorter, longer = sorted((one, other), key=lambda each: len(each.words))
    return is_about_others(shorter, longer)


@dataclass(frozen=True)
class Comparison:
    """How many places of two texts hold the same, and how many another number or name."""

    agree: int
    differ: int

    @property
    def share(self) -> float:
        """The share of places that differ."""
        return self.differ / (self.agree + self.differ) if self.differ else 0.0


Slots = Mapping[tuple[str, ...], set[str]]


def numbers(words: Sequence[str], context: int) -> Slots:
    """The numbers of a text by the `context` (2 or 3) words around them, in each way that these can be divided."""
    found: dict[tuple[str, ...], set[str]] = {}
    padded = ["", "", *map(str.lower, words), "", ""]
    for index in range(2, len(padded) - 2):
        word = padded[index]
        if word[0].isdigit() and NUMBER.fullmatch(word):
            for behind in range(3 - context % 2):
                first = index - (context - behind if context == 2 else 2 - behind)
                place = (*padded[first:index], "*", *padded[index + 1 : first + context + 1])
                if sum(map(bool, place)) > 2:
                    found.setdefault(place, set()).add(word)
    return found


def compared(one: Slots, other: Slots) -> Comparison:
    """Compare what stands in places that both texts have; a place that comes back holds several numbers."""
    places = one.keys() & other.keys()
    agree = sum(len(one[place] & other[place]) for place in places)
    compared_at_all = sum(min(len(one[place]), len(other[place])) for place in places)
    return Comparison(agree, compared_at_all - agree)


def is_about_others(shorter: Fingerprint, longer: Fingerprint) -> bool:
    """Whether names of the shorter text are missing in the longer: one it dwells on, two it repeats, or too many."""
    found = names(shorter).most_common(FREQUENT_NAMES)
    known = {word.lower() for word in longer.words}
    missing = [count for name, count in found if not is_known(name, known)]
    if not missing:
        return False
    if missing[0] >= MAIN_NAME or sum(count > 1 for count in missing) > 1:
        return True
    return sum(missing) > OTHER_NAMES * sum(count for _, count in found)


def names(text: Fingerprint) -> Counter[str]:
    """Words written as names, and never otherwise in this text, with how often they occur."""
    plain = {word for word in text.words if word[0].islower()}
    written = (word.lower() for word in text.words if word[0].isupper() and len(word) > 2)
    return Counter(name for name in written if name not in plain)


def is_known(name: str, known: Set[str]) -> bool:
    """Whether a text has this name, perhaps spelled in another way or misread."""
    return name in known or bool(get_close_matches(name, known, n=1, cutoff=SAME_NAME))

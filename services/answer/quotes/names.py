"""Which sentences are about what a question names, and which about another thing of its kind.

"Kestrel Bridge" names one bridge among others: `bridge` is its kind, `kestrel` its own word. A sentence about the Kettle
Street bridge shares most words of a question about it, and is no answer. Names are told by their capitals in the question or
in what was read, so a question in small letters has them too. A person is a name whose last word is never written small.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from services.answer.claims.words import LITTLE, NOUNS_OF_TITLES
from services.answer.extractive import Choice
from services.ingest.sentences import FIRST_WORDS, LEANING, sentences
from services.search.highlight import STOP_WORDS
from services.search.search import Candidate

WORD = re.compile(r"[^\W\d_]+(?:['’](?!s\b)[^\W\d_]+)*")
BEFORE_NAME = re.compile(r"[\s\-‐‑]*$")
# What lies before the first word of a sentence is both.
STOPPED = re.compile(r"[.!?:…\n|]|^\W*$")
OPENED = re.compile(r"[.!?:…\n|\"“„«]")
# What may stand between a kind and the name after it: Lago di Como, Bahnhof am Zoo has none.
LINKS = frozenset("of de di da do du des del della la le les el las los san".split())
# Own words that are as near as this are one word, written otherwise.
SAME_SPELLING = 0.8
# What stands before nouns, to tell them from verbs and other words.
DETERMINERS = frozenset(
    "the a an this that these those its his her their our der die das den dem des ein eine einen einer einem eines diese"
    " dieser dieses le la les un une du des au aux ce cette el los las una del al il lo gli uno den det ett het een".split()
)
GERMAN_ARTICLES = frozenset("der die das den dem des ein eine einen einer einem eines diese dieser dieses".split())
# After these a word is rather a verb: how high did the Tolme rise.
AUXILIARY = re.compile(r"(?i)\b(?:do|does|did|will|would|can|could|should|may|might|must|shall)\b")
NO_NAMES = frozenset(STOP_WORDS | FIRST_WORDS | LITTLE | DETERMINERS)
# What stands between a thing and its place: the gauge at Ostmere.
AT = frozenset("at in near bei à en von".split())
LEAST_LETTERS = 3
# A question of more words, all with capitals, is a headline; of fewer it is a name.
MOST_OF_NAME = 3


@dataclass(frozen=True)
class Name:
    """What a question names: its kind and its own words, both in small letters, and whether the kind stands first."""

    kind: str
    own: frozenset[str]
    leads: bool = False
    is_person: bool = False


class Word(NamedTuple):
    """A word of a text, also in small letters. `capital`: it is written with one, as names are.

    `joined`: only a space or hyphen lies before it; `begins`: it stands first in its sentence.
    """

    shown: str
    lower: str
    capital: bool
    joined: bool
    begins: bool


class Written:
    """How words are written in what was read.

    `small`: in small letters; `capitals`: with one inside a sentence; `nouns`: after a determiner; `kinds`: common nouns;
    `places`: after a preposition of place; `pairs`: neighbours that make a name.
    """

    def __init__(self, texts: Iterable[tuple[str, str | None]]) -> None:
        read = [(words_of(text), language) for text, language in texts]
        every = [word for words, _ in read for word in words]
        self.small = {word.lower for word in every if not word.capital}
        self.capitals = {word.lower for word in every if word.capital and not word.begins}
        german = {word.lower for words, language in read if language == "de" for word in behind(words, GERMAN_ARTICLES)}
        self.nouns = {word.lower for words, _ in read for word in behind(words, DETERMINERS)}
        # What is mostly written in capitals throughout is an abbreviation: small letters are those of an address.
        often = Counter(
            (word.lower, word.shown.isupper()) for word in every if not word.capital or word.shown.isupper()
        )
        self.kinds = {
            word for word in self.nouns & (self.small | german) if often[word, True] <= max(1, often[word, False])
        }
        self.places = {word.lower for words, _ in read for word in behind(words, AT) if word.capital}
        self.pairs = {
            (words[at].lower, words[at + 1].lower)
            for words, _ in read
            for at in range(len(words) - 1)
            if words[at + 1].joined
            and self.is_name(words[at - 1] if at and words[at].joined else None, *words[at : at + 2])
        }

    def is_name(self, first: Word | None, one: Word, other: Word) -> bool:
        """Whether two neighbours are a name: both with capitals, or as in the Kettle bridge, the pont Mirelle."""
        if self.is_sure(other) and (self.is_sure(one) or (one.capital and one.lower not in self.small | NO_NAMES)):
            return True
        if first is None:
            return False
        determined = first.lower in DETERMINERS
        if self.is_sure(one) and not other.capital:
            return other.lower in self.nouns and (determined or first.lower in self.capitals)
        return self.is_sure(other) and not one.capital and determined and one.lower in self.nouns

    def is_sure(self, word: Word) -> bool:
        """Whether a word's capital says that it is part of a name."""
        return word.capital and word.lower not in NO_NAMES and (not word.begins or word.lower in self.capitals)


def of_named(collected: Sequence[tuple[Choice, Candidate]], questions: Sequence[str]) -> list[tuple[Choice, Candidate]]:
    """The sentences without those about another thing of a kind that a question names.

    `questions`: the one that was asked, then the same with those before it; the first that names something counts.
    A document that never names the thing and has another in its title, or again and again, gives nothing.
    Cost: linear in the texts that were read.
    """
    candidates = list({id(candidate): candidate for _, candidate in collected}.values())
    texts = [(candidate.chunk.text, candidate.document.language) for candidate in candidates]
    written = Written(
        [*texts, *((c.document.title, c.document.language) for c in candidates if is_prose(c.document.title))]
    )
    names = next((found for question in questions if (found := named(question, written))), [])
    if not names:
        return list(collected)
    others = elsewhere(candidates, names, written)
    kept: list[tuple[Choice, Candidate]] = []
    for candidate in candidates:
        if candidate.document.id not in others:
            said = [entry for entry in collected if entry[1] is candidate]
            kept += about_named(said, candidate, names, written)
    return kept


def behind(words: Sequence[Word], firsts: Set[str]) -> Iterator[Word]:
    """The words right after some others."""
    return (word for before, word in pairwise(words) if word.joined and before.lower in firsts)


def named(question: str, written: Written) -> list[Name]:
    """The names with a kind in a question."""
    words = words_of(question)
    if len(words) > MOST_OF_NAME and not is_prose(question):
        words = words_of(question.casefold())
    found = []
    for at, word in enumerate(words):
        if len(word.lower) < LEAST_LETTERS or word.lower in NO_NAMES:
            continue
        own = frozenset(each.lower for each in own_words(words, at, written, question))
        is_kind = word.lower in written.kinds
        if own:
            found.append(Name(word.lower, own, is_person=not is_kind))
        elif is_kind and (after := named_after(words, at, written)):
            found.append(Name(word.lower, frozenset([after]), leads=True))
    # What is part of a longer name is no name: not the Street of the Kettle Street bridge.
    inner = {word for name in found for word in name.own}
    return [name for name in found if name.kind not in inner]


def own_words(words: Sequence[Word], at: int, written: Written, question: str) -> Iterator[Word]:
    """The words right before one that make it a name, the nearest first."""
    capital = words[at].capital
    is_kind = words[at].lower in written.kinds
    noun = capital or (is_kind and not AUXILIARY.search(question))
    while at > 0 and words[at].joined:
        before, word = words[at - 1], words[at]
        by_capital = noun and before.capital and (not before.begins or word.capital or before.lower in written.capitals)
        if before.lower in NO_NAMES or not (by_capital or (before.lower, word.lower) in written.pairs):
            return
        if before.lower in written.kinds and not is_kind:
            # Lake Erie is a lake.
            return
        yield before
        at -= 1


def named_after(words: Sequence[Word], at: int, written: Written) -> str | None:
    """The own word of a name that a kind begins, as Lake Erie and Lago di Como."""
    place = at + 1 if at + 1 < len(words) and words[at + 1].lower not in LINKS else at + 2
    if place >= len(words) or not all(word.joined for word in words[at + 1 : place + 1]):
        return None
    after = words[place].lower
    # By its words alone, since a link may be between them.
    attested = (words[at].lower, after) in written.pairs or (words[at].capital and words[place].capital)
    return after if attested and after not in NO_NAMES and after not in written.kinds else None


def elsewhere(candidates: Sequence[Candidate], names: Sequence[Name], written: Written) -> set[str]:
    """The documents that are about another thing of a kind, and never name what is asked about."""
    read: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        read.setdefault(candidate.document.id, []).append(candidate)
    found = set()
    for id_, group in read.items():
        title = group[0].document.title
        if any(holds_own(text, names) for text in (title, *(each.chunk.text for each in group))):
            continue
        said = [each.chunk.text[start:end] for each in group for start, end in sentences(each.chunk.text)]
        language = group[0].document.language
        others = [names_other(text, names, written, language) for text in said]
        in_title = is_prose(title) and names_other(title, names, written, language)
        if in_title or sum(others) > 1 or any(others[:1]):
            found.add(id_)
    return found


def about_named(
    said: Sequence[tuple[Choice, Candidate]], candidate: Candidate, names: Sequence[Name], written: Written
) -> list[tuple[Choice, Candidate]]:
    """The sentences of a chunk without those that name another thing, and those that go on about it."""
    kinds = {name.kind for name in names}
    chunk, language = candidate.chunk, candidate.document.language
    kept: list[tuple[Choice, Candidate]] = []
    other = False
    for start, end in sentences(chunk.text):
        text = chunk.text[start:end]
        if holds_own(text, names):
            other = False
        elif names_other(text, names, written, language):
            # What goes on about the thing may compare it with another one.
            other = other or not LEANING.match(text)
        elif not LEANING.match(text) and kinds.isdisjoint(word.lower for word in words_of(text)):
            other = False
        if not other:
            kept += [entry for entry in said if chunk.start + start <= entry[0].start < chunk.start + end]
    return kept


def holds_own(text: str, names: Sequence[Name]) -> bool:
    """Whether a text has an own word of any of the names."""
    words = {word.lower for word in words_of(text)}
    return any(same(own, word) for name in names for own in name.own for word in words)


def names_other(text: str, names: Sequence[Name], written: Written, language: str | None) -> bool:
    """Whether a text names another thing of the kind of a name."""
    words = list(words_of(text))
    return any(
        is_other(words, at, name, written, language)
        for name in names
        for at, word in enumerate(words)
        if word.lower == name.kind
    )


def is_other(words: Sequence[Word], at: int, name: Name, written: Written, language: str | None) -> bool:
    """Whether the kind that stands here is of another thing: beside it are own words, and none of the name's."""
    found = beside_after(words, at) if name.leads else beside_before(words, at)
    if not found and not name.leads and name.own & written.places:
        found = [word for word in placed(words, at) if word.lower in written.places]
    if name.is_person:
        # Before the name of a person stand titles, too, which German writes with capitals.
        found = [word for word in found if language != "de" and word.lower not in written.small | NOUNS_OF_TITLES]
    telling = [
        word
        for word in found
        if word.lower in written.capitals or (words[at].capital and not name.leads and word.lower not in written.small)
    ]
    return bool(telling) and not any(same(own, word.lower) for own in name.own for word in found)


def beside_before(words: Sequence[Word], at: int) -> list[Word]:
    """The words with capitals right before one."""
    found: list[Word] = []
    while at > 0 and words[at].joined and words[at - 1].capital:
        at -= 1
        if words[at].lower in NO_NAMES:
            break
        found.append(words[at])
    return found


def beside_after(words: Sequence[Word], at: int) -> list[Word]:
    """The word with a capital right after one."""
    after = next((word for word in words[at + 1 : at + 3] if not (word.joined and word.lower in LINKS)), None)
    return [after] if after is not None and after.joined and after.capital else []


def placed(words: Sequence[Word], at: int) -> Sequence[Word]:
    """The place that stands after a thing: Ostmere in the gauge at Ostmere."""
    after = words[at + 1 : at + 3]
    return after[1:] if len(after) > 1 and after[0].lower in AT and all(word.joined for word in after) else []


@lru_cache(maxsize=20_000)
def same(one: str, other: str) -> bool:
    """Whether two words are one, whatever its ending or a slip of the pen."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 2 or one[:1] != other[:1]:
        return False
    return SequenceMatcher(None, one, other).ratio() >= SAME_SPELLING


def is_prose(text: str) -> bool:
    """Whether capitals say something in a text: not in a headline that writes all words with them."""
    words = [word for word in words_of(text) if len(word.lower) > LEAST_LETTERS]
    return sum(not word.capital for word in words) * 3 >= len(words)


@lru_cache(maxsize=256)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text, cut at hyphens too."""
    found = []
    end = 0
    for match in WORD.finditer(text):
        between = text[end : match.start()]
        shown = match[0]
        begins = not end or (between != " " and bool(STOPPED.search(between) and OPENED.search(between)))
        joined = bool(end) and BEFORE_NAME.match(between) is not None
        found.append(Word(shown, shown.casefold(), shown[0].isupper(), joined, begins))
        end = match.end()
        if text[end : end + 2] in ("'s", "’s"):
            end += 2
    return tuple(found)

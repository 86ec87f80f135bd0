"""Sources that contradict each other: two sentences that say the same of the same thing with different figures or dates.

Precision before recall: only where a question asks how many, how much, how long or when, and only for what it asks for.
Two sentences of different documents conflict when both hold what the question is about, both count or measure the same
thing in the same unit, are near in words and meaning, and neither has the other's figure. Roundings of one another, parts,
bounds, and figures of another time do not. Dates conflict when they stand beside what the question asks about; those of
which only the day of the week is known, former plans, and when something was said do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.answer.claims.facts import SAYING, UNITS, Facts, Token, facts_of
from services.answer.claims.words import meaning
from services.answer.extractive import Choice, Embed
from services.engines.vectors.base import Vector
from services.search.search import Candidate

# Conflicts shown with an answer, the clearest first.
MOST_CONFLICTS = 4
# Two sentences are about the same: share of the shorter one's telling words, apart from figures, and their cosine.
LEAST_ALIKE, LEAST_COSINE = 0.3, 0.5
# Sentences with figures that are compared, and how near to the question one must be.
MOST_SENTENCES, LEAST_FIT = 40, 0.35
# How much of the question's telling words, names apart, each of two sentences that contradict each other must hold.
# Of few such words all.
LEAST_CORE, FEW = 0.5, 2
# Larger differences are those of other things.
MOST_RATIO = 5.0
# Dates: how far before one the words that are asked about may stand, and what makes it a former one.
NEAR = 5
FORMER = re.compile(
    r"(?i)\b(?:ago|formerly|used to|originally|initially|at first|previously|first planned|had been|instead of|rather than|not in|not on)\b"
)
WHEN = re.compile(r"(?i)\b(?:when|(?:what|which) (?:day|date|year|month))\b")
PAID = re.compile(r"(?i)\b(?:cost|costs|price|pay|pays|paid|spend|spent|worth|money|damage|loss|losses)\b")
PAST = re.compile(r"(?i)\b(?:ago|formerly|used to|at first)\b")
LENGTHS = frozenset(meaning(unit) for unit in "metre kilometre centimetre millimetre mile foot inch yard".split())
TIMES = frozenset(meaning(unit) for unit in "second minute hour day week month year decade".split())
MONEY = frozenset(meaning(unit) for unit in "dollar euro pound crown yen".split())
ANY_UNIT = frozenset(UNITS.values())
UNITS_ASKED = (
    (re.compile(r"(?i)price|cost|sum"), MONEY),
    (re.compile(r"(?i)high|far|tall|deep|wide|height|length"), LENGTHS),
    (re.compile(r"(?i)long"), LENGTHS | TIMES),
    (re.compile(r"(?i)old"), TIMES),
)
QUANTITY = re.compile(
    r"(?i)\b(?:how (?:(?P<many>many)|much|high|long|far|tall|large|big|deep|wide|heavy|old|fast)"
    r"|(?:what|which) (?:is |was |are |were )?(?:the )?(?:price|cost|sum|amount|number|height|length|level|damage|load|share))\b"
)
# Figures closer than this are roundings of each other.
ROUNDED_WITHIN = 0.02
# Words that make a figure one of a part, of another time or a bound, which no other figure contradicts.
PARTIAL = frozenset(
    meaning(word)
    for word in "save saving another further other additional more less half third quarter up over under each first former previous"
    " record earlier later since until former additional rest remaining share forecast expect may could will would".split()
)


@dataclass(frozen=True)
class Differing:
    """One side: the sentence, and its figure or date."""

    choice: Choice
    figure: Token

    @property
    def value(self) -> str:
        """The figure as it stands in the sentence."""
        return self.figure.shown


@dataclass(frozen=True)
class Pair:
    """Two sentences that contradict each other, about what, and how near they are, 0..1."""

    one: Differing
    other: Differing
    about: str
    nearness: float


@dataclass(frozen=True)
class Asked:
    """What a question asks for: its telling words without names, what is to be counted, or units it may have.

    `names`: what it names, of which a sentence with a date must have one.
    """

    core: frozenset[str]
    counted: str | None
    units: frozenset[str]
    names: frozenset[str] = frozenset()


def quantity(question: str) -> Asked | None:
    """What a question asks the quantity of; None for other questions."""
    match = QUANTITY.search(question)
    if match is None:
        return None
    telling = [t for t in facts_of(question).telling if t.kind == "word" and t.shown.casefold() not in ("many", "much")]
    core = frozenset(token.key for token in telling)
    counted = next((t.key for t in telling if t.start >= match.end("many")), None) if match["many"] else None
    asked = [units for words, units in UNITS_ASKED if words.search(match[0])]
    if match[0].casefold().endswith("much") or asked:
        asked += [MONEY] if PAID.search(question) else []
    return Asked(core, counted, frozenset().union(*asked) or ANY_UNIT) if core else None


def moment(question: str) -> Asked | None:
    """What a question asks the date of; None for other questions."""
    if not WHEN.search(question):
        return None
    telling = [token for token in facts_of(WHEN.sub("when", question)).telling if token.kind in ("word", "name")]
    core = frozenset(token.key for token in telling if token.kind == "word")
    names = frozenset(token.key for token in telling if token.kind == "name")
    return Asked(core, None, frozenset(), names) if core else None


def differences(collected: Sequence[tuple[Choice, Candidate]], question: str, embed: Embed) -> list[Pair]:
    """The conflicts among the sentences that were read for a question and fit it; nothing where there is one source.

    `collected`: what extractive.collect made of the sources.
    """
    if (when := moment(question)) is not None:
        return find_dates([choice for choice, _ in collected], when)
    asked = quantity(question)
    if asked is None:
        return []
    sentences = [choice for choice, _ in collected if about(asked, facts_of(choice.text))][:MOST_SENTENCES]
    if len({choice.source_index for choice in sentences}) < 2:
        return []
    vectors = embed([question, *(choice.text for choice in sentences)])
    fits = [index for index in range(len(sentences)) if float(vectors[0] @ vectors[index + 1]) >= LEAST_FIT]
    return find_conflicts(asked, [sentences[index] for index in fits], vectors[[index + 1 for index in fits]])


def about(asked: Asked, facts: Facts) -> bool:
    """Whether a sentence has a figure and holds what is asked for."""
    least = len(asked.core) if len(asked.core) <= FEW else LEAST_CORE * len(asked.core)
    return bool(facts.of("number")) and len(asked.core & facts.keys) >= least and not PAST.search(facts.text)


def find_conflicts(asked: Asked, sentences: Sequence[Choice], vectors: Vector) -> list[Pair]:
    """The conflicts among sentences of different sources, the clearest first; one for each pair of sources.

    `vectors`: one row a sentence. Cost: quadratic in the sentences with figures, a few dozen at most.
    """
    taken = [(choice, facts_of(choice.text), index) for index, choice in enumerate(sentences)]
    taken = [entry for entry in taken if entry[1].of("number")]
    found: list[Pair] = []
    for at, (one, facts, row) in enumerate(taken):
        for other, other_facts, other_row in taken[at + 1 :]:
            if one.source_index == other.source_index or row == other_row:
                continue
            cosine = float(vectors[row] @ vectors[other_row])
            if cosine >= LEAST_COSINE and alike(facts, other_facts) >= LEAST_ALIKE:
                for mine, theirs, about in differing(asked, facts, other_facts):
                    found.append(Pair(Differing(one, mine), Differing(other, theirs), about, cosine))
    return distinct(sorted(found, key=lambda pair: -pair.nearness))


def find_dates(sentences: Sequence[Choice], asked: Asked) -> list[Pair]:
    """The conflicts of dates among sentences of different sources, the most alike first; no sentence is embedded."""
    dated = []
    for choice in sentences:
        facts = facts_of(choice.text)
        if asked.core <= facts.keys and (not asked.names or asked.names & facts.keys) and not FORMER.search(facts.text):
            dated += [(choice, facts, token) for token in facts.of("date") if is_asked(asked, facts, token)]
    found = []
    for at, (one, facts, mine) in enumerate(dated[:MOST_SENTENCES]):
        for other, other_facts, theirs in dated[at + 1 : MOST_SENTENCES]:
            nearness = alike(facts, other_facts)
            if one.source_index != other.source_index and nearness >= LEAST_ALIKE and apart(mine, theirs):
                found.append(
                    Pair(Differing(one, mine), Differing(other, theirs), " ".join(sorted(asked.core)), nearness)
                )
    agreed = [{str(token.day) for token in facts_of(choice.text).of("date")} for choice in sentences]
    return [
        pair
        for pair in distinct(sorted(found, key=lambda pair: -pair.nearness))
        if not any({str(pair.one.figure.day), str(pair.other.figure.day)} <= days for days in agreed)
    ]


def is_asked(asked: Asked, facts: Facts, date: Token) -> bool:
    """Whether a date stands right after what is asked about, and is no date of a statement."""
    tokens = [token for token in facts.tokens if token.kind != "mark"]
    at = tokens.index(date)
    before = {token.key for token in tokens[max(0, at - NEAR) : at]}
    return bool(asked.core & before) and SAYING not in {token.key for token in tokens[max(0, at - 3) : at]}


def apart(one: Token, other: Token) -> bool:
    """Whether two dates cannot be the same, as far as both say more than a day of the week."""
    mine, theirs = one.day, other.day
    if mine is None or theirs is None or mine.compares(theirs) is False or mine.agrees(theirs, None):
        return False
    return any(
        getattr(mine, name) is not None
        and getattr(theirs, name) is not None
        and getattr(mine, name) != getattr(theirs, name)
        for name in ("year", "month", "day")
    )


def distinct(found: Sequence[Pair]) -> list[Pair]:
    """One pair for the same two figures, and for the same two sources."""
    kept: list[Pair] = []
    seen: set[frozenset[object]] = set()
    for pair in found:
        keys = {
            frozenset((pair.one.value, pair.other.value)),
            frozenset((pair.one.choice.source_index, pair.other.choice.source_index)),
        }
        if not keys & seen and len(kept) < MOST_CONFLICTS:
            kept.append(pair)
        seen |= keys
    return kept


def alike(one: Facts, other: Facts) -> float:
    """How much of the shorter sentence's telling words the other has, figures apart."""
    mine, theirs = (words_of(each) for each in (one, other))
    return len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0


def words_of(facts: Facts) -> set[str]:
    """Telling words and names."""
    return {token.key for token in facts.of("word", "name")}


def differing(asked: Asked, one: Facts, other: Facts) -> Iterator[tuple[Token, Token, str]]:
    """Figures of one thing that differ, with what they are of."""
    for mine in figures(one):
        for theirs in figures(other):
            same = same_thing(one, mine, other, theirs)
            wanted = asked.counted in same if asked.counted else mine.unit in asked.units and mine.unit in same
            if wanted and not agree(mine, theirs, one, other):
                yield mine, theirs, " ".join(sorted(same))


def figures(facts: Facts) -> list[Token]:
    """The figures of a sentence that others could contradict: not of a part, another time or a bound."""
    return [t for t in facts.of("number") if not surroundings(facts, t) & PARTIAL and t.value not in (0, 1)]


def surroundings(facts: Facts, number: Token) -> set[str]:
    """What stands right before and after a figure."""
    tokens = [token for token in facts.tokens if token.kind != "mark"]
    at = tokens.index(number)
    span = tokens[max(0, at - 1) : at]
    ranged = set(PARTIAL) if any(token.shown in ("from", "to", "by") for token in span) else set()
    return ranged | {token.key for token in (*tokens[max(0, at - 3) : at], *tokens[at + 1 : at + 3])}


def same_thing(one: Facts, mine: Token, other: Facts, theirs: Token) -> set[str]:
    """What both figures are of: the words right beside them that both have; nothing when units differ."""
    if mine.unit != theirs.unit:
        return set()
    return counted(one, mine) & counted(other, theirs)


def counted(facts: Facts, number: Token) -> set[str]:
    """The words that say what a figure is of: the next telling ones after it, or its unit."""
    tokens = [token for token in facts.tokens if token.kind != "mark"]
    at = tokens.index(number)
    after = [token.key for token in tokens[at + 1 : at + 3] if token.kind == "word"]
    return {*after[:2]} | ({number.unit} if number.unit else set())


def agree(mine: Token, theirs: Token, one: Facts, other: Facts) -> bool:
    """Whether the figures may both be true: one rounds the other, they are far apart, or a sentence has both."""
    if abs(mine.value - theirs.value) <= ROUNDED_WITHIN * max(mine.value, theirs.value):
        return True
    if max(mine.value, theirs.value) > MOST_RATIO * min(mine.value, theirs.value):
        return True
    values = [{token.value for token in facts.of("number")} for facts in (one, other)]
    return mine.value in values[1] or theirs.value in values[0]

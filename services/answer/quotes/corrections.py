"""Sentences whose figure no longer holds: a later report takes it back or gives another one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.answer.claims.facts import Facts, Token, facts_of
from services.answer.conflicts import MOST_RATIO, TIMES, Pair
from services.answer.extractive import Choice
from services.search.search import Candidate

# What stands before a figure that is taken back: 6.94 metres, not 7.12; five months and not for six weeks.
DENYING = re.compile(
    r"(?i)\b(?:not|nicht|niet|statt|anstatt|instead of|rather than|et non|au lieu de|en lugar de|en vez de|invece di)"
    r"(?: (?:for|by|at|in|on|to|of|about|um|auf|bei|mit|pas|de))?$"
    r"|\b(?:estimate|figure|number|forecast|count|toll|total)s? from$"
)
# A sentence without such a word takes no figure back; most need not be taken apart.
MAY_DENY = re.compile(
    r"(?i)not\b|n\Wt\b|\b(?:nicht|niet|statt|anstatt|instead|rather|non|lieu|lugar|vez|invece|from)\b"
)
# Smaller whole numbers without a unit mean too many things.
LEAST_BARE = 20


@dataclass(frozen=True)
class Denial:
    """A figure or date that holds no longer, what does instead, when that was said, and by which sentence.

    `is_taken_back`: it was wrong; else a later report has another one.
    """

    figure: Token
    instead: Sequence[Token]
    at: datetime
    by: Choice | None
    is_taken_back: bool


def outdated(
    choices: Sequence[Choice], collected: Sequence[tuple[Choice, Candidate]], pairs: Sequence[Pair]
) -> dict[Choice, Denial]:
    """Those of `choices` whose figure no longer holds, each with what says so.

    `collected`: what was read; `pairs`: the conflicts in it, of which what was published later holds.
    """
    dates = {choice: candidate.document.dated_at for choice, candidate in collected}
    denials = [*taken_back(collected), *overtaken(pairs, dates)]
    found: dict[Choice, Denial] = {}
    for choice in choices:
        facts = facts_of(choice.text)
        for denial in denials:
            if denial.by != choice and dates[choice] <= denial.at and says(facts, denial):
                found[choice] = denial
                break
    return found


def says(facts: Facts, denial: Denial) -> bool:
    """Whether a sentence gives a figure that is taken back, and not the one that holds."""
    tokens = facts.of("number", "date")
    return any(same_figure(token, denial.figure) for token in tokens) and not any(
        same_figure(token, other) for token in tokens for other in denial.instead
    )


def same_figure(one: Token, other: Token) -> bool:
    """Whether two dates or numbers are one; a number without a unit may be of any."""
    if one.kind != other.kind or one.kind == "date":
        return one.key == other.key
    return one.value == other.value and (one.unit == other.unit or not (one.unit and other.unit))


def taken_back(collected: Sequence[tuple[Choice, Candidate]]) -> Iterator[Denial]:
    """The figures that headlines and sentences take back, saying what holds instead."""
    said: dict[str, list[tuple[Choice | None, str, datetime]]] = {}
    for choice, candidate in collected:
        document = candidate.document
        said.setdefault(document.id, [(None, document.title, document.dated_at)])
        said[document.id].append((choice, choice.text, document.dated_at))
    for texts in said.values():
        for by, text, at in texts:
            if not MAY_DENY.search(unicodedata.normalize("NFKC", text)):
                continue
            facts, title = facts_of(text), facts_of(texts[0][1]).of("number")
            for token in facts.of("number"):
                if not DENYING.search(facts.text[: token.start].rstrip()[-40:]):
                    continue
                own = rivals(token, facts.of("number"))
                others = own or rivals(token, title)
                taken = token._replace(unit=token.unit or next((other.unit for other in others), ""))
                if others and (taken.unit or token.value >= LEAST_BARE or token.value != int(token.value)):
                    yield Denial(taken, others, at, (own and by) or saying(texts, others), is_taken_back=True)


def rivals(token: Token, numbers: Sequence[Token]) -> list[Token]:
    """The numbers that may hold instead of one: others that it could be mistaken for, or of another unit of time."""
    return [
        other
        for other in numbers
        if other.value != token.value
        and (not token.unit or not other.unit or token.unit == other.unit or {token.unit, other.unit} <= TIMES)
        and (token.unit != other.unit or max(other.value, token.value) <= MOST_RATIO * min(other.value, token.value))
    ]


def saying(texts: Sequence[tuple[Choice | None, str, datetime]], figures: Sequence[Token]) -> Choice | None:
    """The first sentence of a document that gives one of these figures."""
    for choice, text, _ in texts:
        numbers = facts_of(text).of("number")
        if choice is not None and any(same_figure(token, figure) for token in numbers for figure in figures):
            return choice
    return None


def overtaken(pairs: Sequence[Pair], dates: Mapping[Choice, datetime]) -> Iterator[Denial]:
    """The earlier figure of each conflict."""
    for pair in pairs:
        old, new = sorted((pair.one, pair.other), key=lambda side: dates[side.choice])
        if dates[old.choice] < dates[new.choice]:
            yield Denial(old.figure, [new.figure], dates[new.choice], new.choice, is_taken_back=False)

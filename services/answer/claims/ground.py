"""Whether passages bear a sentence: what it states is taken apart and looked for in them, without another model.

Three questions, in this order:

1.  Facts. Every number with its unit, every date, name, quotation and address must occur in the passages.
2.  Contradiction. Beside the sentence of the passages that says most of the same, does it put another fact in the same
    place, turn a statement round, use a contrary word, or exchange who did what to whom?
3.  Meaning. How many of its words the nearest sentences hold, and how near it is to them in meaning where the model is
    there: a score of 0..1, of which SUPPORTED bears a sentence and PARTLY may.

Any problem of the first two makes a sentence unsupported, whatever its score. It is a sieve and no proof: rewordings
that need knowledge of the world are refused, and what turns meaning round with words that no table holds may pass.
`tidings eval answers` measures it on labelled claims; ADR 23 has the figures and how the constants were chosen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from services.answer.claims.contradict import contradictions
from services.answer.claims.facts import PREFIX_CHARACTERS, Facts, Token, facts_of, settled
from services.answer.claims.words import NOUNS_OF_TITLES
from services.engines.vectors.base import Vector
from services.ingest.sentences import sentences

ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*")
# Words before a number that make it a bound or an estimate, and how far it may be from the exact one then.
ESTIMATE = re.compile(
    r"(?i)\b(?:about|around|some|roughly|nearly|almost|approximately|over|more than|up to|at least|under|less than|fewer than)\s*$"
)
ESTIMATED_WITHIN = 0.1
# Shares of a sentence that its passages must hold, and that one of them must hold to be cited, before it is judged at all.
LEAST_OVERLAP, LEAST_SHARE = 0.5, 0.25
# Weights of tokens in the share of a sentence that a passage holds: what can be checked says more.
WEIGHTS = {"name": 1.5, "number": 1.5, "date": 1.0, "ordinal": 1.0}
# Sentences of the passages that together may bear one.
MOST_EVIDENCE = 3

Embed = Callable[[Sequence[str]], Vector]


class Support(StrEnum):
    """How well passages bear a sentence."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class Passage:
    """What a sentence cites, and when it was published, for "on Tuesday" and "yesterday"."""

    text: str
    published_on: date | None = None
    # Title and outlet: names may be taken from there, nothing else.
    about: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence and the passages it cites."""

    sentence: str
    passages: Sequence[Passage]


@dataclass(frozen=True)
class Verdict:
    """How well a claim is borne: level, score 0..1, and what is missing or contradicted, in words for people."""

    support: Support
    score: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A sentence of a passage taken apart, and how much of the claim it holds, 0..1."""

    facts: Facts
    share: float


def judge(claims: Sequence[Claim], embed: Embed | None = None) -> list[Verdict]:
    """A verdict for each claim; with `embed` all their texts are embedded in one batch.

    Cost: about a millisecond a claim and passage of 200 words, apart from embedding; less for passages that come again.
    """
    found = [weighed(claim) for claim in claims]
    cosines = cosines_of(found, embed)
    return [verdict(each, cosine) for each, cosine in zip(found, cosines, strict=True)]


@dataclass(frozen=True)
class Weighed:
    """A claim taken apart, all sentences of its passages, and those that hold most of it."""

    facts: Facts
    passages: Sequence[Facts]
    evidence: Sequence[Evidence]
    near: date | None
    about: frozenset[str]


def weighed(claim: Claim) -> Weighed:
    """Take a claim and its passages apart, and find what it may rest on."""
    near = next((passage.published_on for passage in claim.passages), None)
    passages = [
        facts_of(passage.text[start:end], passage.published_on)
        for passage in claim.passages
        for start, end in sentences(passage.text)
    ]
    facts = facts_of(claim.sentence, near)
    known = {token.shown for each in (facts, *passages) for token in each.of("name") if token.sure}
    ordinary = {
        w for each in (facts, *passages) for t in each.tokens if t.shown[:1].islower() for w in (t.shown, t.key)
    }
    facts = settled(facts, known, ordinary)
    passages = [settled(each, known, ordinary) for each in passages]
    about = frozenset().union(*(facts_of(passage.about).spellings for passage in claim.passages if passage.about))
    return Weighed(facts, passages, nearest_evidence(facts, passages), near, about)


def verdict(claim: Weighed, cosine: float | None) -> Verdict:
    """Facts, contradiction, meaning."""
    problems = [f"not in the passages: {each}" for each in sorted(missing(claim))]
    if not problems and claim.evidence:
        problems = contradictions(claim.facts, [each.facts for each in claim.evidence], claim.passages, claim.near)
    score = score_of(claim, cosine)
    if problems or score < LEAST_PARTLY:
        return Verdict(Support.UNSUPPORTED, score, tuple(problems))
    enough = LEAST_WITHOUT_MODEL if cosine is None else LEAST_WITH_MODEL
    return Verdict(Support.SUPPORTED if score >= enough else Support.PARTLY, score)


# The score is a logistic function of the share of the claim that the best sentence holds, of that which the best few hold
# together, and of the cosine with the nearest. Thresholds: swept on the tuning half of tests/grounding and its written
# claims, where a higher one refuses rewordings and a lower one lets in other passages of the same article (ADR 23).
WITH_MODEL, LEAST_WITH_MODEL = (-4.0, 2.0, 4.0, 3.0), 0.75
WITHOUT_MODEL, LEAST_WITHOUT_MODEL = (-4.0, 3.0, 5.0), 0.5
LEAST_PARTLY = 0.3


def score_of(claim: Weighed, cosine: float | None) -> float:
    """How much of the meaning the evidence holds, 0..1."""
    if not claim.evidence:
        return 0.0
    features = [claim.evidence[0].share, together(claim)]
    weights = WITHOUT_MODEL if cosine is None else WITH_MODEL
    features += [] if cosine is None else [cosine]
    total = weights[0] + sum(weight * feature for weight, feature in zip(weights[1:], features, strict=True))
    return 1 / (1 + math.exp(-total))


def nearest_evidence(facts: Facts, passages: Sequence[Facts]) -> list[Evidence]:
    """The sentences that hold most of a claim, the best first; each adds what those before it lack."""
    wanted = facts.telling
    held = [(held_by(wanted, each), each) for each in passages]
    chosen: list[Evidence] = []
    covered: set[int] = set()
    while held and len(chosen) < MOST_EVIDENCE:
        best = max(held, key=lambda entry: weigh(wanted[i] for i in entry[0] - covered))
        if not best[0] - covered:
            break
        chosen.append(Evidence(best[1], weigh(wanted[i] for i in best[0]) / weigh(wanted)))
        covered |= best[0]
        held.remove(best)
    return chosen


def held_by(wanted: Sequence[Token], facts: Facts) -> set[int]:
    """Which of some tokens a text holds."""
    tokens, keys, starts = facts.tokens, facts.keys, facts.beginnings
    found = set()
    for index, token in enumerate(wanted):
        if token.kind == "date" and token.day is not None:
            held = any(t.day is not None and token.day.agrees(t.day, None) for t in tokens) or token.key in keys
        elif token.kind in ("word", "name"):
            held = token.key in keys or token.key in facts.spellings
            held = held or (token.shown.isupper() and any(token.key == short for short, _ in facts.initials))
            held = held or (len(token.key) >= PREFIX_CHARACTERS and token.key[:PREFIX_CHARACTERS] in starts)
        else:
            held = token.key in keys
        if held:
            found.add(index)
    return found


def weigh(tokens: Iterable[Token]) -> float:
    """What some tokens weigh together."""
    return sum(WEIGHTS.get(token.kind, 1.0) for token in tokens)


def together(claim: Weighed) -> float:
    """The share of a claim that its evidence holds together."""
    wanted = claim.facts.telling
    held = set().union(*(held_by(wanted, each.facts) for each in claim.evidence))
    return weigh(wanted[i] for i in held) / weigh(wanted)


def cosines_of(claims: Sequence[Weighed], embed: Embed | None) -> list[float | None]:
    """How near each claim is to the nearest of its evidence, or None without a model."""
    if embed is None or not claims:
        return [None] * len(claims)
    texts = list(
        dict.fromkeys(each.text for claim in claims for each in (claim.facts, *(e.facts for e in claim.evidence)))
    )
    row = {text: number for number, text in enumerate(texts)}
    vectors = embed(texts)
    return [
        float(np.max(vectors[[row[e.facts.text] for e in claim.evidence]] @ vectors[row[claim.facts.text]]))
        if claim.evidence
        else 0.0
        for claim in claims
    ]


def missing_facts(sentence: str, passages: Sequence[str]) -> set[str]:
    """The facts of a sentence that occur in none of these passages; a sentence that is borne leaves none.

    Without the days of publication a weekday and a date are taken to agree.
    """
    return missing(weighed(Claim(sentence, [Passage(text) for text in passages])))


def overlap(sentence: str, passages: Sequence[str]) -> float:
    """The share of a sentence's telling words that these passages hold, 0 to 1."""
    wanted = facts_of(sentence).telling
    held = set().union(*(held_by(wanted, facts_of(text)) for text in passages))
    return weigh(wanted[i] for i in held) / weigh(wanted) if wanted else 0.0


def missing(claim: Weighed) -> set[str]:
    """The numbers, dates, names, quotations and addresses of a claim that occur in none of its passages."""
    facts = claim.facts
    tokens = [token for each in claim.passages for token in each.tokens]
    folded = " ".join(each.text for each in claim.passages).casefold()
    spellings = claim.about.union(*(each.spellings for each in claim.passages))
    lacking = {token.shown for token in facts.of("number") if not number_stands(facts, token, tokens)}
    lacking |= {token.shown for token in facts.of("date") if not date_stands(token, tokens, claim.near)}
    shorts = {short for each in claim.passages for short, _ in each.initials}
    names = [t for t in facts.of("name") if t.sure and not (t.shown.isupper() and t.shown.casefold() in shorts)]
    lacking |= {token.shown for token in names if not name_stands(token, facts, spellings, folded)}
    lacking |= {each for each in facts.quotations if letters(each) not in letters(folded)}
    return lacking | {each for each in ADDRESS.findall(facts.text) if each.strip("().,;").casefold() not in folded}


def number_stands(facts: Facts, wanted: Token, tokens: Sequence[Token]) -> bool:
    """Whether a number occurs, with the same unit where both have one; an estimate may be a little off."""
    if wanted.value == 1 and wanted.shown.casefold() == "one":
        return True
    same = [
        t
        for t in tokens
        if t.kind in ("number", "ordinal") and (t.value == wanted.value or estimated(facts, wanted, t))
    ]
    same = [t for t in same if not t.unit or not wanted.unit or t.unit == wanted.unit]
    years = any(t.day is not None and wanted.value in (t.day.day, t.day.year) for t in tokens)
    return bool(same) or years


def estimated(facts: Facts, wanted: Token, token: Token) -> bool:
    """Whether a number is said to be about another, and is."""
    rounder = len(f"{wanted.value:g}".rstrip("0")) < len(f"{token.value:g}".rstrip("0"))
    near = abs(token.value - wanted.value) <= ESTIMATED_WITHIN * abs(token.value)
    return rounder and near and ESTIMATE.search(facts.text[: wanted.start]) is not None


def date_stands(wanted: Token, tokens: Sequence[Token], near: date | None) -> bool:
    """Whether a date may be one of those that occur."""
    if wanted.day is None:
        return False
    days = [t.day for t in tokens if t.day is not None]
    if any(wanted.day.agrees(day, near) for day in days):
        return True
    if near is None and days and not any(wanted.day.compares(day) for day in days):
        return True
    year = wanted.day.year
    return wanted.day == type(wanted.day)(year=year) and any(t.value == year for t in tokens)


def name_stands(token: Token, facts: Facts, keys: Set[str], folded: str) -> bool:
    """Whether a name occurs, as itself, by its initials, as initials of those that do, or within a compound."""
    lower = token.shown.casefold()
    if token.key in keys or lower in keys or lower in NOUNS_OF_TITLES:
        return True
    if any(part in keys for part in lower.split("-") if len(part) > 3):
        return True
    short = next((name for name, parts in facts.initials if token.start in parts and name in keys), None)
    return short is not None or (len(lower) > 4 and lower in folded)


def letters(text: str) -> str:
    """A text without what sets apart words that are the same: marks, white space, case."""
    return re.sub(r"[^\w]+", " ", text).strip().casefold()

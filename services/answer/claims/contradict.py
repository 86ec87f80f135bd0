"""Whether a sentence says something else than the one it comes from: another fact in its place, turned round, exchanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import SequenceMatcher

from services.answer.claims.facts import PREFIX_CHARACTERS, Facts, Token
from services.answer.claims.words import IRREGULAR, contrary, meaning, root

PRONOUNS = frozenset("he she it they him her them his its their who which that".split())
PASSIVE = frozenset("is are was were be been being has had get gets got".split())
# How far from a word that which does it, and that to which it is done, may stand.
REACH = 5
# Verbs about which a sentence may be turned without another meaning: he said, said he.
TURNING = frozenset(
    root(word) for word in "say add accord explain note state comment announce be become remain meet marry talk".split()
)
PERSON = meaning("people")
OF_PEOPLE = ("ers", "ors", "ents", "ants", "ees", "ists", "ians", "er", "or", "men", "women", "children")
SAYING = meaning("say")
BASES = frozenset(map(root, IRREGULAR.values())) - {
    "person",
    "man",
    "woman",
    "child",
    "earli",
    "life",
    "high",
    "low",
    "new",
}
# Kinds of facts that can stand for each other.
FACTS = (("number", "date"), ("ordinal",), ("name",))
LEXICAL = ("word", "little", "ordinal")
# Offices that one person holds, and what may stand between such a title and the name.
TITLES_OF_ONE = frozenset(
    "mayor governor president chancellor executive chairman chairwoman director captain coach minister".split()
)
SECOND_WORDS = frozenset(meaning(word) for word in "executive officer general minister chief prime".split())
# Words that a sentence shares with a claim before a contrary in it counts.
LEAST_SHARED = 2
# Words of a claim beside a number and what is next to it, fewer of which say nothing about whose number it is.
LEAST_REST = 2
# Most words of a place in which one fact stands for another.
SLOT = 3
# Of the claim's words, how many the nearest sentence must hold before a name that it lacks counts as put in for another.
NEARLY_ALL = 0.75


def contradictions(claim: Facts, evidence: Sequence[Facts], passages: Sequence[Facts], near: date | None) -> list[str]:
    """What the claim says otherwise than its evidence, the nearest sentence first; empty when nothing was found."""
    best = evidence[0]
    checks = (
        exchanged(claim, best, near),
        contraries(claim, evidence, passages),
        turned_round(claim, evidence),
        roles(claim, best),
        bound_elsewhere(claim, passages),
        titles(claim, passages),
    )
    return [problem for check in checks for problem in check]


def exchanged(claim: Facts, best: Facts, near: date | None) -> Iterator[str]:
    """Figures, names and words in the place of others."""
    mine, theirs = spoken(claim), spoken(best)
    other_spellings = respelled(claim, best), respelled(best, claim)
    blocks = SequenceMatcher(None, [t.key for t in mine], [t.key for t in theirs], autojunk=False).get_opcodes()
    for index, (kind, i, j, k, m) in enumerate(blocks):
        if kind != "replace":
            continue
        in_place = all(firm(blocks, at) for at in (index - 1, index + 1)) and j - i <= SLOT and m - k <= SLOT
        for group in FACTS:
            new = [t for t in mine[i:j] if t.kind in group and (in_place or not stands(t, theirs, near))]
            old = [t for t in theirs[k:m] if within(t, group) and (in_place or not stands(t, mine, near))]
            new = [t for t in new if t.start not in other_spellings[0]]
            old = [t for t in old if t.start not in other_spellings[1]]
            certain = "name" not in group or (new and new[0].sure and any(t.sure for t in old))
            if new and old and certain and not any(stands(t, old, near) for t in new):
                yield f"{new[0].shown} stands where the source has {old[0].shown}"
        if in_place and (pair := contrary_pair(mine[i:j], theirs[k:m])):
            yield pair
        if (
            in_place
            and i
            and mine[i - 1].kind == "number"
            and (j - i, m - k) == (1, 1)
            and counted_otherwise(mine[i], theirs[k])
        ):
            yield f"{mine[i - 1].shown} {mine[i].shown} stands where the source has {theirs[k].shown}"
        if (i and one_negated(mine[i:j], theirs[k:m])) or all_for_some(mine[i:j], theirs[k:m]):
            yield f"“{shown(mine[i:j])}” stands where the source has “{shown(theirs[k:m])}”"
    lacking = [t for t in mine if t.kind == "name" and t.sure and not stands(t, theirs, near)]
    lacking = [t for t in lacking if t.start not in other_spellings[0]]
    others = [t for t in theirs if t.kind == "name" and not stands(t, mine, near) and t.start not in other_spellings[1]]
    if lacking and others and not any(t.shown.casefold() in PRONOUNS for t in theirs):
        shared = sum(stands(t, theirs, near) for t in claim.telling)
        if shared >= NEARLY_ALL * len(claim.telling):
            yield f"{lacking[0].shown} is not who the source names"


def counted_otherwise(new: Token, old: Token) -> bool:
    """Whether other things are counted: words that have nothing in common, and do not both mean people."""
    people = [token.key == PERSON or token.shown.casefold().endswith(OF_PEOPLE) for token in (new, old)]
    alike = new.key[:PREFIX_CHARACTERS] == old.key[:PREFIX_CHARACTERS]
    return new.kind == old.kind == "word" and not alike and not all(people)


def one_negated(new: Sequence[Token], old: Sequence[Token]) -> bool:
    """Whether what stands in a place begins with a negation in one and has none in the other, nor a contrary."""
    begins = [any(t.kind == "negation" for t in group[:2]) for group in (new, old)]
    anywhere = [any(t.kind == "negation" for t in group) for group in (new, old)]
    turned = (begins[0] and not anywhere[1]) or (begins[1] and not anywhere[0])
    return turned and any(t.counts for t in new) and contrary_pair(new, old) is None


def all_for_some(new: Sequence[Token], old: Sequence[Token]) -> bool:
    """Whether all stands where the source has some of them: all workers, and 310 of its 410 workers."""
    entire = any(t.shown.casefold() in ("all", "every", "whole", "entire") for t in new)
    return entire and any(t.kind == "number" for t in old) and any(t.shown == "of" for t in old)


def shown(tokens: Sequence[Token]) -> str:
    """Tokens as they stand, the first few."""
    return " ".join(token.shown for token in tokens[:5])


def spoken(facts: Facts) -> list[Token]:
    """Tokens without marks."""
    return [token for token in facts.tokens if token.kind != "mark"]


def firm(blocks: Sequence[tuple[str, int, int, int, int]], at: int) -> bool:
    """Whether what lies beside a replaced place is the same in both, for some words or up to the end."""
    if not 0 <= at < len(blocks):
        return True
    kind, i, j, _, _ = blocks[at]
    return kind == "equal" and (j - i > 1 or at in (0, len(blocks) - 1))


def contrary_pair(new: Sequence[Token], old: Sequence[Token]) -> str | None:
    """A word that stands where its contrary did."""
    for mine in new:
        for theirs in old:
            if contrary(lexical(mine), lexical(theirs)):
                return f"“{mine.shown}” stands where the source has “{theirs.shown}”"
    return None


def lexical(token: Token) -> str:
    """A token as the tables of words have it."""
    return meaning(token.shown.casefold()) if token.kind == "ordinal" else token.key


def stands(token: Token, others: Sequence[Token], near: date | None) -> bool:
    """Whether a token is among others."""
    if token.kind == "date" and token.day is not None:
        return any(other.day is not None and token.day.agrees(other.day, near) for other in others)
    if token.kind in ("number", "ordinal"):
        return any(other.kind in ("number", "ordinal") and other.value == token.value for other in others)
    return any(other.key == token.key or other.shown.casefold() == token.shown.casefold() for other in others)


def within(token: Token, group: Sequence[str]) -> bool:
    """Whether a token is of a group; a title with a capital may stand in the place of a name."""
    return token.kind in group or ("name" in group and token.kind == "word" and token.shown[0].isupper())


def respelled(facts: Facts, other: Facts) -> set[int]:
    """Where the names begin that another text has by their initials, or as what these stand for."""
    spelled = {start for short, starts in facts.initials if short in other.spellings for start in starts}
    shorts = {short for short, _ in other.initials}
    return spelled | {t.start for t in facts.tokens if t.shown.casefold() in shorts and t.shown.isupper()}


def contraries(claim: Facts, evidence: Sequence[Facts], passages: Sequence[Facts]) -> Iterator[str]:
    """Words of the claim whose contrary its nearest sentence uses, or other evidence where no sentence has the word."""
    mine, theirs = spoken(claim), spoken(evidence[0])
    own, known = {lexical(t) for t in mine}, {lexical(t) for t in theirs}
    turned = set().union(*claim.negations, *evidence[0].negations)
    fresh = [t for t in mine if t.kind in LEXICAL and lexical(t) not in known | turned]
    gone = [t for t in theirs if t.kind in LEXICAL and lexical(t) not in own | turned]
    if pair := contrary_pair(fresh, gone):
        yield pair
        return
    anywhere = set().union(*({lexical(t) for t in spoken(each)} for each in passages))
    never = [t for t in fresh if lexical(t) not in anywhere and t.kind == "word"]
    for other in passages:
        if len(own & {lexical(t) for t in other.telling}) < LEAST_SHARED:
            continue
        turned = set().union(*other.negations)
        if pair := contrary_pair(never, [t for t in other.of("word") if lexical(t) not in own | turned]):
            yield pair
            return


def turned_round(claim: Facts, evidence: Sequence[Facts]) -> Iterator[str]:
    """A negation of the claim or of its nearest sentence that the other does not have, of what both say."""
    mine, theirs = list(claim.negations), list(evidence[0].negations)
    for scope in list(mine):
        match = next((other for other in theirs if scope & other), None)
        if match is not None:
            mine.remove(scope)
            theirs.remove(match)
    keys = {lexical(token) for token in spoken(claim)}
    source = {lexical(token) for token in spoken(evidence[0])}
    certain = next((scope for scope in mine if scope <= source), None)
    # Of as many left on each side each may be another way to say one of the other's.
    paired = min(len(mine), len(theirs))
    elsewhere = any(facts.negations for facts in evidence)
    for scope in (certain,) if certain else mine[paired:]:
        as_contrary = any(contrary(one, other) for one in scope - source for other in source)
        if not as_contrary and (scope & source or not elsewhere):
            yield f"“{' '.join(sorted(scope))}” is negated, otherwise than in the source"
    for scope in theirs[paired:]:
        if scope & keys and not any(contrary(one, other) for one in scope - keys for other in keys):
            yield f"“{' '.join(sorted(scope & keys))}” is negated in the source"


def roles(claim: Facts, best: Facts) -> Iterator[str]:
    """Who does something in the source, and in the claim is whom it is done to, with the same voice."""
    theirs = around(best)
    for key, (before, after, passive) in around(claim).items():
        if key not in theirs:
            continue
        other_before, other_after, other_passive = theirs[key]
        if passive != other_passive or before & other_before:
            continue
        if before & other_after and after & other_before:
            yield f"who did it to whom is exchanged around “{key}”"


def bound_elsewhere(claim: Facts, passages: Sequence[Facts]) -> Iterator[str]:
    """Numbers that the source has of something else: another number stands there with the words that are beside it here."""
    figures = [(token, each) for each in passages for token in each.of("number") if token.value != 1]
    claimed = {token.value for token in claim.of("number")}
    for token in claim.of("number"):
        here = neighbours(claim, token)
        same = [neighbours(each, other) for other, each in figures if other.value == token.value]
        if not here or not same or any(here & there for there in same):
            continue
        head = following(claim, token)
        others = [other for other, each in figures if other.value != token.value and head & neighbours(each, other)]
        if others:
            yield f"{token.shown} stands where the source has {others[0].shown}"
    rest = {t.key for t in claim.telling if t.kind in ("word", "name")}
    for token in claim.of("number"):
        own = rest - neighbours(claim, token)
        shares = [(len(own & each.keys), each) for each in passages]
        with_it = max((n for n, each in shares if any(t.value == token.value for t in each.of("number"))), default=None)
        if with_it != 0 or len(own) < LEAST_REST:
            continue
        for share, each in shares:
            rivals = [t for t in each.of("number") if t.value not in claimed and t.value != 1 and alike(t, token)]
            if share == len(own) and rivals:
                yield f"{token.shown} stands where the source has {rivals[0].shown}"


def alike(one: Token, other: Token) -> bool:
    """Whether two numbers may be of one kind: the same unit, or none given and about as large."""
    if one.unit and other.unit:
        return one.unit == other.unit
    return 1e-3 < (one.value + 1) / (other.value + 1) < 1e3 and (
        one.unit == other.unit or min(one.value, other.value) > 1000
    )


def neighbours(facts: Facts, number: Token) -> frozenset[str]:
    """The telling words next to a number, on both sides."""
    tokens = facts.tokens
    index = tokens.index(number)
    sides = (tokens[max(0, index - 2) : index][::-1], tokens[index + 1 : index + 3])
    found: set[str] = set()
    for near in sides:
        for token in near:
            if token.kind == "mark" and token.key != "-":
                break
            if token.counts and token.kind in ("word", "name"):
                found.add(token.key)
    return frozenset(found)


def following(facts: Facts, number: Token) -> frozenset[str]:
    """What is counted, and what a number numbers: the word after it, or next before it."""
    tokens = facts.tokens
    index = tokens.index(number)
    beside = [*tokens[index + 1 : index + 2], *tokens[max(0, index - 1) : index]]
    return frozenset(token.key for token in beside if token.kind in ("word", "name") and token.key != number.unit)


def titles(claim: Facts, passages: Sequence[Facts]) -> Iterator[str]:
    """Titles given to somebody else than in the source."""
    given = [(title, name) for each in passages for title, name in titled(each)]
    for title, name in titled(claim):
        holders = [other for key, other in given if key == title]
        if holders and not any(other & name for other in holders):
            yield f"the source names another {title}"


def titled(facts: Facts) -> Iterator[tuple[str, frozenset[str]]]:
    """Titles with the name beside each."""
    tokens = [t for t in facts.tokens if not (t.kind == "mark" and t.key == ",") and t.shown != "the"]
    for index, token in enumerate(tokens):
        if token.kind != "word" or token.shown.casefold() not in TITLES_OF_ONE:
            continue
        for step in (1, -1):
            at = index + step
            name: set[str] = set()
            while 0 <= at < len(tokens) and (
                tokens[at].kind == "name" or (not name and tokens[at].key in SECOND_WORDS)
            ):
                name |= {tokens[at].key} if tokens[at].kind == "name" else set()
                at += step
            if name:
                yield token.key, frozenset(name)
                break


Sides = tuple[frozenset[str], frozenset[str], bool]


def around(facts: Facts) -> dict[str, Sides]:
    """For each word that occurs once: what stands next before and after it in its clause, and whether it is passive."""
    tokens = unbracketed(facts.tokens)
    keys = [root(t.shown.casefold()) if t.key == SAYING else t.key for t in tokens]
    counts = Counter(keys)
    found: dict[str, Sides] = {}
    for index, key in enumerate(keys):
        if counts[key] == 1 and key not in TURNING and is_verb(tokens, index):
            was = any(t.shown.casefold() in PASSIVE for t in tokens[max(0, index - 3) : index])
            by = any(t.shown == "by" for t in tokens[index + 1 : index + 5])
            found[key] = (beside(tokens, index, -1), beside(tokens, index, 1), was and by)
    return found


def is_verb(tokens: Sequence[Token], index: int) -> bool:
    """Whether a word probably is a verb with an object: by its form, and by what follows it."""
    token, word = tokens[index], tokens[index].shown.casefold()
    if token.kind != "word":
        return False
    if word.endswith("ed") or word in IRREGULAR or root(word) in BASES:
        return True
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    return (
        word.endswith("s")
        and following is not None
        and (following.kind == "name" or following.shown in ("the", "a", "an"))
    )


def unbracketed(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without what stands in brackets."""
    depth, kept = 0, []
    for token in tokens:
        if token.kind == "mark" and token.key in "()":
            depth = max(0, depth + (1 if token.key == "(" else -1))
        elif not depth:
            kept.append(token)
    return kept


def beside(tokens: Sequence[Token], index: int, step: int) -> frozenset[str]:
    """The telling words next to one on one side, up to a small word or the end of the clause."""
    at = index + step
    found: list[str] = []
    while 0 <= at < len(tokens) and abs(at - index) <= REACH:
        token = tokens[at]
        if (token.kind == "mark" and token.key != "-") or (found and not token.counts):
            break
        if token.counts:
            found.append(token.key)
        at += step
    return frozenset(found)

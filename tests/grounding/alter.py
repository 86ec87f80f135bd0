"""Saying something else: each function gives a sentence that its passage does not bear, or None."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from tests.grounding.articles import Article
from tests.grounding.reword import BELOW_TWENTY, MONTHS, WEEKDAYS, in_quotes

FOREIGN = (
    "Marcus Ellery",
    "Priya Nandakumar",
    "Helsinki",
    "Torvald",
    "Kestrel Holdings",
    "Ljubljana",
    "Okonkwo",
    "Brightwater",
)
PERSON = r"(?<![.!?\"“] )(?<!^)\b[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,}){0,2}\b"
NO_NAMES = {*MONTHS, *WEEKDAYS, "The", "Mr", "Mrs", "But", "President", "English"}
ORDINARY = set(
    "this that not our my you and news house congress senate tonight today however monday feb mar jan oct nov dec sept aug".split()
)
ANTONYMS = (
    "rose/fell increased/decreased rising/falling increase/decrease approved/rejected won/lost opened/closed began/ended "
    "accepted/refused supported/opposed bought/sold hired/fired guilty/innocent convicted/acquitted more/fewer higher/lower "
    "before/after first/last north/south northern/southern east/west eastern/western success/failure allowed/banned "
    "confirmed/denied agreed/disagreed strong/weak early/late largest/smallest best/worst gained/lost legal/illegal "
    "safe/dangerous arrested/freed raised/lowered up/down included/excluded always/never alive/dead wins/loses win/lose "
    "highest/lowest better/worse above/below inside/outside older/younger growing/shrinking improved/worsened gains/losses "
    "profit/loss man/woman male/female son/daughter husband/wife expand/shrink arrived/departed joined/left passed/failed"
)
OPPOSITE = {a: b for pair in ANTONYMS.split() for a, b in (pair.split("/"), pair.split("/")[::-1])}
AUXILIARY = r"\b(is|are|was|were|will|would|has|had|have|can|could|should|may|must)\b(?! (?:not|been no)\b)(?!n't)(?=[ ](?!no\b|not\b|never\b))"
REMOVABLE = (
    (r" not(?= )", ""),
    (r"\bcannot\b", "can"),
    (r"\b(is|are|was|were|has|had|have|would|could|should)n't\b", r"\1"),
    (r"\b(?:did|does|do)(?: not|n't) ", ""),
    (r"\bnever ", ""),
    (r"\bno (?=longer)", "still "),
)
MAGNITUDES = {
    "million": ("billion", "thousand"),
    "billion": ("million", "trillion"),
    "thousand": ("million",),
    "hundred": ("thousand",),
}
UNITS = {
    "kilometres": "metres", "kilometers": "meters", "metres": "centimetres", "meters": "centimeters", "miles": "feet",
    "feet": "inches", "hours": "minutes", "minutes": "hours", "days": "weeks", "weeks": "days", "months": "years",
    "years": "months", "tonnes": "kilograms", "crowns": "dollars", "inches": "feet", "hour": "minute", "week": "month",
}  # fmt: skip
REGULAR = re.compile(r"\b(?:he|she|it|they|who|[A-Z][a-z]+|officials|police|people|company) ([a-z]{3,}ed)\b")

Alter = Callable[[str, Article, int, random.Random], str | None]


def number(text: str, article: Article, _index: int, chance: random.Random) -> str | None:
    """Another value: near, or one that stands elsewhere in the article."""
    places = list(re.finditer(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,]*\d)", text))
    words = list(re.finditer(rf"\b(?:{'|'.join(BELOW_TWENTY[2:13])})\b(?! of the)", text))
    if words and (not places or chance.random() < 0.4):
        match = chance.choice(words)
        other = chance.choice([word for word in BELOW_TWENTY[2:13] if word != match[0]])
        return text[: match.start()] + other + text[match.end() :]
    if not places:
        return None
    match = chance.choice(places)
    own = {found.replace(",", "") for found in re.findall(r"\d[\d,.]*", text)}
    elsewhere = re.findall(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,])", " ".join(article.sentences))
    strange = [each for each in elsewhere if each.replace(",", "") not in own]
    digits = match[0].replace(",", "")
    if strange and chance.random() < 0.35:
        other = chance.choice(strange)
    elif "." in digits:
        other = f"{float(digits) + chance.choice((-0.2, 0.3, 1.1)):.{len(digits.split('.')[1])}f}".lstrip("-")
    else:
        other = (
            str(int(digits) + chance.choice((1, 2, 7, 10, 100)))
            if chance.random() < 0.7
            else digits[::-1].lstrip("0") + "3"
        )
    return None if other in own else text[: match.start()] + other + text[match.end() :]


def magnitude(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """Millions for billions, metres for kilometres."""
    places = [
        m
        for m in re.finditer(r"(?<=\d |\w )\b[a-z]+\b", text)
        if m[0] in MAGNITUDES
        or (
            m[0] in UNITS
            and re.search(r"(?:\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve)) $", text[: m.start()])
        )
    ]
    if not places:
        return None
    match = chance.choice(places)
    other = chance.choice(MAGNITUDES[match[0]]) if match[0] in MAGNITUDES else UNITS[match[0]]
    return text[: match.start()] + other + text[match.end() :]


def names_in(texts: Sequence[str]) -> list[str]:
    """Names that stand within sentences."""
    found = [name for text in texts for name in re.findall(PERSON, text)]
    return [name for name in found if not NO_NAMES & set(name.split())]


def name(text: str, article: Article, _index: int, chance: random.Random) -> str | None:
    """Another name, of the article or from elsewhere."""
    own = names_in([text])
    lower = {word for each in article.sentences for word in re.findall(r"\b[a-z]+\b", each)} | ORDINARY
    own = [each for each in own if not lower & set(each.lower().split())]
    if not own:
        return None
    gone = chance.choice(own)
    others = [other for other in names_in(article.sentences) if not lower & set(other.lower().split())]
    others = [other for other in others if not set(other.split()) & set(" ".join(own).split()) and other not in text]
    # One name in two writings is no other name.
    last = gone.split()[-1]
    others = [
        other
        for other in others
        if last[:4] != other.split()[-1][:4]
        and not any(last in s and other in s and f"{other} {last}" in s for s in article.sentences)
    ]
    other = chance.choice(others) if others and chance.random() < 0.6 else chance.choice(FOREIGN)
    return text.replace(gone, other)


def dates(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """Another weekday, month or year."""
    pattern = rf"\b(?:{'|'.join([*MONTHS[:4], *MONTHS[5:], *WEEKDAYS])}|(?:19|20)\d\d)\b(?!-)"
    places = list(re.finditer(pattern, text))
    if not places:
        return None
    match = chance.choice(places)
    if match[0].isdigit():
        other = str(int(match[0]) + chance.choice((-1, 1, 2, -10)))
    else:
        table = WEEKDAYS if match[0] in WEEKDAYS else MONTHS
        other = chance.choice([each for each in table if each != match[0]])
    return text[: match.start()] + other + text[match.end() :]


def negation(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """A negation that was not there, or without one that was."""
    for pattern, replacement in REMOVABLE:
        if re.search(pattern, text):
            return re.sub(pattern, replacement, text, count=1)
    places = [match for match in re.finditer(AUXILIARY, text) if not in_quotes(text, match.start())]
    if places:
        match = chance.choice(places)
        return text[: match.end()] + " not" + text[match.end() :]
    regular = REGULAR.search(text)
    if regular is None or in_quotes(text, regular.start(1)):
        return None
    verb = regular[1]
    base = verb[:-2] if re.search(r"(?:[^aeiou]{2}|[aeiou]{2}[^aeiou]|w|x|y|er|en|it|is)ed$", verb) else verb[:-1]
    return f"{text[: regular.start(1)]}did not {base}{text[regular.end(1) :]}"


def antonym(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """The contrary of a word."""
    places = [
        match
        for match in re.finditer(r"\b[a-z]+\b", text)
        if match[0] in OPPOSITE and not in_quotes(text, match.start())
    ]
    places = [
        m for m in places if not (m[0] == "left" and not re.search(r"(?:has|had|who|they|he|she) $", text[: m.start()]))
    ]
    if not places:
        return None
    match = chance.choice(places)
    return text[: match.start()] + OPPOSITE[match[0]] + text[match.end() :]


def roles(text: str, _article: Article, _index: int, _chance: random.Random) -> str | None:
    """Who did it and to whom, exchanged."""
    verbs = r"(?:accused|sued|beat|defeated|attacked|acquired|bought|told|asked|criticised|criticized|killed|shot|arrested|hired|fired|replaced|joined|beats|defeats|buys|acquires|will replace|has accused|blamed|blames|praised|invited|warned|succeeded|stabbed|invaded|bombed|struck|sentenced|outbid|hit|followed|overtook)"  # noqa: E501
    some = r"(?:[A-Z][\w'.-]+(?: [A-Z][\w'.-]+){0,2}|(?:[Tt]he|[Aa]n?) [a-z]+(?: [a-z]+)?)"
    found = re.search(rf"({some}) ({verbs}) ({some})(?! of\b)", text)
    if found is None or in_quotes(text, found.start()):
        return None
    swapped = f"{found[3]} {found[2]} {found[1]}"
    made = text[: found.start()] + swapped + text[found.end() :]
    return made[0].upper() + made[1:]


def quotation(text: str, article: Article, index: int, chance: random.Random) -> str | None:
    """A word of what is quoted, exchanged for another of the article."""
    found = re.search(r"[\"“]([^\"”]{25,})[\"”]", text)
    if found is None:
        return None
    places = list(re.finditer(r"\b[a-z]{5,}\b", found[1]))
    others = [word for word in re.findall(r"\b[a-z]{5,}\b", " ".join(article.sentences)) if word not in text]
    if not places or not others:
        return None
    match = chance.choice(places)
    return (
        text[: found.start(1)]
        + found[1][: match.start()]
        + chance.choice(others)
        + found[1][match.end() :]
        + text[found.end(1) :]
    )


ALTERATIONS: dict[str, Alter] = {
    "number": number,
    "magnitude": magnitude,
    "name": name,
    "date": dates,
    "negation": negation,
    "antonym": antonym,
    "roles": roles,
    "quotation": quotation,
}

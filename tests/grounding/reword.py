"""Saying the same otherwise: each function gives a reworded sentence, or None where its rule does not apply.

None of the tables is shared with the product, which must find by itself that these mean the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, timedelta

from tests.grounding.articles import Article

NAME = r"[A-Z][a-z]+(?:[- ][A-Z][a-z]+){1,2}"
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SAID = ("said", "told reporters", "stated", "noted", "explained", "remarked", "reported", "announced")
SYNONYMS = {
    "said": ("stated", "noted", "explained", "announced"),
    "announced": ("said", "made public", "revealed"),
    "reported": ("stated", "said"),
    "about": ("around", "roughly", "approximately"),
    "people": ("persons", "individuals"),
    "began": ("started",),
    "started": ("began",),
    "bought": ("purchased", "acquired"),
    "purchased": ("bought",),
    "killed": ("left dead",),
    "died": ("lost their lives", "passed away"),
    "children": ("kids",),
    "firm": ("company",),
    "company": ("firm", "business"),
    "police": ("officers",),
    "show": ("indicate", "reveal"),
    "shows": ("indicates", "reveals"),
    "showed": ("indicated", "revealed"),
    "help": ("assist", "aid"),
    "needs": ("requires",),
    "need": ("require",),
    "get": ("obtain", "receive"),
    "got": ("received", "obtained"),
    "big": ("large",),
    "large": ("big",),
    "find": ("discover",),
    "found": ("discovered",),
    "while": ("whereas",),
    "because": ("since", "as"),
    "also": ("in addition",),
    "although": ("though",),
    "but": ("however,",),
    "will": ("is going to",),
    "must": ("has to", "needs to"),
    "wants": ("would like",),
    "expected": ("anticipated",),
    "used": ("utilised",),
    "home": ("house",),
    "street": ("road",),
    "quick": ("fast",),
    "hurt": ("injured",),
    "injured": ("hurt", "wounded"),
    "arrested": ("detained", "taken into custody"),
    "earthquake": ("quake",),
    "quake": ("earthquake",),
    "cars": ("vehicles",),
    "rose": ("increased", "went up", "climbed"),
    "fell": ("dropped", "declined", "went down"),
    "several": ("a number of",),
    "many": ("numerous",),
    "during": ("in the course of",),
    "near": ("close to",),
    "after": ("following",),
}
BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
ABBREVIATED = {
    "United States": "US",
    "United Nations": "UN",
    "European Union": "EU",
    "United Kingdom": "UK",
    "White House": "White House",
    "per cent": "%",
    "percent": "%",
    "kilometres": "km",
    "miles per hour": "mph",
    "New York": "NY",
    "World Health Organization": "WHO",
    "Federal Bureau of Investigation": "FBI",
    "Coast Guard": "coast guard",
    "Los Angeles": "LA",
    "Mr.": "",
}

Reword = Callable[[str, Article, int, random.Random], str | None]


def lower_first(text: str) -> str:
    """A sentence as it goes on in the middle of another; a name keeps its capital."""
    known = re.match(
        r"(The|A|An|In|On|At|It|He|She|They|We|This|That|These|Those|There|But|And|For|Of|Its|His|Her|Their|"
        r"About|More|Many|Some|Most|One|Two|Three|No|Both|Each|After|Before|When|As)\b",
        text,
    )
    return text if not known else text[0].lower() + text[1:]


def dropped_clause(text: str, *_: object) -> str | None:
    """Without a clause between commas or brackets, or without what follows the last comma."""
    bare = re.sub(r" \([^)]*\)", "", text)
    bare = re.sub(r", (?:who|which|whose|where|a|an|the)\b[^,\"]{5,80}, (?!and )", " ", bare, count=1)
    if bare == text:
        bare = re.sub(
            r", (?:which|who|whose|where|with|including|while|although|adding|as)\b[^,\"]{8,120}\.$", ".", text
        )
    return bare if bare != text and len(bare.split()) > 5 else None


def attribution(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """Who says it, at the other end."""
    if found := re.fullmatch(r"([^\"]{20,}), ((?:[A-Z]|the|a|his|her|officials|police)[^,\"]{2,60}?) said\.", text):
        return f"{capital(found[2])} {chance.choice(SAID[:1] + SAID[2:5])} that {lower_first(found[1])}."
    if found := re.fullmatch(r"([A-Z][^,\"]{2,50}?) said (?:that )?([^\"]{20,})\.", text):
        return f"{capital(found[2])}, {lower_first(found[1])} said."
    if found := re.fullmatch(r"(.{20,}), according to ([^,\"]{3,60})\.", text):
        return f"According to {found[2]}, {lower_first(found[1])}."
    return None


def moved_phrase(text: str, *_: object) -> str | None:
    """An opening phrase to the end, or the other way round."""
    if found := re.fullmatch(r"((?:In|On|At|After|Before|During|Since|By) [^,\"]{3,50}), ([^\"]{15,})\.", text):
        return f"{capital(found[2])} {lower_first(found[1])}."
    if found := re.fullmatch(
        r"([^\",]{20,}) ((?:on|in|since|after|during) (?!(?:\w+ ){1,4}(?:to|until|and|who|that)\b)[^,\"]{3,30})\.", text
    ):
        return f"{capital(found[2])}, {lower_first(found[1])}."
    return None


def passive(text: str, *_: object) -> str | None:
    """Somebody did something: it was done by somebody."""
    verbs = (
        "announced|opened|closed|signed|approved|rejected|released|killed|arrested|acquired|won|attacked|accused|raised|"
        "launched|replaced|published|described|confirmed|injured|damaged|destroyed|criticised|criticized|praised|visited"
    )
    found = re.fullmatch(
        rf"((?:(?:The|A|An) [a-z]+(?: [a-z]+)?|{NAME}|[A-Z][a-z]+)) ({verbs}) ((?:(?:the|a|an|his|her|its) [a-z]+(?: [a-z]+)?|{NAME}))((?: (?:in|on|at|after)\b[^,]*)?\.)",  # noqa: E501
        text,
    )
    if found is None or found[1] in ("He", "She", "They", "It", "Nobody", "Who"):
        return None
    was = "were" if re.search(r"\b(?:people|\w+s)$", found[3]) else "was"
    return f"{capital(found[3])} {was} {found[2]} by {lower_first(found[1])}{found[4]}"


def synonyms(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """Up to three words by others."""
    places = [
        match
        for match in re.finditer(r"\b[a-z]+\b", text)
        if match[0] in SYNONYMS and not in_quotes(text, match.start())
    ]
    for match in sorted(chance.sample(places, min(3, len(places))), key=lambda each: -each.start()):
        text = text[: match.start()] + chance.choice(SYNONYMS[match[0]]) + text[match.end() :]
    return text if places else None


def number_format(text: str, _article: Article, _index: int, chance: random.Random) -> str | None:
    """The same number, written otherwise."""
    places = [
        m
        for m in re.finditer(r"(?<![\w.,:/$£€-])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w:/-]|[.,]\d)", text)
        if not in_quotes(text, m.start())
    ]
    chance.shuffle(places)
    for match in places:
        written = other_number(match[1], chance)
        if (
            written
            and not re.match(
                r" ?(?:January|February|March|April|May|June|July|August|Sept|Oct|Nov|Dec|a\.m|p\.m)",
                text[match.end() :],
            )
            and not re.search(
                r"(?:January|February|March|April|May|June|July|August|\b[A-Z][a-z]{2}\.) $", text[: match.start()]
            )
        ):
            made = text[: match.start()] + written + text[match.end() :]
            return capital(made)
    return None


def other_number(number: str, chance: random.Random) -> str | None:
    """Another way to write a number, if there is one."""
    value = float(number.replace(",", ""))
    ways = []
    if value >= 1000 and value == int(value) and not (1900 <= value <= 2100 and "," not in number):
        ways.append(f"{int(value)}" if "," in number else f"{int(value):,}")
        if value % 100 == 0 and value < 1_000_000:
            ways.append(f"{value / 1000:g} thousand")
        if value % 100 == 0 and 1100 <= value < 2000:
            ways.append(f"{BELOW_TWENTY[int(value) // 100]} hundred")
        if value % 100_000 == 0 and value >= 1_000_000:
            ways.append(f"{value / 1e6:g} million")
    elif value == int(value) and 2 <= value < 100 and "." not in number:
        tens, ones = divmod(int(value), 10)
        ways.append(BELOW_TWENTY[int(value)] if value < 20 else TENS[tens] + (f"-{BELOW_TWENTY[ones]}" if ones else ""))
    return chance.choice(ways) if ways else None


def number_word(text: str, *_: object) -> str | None:
    """A number in words, in digits."""
    found = re.search(
        r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty)\b(?![- ](?:\w+teen|one|two|three|five|hundred|million|thousand))",  # noqa: E501
        text,
    )
    if found is None or in_quotes(text, found.start()):
        return None
    value = BELOW_TWENTY.index(found[1]) if found[1] in BELOW_TWENTY else TENS.index(found[1]) * 10
    return text[: found.start()] + str(value) + text[found.end() :]


def date_format(text: str, article: Article, _index: int, chance: random.Random) -> str | None:
    """A date with day and month turned round, or a weekday as the date that it was."""
    months = "|".join(MONTHS)
    if found := re.search(rf"\b({months}) (\d{{1,2}})\b(?:, (\d{{4}}))?(?!\d)", text):
        return text.replace(found[0], f"{found[2]} {found[1]}" + (f" {found[3]}" if found[3] else ""), 1)
    if found := re.search(rf"\b(\d{{1,2}}) ({months})\b", text):
        return text.replace(found[0], f"{found[2]} {found[1]}", 1)
    if found := re.search(rf"\bon ({'|'.join(WEEKDAYS)})\b", text):
        back = (article.day.weekday() - WEEKDAYS.index(found[1])) % 7
        return text.replace(found[0], f"on {written(article.day - timedelta(days=back), chance)}", 1)
    if found := re.search(r"(?<!since )(?<!from )(?<!until )\b(yesterday)\b(?! (?:morning|evening|afternoon))", text):
        return text.replace(found[0], f"on {written(article.day - timedelta(days=1), chance)}", 1)
    return None


def written(day: date, chance: random.Random) -> str:
    """A day in words."""
    month = MONTHS[day.month - 1]
    return chance.choice(
        (f"{day.day} {month}", f"{month} {day.day}", f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}")
    )


def abbreviated(text: str, *_: object) -> str | None:
    """Long forms by short ones, and back."""
    for long, short in ABBREVIATED.items():
        if long in text and long != short and not in_quotes(text, text.index(long)):
            return re.sub(r" +", " ", text.replace(f" {long}" if short == "%" else long, short, 1)).strip()
        if short and re.search(rf"\b{short}\b(?!\.)", text) and short.isupper():
            return re.sub(
                rf"\b{short}\b", long if long in ("United States", "United Nations") else f"{long}", text, count=1
            )
    if found := re.search(r"(?<=\d)%", text):
        return text[: found.start()] + " per cent" + text[found.end() :]
    return None


def surname(text: str, *_: object) -> str | None:
    """The last name for the whole one."""
    people = r"(?:[A-Z][a-z]+ ){1,2}[A-Z][a-z]+(?=,? (?:said|who|told|was|is|has|had|will|announced|added))"
    found = re.search(people, text)
    if found is None or re.match(r"The |A |In |On |But ", found[0]):
        return None
    return text.replace(found[0], found[0].split()[-1], 1)


def full_name(text: str, article: Article, index: int, *_: object) -> str | None:
    """A pronoun at the beginning by the one person whom the sentence before names first."""
    found = re.match(r"(He|She) (?=[a-z])", text)
    before = article.sentences[index - 1] if index else ""
    names = re.findall(NAME, before)
    if found is None or len(names) != 1 or not before.startswith(names[0]):
        return None
    return names[0] + text[found.end() - 1 :]


def shortened(text: str, *_: object) -> str | None:
    """Without adverbs and other words that carry little."""
    bare = re.sub(
        r"(?<=[a-z]) (?:already|also|just|only recently|recently|immediately|currently|simply|again|very|really|quickly|shortly)(?= [a-z])",
        "",
        text,
    )
    return bare if bare != text else None


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[0].upper() + text[1:]


def in_quotes(text: str, position: int) -> bool:
    """Whether a position lies within quotation marks."""
    return text[:position].count('"') % 2 == 1 or text[:position].count("“") > text[:position].count("”")


REWORDINGS: dict[str, Reword] = {
    "dropped": dropped_clause,
    "attribution": attribution,
    "order": moved_phrase,
    "passive": passive,
    "synonyms": synonyms,
    "number_format": number_format,
    "number_word": number_word,
    "date_format": date_format,
    "abbreviation": abbreviated,
    "surname": surname,
    "pronoun": full_name,
    "shortened": shortened,
}

"""What a text states that can be compared: its words in order, and among them numbers, dates, names and negations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple

from services.answer.claims.words import DENYING, LITTLE, NEGATIONS, NOUNS_OF_TITLES, PEOPLE_OF, meaning, root
from services.ingest.sentences import FIRST_WORDS
from services.search.dates import MONTHS, SHORT, WEEKDAYS

QUOTE_MARKS = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "\u2011": "-", "–": "-", "—": "-"}
)
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
VALUES: dict[str, float] = (
    {word: number for number, word in enumerate(SMALL)}
    | {word: 10 * number for number, word in enumerate(TENS, start=2)}
    | {"half": 0.5, "quarter": 0.25, "dozen": 12, "couple": 2, "twice": 2, "double": 2, "triple": 3}
)
MAGNITUDES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
LETTERS = {"k": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12, "mio": 1e6, "mrd": 1e9}
LETTERS |= {"millionen": 1e6, "milliarden": 1e9, "tausend": 1e3}
ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), start=1
    )
}
# What a number in words begins with, "a" with a magnitude after it.
NUMBER_WORDS = (VALUES.keys() | ORDINALS.keys() | {"a"}) - {"second"}
CURRENCIES = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen"}
# Units that tell quantities of one value apart, by their stem.
UNITS = {
    meaning(word): meaning(word)
    for word in (
        "percent dollar euro pound crown yen metre kilometre centimetre millimetre mile foot inch yard tonne kilogram gram"
        " litre second minute hour day week month year decade degree"
    ).split()
}
PREFIX_CHARACTERS = 5
SAYING = meaning("say")
# Of whom something may be said without an article, though they end in no s.
PLURALS = frozenset("police people men women children residents staff management".split())
# Small words that a negation may turn round by themselves: did not get.
TURNED_TOO = frozenset(meaning(word) for word in "get make take go like have".split())
TOKEN = re.compile(
    r"""(?P<money>[$€£¥])?\s?(?P<number>\d+(?:[.,:]\d+)*)(?P<suffix>(?:st|nd|rd|th)\b|(?:k|mn|mln|bn|tn|m|b)\b)?
    |(?P<word>[^\W\d_](?:[^\W_]|['.&](?=[^\W_]))*\.?)
    |(?P<mark>[,.;:!?"()-])""",
    re.X,
)
CONTRACTED = re.compile(r"(?i)\b(can|wo|sha|ai|\w+?)n't\b")
CANNOT = re.compile(r"(?i)\bcannot\b")
# Bounds of a number, as one of two words that exclude each other.
BOUNDS = (
    (re.compile(r"(?i)\bat least(?= [\w$€£])"), "more than"),
    (re.compile(r"(?i)\b(?:at most|fewer than|up to)(?= [\w$€£])"), "less than"),
)
QUOTED = re.compile(r'"([^"]{2,})"')
DATES = re.compile(
    rf"""(?ix)\b(?=[\dadfjmnostwy])(?:
    (?P<iso>\d{{4}}-\d\d-\d\d)
    |(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s(?:of\s)?(?P<month>{"|".join((*MONTHS, *SHORT))})\b\.?(?:,?\s(?P<year>(?:1[89]|20)\d\d))?
    |(?P<month2>{"|".join((*MONTHS, *SHORT))})\b\.?\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:%])(?:,?\s(?P<year2>(?:1[89]|20)\d\d))?
    |(?P<month3>{"|".join((*MONTHS, *SHORT))})\b\.?,?\s(?P<year3>(?:1[89]|20)\d\d)
    |(?P<month4>{"|".join(month for month in MONTHS if month not in ("march", "may"))})
    |(?P<weekday>{"|".join(WEEKDAYS)})
    |(?P<year4>(?:1[89]|20)\d\d)(?!\s?(?:percent|people|metres|feet|crowns|euros|dollars|tonnes|[-:.,]\d))
    |(?P<relative>yesterday|today|tomorrow|tonight)
    )\b""",
)
# "March" and "May" alone are months only after a preposition and with a capital.
BARE_MONTH = re.compile(
    r"\b(?:[Ii]n|[Ss]ince|until|by|from|of|last|next|late|early|mid) (March|May)\b(?! (?:be|have)\b)"
)


@dataclass(frozen=True)
class Day:
    """A date as far as it was said; `near` is the article's, by which a weekday is some day."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def agrees(self, other: Day, near: date | None) -> bool:
        """Whether both may be the same day, and share something that says so."""
        pairs = [(getattr(self, name), getattr(other, name)) for name in ("year", "month", "day", "weekday")]
        known = [(mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
        if any(mine != theirs for mine, theirs in known):
            return False
        return bool(known) or (near is not None and self.same_by(other, near))

    def compares(self, other: Day) -> bool:
        """Whether both say something of the same kind, so that they can differ."""
        return any(getattr(self, name) and getattr(other, name) for name in ("year", "month", "day")) or (
            self.weekday is not None and other.weekday is not None
        )

    def same_by(self, other: Day, near: date) -> bool:
        """Whether a weekday and a date without one are the same day, a week around an article's."""
        dated, weekly = (self, other) if self.day else (other, self)
        if weekly.weekday is None or dated.day is None or dated.month is None:
            return False
        for year in (dated.year,) if dated.year else (near.year - 1, near.year, near.year + 1):
            try:
                day = date(year, dated.month, dated.day)
            except ValueError:
                continue
            if day.weekday() == weekly.weekday and abs((day - near).days) <= 7:
                return True
        return False

    def __str__(self) -> str:
        parts = (self.day, MONTHS[self.month - 1].title() if self.month else None, self.year)
        weekday = WEEKDAYS[self.weekday].title() if self.weekday is not None and not self.day else None
        return " ".join(str(part) for part in (weekday, *parts) if part is not None)


class Token(NamedTuple):
    """A word, number or date of a text. `key`: what it means; `shown`: how it stands there."""

    kind: str  # word, little, name, number, ordinal, date, negation, mark
    key: str
    shown: str
    start: int
    end: int
    value: float = 0.0
    unit: str = ""
    day: Day | None = None
    # A name's first letter is no proof at the beginning of a sentence.
    sure: bool = True

    @property
    def counts(self) -> bool:
        """Whether it says something."""
        return self.kind not in ("little", "mark", "negation")


@dataclass(frozen=True)
class Facts:
    """A text, taken apart."""

    text: str
    tokens: tuple[Token, ...]
    quotations: tuple[str, ...]
    negations: tuple[frozenset[str], ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        """What its tokens mean."""
        return frozenset(token.key for token in self.tokens)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """How its words begin: those that begin alike count as one."""
        return frozenset(token.key[:PREFIX_CHARACTERS] for token in self.tokens if token.kind in ("word", "name"))

    @cached_property
    def spellings(self) -> frozenset[str]:
        """What a name may be found as: words and their parts as they are written, and meanings."""
        written = {token.shown.casefold() for token in self.tokens}
        return self.keys | written | {part for word in written for part in word.split("-")}

    @cached_property
    def initials(self) -> tuple[tuple[str, frozenset[int]], ...]:
        """The initials of runs of capitalised words, un for United Nations, with where these words begin."""
        runs: list[list[Token]] = [[]]
        for token in self.tokens:
            if token.shown[:1].isupper() and token.kind in ("name", "word"):
                runs[-1].append(token)
            elif not (token.kind == "little" and token.shown in ("of", "and", "the", "for") and runs[-1]):
                runs.append([])
        return tuple(
            ("".join(token.shown[0] for token in part).casefold(), frozenset(token.start for token in part))
            for run in runs
            for first in range(len(run))
            for last in range(first + 2, min(first + 5, len(run)) + 1)
            for part in (run[first:last],)
        )

    @cached_property
    def telling(self) -> list[Token]:
        """The tokens that say something."""
        return [token for token in self.tokens if token.counts]

    def of(self, *kinds: str) -> list[Token]:
        """Tokens of some kinds."""
        return [token for token in self.tokens if token.kind in kinds]


def plain(text: str) -> str:
    """One way to write quotation marks, dashes, white space, contractions and per cent. Offsets do not survive."""
    text = unicodedata.normalize("NFKC", text).translate(QUOTE_MARKS).replace("``", '"').replace("''", '"')
    if "n't" in text or "N'T" in text:
        text = CONTRACTED.sub(
            lambda m: {"wo": "will", "ca": "can", "sha": "shall"}.get(m[1].lower(), m[1]) + " not", text
        )
    text = CANNOT.sub("can not", text.replace("%", " percent ")).replace("per cent", "percent")
    for pattern, replacement in BOUNDS:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


@lru_cache(maxsize=256)
def facts_of(text: str, near: date | None = None) -> Facts:
    """Take a text apart. `near`: the day of publication, for "yesterday". Kept for texts that come again."""
    text = plain(text)
    tokens = _named(text, list(_tokens(text, near)))
    return Facts(text, tuple(tokens), tuple(QUOTED.findall(text)), tuple(_negations(tokens)))


def _tokens(text: str, near: date | None) -> Iterator[Token]:
    """Tokens in order; dates and composed numbers are one."""
    days = {match.start(): (match.end(), day) for match, day in _dates(text, near)}
    position = 0
    while match := TOKEN.search(text, position):
        # White space may stand before a number.
        at = match.start() + text[match.start()].isspace()
        word, position = match["word"], match.end()
        if at in days:
            position, day = days[at]
            yield Token("date", f"date {day}", text[at:position], at, position, day=day)
        elif word is None and match["mark"]:
            yield Token("mark", match["mark"], match["mark"], at, position)
        elif (word is None or word.rstrip(".").casefold() in NUMBER_WORDS) and (number := _number(text, match)):
            yield number
            position = number.end
        else:
            yield from _words(word, at)


def _words(shown: str, start: int) -> Iterator[Token]:
    """A word, and the full stop that stands behind it."""
    bare, end, is_ending = shown, start + len(shown), False
    if "." in shown:
        dotted = shown.count(".") > 1 or (shown.endswith(".") and len(shown) == 2)
        is_ending = shown.endswith(".") and not dotted
        bare = shown.replace(".", "") if dotted else shown.rstrip(".")
    if "'" in bare:
        bare = bare.removesuffix("'s").removesuffix("'").removesuffix("'re").removesuffix("'ll").removesuffix("'ve")
    lower = bare.casefold()
    if lower in NEGATIONS:
        yield Token("negation", lower, bare, start, end)
    elif lower in LITTLE and not (bare.isupper() and len(bare) == 2):
        yield Token("little", meaning(lower), bare, start, end)
    elif lower:
        yield Token("word", meaning(lower), bare, start, end)
    if is_ending:
        yield Token("mark", ".", ".", end - 1, end)


def _number(text: str, match: re.Match[str]) -> Token | None:
    """The number that begins here, with its magnitude and unit, in digits or words."""
    if match["number"]:
        digits = match["number"]
        if ":" in digits or digits.count(".") > 1:
            value = float(re.sub(r"[:.,]", "", digits)) / 100
        else:
            value = float(re.sub(r",(?=\d{3}(?!\d))", "", digits).replace(",", "."))
        suffix = match["suffix"] or ""
        if suffix in ("st", "nd", "rd", "th"):
            return Token("ordinal", f"ordinal {value:g}", match[0].strip(), match.start(), match.end(), value)
        if suffix:
            value *= LETTERS[suffix]
        value, end = _magnified(text, value, match.end())
    elif (word := (match["word"] or "").rstrip(".").casefold()) in ORDINALS and word != "second":
        return Token("ordinal", f"ordinal {ORDINALS[word]:g}", match[0], match.start(), match.end(), ORDINALS[word])
    elif word in VALUES and word != "one":
        value, end = _composed(text, VALUES[word], match.start() + len(word))
    elif word in ("a", "one") and re.match(r" (?:hundred|thousand|million|billion)\b", text[match.end() :]):
        value, end = _magnified(text, 1.0, match.end())
    elif word == "one":
        value, end = 1.0, match.end()
    else:
        return None
    unit = CURRENCIES.get(match["money"] or "", "") or _unit(text, end)
    shown = text[match.start() : end].strip()
    return Token("number", f"number {value:g}", shown, match.start(), end, round(value, 6), unit)


def _unit(text: str, end: int) -> str:
    """The unit that follows a number, at once or after one word: 3,000 cubic metres."""
    for pattern in (r"[ -]([^\W\d_]+)", r"[ -](?:[a-z]+ )??([^\W\d_]+)"):
        found = re.match(pattern, text[end:])
        if found and meaning(found[1].casefold()) in UNITS:
            return UNITS[meaning(found[1].casefold())]
    return ""


def _magnified(text: str, value: float, end: int) -> tuple[float, int]:
    """A value times the magnitudes that follow it."""
    while found := re.match(
        r"[ -]?(hundred|thousand|million|billion|trillion|bn|mn|mln|millionen|milliarden|tausend)\b(?:s\b)?",
        text[end:],
        re.I,
    ):
        word = found[1].casefold()
        value *= MAGNITUDES.get(word) or LETTERS[word]
        end += found.end()
    return value, end


def _composed(text: str, value: float, end: int) -> tuple[float, int]:
    """A number in words from its first one: twenty-five, twelve hundred, three hundred and twenty thousand."""
    if (
        value in range(20, 100, 10)
        and (found := re.match(r"[- ]([a-z]+)\b", text[end:]))
        and 1 <= VALUES.get(found[1], 0) <= 9
    ):
        value, end = value + VALUES[found[1]], end + found.end()
    if value == 0.25 and not re.match(r" (?:of|million|billion)\b", text[end:]):
        return value, end
    return _magnified(text, value, end)


def _dates(text: str, near: date | None) -> Iterator[tuple[re.Match[str], Day]]:
    """The dates of a text."""
    for match in BARE_MONTH.finditer(text):
        yield _inner(match), Day(month=MONTHS.index(match[1].lower()) + 1)
    for match in DATES.finditer(text):
        day = _day(match, near)
        if day is not None:
            yield match, day


def _day(match: re.Match[str], near: date | None) -> Day | None:
    """The day that a date in words means, as far as it says so; None for what only looks like one."""
    found = match.groupdict()
    if found["iso"]:
        try:
            day = date.fromisoformat(found["iso"])
        except ValueError:
            return None
        return Day(day.year, day.month, day.day, day.weekday())
    if found["weekday"]:
        return Day(weekday=WEEKDAYS.index(found["weekday"].lower())) if match[0][0].isupper() else None
    if found["relative"]:
        if near is None:
            return None
        day = near + timedelta(days={"yesterday": -1, "tomorrow": 1}.get(found["relative"].lower(), 0))
        return Day(day.year, day.month, day.day, day.weekday())
    month = next((found[name] for name in ("month", "month2", "month3", "month4") if found[name]), None)
    year = next((found[name] for name in ("year", "year2", "year3", "year4") if found[name]), None)
    number = found["day"] or found["day2"]
    if (month and not month[0].isupper()) or (number and not 1 <= int(number) <= 31):
        return None
    known = SHORT[month[:3].lower()] if month else None
    return Day(int(year) if year else None, known, int(number) if number else None)


def _inner(match: re.Match[str]) -> re.Match[str]:
    """The match of a bare month without its preposition."""
    found = re.compile(re.escape(match[1])).search(match.string, match.start(1))
    assert found is not None
    return found


def _named(text: str, tokens: list[Token]) -> list[Token]:
    """Tokens with names marked: capitals within a sentence, and at its beginning where another capital or the text says so."""
    capitals = {
        t.shown
        for i, t in enumerate(tokens)
        if t.kind == "word" and t.shown[0].isupper() and not _begins(text, t.start)
    }
    marked = []
    for index, token in enumerate(tokens):
        lower = token.shown.casefold()
        if token.kind != "word" or not token.shown[0].isupper() or lower in NOUNS_OF_TITLES:
            marked.append(token)
            continue
        begins = _begins(text, token.start)
        if begins and lower in FIRST_WORDS:
            marked.append(token)
            continue
        beside = tokens[index + 1] if index + 1 < len(tokens) else None
        sure = (
            not begins
            or token.shown in capitals
            or token.shown.isupper()
            or (
                beside is not None
                and beside.kind in ("word", "little")
                and beside.start - token.end <= 2
                and (
                    beside.shown[0].isupper()
                    or (beside.key == SAYING and lower not in PLURALS and not lower.endswith("s"))
                )
            )
        )
        key = PEOPLE_OF.get(lower, lower)
        marked.append(Token("name", key, token.shown, token.start, token.end, sure=sure))
    return marked


def settled(facts: Facts, known: Set[str], ordinary: Set[str]) -> Facts:
    """A text whose names at the beginning of a sentence are decided: a `known` name, an `ordinary` word, or open still."""
    tokens = tuple(
        token
        if token.kind != "name" or token.sure
        else token._replace(sure=True)
        if token.shown in known
        else token._replace(kind="word", key=meaning(token.shown.casefold()))
        if token.shown.casefold() in ordinary or meaning(token.shown.casefold()) in ordinary
        else token
        for token in facts.tokens
    )
    return facts if tokens == facts.tokens else replace(facts, tokens=tokens)


def _begins(text: str, position: int) -> bool:
    """Whether a word stands first in its text or sentence."""
    before = text[:position].rstrip(" \"'(")
    return not before or before[-1] in ".!?:"


def _negations(tokens: Sequence[Token]) -> Iterator[frozenset[str]]:
    """What each negation turns round: the words after it in its clause, up to the second telling one."""
    for index, token in enumerate(tokens):
        denying = token.kind == "word" and root(token.shown.casefold()) in DENYING and _to_follows(tokens, index)
        # "6.94 metres, not 7.12" turns nothing round: it names what was not.
        contrast = token.key == "not" and index > 0 and tokens[index - 1].kind == "mark"
        if (token.kind != "negation" and not denying) or contrast:
            continue
        scope, left = set(), 2
        for other in tokens[index + 1 : index + 8]:
            if (other.kind == "mark" and other.key not in '-"') or other.shown in ("only", "but", "because"):
                break
            if other.counts or other.key in TURNED_TOO:
                scope.add(other.key)
                left -= other.counts
            if not left:
                break
        if scope:
            yield frozenset(scope)


def _to_follows(tokens: Sequence[Token], index: int) -> bool:
    return index + 1 < len(tokens) and tokens[index + 1].shown in ("to", "that", "having", "from")

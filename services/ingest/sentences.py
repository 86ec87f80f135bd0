"""Where sentences begin and end, as offsets into the text. Rules, no model: the same spans on every run and machine."""

from __future__ import annotations

import re

# Marks that end a sentence when white space follows, and those that end it by themselves (CJK, Indic, Arabic), with
# what closes after them; French puts a space before its closing mark. One set of marks: alternatives take four times as long.
END = re.compile(r"""[.!?…。！？｡।॥؟۔]+[)\]"'”’»›」』）】]*(?: »(?=\s|$))?""")
STANDALONE = re.compile(r"[。！？｡।॥؟۔]")
# A line break ends a sentence unless the next line goes on in lower case; a blank line always does.
LINE = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[^\sa-zà-öø-ÿ]|$))")
WORD_BEFORE = re.compile(r"[\w.'’&-]*$")
OPENING = " \t\n\"'“‘«‹„([【「『"
NEXT_WORD = re.compile(r"[\w'’]+")

# Never at the end of a sentence: a name or a number follows.
BEFORE_NAME = frozenset(
    "mr mrs ms mx dr prof sen rep gov gen adm col maj lt sgt capt cpl pvt cmdr rev hon pres supt insp det st ste"
    " mt ft vs e.g i.e cf fig eq sec vol pp approx ca ed eds al messrs mme mlle mgr sra srta dra dipl ing z.b u.a"
    " d.h bzw ggf p.ej s.a av hr fr nr str".split()
)
# At the end of a sentence only when a typical first word follows: "in the U.S. The", but "U.S. Senate", "Inc. shares".
BEFORE_ANYTHING = frozenset(
    "inc ltd co corp bros jr sr etc dept univ assn est jan feb mar apr jun jul aug sep sept oct nov dec mon tue"
    " tues wed thu thur thurs fri sat sun a.m p.m am pm ph.d b.a m.a m.d usw".split()
)
ONLY_BEFORE_NUMBERS = frozenset("no nos art para p abs n num núm".split())
FIRST_WORDS = frozenset(
    "the a an he she it they we i you this that these those there but and or so yet in on at by for from with as"
    " if when while after before since until although because however meanwhile his her its their our my your who"
    " what where why how one two some many most all both each no not then now here also still such more last"
    " earlier later according der die das ein eine er sie es wir ich im am und aber le la les un une il elle ils"
    " el los las una en y pero".split()
)
ACRONYM = re.compile(r"(?:\w\.)+\w")
# Languages that write ordinals as a number and a full stop: "am 3. Oktober", "12. května".
ORDINAL_LANGUAGES = frozenset("de da nb nn no fi is et lv cs sk pl hu hr sr sl bs tr eu".split())

# Statements end so; headings do not, and questions say nothing.
STATEMENT = re.compile(r"[.!…。！][\"'”’»)\]]*$")
# A sentence that leans on the one before it reads badly alone.
LEANING = re.compile(
    r"(?i)^[\"“‘'(]*(he|she|it|they|this|that|these"
    r"|those(?! (?:who|whose|in|with|of)\b)|but|and|however|also|so|then|such|his|her|their)\b"
)
# Further beginnings that need the sentence before, which the score of a sentence does not count: parts of what was named
# there, times and places that it gave, and the pronouns of German, French and Spanish.
NEEDING = re.compile(
    r"(?i)^[\"“‘'(«„]*(?:"
    r"(?:one|two|three|four|five|some|many|most|none|both|all|each|neither|half|several|few) of (?:them|these|those)\b"
    r"|(?:at|by|in|on|for|since|until|after|before|from|of|with|to|against|without) (?:that|this|those|these|then|them|it|him|her)\b"
    r"|(?:together|instead|nevertheless|therefore|thus|hence|meanwhile|afterwards?|moreover|furthermore|otherwise|likewise"
    r"|similarly|nor|or|another|one|there he|there she|here)\b(?! (?:of the|hundred|thousand|million|in|man|woman|person)\b)"
    r"|the (?:others?|latter|former|same|rest)\b"
    r"|er|es|sie|ihre?[rsnm]?|sein(?:e[rsnm]?)?|dies(?:e[rsnm]?)?|dort|davon|dabei|damit|dafür|danach|daher|deshalb|außerdem"
    r"|zudem|aber|und|doch|das (?:ist|war|sei|sind|wird|hat|hatte|kostet|dauert|gilt|soll|kann|bedeutet)"
    r"|il|elle|ils|elles|cela|ça|ceci|celui-ci|celle-ci|leurs?|mais|et"
    r"|él|ellos?|ellas?|esto|eso|aquello|sus?|pero|y"
    r")(?![\w'’-])"
)
QUOTATION_MARKS = str.maketrans("„«»“”", '"""""')


def stands_alone(sentence: str) -> bool:
    """Whether a sentence can be read without the one before it.

    No pronoun or connective opens it, no quotation is cut in two, and it is no row of a table.
    """
    if LEANING.match(sentence) or NEEDING.match(sentence) or " | " in sentence:
        return False
    return sentence.translate(QUOTATION_MARKS).count('"') % 2 == 0


def sentences(text: str, language: str | None = None) -> list[tuple[int, int]]:
    """Split text into sentences: spans (start, end) in order, without white space at their ends.

    Together they hold every character of the text that is not white space. Headlines and list items are sentences of
    their own. Cost: linear, about 10 MB/s.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for line in LINE.finditer(text):
        _split(text, start, line.start(), language, spans)
        start = line.end()
    _split(text, start, len(text), language, spans)
    return spans


def _split(text: str, start: int, end: int, language: str | None, spans: list[tuple[int, int]]) -> None:
    """Append the sentences of one line."""
    begin = start
    for match in END.finditer(text, start, end):
        if _ends(text, begin, match, end, language):
            _append(text, begin, match.end(), spans)
            begin = match.end()
    _append(text, begin, end, spans)


def _append(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        spans.append((start, start + len(stripped)))


def _ends(text: str, begin: int, match: re.Match[str], end: int, language: str | None) -> bool:
    """Whether the mark found ends the sentence that began at `begin`."""
    if STANDALONE.search(match[0]):
        return True
    after = match.end()
    if after >= end:
        return True
    if not text[after].isspace():
        return False
    following = text[after : after + 40].lstrip(OPENING)
    if following[:1].islower():
        return False
    if not match[0].startswith(".") or match[0].startswith(".."):
        return True
    return _full_stop_ends(text, begin, match.start(), following, language)


def _full_stop_ends(text: str, begin: int, stop: int, following: str, language: str | None) -> bool:
    """Whether a full stop before a capital, a digit or a caseless letter is more than the mark of an abbreviation."""
    found = WORD_BEFORE.search(text[max(begin, stop - 20) : stop])
    word = found[0] if found else ""
    lower = word.lower().lstrip("'’-&")
    if lower in BEFORE_NAME:
        return False
    if lower in ONLY_BEFORE_NUMBERS:
        return not following[:1].isdigit()
    if lower.isdigit() and len(lower) <= 2:
        # "1." that opens an item, or an ordinal.
        return stop - len(word) > begin + 1 and language not in ORDINAL_LANGUAGES
    if lower in BEFORE_ANYTHING or ACRONYM.fullmatch(lower) or (len(word) == 1 and word.isupper() and word != "I"):
        first = NEXT_WORD.match(following)
        return first is not None and first[0].lower() in FIRST_WORDS
    return True

"""What stands around a story and is none of it: its own headline again, links to other stories, sign-up lines.

Found by the words such lines begin with and by where they stand. A line is only dropped when it is short, so that a
sentence of the story which happens to use the words stays. Measured with `tidings eval extraction`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml.html import HtmlElement

# Lines before the headline are menus; below it they are the story.
LEAD_LINES = 5
HEADING = 60
SAME_WORDS = 0.8
SHORT_LINE = 250
CUE = 40
SIGN_OFF_LINE = 1000
TAIL_SHARE = 0.35

RELATED = re.compile(
    r"\W*(?:(?:read|see|learn|click|find out|watch|listen)(?: also)?(?: more)?(?: here| on this| about)?\s*:|"
    r"(?:read|see) (?:more|also|next)\b(?!,)|also read\b|don['’]t miss\b|"
    r"(?:related|recommended)(?: \w+)?(?: \w+)?\s*:|related (?:stories|articles|posts|news|links|topics)\W*$|"
    r"more (?:from|on|in) [^.]{2,60}:|more (?:stories|news)\W*$|you (?:may|might) (?:also )?(?:like|be interested)\b|"
    r"(?:à )?lire (?:aussi|également)\b|lesen sie auch\b|mehr zum thema\b|lesen sie (?:hier )?mehr\b|das könnte sie (?:auch )?interessieren|"
    r"(?:lee|leer|lea) (?:también|tambien|más)\b|te puede interesar\b|le puede interesar\b|leggi (?:anche|pure)\b|potrebbe interessarti\b|"
    r"lei[ar] (?:também|tambem|mais)\b|veja (?:também|mais)\b|saiba mais\b|lees (?:ook|meer)\b|läs (?:också|mer|även)\b|læs også\b|les også\b|"
    r"czytaj (?:także|też|więcej)\b|zobacz (?:także|też)\b|читайте (?:также|ещ[её])\b|по теме\s*:)",
    re.IGNORECASE,
)
FURNITURE = re.compile(
    r"\W*(?:comments?|\d+ comments?|leave a (?:comment|reply).*|advertisement|share (?:this|on|via)\b.{0,80}|share|tweet|print|e-?mail|"
    r"order reprints|print article|an error has occurred.*|thank you|filed under\b.*|tagged?(?: with| in)?\s*:.*|kommentare?|commentaires?|"
    r"comentarios|comentários|commenti|reacties|anzeige|publicité|publicidad|publicidade|pubblicità|advertentie)\W*",
    re.IGNORECASE,
)
# Only in the last lines: a story may speak of these things too.
SIGN_OFF = re.compile(
    r"\b(?:sign[ -]?up (?:for|to|here|now|today)|subscribe (?:to|now|here|today)|"
    r"(?:our|free|daily|weekly|the|a) (?:\w+ ){0,3}newsletters?\b|newsletter\W*$|"
    r"delivered (?:straight |right |directly )?(?:to|through|into) your (?:inbox|letterbox|email)|in(?:to)? your inbox|"
    r"follow (?:us|me|him|her|them|@\w+|the \w[\w ]{2,40}|\w+ \w+|\w+) on (?:twitter|facebook|instagram|linkedin|tiktok|x|threads|bluesky|social)|"
    r"like us on facebook|join (?:us|our|the conversation)\b|tell us what you think|what do you think\?|letters to the editor|"
    r"(?:write|reach out) to \w.{0,40} at \S+@|(?:may|can) be reached at|have a (?:tip|story)\b|contact (?:us|the (?:author|writer|reporter)) at|"
    r"click here (?:for|to) |personal,? non-?commercial use|this article has been sent to|"
    r"if you (?:enjoyed|liked) this (?:article|story|post)|become a (?:member|subscriber|supporter)|support (?:our|independent) journalism|"
    r"download (?:our|the) app|newsletter abonnieren|abonnieren sie|jetzt anmelden|inscrivez-vous|abonnez-vous|suivez-nous|suscríbete|"
    r"síguenos|iscriviti|seguici|inscreva-se|assine (?:a |nossa )|siga-nos|schrijf je in|volg ons)",
    re.IGNORECASE,
)
BARE_CONTACT = re.compile(
    r"\W*(?:\S+@\S+\.\w{2,}|(?:https?://)?(?:www\.)?(?:twitter|facebook|instagram|x)\.com/\S+|@\w{2,30})\W*"
)
COPYRIGHT = re.compile(r"\W*(?:copyright|©|\(c\))", re.IGNORECASE)
READING_TIME = re.compile(
    r"\W*(?:(?:reading time|lesezeit|tempo de leitura|temps de lecture|tiempo de lectura|leestijd)\b.{0,30}|\d+ min(?:ute)?s? read)\W*",
    re.IGNORECASE,
)


def clean_story(lines: list[str], titles: Iterable[str]) -> list[str]:
    """The story's own lines of all that were read; never none of them."""
    lines = _below_headline(lines, titles)
    kept = [line for line in lines if not _is_furniture(line)]
    kept = _without_tail(kept)
    return kept or lines


def keep_social_posts(tree: HtmlElement) -> None:
    """Make quoted posts of social networks plain quotations: readers drop them for the names of their wrappers."""
    for quote in tree.xpath("//blockquote[contains(@class, 'twitter-tweet') or contains(@class, 'twitter-video')]"):
        element, own = quote, _length(quote)
        while element is not None and element.tag != "body" and _length(element) <= own + 20:
            element.attrib.pop("class", None)
            element.attrib.pop("id", None)
            element = element.getparent()


def _length(element: HtmlElement) -> int:
    return len("".join(element.xpath(".//text()[not(ancestor::script)]")).strip())


def _below_headline(lines: list[str], titles: Iterable[str]) -> list[str]:
    """Without the headline that stands in the first lines, and without the short lines above it."""
    known = [words for title in titles if len(words := _words(title)) >= 3]
    kept = list(lines)
    for index, line in enumerate(lines[:LEAD_LINES]):
        if len(line) <= SHORT_LINE and any(_same(_words(line), words) for words in known):
            above = [before for before in kept[: index + len(kept) - len(lines)] if len(before) > HEADING]
            kept = above + lines[index + 1 :]
    while len(kept) > 1 and READING_TIME.fullmatch(kept[0]):
        kept = kept[1:]
    return kept or lines


def _is_furniture(line: str) -> bool:
    if len(line) > SHORT_LINE:
        return False
    # "Read more than one account, and you will ..." is a sentence; what points at another story has a colon or no end.
    points = line[-1] not in '.!?…"”»' or ":" in line[:CUE]
    return FURNITURE.fullmatch(line) is not None or (points and RELATED.match(line) is not None)


def _without_tail(lines: list[str]) -> list[str]:
    """Without the sign-up lines and contacts at the end, the heading above them included."""
    least = (1 - TAIL_SHARE) * sum(map(len, lines))
    end = len(lines)
    for index in range(len(lines) - 1, 0, -1):
        least_above = sum(map(len, lines[:index])) >= least
        if len(lines[index]) > SIGN_OFF_LINE:
            break
        if least_above and (
            SIGN_OFF.search(lines[index]) or (BARE_CONTACT.fullmatch(lines[index]) and index == end - 1)
        ):
            end = index
        elif not COPYRIGHT.match(lines[index]):
            break
    if end < len(lines) and end > 1 and _is_heading(lines[end - 1]):
        end -= 1
    return lines[:end]


def _is_heading(line: str) -> bool:
    return len(line) <= HEADING and line[-1].isalpha()


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _same(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    return len(ours & theirs) >= SAME_WORDS * len(ours | theirs)

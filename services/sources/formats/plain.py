"""Strangers' words to plain text and UTC: markup stripped, white space folded, lengths capped, dates of any spelling."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import urljoin, urlsplit

from dateutil import parser as dateutil_parser
from lxml import etree

from services.sources.formats.safexml import numeric_references

MARKUP = re.compile(r"<[A-Za-z/!?]")
# Stand for the ends of blocks and lines while white space is folded: control characters that XML allows and nobody writes,
# below U+0100 because wider ones would double the size, and the time, of every text.
BLOCK, LINE = "\x7f", "\x80"
BREAKS = dict.fromkeys(
    (
        "address article aside blockquote center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
        "hr main nav ol p pre section table ul"
    ).split(),
    BLOCK,
) | dict.fromkeys(("br", "li", "tr"), LINE)
UNSEEN = ("script", "style", "template", "head", "iframe", "object", "noscript", "svg", "math")
BLANK_LINES = re.compile(r"\n{3,}")
HTML = etree.HTMLParser(recover=True, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
# All text of a tree, runs of white space (but no-break spaces) as one space each.
TEXT = etree.XPath("normalize-space(.)", smart_strings=False)
SCHEMES = ("http", "https")
# Addresses that need no joining and hold nothing to check: nearly all.
PLAIN_URL = re.compile(r"https?://[\w.-]+(?::\d{1,5})?(?:[/?#]\S*)?", re.ASCII)
URL_CHARS = 2048
DATE_CHARS = 64
# Minutes east of UTC of the zone names feeds use; where a name has two meanings, the one of RFC 822 or the commoner.
ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MET": 60, "MEZ": 60, "CEST": 120,
    "MEST": 120, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "IST": 330, "PKT": 300, "WIB": 420, "SGT": 480,
    "HKT": 480, "AWST": 480, "KST": 540, "JST": 540, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "AST": -240,
    "ADT": -180, "EST": -300, "EDT": -240, "ET": -300, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "PT": -480, "AKST": -540, "AKDT": -480, "HST": -600, "BRT": -180, "ART": -180, "SAST": 120,
}  # fmt: skip
WEEKDAY = re.compile(r"^[^\W\d]{2,12}\.?,\s*")
PARTIAL = re.compile(r"(\d{4})(?:-(\d\d))?")
# Two fillers for what a date leaves out: if the results differ, the date named no day.
FILLERS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 2, 2, tzinfo=UTC)


def parse_date(text: str | None, *, guess: bool = True) -> datetime | None:
    """The instant in UTC, from RFC 822, ISO 8601 or, if `guess`, whatever names a day; None when no day can be read.

    A time without a zone counts as UTC; a day without a time as its midnight.
    Cost: 2 microseconds for the two standards, up to 200 for a guess.
    """
    text = (text or "").strip()[:DATE_CHARS]
    if not text:
        return None
    try:
        found = _date(text, guess)
        return None if found is None else (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, ArithmeticError, AttributeError, IndexError):
        return None


def plain_text(text: str | None, max_chars: int) -> str:
    """HTML or plain text as plain text: a blank line between blocks, scripts and styles gone."""
    if not text:
        return ""
    # A multiple of the cap, so that markup around the words does not eat it.
    text = text[: max_chars * 4]
    if MARKUP.search(text):
        try:
            tree = etree.fromstring(numeric_references(text), HTML)
        except (etree.LxmlError, ValueError):
            tree = None
        return _words(tree, max_chars) if tree is not None else ""
    return tidy(unescape(text) if "&" in text else text, max_chars)


def tree_text(tree: etree._Element, max_chars: int) -> str:
    """The words below an element, as plain_text."""
    copy = deepcopy(tree)
    copy.tail = None
    for element in copy.iter("{*}*"):
        if element.tag[0] == "{" and ":" not in (name := element.tag.rpartition("}")[2]):
            element.tag = name
    return _words(copy, max_chars)


def tidy(text: str, max_chars: int) -> str:
    """Fold white space, keep single blank lines, cap the length."""
    if "\n" not in text and "\r" not in text:
        return _folded(text)[:max_chars].rstrip()
    lines = (" ".join(line.split()) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()[:max_chars].rstrip()


def one_line(text: str | None, max_chars: int) -> str:
    """Plain text on one line: titles, names, categories."""
    if text and "<" not in text and "&" not in text:
        return " ".join(text.split())[:max_chars].rstrip()
    return " ".join(plain_text(text, max_chars).split())


def absolute(url: str | None, base: str) -> str | None:
    """The absolute http(s) address a link means, or None when it means none."""
    url = "".join((url or "").split()) if url and "\n" in url else (url or "").strip()
    if not url or len(url) > URL_CHARS:
        return None
    if PLAIN_URL.fullmatch(url):
        return url
    try:
        joined = urljoin(base, url)
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme.lower() in SCHEMES and parts.netloc else None


def _date(text: str, guess: bool) -> datetime | None:
    if text[:4].isdigit():
        if partial := PARTIAL.fullmatch(text):
            return datetime(int(partial[1]), int(partial[2] or 1), 1, tzinfo=UTC)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    elif text[-5:-4] in "+-" or text.endswith(("GMT", "UT", "UTC")):
        try:
            return parsedate_to_datetime(text)
        except (ValueError, TypeError):
            pass
    if not guess:
        return None
    text = WEEKDAY.sub("", text)
    readings = [dateutil_parser.parse(text, default=filler, tzinfos=_zone) for filler in FILLERS]
    return readings[0] if readings[0].date() == readings[1].date() else None


def _zone(name: str | None, seconds: int | None) -> timezone | None:
    """The zone of a name or an offset; an unknown name is no zone, and so UTC."""
    if seconds is None:
        minutes = ZONES.get((name or "").upper())
        return None if minutes is None else timezone(timedelta(minutes=minutes))
    return timezone(timedelta(seconds=seconds))


def _words(tree: etree._Element, max_chars: int) -> str:
    """The words of a tree, which is used up: breaks are written into it, then all its text is read in one go.

    White space in the source is no break, so breaks are marked by characters no text has, until the rest is folded.
    """
    etree.strip_elements(tree, *UNSEEN, with_tail=False)
    for element in tree.iter():
        mark = BREAKS.get(element.tag)
        if mark is not None:
            text, tail = element.text or "", element.tail or ""
            element.text = mark + (text.replace("\n", LINE) if element.tag == "pre" else text)
            if mark is BLOCK:
                element.tail = mark + tail
    blocks = filter(None, map(_folded, TEXT(tree).split(BLOCK)))
    return "\n\n".join(blocks)[:max_chars].rstrip()


def _folded(block: str) -> str:
    """One block's lines, each with single spaces; a search for what to fold is cheaper than folding."""
    if LINE in block:
        return "\n".join(map(_folded, block.split(LINE))).strip("\n")
    if "  " in block or "\n" in block or "\t" in block or "\r" in block or "\xa0" in block:
        return " ".join(block.split())
    return block.strip()

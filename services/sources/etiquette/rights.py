"""What a publisher allows with a page: X-Robots-Tag and meta robots, TDMRep, Content-Usage.

Every statement that is meant for everybody or for us counts, and of several the most restrictive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.ingest.types import NO_AI, NOARCHIVE, NOSNIPPET, Rights
from services.settings import AGENT
from services.sources.etiquette.url_patterns import PatternSet, TooCostly, path_of
from services.sources.etiquette.usage import combine, parse_usage, reserves_ai

# Directives with a value after a colon; any other word before a colon names an agent.
VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})
KNOWN = "all|none|(?:no)?index|(?:no)?follow|noarchive|nocache|nosnippet|max-[a-z-]+|noai|noimageai|noml|notranslate|noimageindex|indexifembedded"
# A date holds commas, spaces and colons, so it goes to the next directive or the end.
UNAVAILABLE = re.compile(rf"unavailable_after\s*:\s*(.*?)(?=[,;]\s*(?:{KNOWN})\b|$)", re.IGNORECASE)
COLON = re.compile(r"\s*:\s*")
SEPARATOR = re.compile(r"[,;\s]+")
MAX_TDMREP_BYTES = 512 * 1024
# The most of one statement that is read.
MAX_VALUE = 4000


@dataclass(frozen=True)
class PageRights:
    """What follows for a page: `index` (may be stored at all), `follow` (its links), and what is kept on the document.

    `reasons` are stable words: noindex, nofollow, noarchive, nosnippet, max_snippet, expired, unavailable_after, noai,
    tdm_reservation, content_usage, robots_reservation, licensed.
    """

    rights: Rights
    index: bool
    follow: bool
    reasons: tuple[str, ...] = ()


def page_rights(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    metas: Iterable[tuple[str, str]],
    *,
    now: datetime,
    url: str = "/",
    tdmrep: str | None = None,
    robots_reserves: bool = False,
    licensed: bool = False,
) -> PageRights:
    """Judge a page by its headers and the (name, content) pairs of its meta elements.

    `tdmrep` is the origin's /.well-known/tdmrep.json, `robots_reserves` what RobotsRules.reserves_ai said. `licensed`:
    somebody noted a licence, which lifts reservations of use by models, but no other directive.
    """
    headers = list(headers.items() if isinstance(headers, Mapping) else headers)
    metas = list(metas)
    said: set[str] = set()
    limits: list[int] = []
    expiries: list[datetime] = []
    for name, value in _directives(headers, metas):
        if name == "max-snippet" and re.fullmatch(r"-?\d{1,9}", value):
            limits.append(int(value))
        elif name == "unavailable_after" and (at := _date(value)):
            expiries.append(at)
        else:
            said.add(name)
    said |= {"noindex", "nofollow"} if "none" in said else set()
    expires_at = min(expiries, default=None)
    expired = expires_at is not None and expires_at <= now
    reasons = list(_reasons(said, limits, expires_at is not None, expired))
    reserved = list(_reservations(headers, metas, url, tdmrep))
    reserved += [
        word
        for word, there in (("noai", bool(said & {"noai", "noml"})), ("robots_reservation", robots_reserves))
        if there
    ]
    reasons += reserved + (["licensed"] if licensed and reserved else [])
    directives = [
        directive
        for directive, holds in (
            (NOARCHIVE, bool(said & {"noarchive", "nocache"})),
            (NOSNIPPET, "nosnippet" in said or 0 in limits),
            (NO_AI, bool(reserved) and not licensed),
        )
        if holds
    ]
    rights = Rights(tuple(directives), min((limit for limit in limits if limit > 0), default=None), expires_at)
    return PageRights(rights, not (expired or "noindex" in said), "nofollow" not in said, tuple(reasons))


def _reasons(said: set[str], limits: list[int], expires: bool, expired: bool) -> Iterator[str]:
    for word, holds in (
        ("noindex", "noindex" in said),
        ("nofollow", "nofollow" in said),
        ("noarchive", bool(said & {"noarchive", "nocache"})),
        ("nosnippet", "nosnippet" in said or 0 in limits),
        ("max_snippet", any(limit > 0 for limit in limits)),
        ("expired", expired),
        ("unavailable_after", expires and not expired),
    ):
        if holds:
            yield word


def _directives(headers: Iterable[tuple[str, str]], metas: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The (name, value) of every robots directive that is meant for us."""
    ours = AGENT.lower()
    for name, value in headers:
        if name.lower() == "x-robots-tag":
            yield from _split(value, ours)
    for name, content in metas:
        if name.strip().lower() in ("robots", ours):
            yield from _split(content, ours)


def _split(value: str, ours: str) -> Iterator[tuple[str, str]]:
    """Directives of one statement. `agent:` in front binds what follows to that agent, up to the next agent."""
    value = value[:MAX_VALUE]
    rest, dates = "", list(UNAVAILABLE.finditer(value))
    position = 0
    for number, match in enumerate(dates):
        rest += f"{value[position : match.start()]} unavailable_after:{number} "
        position = match.end()
    rest += value[position:]
    meant = True
    for word in SEPARATOR.split(COLON.sub(":", rest.strip()).lower()):
        name, _, argument = word.partition(":")
        if argument and name not in VALUED:
            meant = name in (ours, "*", "robots")
            name, _, argument = argument.partition(":")
        if meant and name:
            yield name, dates[int(argument)][1] if name == "unavailable_after" and argument.isdigit() else argument


def _date(text: str) -> datetime | None:
    """RFC 822, RFC 850 or ISO 8601; UTC when it names no zone; None when unreadable."""
    text = text.strip(" ,;'\"")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _reservations(
    headers: list[tuple[str, str]], metas: list[tuple[str, str]], url: str, tdmrep: str | None
) -> Iterator[str]:
    """The reservations of use by models: tdm_reservation, content_usage."""
    said = [value.strip() for name, value in [*headers, *metas] if name.strip().lower() == "tdm-reservation"]
    said = [value for value in said if value in ("0", "1")]
    # The page's own words beat the origin's file (W3C TDMRep, 2024); of header and meta a reservation wins.
    if "1" in said or (not said and tdmrep is not None and tdmrep_reserves(tdmrep, url)):
        yield "tdm_reservation"
    statements = (parse_usage(value) for name, value in headers if name.lower() == "content-usage")
    if reserves_ai(combine(statements)):
        yield "content_usage"


def tdmrep_reserves(body: str, url: str) -> bool:
    """Whether an origin's tdmrep.json reserves text and data mining for a URL: the longest location that matches.

    A file that is no JSON says nothing; where two equal locations disagree, or matching costs too much, it is reserved.
    """
    try:
        rules = json.loads(body[:MAX_TDMREP_BYTES].lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return False
    patterns = PatternSet[bool]()
    for rule in rules if isinstance(rules, list) else [rules]:
        if not isinstance(rule, dict):
            continue
        location, reservation = rule.get("location"), str(rule.get("tdm-reservation", "")).strip()
        if isinstance(location, str) and reservation in ("0", "1", "True", "False"):
            patterns.add(path_of(location) if "://" in location else location, reservation in ("1", "True"))
    try:
        return any(patterns.longest(path_of(url)))
    except TooCostly:
        return True

"""robots.txt (RFC 9309), failing closed: what cannot be read or costs too much is not allowed.

Own code rather than a library: docs/adr/0008-own-reading-of-robots-txt.md. Groups for well-known AI agents do not bind
us, as RFC 9309 binds each crawler to its own group; reservations for everybody do (see services/sources/etiquette/usage.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.settings import AGENT
from services.sources.etiquette.politeness import MAX_CRAWL_DELAY_SECONDS, parse_retry_after
from services.sources.etiquette.url_patterns import PatternSet, TooCostly, lines_of, path_of
from services.sources.etiquette.usage import combine, parse_usage, reserves_ai, reserves_in_words

# Bytes that are read of a file; RFC 9309, 2.5 asks for at least 500 KiB.
MAX_BYTES = 512 * 1024
MAX_SITEMAPS = 1000
# RFC 9309, 2.4: at most a day.
MAX_LIFE, MIN_LIFE = timedelta(hours=24), timedelta(minutes=10)
UNREACHABLE_LIFE = timedelta(hours=1)

# Spellings that publishers use, and ours.
FIELDS = {
    "user-agent": "agent", "useragent": "agent", "user agent": "agent",
    "disallow": "disallow", "dissallow": "disallow", "dissalow": "disallow", "disalow": "disallow", "diasllow": "disallow",
    "allow": "allow", "crawl-delay": "delay", "crawldelay": "delay", "sitemap": "sitemap", "site-map": "sitemap",
    "content-usage": "usage", "content-signal": "usage",
}  # fmt: skip
TOKEN = re.compile(r"\*(?=\s|$)|[A-Za-z_-]+")
NUMBER = re.compile(r"\+?(\d+(?:\.\d+)?(?:e\d+)?|inf(?:inity)?)", re.IGNORECASE)


@dataclass(frozen=True)
class RobotsVerdict:
    """What the answer to a request for robots.txt means until `expires_at`.

    `outcome`: allow (there are no rules), rules (the body decides), disallow (refused by status), unreachable (nothing
    may be fetched either). `reason` is a sentence for people.
    """

    outcome: str
    expires_at: datetime
    reason: str


@dataclass
class _Group:
    paths: PatternSet[bool] = field(default_factory=PatternSet)
    usage: PatternSet[str] = field(default_factory=PatternSet)
    delays: list[float] = field(default_factory=list)


@dataclass
class RobotsRules:
    """A file's rules for one agent. Lines that cannot be read are left out, as the RFC asks."""

    sitemaps: tuple[str, ...] = ()
    reserved_in_words: bool = False
    _group: _Group = field(default_factory=_Group)

    @classmethod
    def parse(cls, body: str | bytes, agent: str = AGENT) -> RobotsRules:
        """Read a file. Only the first 512 KiB count; a line cut off there is left out.

        Cost: linear; half a second for the worst file.
        """
        groups: dict[str, _Group] = {}
        current: list[_Group] = []
        sitemaps: dict[str, None] = {}
        comments: list[str] = []
        naming, signals = False, False
        for key, value, comment in _entries(body):
            if comment:
                comments.append(comment)
            if key == "agent":
                current = current if naming else []
                naming = True
                current.append(groups.setdefault(_token(value), _Group()))
            elif key == "sitemap" and len(sitemaps) < MAX_SITEMAPS and value.startswith(("http://", "https://")):
                sitemaps[value] = None
            elif key is not None:
                # Only rules end the list of agents: other records must not interfere (RFC 9309, 2.2.4).
                naming = naming and key not in ("allow", "disallow")
                signals = signals or key == "usage"
                for group in current:
                    _add(group, key, value)
        own = groups.get(agent.lower()) or groups.get("*") or _Group()
        own.paths.freeze()
        own.usage.freeze()
        # Lines made for machines say more exactly what the comments around them explain.
        return cls(tuple(sitemaps), not signals and reserves_in_words(comments), own)

    def allows(self, url: str) -> bool:
        """Whether a URL or path may be fetched. The longest rule wins; of equals, Allow. Takes some 10 ms at most."""
        path = path_of(url)
        if path == "/robots.txt":
            return True
        try:
            found = self._group.paths.longest(path)
        except TooCostly:
            return False
        return any(found) or not found

    @property
    def crawl_delay(self) -> float | None:
        """Seconds between requests that the file asks for, at most 30; None when it asks for none."""
        return min(max(self._group.delays), MAX_CRAWL_DELAY_SECONDS) if self._group.delays else None

    def content_usage(self, url: str) -> dict[str, bool]:
        """The preferences (category to allowed) that the file states for a URL; empty when it states none."""
        try:
            return combine(parse_usage(value) for value in self._group.usage.longest(path_of(url)))
        except TooCostly:
            return {"ai-use": False}

    def reserves_ai(self, url: str) -> bool:
        """Whether the file keeps a URL's text out of models and answers, by rule or in words."""
        return self.reserved_in_words or reserves_ai(self.content_usage(url))


def verdict(
    status: int | None,
    *,
    now: datetime,
    error: str | None = None,
    retry_after: str | None = None,
    max_age_seconds: float | None = None,
) -> RobotsVerdict:
    """Judge the answer to a request for robots.txt, after up to five redirects.

    `status` is None when there was none: a time-out, DNS, TLS, a dropped connection, too many redirects; `error` says
    which. A redirect that is still one counts as unreachable. `max_age_seconds` is the answer's Cache-Control.
    """
    until = now + _life(max_age_seconds)
    if error is not None or status is None:
        why = (error or "no answer").rstrip(".")
        return RobotsVerdict("unreachable", now + UNREACHABLE_LIFE, f"It could not be fetched: {why}.")
    if 200 <= status < 300:
        return RobotsVerdict("rules", until, f"It answered {status}; its rules are obeyed.")
    if status in (401, 403):
        return RobotsVerdict("disallow", until, f"It answered {status}, which is taken as a refusal of everything.")
    if status == 429 or not 400 <= status < 500:
        asked = parse_retry_after(retry_after, now) if status in (429, 503) else None
        at = max(asked, now + MIN_LIFE) if asked else now + UNREACHABLE_LIFE
        return RobotsVerdict("unreachable", at, f"It answered {status}; nothing is fetched until it can be read.")
    return RobotsVerdict("allow", until, f"It answered {status}: there are no rules.")


def _life(max_age_seconds: float | None) -> timedelta:
    if max_age_seconds is None or math.isnan(max_age_seconds):
        return MAX_LIFE
    seconds = min(max(max_age_seconds, MIN_LIFE.total_seconds()), MAX_LIFE.total_seconds())
    return timedelta(seconds=seconds)


def _entries(body: str | bytes) -> Iterator[tuple[str | None, str, str]]:
    """Each line as (known field or None, value, comment)."""
    for line in lines_of(_text(body)):
        content, _, comment = line.partition("#")
        key, separator, value = content.partition(":")
        name = " ".join(key.lower().split())
        if not separator or name not in FIELDS:
            # Some forget the colon ("Disallow /private"), which Google's reader accepts too.
            words = content.split(None, 1)
            name, value = (words[0].lower(), words[1]) if len(words) == 2 else ("", "")
        yield FIELDS.get(name), value.strip(), comment.strip()


def _text(body: str | bytes) -> str:
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    cut = len(raw) >= MAX_BYTES
    text = raw[:MAX_BYTES].decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    if cut:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    return text.lstrip("\ufeff")


def _token(value: str) -> str:
    """The product token that an agent line names: `Tidings` of `Tidings/1.0 (news)`; empty when it names none."""
    match = TOKEN.match(value)
    return match[0].lower() if match else ""


def _add(group: _Group, key: str, value: str) -> None:
    if key == "delay":
        group.delays.extend(_delay(value))
    elif key == "usage" and value:
        pattern, statement = value.split(None, 1) if value.startswith("/") and " " in value else ("/", value)
        group.usage.add(pattern, statement)
    elif key == "disallow" and value:
        group.paths.add(value if value.startswith(("/", "*")) else f"/{value}", False)
    elif key == "allow" and value.startswith(("/", "*")):
        group.paths.add(value, True)


def _delay(value: str) -> Iterator[float]:
    """The seconds of a Crawl-delay line; nothing when it is negative or no number."""
    match = NUMBER.match(value)
    if match:
        yield float(match[1])

"""How well feeds are read, against feeds whose right reading is known: `tidings eval feeds FOLDER`.

The folder holds feeds (`*.xml`, `*.rss`, `*.atom`, `*.rdf`, `*.json`) and beside `NAME.xml` its expectation `NAME.json`,
beside `NAME.json` its `NAME_expected.json`, in any of the shapes of gofeed's test data: what its RSS, Atom or JSON parser
reads (`items` or `entries`), or the common shape its translator makes (`feedType`). A feed without an expectation is only
parsed or refused.

A field is counted, for the feed and for each item in order, where the expectation states it; in the common shape also
where a reader gives what the expectation says is not there. In the parsers' shapes it is not: there a date that falls back
on another is right, and simply not stated. Readings agree when, per field:

- title, content (description, summary, content): same text without markup, white space and escapes;
- links: same address, both resolved against the feed's;
- dates: same instant;
- authors: the stated names come first, in order (more may follow; a mail address stands for a missing name).

A refused feed agrees in nothing its expectation states. feedparser, which reads no JSON, is counted on the XML feeds only.
"""

from __future__ import annotations

import html
import json
import re
from calendar import timegm
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser

from services.errors import FeedInvalid
from services.sources.formats.feeds import parse_feed
from services.sources.formats.plain import parse_date
from services.sources.types import Feed

FIELDS = ("title", "links", "dates", "authors", "content")
SUFFIXES = {".xml", ".rss", ".atom", ".rdf", ".json"}
BASE = "https://feed.example/"
PERSON = re.compile(r"(?P<name>[^()]*?)\s*\((?P<mail>[^()]*@[^()]*)\)|(?P<mail2>\S+@\S+)\s*\((?P<name2>[^()]*)\)")

# One place of a feed: (field, "feed" or the item's number, which of the field's values) and its value.
Reading = dict[tuple[str, str, str], Any]


@dataclass
class Agreement:
    """Agreed and counted values by field; feeds compared, and those among them that agree in all."""

    agreed: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    feeds: int = 0
    whole_feeds: int = 0

    def share(self, name: str) -> float:
        """Agreement in one field; 1 where nothing was counted."""
        return self.agreed[name] / self.counted[name] if self.counted[name] else 1.0

    @property
    def overall(self) -> float:
        """Agreement over all values of all fields; 0 where nothing was counted."""
        return self.agreed.total() / self.counted.total() if self.counted else 0.0

    def shares(self) -> dict[str, float]:
        """Agreement by field, overall, and of whole feeds: what is printed."""
        by_field = {name: self.share(name) for name in FIELDS}
        return by_field | {"overall": self.overall, "whole feeds": self.whole_share}

    @property
    def whole_share(self) -> float:
        """Share of the feeds compared that agree in every field."""
        return self.whole_feeds / self.feeds if self.feeds else 0.0


@dataclass
class FeedReport:
    """What became of a folder of feeds. `refused` has the reason by file; `wrong` the disagreements, as sentences."""

    feeds: int = 0
    expected: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    ours: Agreement = field(default_factory=Agreement)
    feedparser: Agreement = field(default_factory=Agreement)


def evaluate_feeds(folder: Path) -> FeedReport:
    """Read every feed of a folder and those below it, with feedparser beside us on the same bytes."""
    report = FeedReport()
    for path in _feeds(folder):
        content, name = path.read_bytes(), path.relative_to(folder).as_posix()
        report.feeds += 1
        ours: Reading = {}
        try:
            ours = read_ours(content)
        except FeedInvalid as error:
            report.refused[name] = error.detail
        expectation = _expectation(path)
        if expectation is not None:
            report.expected += 1
            expected, closed = stated(expectation), "feedType" in expectation
            report.wrong += [f"{name}: {place}" for place in compare(report.ours, expected, ours, closed)]
            if path.suffix.lower() != ".json":
                compare(report.feedparser, expected, read_feedparser(content), closed)
    return report


def read_ours(content: bytes) -> Reading:
    """Our reading. Raises: FeedInvalid."""
    return _reading_of(parse_feed(content, content_type=None, url=BASE))


def read_feedparser(content: bytes) -> Reading:
    """feedparser's reading of the same bytes, by the names its documentation gives."""
    parsed = feedparser.parse(content, response_headers={"content-location": BASE})
    reading: Reading = {("title", "feed", ""): parsed.feed.get("title"), ("links", "feed", ""): parsed.feed.get("link")}
    reading["content", "feed", "summary"] = parsed.feed.get("subtitle")
    for number, entry in enumerate(parsed.entries):
        place = str(number)
        contents = entry.get("content") or []
        people = [person.get("name") or person.get("email") for person in entry.get("authors", [])]
        # Not entry.get: feedparser answers for a missing update with the publication, and warns.
        updated = dict.get(entry, "updated_parsed")
        reading["title", place, ""] = entry.get("title")
        reading["links", place, ""] = entry.get("link")
        reading["dates", place, "published"] = _instant(dict.get(entry, "published_parsed"))
        reading["dates", place, "updated"] = _instant(updated)
        if parsed.version.startswith("atom"):
            reading["dates", place, "published"] = reading["dates", place, "published"] or _instant(updated)
        reading["authors", place, ""] = tuple(filter(None, people))
        reading["content", place, "summary"] = entry.get("summary")
        reading["content", place, "content"] = contents[0].get("value") if contents else None
    return reading


def stated(data: dict[str, Any]) -> Reading:
    """What an expectation states, in any of the shapes."""
    reading: Reading = {("title", "feed", ""): data.get("title")}
    reading["links", "feed", ""] = data.get("link") or data.get("home_page_url") or _alternate(data.get("links"))
    reading["content", "feed", "summary"] = data.get("description") or data.get("subtitle")
    for number, item in enumerate(data.get("items") or data.get("entries") or []):
        place = str(number)
        content = item.get("content") or item.get("content_html") or item.get("content_text")
        reading["title", place, ""] = item.get("title")
        reading["links", place, ""] = item.get("link") or item.get("url") or _alternate(item.get("links"))
        reading["dates", place, "published"] = _first_date(item, "publishedParsed", "pubDateParsed", "date_published")
        reading["dates", place, "updated"] = _first_date(item, "updatedParsed", "date_modified")
        reading["authors", place, ""] = _people(item)
        reading["content", place, "summary"] = item.get("description") or item.get("summary")
        reading["content", place, "content"] = content.get("value") if isinstance(content, dict) else content
    return reading


def _feeds(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in SUFFIXES and not _is_expectation(path):
            yield path


def _is_expectation(path: Path) -> bool:
    if path.suffix.lower() != ".json":
        return False
    beside = any(path.with_suffix(suffix).exists() for suffix in SUFFIXES - {".json"})
    return beside or path.stem.endswith("_expected")


def _expectation(path: Path) -> dict[str, Any] | None:
    beside = (
        path.with_name(f"{path.stem}_expected.json") if path.suffix.lower() == ".json" else path.with_suffix(".json")
    )
    return json.loads(beside.read_text("utf-8-sig")) if beside.exists() else None


def _reading_of(feed: Feed) -> Reading:
    reading: Reading = {("title", "feed", ""): feed.title, ("links", "feed", ""): feed.site_url}
    reading["content", "feed", "summary"] = feed.description
    for number, item in enumerate(feed.items):
        place = str(number)
        reading["title", place, ""] = item.title
        reading["links", place, ""] = item.url
        reading["dates", place, "published"] = item.published_at
        reading["dates", place, "updated"] = item.updated_at
        reading["authors", place, ""] = item.authors
        reading["content", place, "summary"] = item.summary
        reading["content", place, "content"] = item.content
    return reading


def compare(score: Agreement, expected: Reading, given: Reading, closed: bool) -> list[str]:
    """Count one feed; the places that disagree. `closed`: what is not stated must not be given."""
    wrong = []
    for key in sorted(expected.keys() | (given.keys() if closed else set())):
        name = key[0]
        want, have = expected.get(key), given.get(key)
        if not _meant(name, want) and not (closed and _meant(name, have)):
            continue
        agrees = AGREE[name](want, have)
        score.counted[name] += 1
        score.agreed[name] += agrees
        if not agrees:
            wrong.append(f"{' '.join(filter(None, key))}: expected {want!r}, read {have!r}")
    score.feeds += 1
    score.whole_feeds += not wrong
    return wrong


def _same_text(want: str | None, have: str | None) -> bool:
    return _bare(want) == _bare(have)


def _same_link(want: str | None, have: str | None) -> bool:
    return bool(want) == bool(have) and urljoin(BASE, want or "") == urljoin(BASE, have or "")


def _same_authors(want: tuple[str, ...] | None, have: tuple[str, ...] | None) -> bool:
    wanted, given = [_bare(name) for name in want or ()], [_bare(name) for name in have or ()]
    return bool(wanted) == bool(given) and given[: len(wanted)] == wanted


def _same_instant(want: datetime | None, have: datetime | None) -> bool:
    return want == have or (want is not None and have is not None and abs((want - have).total_seconds()) < 1)


AGREE: dict[str, Callable[[Any, Any], bool]] = {
    "title": _same_text,
    "links": _same_link,
    "dates": _same_instant,
    "authors": _same_authors,
    "content": _same_text,
}


def _meant(name: str, value: Any) -> bool:
    """Whether a value says anything once markup and white space are gone."""
    return bool(_bare(value)) if name in ("title", "content") else bool(value)


def _bare(text: str | None) -> str:
    """Text without tags, escapes and white space, however deep the escapes go."""
    text = text or ""
    for _ in range(3):
        text = html.unescape(re.sub(r"<[A-Za-z/!?][^>]*>", "", text))
    return "".join(text.split())


def _people(item: dict[str, Any]) -> tuple[str, ...]:
    people = item.get("authors") or item.get("author") or []
    people = people if isinstance(people, list) else [people]
    found = (
        _name(person) if isinstance(person, str) else person.get("name") or person.get("email") for person in people
    )
    return tuple(filter(None, found))


def _name(text: str) -> str:
    match = PERSON.fullmatch(text.strip())
    return (match["name"] or match["name2"] or match["mail"] or match["mail2"]) if match else text


def _alternate(links: list[Any] | None) -> str | None:
    """The page's link of Atom's list: the first alternate."""
    for link in links or []:
        if isinstance(link, dict) and link.get("rel", "alternate") == "alternate" and link.get("href"):
            return str(link["href"])
    return None


def _first_date(item: dict[str, Any], *names: str) -> datetime | None:
    return next((found for name in names if (found := parse_date(item.get(name)))), None)


def _instant(parts: Any) -> datetime | None:
    return datetime.fromtimestamp(timegm(parts), UTC) if parts else None

"""What a case is: it builds its sites, and judges afterwards what a crawler asked them for and what it kept of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from bench.conformance.server import Answer, Asked, Host, Reply, Server
from bench.conformance.sites import feed, page, story, xml

# What both crawlers are told. Ours by its settings; plain Scrapy knows no such thing but the delay.
CONTACT = "https://desk.example/crawling"
DELAY_SECONDS = 0.2
FETCH_SECONDS = 5
PAGE_MIB = 2
RUN_URLS = 40
# What a judge takes for "stopped in time": the limit on a page, with what sockets hold in between.
STOPPED_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Kept:
    """What became of one URL. `text` is what may be read or reach a model; empty when nothing is kept.

    `state`, `reason` and all below are ours; plain Scrapy has stored and failed, and keeps whole pages.
    """

    url: str
    state: str
    reason: str | None = None
    text: str = ""
    directives: tuple[str, ...] = ()
    max_snippet: int | None = None
    expires_at: datetime | None = None
    published_at: datetime | None = None
    partial: bool = False
    quality: float | None = None
    quality_reasons: tuple[str, ...] = ()
    next_try_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True)
class Seen:
    """What is known when a crawler has finished with a site. `is_ours` False: there are no rows to look at."""

    is_ours: bool
    asked: Sequence[Asked]
    kept: Sequence[Kept]
    source: Any = None
    runs: Sequence[Any] = ()
    events: Sequence[dict[str, Any]] = ()
    host: Any = None
    robots: Any = None
    # URLs by the state in which people see them.
    counts: Mapping[str, int] = field(default_factory=dict)
    # When each visit began, as the server's clock has it.
    visits_at: Sequence[float] = ()

    @property
    def paths(self) -> list[str]:
        """The paths of all requests to the case's own host, in order; robots.txt and tdmrep.json left out."""
        return [asked.path for asked in self.asked if asked.path not in ("/robots.txt", "/.well-known/tdmrep.json")]

    def requests(self, path: str) -> list[Asked]:
        """The requests for a path."""
        return [asked for asked in self.asked if asked.path == path]

    def page(self, path: str) -> Kept:
        """What became of a URL, by its path or its whole address."""
        found = [kept for kept in self.kept if path in (kept.url, _path(kept.url))]
        return found[0] if found else Kept(path, "unknown")

    def visit(self, number: int) -> list[Asked]:
        """The requests of one visit, from 1."""
        start = self.visits_at[number - 1]
        end = self.visits_at[number] if number < len(self.visits_at) else float("inf")
        return [asked for asked in self.asked if start <= asked.at < end]

    def gaps(self) -> list[float]:
        """Seconds between the beginnings of neighbouring requests, those to robots.txt left out."""
        times = [asked.at for asked in self.asked if asked.path != "/robots.txt"]
        return [later - earlier for earlier, later in itertools.pairwise(times)]


@dataclass
class Site:
    """The site of a case, and how a crawler comes to it.

    `kind` and `path` make the source; `url` replaces its address. `visits`: how often it is crawled; `between` moves our
    clocks and rows before a further visit. `group`: sites of one group are crawled together.
    """

    server: Server
    host: Host
    kind: str = "feed"
    path: str = "/feed.xml"
    url: str | None = None
    visits: int = 1
    licence: str | None = None
    between: Callable[[Any, int], None] | None = None
    group: str = "all"
    others: list[Host] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=set)

    @property
    def base(self) -> str:
        """Its address."""
        return self.host.base

    @property
    def source_url(self) -> str:
        """What is added as a source."""
        return self.url or self.base + self.path

    def answer(self, path: str, reply: Answer) -> None:
        """What it answers at a path."""
        self.host.answers[path] = reply

    def robots(self, text: str, **more: Any) -> None:
        """Its robots.txt."""
        self.answer("/robots.txt", Reply(body=text.encode(), content_type="text/plain", **more))

    def feed(self, *paths: str, summary: str | None = None, **more: Any) -> None:
        """Its feed: paths of its own, or whole addresses."""
        links = [path if "://" in path else self.base + path for path in paths]
        self.answer(self.path, xml(feed(links, summary=summary, **more)))

    def stories(self, *paths: str) -> None:
        """A feed of paths, each with a story."""
        self.feed(*paths)
        for path in paths:
            self.answer(path, page(story(self.phrase(path))))

    def phrase(self, path: str) -> str:
        """Words that stand in the story at this path and nowhere else."""
        return f"paper {self.host.address.replace('.', '-')}{path.replace('/', ' ')}"

    def other(self, *, allowed: bool = True) -> Host:
        """A further host; `allowed` for the crawler, or one that it must not connect to."""
        host = self.server.add()
        host.otherwise = page(story(f"other {host.address}"))
        self.others.append(host)
        if allowed:
            self.allowed.add(host.name)
        return host

    @cached_property
    def canary(self) -> Host:
        """A host of the inside, on 127.0.0.1 itself, at a port that may be asked: all spellings of that lead to it."""
        return self.server.canary()


Judge = Callable[[Seen], None]
Builder = Callable[[Site], Judge]


@dataclass(frozen=True)
class Case:
    """One rule. `key` is its stable name, `rule` a sentence; `ours_only` when only rows can show it."""

    key: str
    topic: str
    rule: str
    build: Builder
    ours_only: bool = False


TABLE: list[Case] = []


def case(rule: str, *, ours_only: bool = False) -> Callable[[Builder], Builder]:
    """Add a builder to the table under its own name and its module's topic."""

    def add(build: Builder) -> Builder:
        topic = build.__module__.rsplit(".", 1)[-1].removeprefix("cases_")
        TABLE.append(Case(build.__name__.replace("_", "-"), topic, rule, build, ours_only))
        return build

    return add


@dataclass
class Prepared:
    """A case with its site and its judge."""

    case: Case
    site: Site
    judge: Judge


def prepare(server: Server, cases: Sequence[Case]) -> list[Prepared]:
    """Build the site of each case on the server, which is then started by the caller."""
    prepared = []
    for each in cases:
        host = server.add()
        site = Site(server, host)
        site.allowed.add(host.name)
        prepared.append(Prepared(each, site, each.build(site)))
    return prepared


def verdict(prepared: Prepared, seen: Seen) -> str | None:
    """None when the rule was kept, else what was seen instead."""
    try:
        prepared.judge(seen)
    except AssertionError as error:
        return str(error).strip() or "the rule was broken"
    return None


def need(condition: object, what: str) -> None:
    """Judge: what must hold, and what is said when it does not. Raises AssertionError."""
    if not condition:
        raise AssertionError(what)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

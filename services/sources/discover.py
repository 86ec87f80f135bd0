"""What can be subscribed to at an address: looks, and previews each before anybody subscribes.

The order is that of feed readers: the address itself, the feeds a page announces, the sitemaps that robots.txt names,
well-known places, and last the page's own list of stories. A look costs at most MAX_REQUESTS requests, one after the
other, and everything found is asked of robots.txt as a crawl would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from services.engines.egress import Fetched
from services.errors import FetchFailed, InvalidInput, TidingsError, TooLarge
from services.ingest.tombstones import refuse_taken_down
from services.ingest.urls import normalise_url
from services.models import utc_now
from services.scope import Scope
from services.sources import repository
from services.sources.etiquette.politeness import host_key
from services.sources.etiquette.robots import RobotsRules, RobotsVerdict, verdict
from services.sources.formats.feeds import looks_like_feed, parse_feed
from services.sources.formats.sitemaps import parse_sitemap
from services.sources.links import article_links, feed_links, page_title, read_page
from services.sources.sources import address_digest

MAX_REQUESTS = 14
# All of it together; a person waits.
MAX_SECONDS = 25.0
MAX_CANDIDATES = 8
PREVIEW_ITEMS = 5
# A page with fewer stories is no section page.
MIN_STORIES = 5
# Longer than what is read of a robots.txt (robots.MAX_BYTES), so that a long one is cut and not refused.
ROBOTS_BYTES = 8 * 2**20
# Where feeds and sitemaps usually lie, tried when the page announces none.
WELL_KNOWN_FEEDS = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json")
WELL_KNOWN_SITEMAPS = ("/news-sitemap.xml", "/sitemap_news.xml", "/sitemap.xml")
TRANSPORTS = ("news.google.com", "feedproxy.google.com", "feeds.feedburner.com")


@dataclass(frozen=True)
class Preview:
    """One entry that a source shows at present."""

    title: str
    url: str | None
    published_at: datetime | None


@dataclass(frozen=True)
class Robots:
    """What robots.txt says to us about an address."""

    allowed: bool
    detail: str
    crawl_delay_seconds: float | None


@dataclass(frozen=True)
class Candidate:
    """Something that can be subscribed to. `items_per_day` is None without at least two dates."""

    kind: str
    url: str
    title: str
    site_url: str | None
    robots: Robots
    item_count: int
    items_per_day: float | None
    items: tuple[Preview, ...]
    source_id: str | None = None


@dataclass(frozen=True)
class Discovery:
    """What was found, the most fitting first, and sentences about what was not."""

    url: str
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]


@dataclass
class Look:
    """One discovery on its way: its budget, and what was read once."""

    scope: Scope
    deadline: float
    requests_left: int = MAX_REQUESTS
    robots: dict[str, tuple[RobotsVerdict, RobotsRules]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def fetch(self, url: str, max_bytes: int) -> Fetched:
        """One request within the budget; raises FetchFailed past it."""
        left = self.deadline - time.monotonic()
        if self.requests_left <= 0 or left <= 0:
            raise FetchFailed("The look was ended: it took too long or needed too many requests.")
        refuse(self.scope, url)
        self.requests_left -= 1
        seconds = min(left, float(self.scope.runtime.settings.fetch_seconds))
        answer = self.scope.runtime.egress.fetch(url, max_bytes=max_bytes, timeout_seconds=seconds, any_status=True)
        refuse(self.scope, answer.final_url)
        return answer

    def rules_of(self, url: str) -> tuple[RobotsVerdict, RobotsRules]:
        """The origin's robots.txt, read once."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.robots:
            self.robots[origin] = self._read_rules(origin)
        return self.robots[origin]

    def _read_rules(self, origin: str) -> tuple[RobotsVerdict, RobotsRules]:
        now = utc_now()
        try:
            answer = self.fetch(f"{origin}/robots.txt", ROBOTS_BYTES)
            body = answer.content if answer.status < 300 else b""
            found = verdict(answer.status, retry_after=answer.headers.get("retry-after"), now=now)
        except TooLarge:
            body, found = b"", verdict(None, error="too large", now=now)
        except TidingsError as error:
            body, found = b"", verdict(None, error=error.detail, now=now)
        return found, RobotsRules.parse(body)

    def robots_for(self, url: str) -> Robots:
        """Whether we may fetch an address, as a sentence."""
        found, rules = self.rules_of(url)
        delay = rules.crawl_delay
        if found.outcome == "rules":
            allowed = rules.allows(url)
            detail = "robots.txt allows it." if allowed else "robots.txt does not allow it, so it would not be fetched."
            return Robots(allowed, detail, delay)
        if found.outcome == "allow":
            return Robots(True, "There is no robots.txt, so nothing is forbidden.", None)
        return Robots(False, f"robots.txt: {found.reason}", None)


Reader = Callable[[Look, Fetched], Candidate | None]


def discover(scope: Scope, url: str) -> Discovery:
    """Find what can be subscribed to at an address.

    Cost: up to MAX_REQUESTS requests and MAX_SECONDS. Nothing is stored.
    Raises: InvalidInput, also without a contact; EgressDenied, TakenDown; FetchFailed when the address itself does not answer.
    """
    address = normalise_url(url if "://" in url else f"https://{url}")
    scope.runtime.egress.check(address)
    refuse(scope, address)
    look = Look(scope, time.monotonic() + MAX_SECONDS)
    page_robots = look.robots_for(address)
    if not page_robots.allowed:
        look.notes.append(f"{shown(address)}: {page_robots.detail}")
        return Discovery(address, (), tuple(look.notes))
    page = look.fetch(address, scope.runtime.settings.max_page_bytes)
    if page.status >= 400:
        raise FetchFailed(f"{shown(address)} answered {page.status}. Check the address.")
    if (urlsplit(page.final_url).hostname or "") in TRANSPORTS:
        look.notes.append(
            "This address only passes on other publishers' news; subscribe to them directly where you can."
        )
    look.asked.add(normalise_url(page.final_url))
    found = list(candidates_of(look, page))
    if not found:
        look.notes.append(
            "No feed, sitemap or list of stories was found here. Try the address of a section page or feed."
        )
    return Discovery(address, tuple(with_known(scope, found[:MAX_CANDIDATES])), tuple(look.notes))


def refuse(scope: Scope, url: str) -> None:
    """Raise for what a crawl would not fetch either: TakenDown, and InvalidInput for foreign hosts without a contact."""
    with scope.read() as tx:
        refuse_taken_down(tx, url)
    settings = scope.runtime.settings
    private = {host.strip().lower() for host in settings.fetch_private_hosts}
    if not settings.contact.strip() and host_key(url) not in private:
        raise InvalidInput(
            "No foreign site is asked without a contact: set TIDINGS_CONTACT to a web page or e-mail address of yours, "
            "where site owners reach you, and start the server again."
        )


def candidates_of(look: Look, page: Fetched) -> Iterator[Candidate]:
    """All that the answer and what it leads to can be subscribed as, the most fitting first."""
    own = as_feed(look, page) or as_sitemap(look, page)
    if own is not None:
        yield own
        return
    tree = read_page(page.content)
    if tree is None:
        return
    site = page_title(tree)
    announced = [link.url for link in feed_links(tree, page.final_url)]
    feeds = list(ask(look, announced[:5], as_feed))
    if not feeds:
        feeds = list(ask(look, [urljoin(page.final_url, path) for path in WELL_KNOWN_FEEDS], as_feed, enough=1))
    yield from feeds
    named = list(look.rules_of(page.final_url)[1].sitemaps)
    news_first = sorted(named, key=lambda each: "news" not in each.lower())[:3]
    places = news_first or [urljoin(page.final_url, path) for path in WELL_KNOWN_SITEMAPS]
    yield from ask(look, places, as_sitemap, enough=1)
    stories = article_links(tree, page.final_url)
    if len(stories) >= MIN_STORIES:
        yield Candidate(
            kind="page",
            url=normalise_url(page.final_url),
            title=site or (urlsplit(page.final_url).hostname or ""),
            site_url=page.final_url,
            robots=look.robots_for(page.final_url),
            item_count=len(stories),
            items_per_day=None,
            items=tuple(Preview(link.text or link.url, link.url, None) for link in stories[:PREVIEW_ITEMS]),
        )


def ask(look: Look, urls: Sequence[str], read: Reader, *, enough: int = 5) -> Iterator[Candidate]:
    """Fetch addresses not asked yet, one after the other, until enough of them are what `read` reads."""
    found = 0
    for url in urls:
        try:
            address = normalise_url(url)
            if address in look.asked or not look.robots_for(address).allowed:
                continue
            look.asked.add(address)
            answer = look.fetch(address, look.scope.runtime.settings.max_page_bytes)
        except TidingsError:
            continue
        candidate = read(look, answer) if answer.status < 300 else None
        if candidate is not None:
            look.asked.add(candidate.url)
            yield candidate
            found += 1
            if found >= enough:
                return


def as_feed(look: Look, answer: Fetched) -> Candidate | None:
    """The answer as a feed; None when it is none."""
    content_type = answer.headers.get("content-type")
    if not looks_like_feed(answer.content, content_type):
        return None
    try:
        feed = parse_feed(answer.content, content_type=content_type, url=answer.final_url)
    except InvalidInput as error:
        look.notes.append(f"{shown(answer.final_url)}: {error.detail}")
        return None
    dates = [item.published_at for item in feed.items if item.published_at]
    return Candidate(
        kind="feed",
        url=normalise_url(answer.final_url),
        title=feed.title or (urlsplit(answer.final_url).hostname or ""),
        site_url=feed.site_url,
        robots=look.robots_for(answer.final_url),
        item_count=len(feed.items),
        items_per_day=volume(dates),
        items=tuple(
            Preview(item.title or item.url or "", item.url, item.published_at) for item in feed.items[:PREVIEW_ITEMS]
        ),
    )


def as_sitemap(look: Look, answer: Fetched) -> Candidate | None:
    """The answer as a sitemap; None when it is none."""
    try:
        sitemap = parse_sitemap(answer.content, url=answer.final_url)
    except InvalidInput:
        return None
    if not sitemap.entries:
        return None
    is_news = any(entry.is_news for entry in sitemap.entries)
    dates = [moment for entry in sitemap.entries if (moment := entry.published_at or entry.modified_at)]
    earliest = datetime.min.replace(tzinfo=utc_now().tzinfo)
    latest = sorted(
        sitemap.entries, key=lambda entry: entry.published_at or entry.modified_at or earliest, reverse=True
    )
    host = urlsplit(answer.final_url).hostname or ""
    return Candidate(
        kind="news_sitemap" if is_news else "sitemap",
        url=normalise_url(answer.final_url),
        title=f"{host} ({'news sitemap' if is_news else 'sitemap'})",
        site_url=urljoin(answer.final_url, "/"),
        robots=look.robots_for(answer.final_url),
        item_count=len(sitemap.entries),
        items_per_day=volume(dates) if sitemap.kind == "urlset" else None,
        items=tuple(
            Preview(entry.title or entry.url, entry.url, entry.published_at or entry.modified_at)
            for entry in latest[:PREVIEW_ITEMS]
        ),
    )


def volume(dates: Sequence[datetime]) -> float | None:
    """Entries a day, from the span that their dates cover; None with fewer than two."""
    if len(dates) < 2:
        return None
    span = max(dates) - min(dates)
    return round((len(dates) - 1) / max(span / timedelta(days=1), 1 / 24), 1)


def with_known(scope: Scope, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """The candidates, with the source that has an address already."""
    digests = {address_digest(candidate.url): candidate for candidate in candidates}
    with scope.read() as tx:
        known = repository.known_addresses(tx, list(digests))
    for digest, candidate in digests.items():
        yield Candidate(**{**candidate.__dict__, "source_id": known.get(digest)})


def shown(url: str) -> str:
    """An address for a message: no query, bounded."""
    return repr(url.split("?")[0][:120])

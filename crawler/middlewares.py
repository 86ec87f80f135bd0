"""What every request and every redirect passes: the guard of addresses, the turn at its host, encodings, redirects."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from datetime import datetime, timedelta
from urllib.parse import urljoin

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawler.frontier import TURN_LATER, Refused, Task
from crawler.settings import MAX_REDIRECTS
from services.engines.addresses import DEFAULT_PORTS, Url
from services.errors import TidingsError
from services.hosts import hosts
from services.ingest.urls import registrable_domain
from services.models import utc_now
from services.sources.etiquette.politeness import budget_key, host_delay, host_key, rest_after

MAX_ENCODINGS = 2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A registrable domain may be asked this many times as often as one host: subdomains are no way around the delay.
DOMAIN_SHARE = 4
# A request that took longer than this share of the delay moves the turn of other workers, too.
LATE_SHARE = 0.25
# Kinds of sources whose URLs stay on the source's own site.
ON_SITE = frozenset({"page", "sitemap", "news_sitemap"})


class Guard:
    """Refuses addresses before anything is resolved: private ones, other ports and schemes, taken down, off site."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Guard:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raises: Refused."""
        target = self._checked(request.url)
        parts = urlparse_cached(request)
        # One reading of an address: where two parsers differ, nothing is fetched.
        if (parts.hostname or "").rstrip(".") != target.host or (
            parts.port or DEFAULT_PORTS[target.scheme]
        ) != target.port:
            raise Refused("egress_denied", "The address can be read in two ways, so it is not fetched.")
        task: Task = request.meta["task"]
        spider = self.crawler.spider
        if spider.is_taken_down(target.host):
            raise Refused("taken_down", "This domain was taken down and is not fetched.")
        if not spider.has_contact and host_key(request.url) not in spider.private_hosts:
            raise Refused("contact_missing", "Foreign sites are fetched only with a contact. Set TIDINGS_CONTACT.")
        own = registrable_domain(urlparse_cached(Request(task.visit.url)).hostname or "")
        if task.visit.kind in ON_SITE and not request.meta.get("about_host") and registrable_domain(target.host) != own:
            raise Refused("off_site", "The address leads to another site than the source's own.")

    def _checked(self, url: str) -> Url:
        try:
            return self.crawler.spider.scope.runtime.egress.check(url)  # type: ignore[no-any-return]
        except TidingsError as error:
            raise Refused("egress_denied", error.detail) from error


class Turns:
    """Holds each request until its host's turn, which is kept in rows for all workers, and lets refusing hosts rest."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.rng = random.Random()  # noqa: S311
        # When a host may be asked by this process, from the end of its last request.
        self.not_before: dict[str, datetime] = {}
        # One request at a time to a host, also where a redirect from another leads to it.
        self.asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.refusals: dict[str, int] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Turns:
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait for the turn. Raises: Refused (turn_later) when it comes after the batch."""
        host = host_key(request.url)
        self.crawler.spider.frontier.going.discard(request.meta["task"].host)
        await self.asking[host].acquire()
        try:
            await self._turn(request, host)
        except BaseException:
            self.asking[host].release()
            raise

    async def _turn(self, request: Request, host: str) -> None:
        spider, task = self.crawler.spider, request.meta["task"]
        domain = budget_key(request.url)
        delay = host_delay(spider.settings_of_tidings.crawl_delay_seconds, request.meta.get("crawl_delay"))
        delays = {host: delay}
        if host not in spider.private_hosts:
            delays[domain] = delay / DOMAIN_SHARE
        earliest = max(utc_now(), self.not_before.get(host, utc_now()))
        turn = await asyncio.to_thread(hosts.reserve, spider.scope.runtime, delays, earliest, spider.frontier.deadline)
        self.refusals[host] = turn.refusals
        if not turn.taken:
            raise Refused(TURN_LATER, "The host is left alone until later.", turn.moment)
        await spider.frontier.until(turn.moment)
        spider.frontier.going.add(task.host)
        request.meta["turn"] = (turn.moment, delay)
        # What is told of an answer's time does not count the wait for the turn.
        task.began = time.monotonic()
        task.requests += 1

    async def process_response(self, request: Request, response: Response) -> Response:
        """Let a host rest that asks for it; forget its refusals when it answers well."""
        await self.leave(request)
        host, now = host_key(request.url), utc_now()
        refusals = self.refusals.get(host, 0)
        retry_after = (response.headers.get("Retry-After") or b"").decode("latin-1") or None
        until = rest_after(response.status, retry_after, refusals, now, self.rng)
        runtime = self.crawler.spider.scope.runtime
        if until is not None:
            request.meta["task"].retry_at = until
            await asyncio.to_thread(hosts.rest, runtime, host, until, now)
        elif refusals and response.status < 400:
            await asyncio.to_thread(hosts.rest, runtime, host, None, now)
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """A request that failed was one all the same."""
        if "turn" in request.meta:
            await self.leave(request)

    async def leave(self, request: Request) -> None:
        """Count the delay from the end of a request: between its turn and its arrival there may be a busy moment."""
        moment, delay = request.meta.pop("turn")
        host, now = host_key(request.url), utc_now()
        self.not_before[host] = now + timedelta(seconds=delay)
        self.asking[host].release()
        if now - moment > timedelta(seconds=delay * LATE_SHARE):
            runtime = self.crawler.spider.scope.runtime
            await asyncio.to_thread(hosts.hold, runtime, host, self.not_before[host], now)


class Encodings(HttpCompressionMiddleware):  # type: ignore[misc]
    """Scrapy's decompression with its size limit, for at most two layers."""

    def process_response(self, request: Request, response: Response, spider: object = None) -> Request | Response:
        """Raises: Refused for more layers, and what the base raises for more bytes than the limit."""
        said = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1").split(",")
        layers = [name for name in said if name.strip() not in ("", "identity")]
        if len(layers) > MAX_ENCODINGS:
            raise Refused("broken", f"The page is compressed {len(layers)} times over; {MAX_ENCODINGS} are accepted.")
        if request.meta.get("download_maxsize") == 0:
            request.meta["download_maxsize"] = self._max_size
        return super().process_response(request, response)


class Redirects:
    """Follows up to five redirects; each target goes through guard, robots and turn like any request."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Redirects:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """The next request, or the response. Raises: Refused."""
        location = (response.headers.get("Location") or b"").decode("utf-8", "replace").strip()
        if response.status not in REDIRECTS or not location:
            return response
        count = request.meta.get("redirect_times", 0) + 1
        if count > MAX_REDIRECTS:
            raise Refused("redirects", f"The address redirects more than {MAX_REDIRECTS} times.")
        try:
            target = self.crawler.spider.scope.runtime.egress.check(urljoin(request.url, location))
        except (TidingsError, ValueError) as error:
            raise Refused("egress_denied", f"The address redirects to one that is not fetched. {error}") from error
        meta = {
            name: value for name, value in request.meta.items() if name != "turn" and not name.startswith("download_")
        }
        meta |= (
            {"redirect_times": count, "download_maxsize": request.meta["download_maxsize"]}
            if ("download_maxsize" in request.meta)
            else {"redirect_times": count}
        )
        meta.pop("crawl_delay", None)
        return request.replace(url=target.text, meta=meta)

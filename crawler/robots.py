"""robots.txt before every request, failing closed; and the origin's reservation of text mining beside it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Response

from crawler.answers import explain
from crawler.frontier import TURN_LATER, Refused, Task
from services.hosts import hosts
from services.models import RobotsFile, utc_now
from services.sources.etiquette.politeness import host_delay, host_key
from services.sources.etiquette.robots import MAX_BYTES, RobotsRules, verdict

TDMREP = "/.well-known/tdmrep.json"
UNREACHED_LIFE = timedelta(minutes=2)


@dataclass
class Known:
    """What is known of an origin, until `expires_at`. `tdmrep` None: nobody asked yet; empty: it has none.

    `answered`: its server said something, if only that it cannot; else it may be our network that fails.
    """

    outcome: str
    reason: str
    rules: RobotsRules
    expires_at: datetime
    tdmrep: str | None = None
    answered: bool = True


class Robots:
    """Asks an origin for its rules when they are not known or too old, and refuses what they do not allow."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.known: dict[str, Known] = {}
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.received: dict[int, int] = {}
        crawler.signals.connect(self.bytes_received, signals.bytes_received)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Robots:
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises: Refused (robots_refused, robots_unreachable, turn_later)."""
        if request.meta.get("about_host"):
            return
        task: Task = request.meta["task"]
        origin = origin_of(request.url)
        async with self.locks[origin]:
            known = await self.rules_of(origin, task)
            if known.outcome == "unreachable":
                code = "robots_unreachable" if known.answered else "unreachable"
                raise Refused(code, f"robots.txt could not be read. {known.reason}", known.expires_at)
            if known.outcome == "disallow" or not known.rules.allows(request.url):
                raise Refused("robots_refused", "The site's robots.txt does not allow this address.")
            if task.kind == "page" and known.tdmrep is None:
                known.tdmrep = await self.fetch_tdmrep(origin, task, known)
        request.meta["crawl_delay"] = known.rules.crawl_delay
        task.robots_reserves = known.rules.reserves_ai(request.url)
        task.tdmrep = known.tdmrep or None

    async def rules_of(self, origin: str, task: Task) -> Known:
        """The rules of an origin: remembered, from the rows, or fetched."""
        known, now = self.known.get(origin), utc_now()
        if known is None or known.expires_at <= now:
            runtime = self.crawler.spider.scope.runtime
            row = await asyncio.to_thread(hosts.robots_file, runtime, origin, now)
            if row is None:
                row = await self.fetch_rules(origin, task)
            known = self.known[origin] = await asyncio.to_thread(_known, row)
        return known

    async def fetch_rules(self, origin: str, task: Task) -> RobotsFile:
        """Ask the origin and keep its answer. Redirects are followed, wherever they may be followed to.

        Raises: Refused (turn_later, or egress_denied for a name that leads inside, which no row need remember).
        """
        response: Response | None = None
        error: str | None = None
        unreached = False
        try:
            response = await self.fetch(f"{origin}/robots.txt", task)
        except Refused as refused:
            if refused.code == TURN_LATER:
                raise
            error = refused.detail
        except Exception as failure:
            code, error = explain(failure, origin)
            if code == "egress_denied":
                raise Refused(code, error) from failure
            unreached = code == "unreachable"
        now = utc_now()
        retry_after = (response.headers.get("Retry-After") or b"").decode("latin-1") if response else None
        judged = verdict(response.status if response else None, now=now, error=error, retry_after=retry_after)
        body = response.body[:MAX_BYTES].decode("utf-8", "replace") if response and judged.outcome == "rules" else None
        row = RobotsFile(
            origin=origin,
            outcome=judged.outcome,
            http_status=response.status if response else None,
            body=body.replace("\x00", "") if body else None,
            fetched_at=now,
            # Our own network may be down: nothing is fetched either, but not for an hour after it is back.
            expires_at=min(judged.expires_at, now + UNREACHED_LIFE) if unreached else judged.expires_at,
        )
        runtime = self.crawler.spider.scope.runtime
        await asyncio.to_thread(hosts.store_robots, runtime, row)
        rules = await asyncio.to_thread(RobotsRules.parse, row.body or "")
        minimum = self.crawler.spider.settings_of_tidings.crawl_delay_seconds
        delay = host_delay(minimum, rules.crawl_delay)
        if delay > minimum:
            # Only now it is known how long to wait after this very request.
            await asyncio.to_thread(hosts.hold, runtime, host_key(origin), now + timedelta(seconds=delay), now)
        return row

    async def fetch_tdmrep(self, origin: str, task: Task, known: Known) -> str:
        """The origin's tdmrep.json, empty when it has none; asked for once in the life of its robots.txt.

        A time-out or an error of the server says nothing: the next crawl process asks again.
        """
        body, is_answered = "", True
        if known.rules.allows(TDMREP):
            try:
                response = await self.fetch(f"{origin}{TDMREP}", task, crawl_delay=known.rules.crawl_delay)
                is_answered = 200 <= response.status < 500 and response.status != 429
                if response.status == 200 and len(response.body) < MAX_BYTES:
                    body = response.body.decode("utf-8", "replace").replace("\x00", "")
            except Refused as refused:
                if refused.code == TURN_LATER:
                    raise
                is_answered = False
            except Exception as failure:
                is_answered = False
                self.crawler.spider.logger.info("no tdmrep.json of %s: %s", origin, explain(failure, origin)[1])
        if is_answered:
            await asyncio.to_thread(hosts.store_tdmrep, self.crawler.spider.scope.runtime, origin, body)
        return body

    async def fetch(self, url: str, task: Task, **meta: object) -> Response:
        """One file about a host, in the host's turn; no more of it than is read."""
        asked = {"task": task, "about_host": True, "download_maxsize": 0, **meta}
        request = Request(url, meta=asked, headers={"Accept": "*/*", "Accept-Encoding": "identity"}, dont_filter=True)
        return await self.crawler.engine.download_async(request)

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Stop reading a file about a host where it is no longer looked at. Raises: StopDownload."""
        if request.meta.get("about_host"):
            count = request.meta["received"] = request.meta.get("received", 0) + len(data)
            if count > MAX_BYTES:
                raise StopDownload(fail=False)


def origin_of(url: str) -> str:
    """scheme://host:port, for which one robots.txt speaks."""
    return f"{urlsplit(url).scheme}://{host_key(url)}"


def _known(row: RobotsFile) -> Known:
    said = f"It answered {row.http_status}." if row.http_status else "Its server did not answer."
    rules = RobotsRules.parse(row.body or "")
    return Known(row.outcome, said, rules, row.expires_at, row.tdmrep, answered=row.http_status is not None)

"""The one spider: visits a batch of sources of one tenant, and asks each host in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.answers import answer_of, failure_of
from crawler.frontier import Fetched, Frontier, Task
from crawler.memory import is_too_much
from crawler.settings import HOSTS_AT_ONCE
from services.models import utc_now
from services.scope import Scope
from services.sources.crawl import Visit, begin_visit, finish_visit, pending
from services.sources.pages import claim
from services.sources.takedown import is_inside, list_takedowns

# URLs of a source that wait in memory; the others wait in their rows.
WAITING_URLS = 20
FEED_TYPES = (
    "application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,text/xml;q=0.9,*/*;q=0.5"
)


class VisitSpider(Spider):  # type: ignore[misc]
    """Begins visits, makes requests from rows, and finishes visits as soon as nothing of them is left."""

    name = "visits"

    def __init__(self, scope: Scope, order: dict[str, Any], told: Callable[[str], None], **more: Any) -> None:
        super().__init__(**more)
        self.scope = scope
        self.order = order
        self.told = told
        self.settings_of_tidings = scope.runtime.settings
        self.has_contact = bool(self.settings_of_tidings.contact.strip())
        self.private_hosts = {host.strip().lower() for host in self.settings_of_tidings.fetch_private_hosts}
        self.taken_down = [tombstone.domain for tombstone in list_takedowns(scope)]
        self.frontier = Frontier(utc_now() + timedelta(seconds=order["seconds"]), HOSTS_AT_ONCE, scope.runtime.stopping)
        self.visits: dict[str, Visit] = {}
        # Set when nothing can be stored: the process then says so by its end.
        self.is_broken = False
        self.settle_polls: Callable[[], Awaitable[None]] = _nothing

    def is_taken_down(self, host: str) -> bool:
        """Whether the host lies in a domain that was taken down."""
        return any(is_inside(host, domain) for domain in self.taken_down)

    async def start(self) -> AsyncIterator[Request]:
        """Each request when its host is free; ends when nothing is left, or the batch's time is over.

        An error here ends the process as broken, so that whoever started it tries again.
        """
        try:
            async for request in self._requests():
                yield request
        except Exception:
            self.is_broken = True
            self.frontier.stopping.set()
            raise

    async def _requests(self) -> AsyncIterator[Request]:
        for job in self.order["jobs"]:
            await self._begin(job)
        while self.visits or self.frontier.busy:
            if is_too_much():
                self.logger.warning("the crawl process holds too much memory; the next one goes on")
                self.frontier.stopping.set()
            await self._refill()
            task = self.frontier.take()
            if task is not None:
                request = await self._request(task)
                if request is not None:
                    yield request
            elif self.frontier.is_over and not self.frontier.busy:
                break
            else:
                await self.frontier.wait()
        await self.settle_polls()
        for visit in list(self.visits.values()):
            await self._finish(visit)

    async def _begin(self, job: dict[str, str]) -> None:
        visit = await asyncio.to_thread(
            begin_visit, self.scope, job["source_id"], job["job_id"], manual=self.order["manual"], now=utc_now()
        )
        if visit is None:
            self.told(job["job_id"])
            return
        self.visits[visit.source_id] = visit
        self.frontier.moved.add(visit.source_id)
        if visit.poll:
            self.frontier.add(Task("poll", visit, visit.url))
        self.go_on(visit, visit.parts)

    async def _refill(self) -> None:
        """Take waiting URLs from the rows, and finish visits of which nothing is left."""
        if self.frontier.is_over:
            return
        frontier = self.frontier
        if not frontier.polls:
            await self.settle_polls()
        for source_id, visit in list(self.visits.items()):
            if frontier.open[source_id] > WAITING_URLS // 2 or frontier.polling[source_id]:
                continue
            if source_id in frontier.moved:
                await self._look(visit)
            if not frontier.polls and not frontier.open[source_id] and source_id not in frontier.moved:
                await self._finish(visit)

    async def _look(self, visit: Visit) -> None:
        """Queue what waits in the rows of a visit. One that gave nothing is looked at again when a task of it ends."""
        self.frontier.moved.discard(visit.source_id)
        items = await asyncio.to_thread(pending, self.scope, visit, utc_now(), 2 * WAITING_URLS)
        in_hand = self.frontier.in_hand[visit.source_id]
        fresh = [item for item in items if item.id not in in_hand][:WAITING_URLS]
        for item in fresh:
            self.frontier.add(Task("page", visit, item.url, item))
        if fresh:
            self.frontier.moved.add(visit.source_id)

    async def _request(self, task: Task) -> Request | None:
        headers: dict[str, str] = {}
        if task.item is not None:
            item = await asyncio.to_thread(claim, self.scope, task.visit, task.item, utc_now())
            if item is None:
                self.frontier.done(task)
                return None
            task.item = item
        elif task.kind == "poll":
            headers = {**task.visit.conditional, **({"Accept": FEED_TYPES} if task.visit.kind == "feed" else {})}
        self.frontier.going.add(task.host)
        return Request(
            task.url,
            callback=self.answered,
            errback=self.failed,
            headers=headers,
            meta={"task": task},
            dont_filter=True,
        )

    async def answered(self, response: Response) -> AsyncIterator[Fetched]:
        """A response, whatever its status."""
        task: Task = response.meta["task"]
        yield Fetched(task, answer_of(task, response))

    async def failed(self, failure: Failure) -> AsyncIterator[Fetched]:
        """A request that was refused by our rules or by the network."""
        request: Request = failure.request
        task: Task = request.meta["task"]
        yield Fetched(task, failure_of(task, failure.value, request.url))

    def go_on(self, visit: Visit, parts: Sequence[str]) -> None:
        """Read the sitemaps that an index names."""
        for url in parts:
            self.frontier.add(Task("part", visit, url))

    async def _finish(self, visit: Visit) -> None:
        await asyncio.to_thread(finish_visit, self.scope, visit, utc_now())
        self.visits.pop(visit.source_id, None)
        self.told(visit.job_id)


async def _nothing() -> None:
    return None

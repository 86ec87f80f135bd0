"""The end of the way: answers become rows and documents, in threads beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from scrapy.crawler import Crawler

from crawler.frontier import TURN_LATER, Fetched, Task
from services.errors import EngineUnavailable
from services.metrics import CRAWL_REQUESTS
from services.models import utc_now
from services.sources.crawl import Answer, put_off, put_off_part, record_poll
from services.sources.pages import QUEUE, finish_page, release
from services.sources.schedule import CONNECTION_ERRORS, network_down

UNREACHED = CONNECTION_ERRORS | {"unreachable"}


def outcome_of(answer: Answer) -> str:
    """What came of asking, as one of our words."""
    if answer.problem is not None:
        return answer.problem[0]
    return "unchanged" if answer.status == 304 else "ok"


class Keep:
    """Records each answer. Polls that found nobody are kept back: when most hosts fail, it is our network."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.unreached: list[Fetched] = []
        self.attempts: list[tuple[str, datetime, str | None]] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Keep:
        """As Scrapy makes it; the spider calls `settle` when all polls have answered."""
        pipeline = cls(crawler)
        crawler.spider.settle_polls = pipeline.settle
        return pipeline

    async def process_item(self, item: Fetched) -> Fetched:
        """Record an answer; the task's host is free whatever happens."""
        CRAWL_REQUESTS.labels(item.task.kind, outcome_of(item.answer)).inc()
        try:
            await self.keep(item.task, item.answer)
        except EngineUnavailable as error:
            # A full disk or an absent database: asking hosts for what cannot be stored would only burden them.
            self.crawler.spider.logger.error("the crawl stops: %s", error.detail)
            self.crawler.spider.is_broken = True
            self.crawler.spider.frontier.stopping.set()
        except Exception:
            self.crawler.spider.logger.exception("%s could not be recorded", item.task.url)
            unexpected = "An unexpected error; the server log has the details."
            await self.keep(item.task, replace(item.answer, status=None, code="internal_error", detail=unexpected))
        finally:
            self.crawler.spider.frontier.done(item.task)
        return item

    async def keep(self, task: Task, answer: Answer) -> None:
        """Put off what got no turn, store pages, record polls."""
        spider = self.crawler.spider
        if answer.code == TURN_LATER:
            await asyncio.to_thread(self.put_back, task, answer.retry_at or utc_now())
        elif task.item is not None:
            end = await asyncio.to_thread(finish_page, spider.scope, task.visit, task.item, answer)
            if end is not None and end.document_id is not None:
                spider.scope.runtime.bell.ring(QUEUE)
        elif task.kind == "poll" and answer.code in UNREACHED:
            self.attempts.append((task.host, answer.at, "connection"))
            self.unreached.append(Fetched(task, answer))
        else:
            self.attempts.append((task.host, answer.at, None))
            spider.go_on(task.visit, await self.record(task, answer, down=False))

    def put_back(self, task: Task, until: datetime) -> None:
        """Nothing was asked: the URL or poll waits until its host may be asked."""
        scope = self.crawler.spider.scope
        if task.item is not None:
            release(scope, task.item, until)
        elif task.kind == "poll":
            put_off(scope, task.visit, until)
        else:
            put_off_part(scope, task.visit, task.url, until)

    async def record(self, task: Task, answer: Answer, *, down: bool) -> Sequence[str]:
        """Record a poll; returns further sitemaps."""
        scope = self.crawler.spider.scope
        return await asyncio.to_thread(
            record_poll, scope, task.visit, answer, network_down=down, part=task.kind == "part"
        )

    async def settle(self) -> None:
        """Record the polls that found nobody, now that it is known whether others did."""
        if self.unreached:
            # As if all had been tried just now: a batch's polls are spread over its first minutes.
            now = utc_now()
            down = network_down([(host, now, error) for host, _, error in self.attempts], now)
            while self.unreached:
                kept = self.unreached.pop()
                await self.record(kept.task, kept.answer, down=down)

"""What is to be fetched next: one queue per host, one request per host at a time, so that slow hosts block nobody."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from scrapy.exceptions import IgnoreRequest

from services.models import CrawlItem, utc_now
from services.sources.crawl import Answer, Visit
from services.sources.etiquette.politeness import host_key

LOOK_SECONDS = 0.25


class Refused(IgnoreRequest):  # type: ignore[misc]  # Scrapy's class has no types
    """A request that is not made. `code` is a stable word; `retry_at` says when asking again may help."""

    def __init__(self, code: str, detail: str, retry_at: datetime | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_at = retry_at


TURN_LATER = "turn_later"


@dataclass
class Task:
    """One URL to fetch for one visit, and what was learnt on the way to its answer.

    `kind`: poll (the source itself), part (a further sitemap), page (one of its URLs, `item`).
    """

    kind: Literal["poll", "part", "page"]
    visit: Visit
    url: str
    item: CrawlItem | None = None
    requests: int = 0
    began: float = field(default_factory=time.monotonic)
    retry_at: datetime | None = None
    tdmrep: str | None = None
    robots_reserves: bool = False

    @property
    def host(self) -> str:
        """host:port."""
        return host_key(self.url)


@dataclass
class Fetched:
    """A task with its answer, on the way to the pipeline."""

    task: Task
    answer: Answer


class Frontier:
    """Queues of tasks by host. `deadline` ends the batch; `stopping` ends it now. One event loop uses it."""

    def __init__(self, deadline: datetime, hosts_at_once: int, stopping: threading.Event) -> None:
        self.deadline = deadline
        self.hosts_at_once = hosts_at_once
        self.stopping = stopping
        self.queues: dict[str, deque[Task]] = {}
        self.busy: dict[str, Task] = {}
        # Requests whose turn has come; those that wait for it hold up nobody.
        self.going: set[str] = set()
        # What is queued or in flight, by source: counted here, for it is asked before each request.
        self.open: Counter[str] = Counter()
        self.polling: Counter[str] = Counter()
        self.polls = 0
        self.in_hand: dict[str, set[str]] = defaultdict(set)
        # Sources of which a task has ended since somebody looked.
        self.moved: set[str] = set()
        self.changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing new is begun."""
        return self.stopping.is_set() or utc_now() >= self.deadline

    def add(self, task: Task) -> None:
        """Queue a task; polls go first."""
        self._count(task, 1)
        queue = self.queues.setdefault(task.host, deque())
        if task.kind == "page":
            queue.append(task)
        else:
            queue.appendleft(task)
        self.changed.set()

    def take(self) -> Task | None:
        """The next task of a host that nothing is in flight to; None when all wait."""
        if self.is_over or len(self.going) >= self.hosts_at_once:
            return None
        for host in list(self.queues):
            if host not in self.busy:
                queue = self.queues.pop(host)
                task = queue.popleft()
                if queue:
                    # At the end of the line: hosts take turns.
                    self.queues[host] = queue
                self.busy[host] = task
                return task
        return None

    def done(self, task: Task) -> None:
        """The task's host is free again."""
        if self.busy.pop(task.host, None) is not None:
            self._count(task, -1)
            self.moved.add(task.visit.source_id)
        self.going.discard(task.host)
        self.changed.set()

    def _count(self, task: Task, change: int) -> None:
        source_id = task.visit.source_id
        self.open[source_id] += change
        if task.kind != "page":
            self.polling[source_id] += change
        if task.kind == "poll":
            self.polls += change
        if task.item is not None and change > 0:
            self.in_hand[source_id].add(task.item.id)
        elif task.item is not None:
            self.in_hand[source_id].discard(task.item.id)

    async def wait(self) -> None:
        """Until something changed, or a short while."""
        try:
            await asyncio.wait_for(self.changed.wait(), LOOK_SECONDS)
        except TimeoutError:
            return
        finally:
            self.changed.clear()

    async def until(self, moment: datetime) -> None:
        """Sleep until then. Raises: Refused (turn_later) when the batch is stopped meanwhile."""
        while (left := (moment - utc_now()).total_seconds()) > 0:
            if self.stopping.is_set():
                raise Refused(TURN_LATER, "The crawl is stopping.", utc_now())
            await asyncio.sleep(min(left, LOOK_SECONDS))

"""Running real crawls in tests: sources added, jobs made as the clock makes them, the crawl process run to its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.handlers import HANDLERS
from services.jobs.claim import work
from services.models import CrawlItem, CrawlRun, Document, Job, Source, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.settings import Settings
from services.sources.jobs import enqueue_due
from services.sources.sources import NewSource, add_source


def crawl_settings(data_dir: Any, hosts: Sequence[str], **more: Any) -> Settings:
    """Settings under which these local hosts may be crawled, with short times."""
    usual: dict[str, Any] = {
        "embedder_model": "fake:hash",
        "job_lease_seconds": 30,
        "tick_seconds": 0.2,
        "crawl_delay_seconds": 0.05,
        "crawl_batch_seconds": 20,
        "fetch_seconds": 3,
        "contact": "https://news.example.org/crawler",
    }
    return Settings(data_dir=data_dir, fetch_private_hosts=list(hosts), **{**usual, **more})


def add(scope: Scope, url: str, kind: str = "feed", **more: Any) -> str:
    """A source that is due."""
    return add_source(scope, NewSource(url=url, kind=kind, **more))[0].id


def crawl(runtime: Runtime) -> None:
    """One round of the clock and the crawl worker."""
    enqueue_due(runtime)
    work(runtime, "crawl", HANDLERS)


def make_due(scope: Scope, source_id: str) -> None:
    """As if the source's interval had passed."""
    with scope.write() as tx:
        source = tx.session.scalars(tx.select(Source).where(Source.id == source_id)).one()
        source.next_poll_at = utc_now() - timedelta(seconds=1)


def source(scope: Scope, source_id: str) -> Source:
    with scope.read() as tx:
        return tx.session.scalars(tx.select(Source).where(Source.id == source_id)).one()


def items(scope: Scope, source_id: str) -> dict[str, CrawlItem]:
    """A source's URLs by path."""
    with scope.read() as tx:
        rows = tx.session.scalars(tx.select(CrawlItem).where(CrawlItem.source_id == source_id)).all()
    return {"/" + row.url.partition("://")[2].partition("/")[2]: row for row in rows}


def states(scope: Scope, source_id: str) -> dict[str, tuple[str, str | None]]:
    """State and reason of each URL, by path."""
    return {path: (row.state, row.reason) for path, row in items(scope, source_id).items()}


def runs(scope: Scope, source_id: str) -> list[CrawlRun]:
    with scope.read() as tx:
        found = tx.select(CrawlRun).where(CrawlRun.source_id == source_id).order_by(CrawlRun.started_at)
        return list(tx.session.scalars(found).all())


def documents(scope: Scope) -> list[Document]:
    with scope.read() as tx:
        return list(tx.session.scalars(tx.select(Document)).all())


def jobs(scope: Scope) -> list[Job]:
    with scope.read() as tx:
        return list(tx.session.scalars(tx.select(Job).where(Job.name == "crawl")).all())

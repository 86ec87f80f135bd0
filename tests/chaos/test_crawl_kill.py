"""The crawl process killed with SIGKILL again and again: every page is stored once, and the hosts notice nothing."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.handlers import HANDLERS
from services.jobs.claim import work
from services.models import Base, CrawlRun
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.sources.jobs import enqueue_due
from tests.crawler.crawls import add, crawl_settings, documents, items, jobs, runs, source
from tests.crawler.site import Site, news_site
from tests.factories import make_scope

HOSTS, PAGES, KILLS = 4, 18, 15
DELAY = 0.15
SECONDS = 150
TERMINAL = {"succeeded", "partial", "failed"}


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    sites = [news_site([f"/page-{number}" for number in range(PAGES)]) for _ in range(HOSTS)]
    yield sites
    for site in sites:
        site.close()


@pytest.fixture
def runtime(tmp_path: Path, sites: list[Site]) -> Iterator[Runtime]:
    settings = crawl_settings(tmp_path / "data", [site.host for site in sites], crawl_delay_seconds=DELAY)
    runtime = open_runtime(settings, with_bell=False)
    Base.metadata.create_all(runtime.database)
    yield runtime
    runtime.close()


def crawl_processes() -> list[psutil.Process]:
    """The crawl processes that this test's worker started."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ended meanwhile, or killed and not yet reaped
            if "crawler" in child.cmdline():
                found.append(child)
    return found


def kill_while(worker: threading.Thread, sites: list[Site], chance: random.Random) -> int:
    """Kill each crawl process a moment after it has begun to ask; returns how many were killed."""
    killed = 0
    while worker.is_alive() and killed < KILLS:
        before = sum(len(site.log) for site in sites)
        while worker.is_alive() and sum(len(site.log) for site in sites) == before:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.3))
        for process in crawl_processes():
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
    return killed


def work_until_settled(runtime: Runtime, scope: Scope) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and not runtime.stopping.is_set():
        work(runtime, "crawl", HANDLERS)
        if all(job.status == "done" for job in jobs(scope)):
            return
        runtime.stopping.wait(0.1)


def all_runs(scope: Scope, sources: list[str]) -> list[CrawlRun]:
    return [run for source_id in sources for run in runs(scope, source_id)]


def test_killed_while_crawling_every_page_is_stored_once(runtime: Runtime, sites: list[Site]) -> None:
    seed = int(os.environ.get("TIDINGS_TEST_SEED", "11"))
    scope = make_scope(runtime)
    sources = [add(scope, f"{site.url}/feed") for site in sites]
    assert enqueue_due(runtime) == HOSTS
    worker = threading.Thread(target=work_until_settled, args=(runtime, scope))
    worker.start()
    killed = kill_while(worker, sites, random.Random(seed))
    worker.join(SECONDS)
    assert not worker.is_alive()
    assert killed == KILLS, f"seed {seed}: the crawl ended after {killed} kills; give it more pages"

    for source_id in sources:
        assert Counter(item.state for item in items(scope, source_id).values()) == {"stored": PAGES}, f"seed {seed}"
        assert source(scope, source_id).succeeded_at is not None
        assert source(scope, source_id).next_poll_at.timestamp() > time.time()
    stored = Counter(document.canonical_url for document in documents(scope))
    assert len(stored) == HOSTS * PAGES
    assert set(stored.values()) == {1}
    assert {run.status for run in all_runs(scope, sources)} <= TERMINAL
    assert enqueue_due(runtime) == 0

    asked = Counter((site.port, path) for site in sites for path in site.paths() if path.startswith("/page-"))
    extra = sum(count - 1 for count in asked.values())
    assert extra <= KILLS * HOSTS, f"seed {seed}: {extra} pages were fetched again"
    for site in sites:
        assert min(site.gaps()) >= DELAY - 0.05, f"seed {seed}"

"""Our crawler as the product runs it: jobs, the crawl process, the reading of pages; then the rows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from sqlalchemy import update

from bench.conformance.case import CONTACT, DELAY_SECONDS, FETCH_SECONDS, PAGE_MIB, RUN_URLS, Kept, Prepared, Seen, Site
from bench.conformance.names import interpreter
from bench.conformance.server import Server
from migrations.history import upgrade
from services.handlers import HANDLERS
from services.jobs.claim import work
from services.jobs.events import subject_events
from services.models import CrawlItem, Document, Host, RobotsFile, Source, utc_now
from services.runtime import open_runtime
from services.scope import Scope
from services.settings import Settings
from services.sources import jobs, repository
from services.sources.sources import NewSource, add_source, change_source, list_runs
from services.sources.takedown import take_down
from services.tenants.tenants import create_tenant

# Groups of sites that are crawled beside each other, each on rows of its own: seconds of a crawl process, contact.
GROUPS = {
    "all": (90, CONTACT),
    # Over well within a minute, the shortest rest that a host gets.
    "rests": (30, CONTACT),
    "twice": (30, CONTACT),
    "slow": (34, CONTACT),
    "no contact": (30, ""),
}
TAKEN_DOWN = "gone.example"


class Ours:
    """A product on a folder of its own, with the sources of some sites."""

    def __init__(self, folder: Path, server: Server, sites: Sequence[Site], *, seconds: int, contact: str) -> None:
        ports = [80, 443, 8080, 8443, *(canary.port for canary in server.canaries)]
        settings = Settings(
            data_dir=folder,
            embedder_model="fake:hash",
            contact=contact,
            crawl_delay_seconds=DELAY_SECONDS,
            crawl_batch_seconds=seconds,
            crawl_run_urls=RUN_URLS,
            fetch_seconds=FETCH_SECONDS,
            max_page_mib=PAGE_MIB,
            fetch_ports=ports,
            fetch_private_hosts=sorted({name for site in sites for name in site.allowed}),
        )
        self.runtime = open_runtime(settings, with_bell=False)
        upgrade(self.runtime.database)
        self.runtime.embedder.start()
        self.scope = Scope(self.runtime, create_tenant(self.runtime, "Conformance").id, "bench")
        take_down(self.scope, TAKEN_DOWN, "The publisher asked.")
        self.sources: dict[str, str] = {}
        self.visits_at: dict[str, list[float]] = {}
        for site in sites:
            source, _ = add_source(self.scope, NewSource(site.source_url, site.kind))
            self.sources[site.host.address] = source.id
            if site.licence:
                change_source(self.scope, source.id, {"licence_note": site.licence})

    def visit(self, sites: Sequence[Site], number: int) -> None:
        """Crawl these sites once, and read what came."""
        for site in sites:
            if number > 1 and site.between is not None:
                site.between(self, number)
        for site in sites:
            self.visits_at.setdefault(site.host.address, []).append(time.monotonic())
            # Asked for twice, and the clock looks for what is due: still one visit each.
            for _ in range(2):
                jobs.request_crawl(self.scope, self.id_of(site))
        jobs.enqueue_due(self.runtime)
        for queue in ("crawl_now", "crawl", "ingest"):
            work(self.runtime, queue, HANDLERS)

    def id_of(self, site: Site) -> str:
        """The source of a site."""
        return self.sources[site.host.address]

    def age_robots(self, site: Site) -> None:
        """A day has passed for what is known of its robots.txt."""
        self._change(update(RobotsFile).where(RobotsFile.origin == site.base).values(expires_at=utc_now()))

    def age_rests(self, site: Site) -> None:
        """The host has rested enough, and everything that waits is due."""
        past = utc_now() - timedelta(seconds=60)
        self._change(update(Host).where(Host.name == site.host.name).values(next_allowed_at=past, resting_until=past))
        waiting = (CrawlItem.source_id == self.id_of(site), CrawlItem.state == "pending")
        self._change(update(CrawlItem).where(*waiting).values(next_try_at=past))

    def age_validators(self, site: Site, polls: int) -> None:
        """So many polls with validators have passed since the last full one."""
        self._change(update(Source).where(Source.id == self.id_of(site)).values(conditional_polls=polls))

    def seen(self, site: Site) -> Seen:
        """What the server and the rows know of a site."""
        source_id = self.id_of(site)
        with self.scope.read() as tx:
            rows, _ = repository.items(tx, source_id, state=None, before=None, limit=5000)
            kept = tuple(self._kept(tx, item, document) for item, document, _ in rows)
            source = repository.find(tx, source_id)
            counts = repository.counts_by_state(tx, source_id)
            events = [{"stage": event.stage, **event.detail} for event in subject_events(tx, source_id)]
        runs, _ = list_runs(self.scope, source_id, before=None, limit=20)
        with self.runtime.session(write=False) as (session, _):
            host, robots = session.get(Host, site.host.name), session.get(RobotsFile, site.base)
        return Seen(
            True, tuple(site.host.asked), kept, source, runs, events, host, robots, counts,
            tuple(self.visits_at.get(site.host.address, ())),
        )  # fmt: skip

    def _kept(self, tx: Any, item: CrawlItem, document: Document | None) -> Kept:
        known = {"next_try_at": item.next_try_at, "attempts": item.attempts}
        if document is None:
            return Kept(item.url, item.state, item.reason, **known)
        failed = document.status == "failed"
        text = tx.session.scalar(tx.select_columns(Document, Document.text).where(Document.id == document.id))
        return Kept(
            item.url,
            "failed" if failed else item.state,
            document.error_code if failed else item.reason,
            text=text or "",
            directives=tuple(document.directives),
            max_snippet=document.max_snippet,
            expires_at=document.expires_at,
            published_at=document.published_at,
            partial=document.partial,
            quality=document.quality,
            quality_reasons=tuple(document.quality_reasons),
            **known,
        )

    def _change(self, statement: Any) -> None:
        with self.runtime.session(write=True) as (session, _):
            session.execute(statement)


@contextmanager
def crawled(server: Server, prepared: Sequence[Prepared]) -> Iterator[dict[str, tuple[Ours, Prepared]]]:
    """Crawl the sites of these cases on a server that runs; by case, the product that did it."""
    names = {name: address for each in prepared for name, address in each.site.names.items()}
    with tempfile.TemporaryDirectory() as folder:
        started = SimpleNamespace(executable=str(interpreter(Path(folder), names)))
        groups = {name: [each for each in prepared if each.site.group == name] for name in GROUPS}
        products = {
            name: Ours(Path(folder) / name, server, [each.site for each in group], seconds=GROUPS[name][0], contact=GROUPS[name][1])
            for name, group in groups.items()
            if group
        }  # fmt: skip
        with patch.object(jobs, "sys", started), ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: _visit_all(products[name], groups[name]), products))
        try:
            yield {each.case.key: (products[each.site.group], each) for each in prepared}
        finally:
            for product in products.values():
                product.runtime.close()


def _visit_all(product: Ours, group: Sequence[Prepared]) -> None:
    sites = [each.site for each in group]
    for number in range(1, max(site.visits for site in sites) + 1):
        product.visit([site for site in sites if site.visits >= number], number)

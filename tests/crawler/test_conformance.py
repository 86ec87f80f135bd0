"""The conformance suite: every case is a hostile or particular site, all visited by one real crawl, judged at the sites."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from services.models import Base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from tests.crawler.case import DELAY, PAGE_LIMIT, TIMEOUT, Case, Lab, Seen
from tests.crawler.cases_hosts import HOST_CASES
from tests.crawler.cases_pages import PAGE_CASES
from tests.crawler.crawls import add, crawl, crawl_settings, documents, items, make_due, runs, source
from tests.crawler.site import Site
from tests.factories import make_scope

CASES = [*HOST_CASES, *PAGE_CASES]
ENDED = {"stored", "duplicate", "unchanged", "refused", "reserved", "failed"}


@dataclass
class Visited:
    """The sites of all cases after the crawl."""

    scope: Scope
    sites: dict[str, Site]
    sources: dict[str, str]
    stored: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """Everything is crawled once, in one process; cases that say so a second time."""
    lab = Lab()
    sites = {case.name: case.build(lab) for case in CASES}
    settings = crawl_settings(
        tmp_path_factory.mktemp("conformance") / "data",
        [site.host for site in lab.sites],
        crawl_delay_seconds=DELAY,
        crawl_batch_seconds=25,
        crawl_run_urls=40,
        fetch_seconds=int(TIMEOUT),
        max_page_mib=PAGE_LIMIT // 2**20,
        fetch_ports=[80, 443, *(canary.port for canary in lab.canaries)],
    )
    runtime = open_runtime(settings, with_bell=False)
    try:
        yield visit(runtime, sites)
    finally:
        runtime.close()
        lab.close()


def visit(runtime: Runtime, sites: dict[str, Site]) -> Visited:
    Base.metadata.create_all(runtime.database)
    scope = make_scope(runtime)
    sources = {case.name: add(scope, sites[case.name].url + case.path, case.kind) for case in CASES}
    crawl(runtime)
    for case in CASES:
        if case.again:
            make_due(scope, sources[case.name])
    crawl(runtime)
    return Visited(scope, sites, sources, stored_texts(scope, sources))


def stored_texts(scope: Scope, sources: dict[str, str]) -> dict[str, dict[str, str]]:
    """What was kept of each case's site, by path."""
    names = {source_id: name for name, source_id in sources.items()}
    found: dict[str, dict[str, str]] = {name: {} for name in sources}
    for document in documents(scope):
        path = "/" + (document.canonical_url or "").partition("://")[2].partition("/")[2]
        content = scope.runtime.blobs.get(document.blob_key)
        found[names[document.source_id or ""]][path] = content.decode("utf-8", "replace")
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_at_the_site(visited: Visited, case: Case) -> None:
    site = visited.sites[case.name]
    seen = Seen(site, visited.stored[case.name])
    log = [(round(each.at - site.log[0].at, 2), each.path) for each in site.log]
    found = source(visited.scope, visited.sources[case.name])
    urls = {path: (row.state, row.reason) for path, row in items(visited.scope, found.id).items()}
    assert case.check(seen), (
        f"{case.rule}\n{log[:40]}\n{list(urls.items())[:20]}\n{found.error_code} {found.error_detail}"
    )


def test_every_url_is_in_one_state_and_every_visit_is_counted(visited: Visited) -> None:
    for source_id in visited.sources.values():
        rows = items(visited.scope, source_id).values()
        assert {row.state for row in rows} <= ENDED | {"pending"}
        for run in runs(visited.scope, source_id):
            assert run.status in {"succeeded", "partial", "failed", "interrupted"}
            assert run.finished_at is not None or run.status == "interrupted"
        assert source(visited.scope, source_id).next_poll_at.timestamp() > time.time() - 60


def test_each_host_was_given_its_time(visited: Visited) -> None:
    for name, site in visited.sites.items():
        assert all(gap >= DELAY - 0.1 for gap in site.gaps()), (name, min(site.gaps()))

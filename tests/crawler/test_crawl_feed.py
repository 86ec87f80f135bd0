"""A feed on a local server, from its address to documents that can be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.models import Base
from services.runtime import Runtime, open_runtime
from services.system import repository
from services.system.figures import read
from tests.crawler.crawls import add, crawl, crawl_settings, documents, jobs, make_due, runs, source, states
from tests.crawler.site import Reply, Site, news_site, page
from tests.factories import do_work, make_scope


@pytest.fixture
def site() -> Iterator[Site]:
    site = news_site(["/one", "/two", "/three"], robots="User-agent: *\nDisallow: /three")
    yield site
    site.close()


@pytest.fixture
def runtime(tmp_path: Path, site: Site) -> Iterator[Runtime]:
    runtime = open_runtime(crawl_settings(tmp_path / "data", [site.host]), with_bell=False)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    yield runtime
    runtime.close()


def test_a_feed_becomes_documents_and_each_url_ends_in_one_state(runtime: Runtime, site: Site) -> None:
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    assert states(scope, source_id) == {
        "/one": ("stored", None),
        "/two": ("stored", None),
        "/three": ("refused", "robots_refused"),
    }
    do_work(runtime, "ingest")
    assert [document.status for document in documents(scope)] == ["ready", "ready"]
    assert {document.source_id for document in documents(scope)} == {source_id}
    [run] = runs(scope, source_id)
    assert (run.status, run.counts["new"], run.counts["refused"]) == ("succeeded", 2, 1)
    assert [job.status for job in jobs(scope)] == ["done"]
    assert source(scope, source_id).failures == 0
    # The child process, which nobody can ask, left what it counted.
    with runtime.session(write=False) as (session, _):
        figures = {read(series): value for series, value in repository.figures(session).items()}
    assert figures[("tidings_crawl_requests_total", (("kind", "page"), ("outcome", "robots_refused")))] == 1
    assert figures[("tidings_crawl_requests_total", (("kind", "page"), ("outcome", "ok")))] == 2

    site.routes["/feed"] = Reply(b"", status=304)
    make_due(scope, source_id)
    crawl(runtime)
    assert site.paths().count("/one") == 1


def test_what_is_known_is_not_fetched_again(runtime: Runtime, site: Site) -> None:
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    site.routes["/four"] = Reply(page("Four"))
    crawl(runtime)
    make_due(scope, source_id)
    crawl(runtime)
    assert [site.paths().count(path) for path in ("/feed", "/one", "/two", "/robots.txt")] == [2, 1, 1, 1]
    assert runs(scope, source_id)[1].counts["unchanged"] == 3

"""Crawls as jobs: clocks that meet, people who do not wait, processes that stop, and what is not fetched at all."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from crawler.spider import VisitSpider
from services.errors import NotFound
from services.handlers import HANDLERS
from services.ids import new_id
from services.jobs.claim import work
from services.models import Base, CrawlItem, Document, Host, Job, Source, Tombstone, utc_now
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.sources import jobs as crawl_jobs
from services.sources.crawl import (
    Answer,
    Visit,
    begin_visit,
    finish_visit,
    pending,
    put_off_part,
    record_poll,
    resume_at,
)
from services.sources.jobs import _settings_for_child, enqueue_due, request_crawl
from services.sources.pages import claim, finish_page
from services.sources.sources import remove_source
from tests.crawler.crawls import add, crawl, crawl_settings, documents, items, jobs, make_due, runs, source, states
from tests.crawler.site import Reply, Site, feed, news_site, page, rss
from tests.factories import make_scope
from tests.server import ROOT
from tests.services.engines.test_egress import certificate


@pytest.fixture
def site() -> Iterator[Site]:
    site = news_site(["/one", "/two"])
    yield site
    site.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    """Opens runtimes on the test's folder, with these settings."""
    runtimes: list[Runtime] = []

    def open_(site: Site, **more: Any) -> Runtime:
        hosts = more.pop("hosts", [site.host])
        runtime = open_runtime(crawl_settings(tmp_path / "data", hosts, **more), with_bell=False)
        Base.metadata.create_all(runtime.database)
        runtimes.append(runtime)
        return runtime

    yield open_
    for runtime in runtimes:
        runtime.close()


def change(scope: Scope, source_id: str, **values: Any) -> None:
    with scope.write() as tx:
        tx.session.execute(tx.update(Source).where(Source.id == source_id).values(**values))


def test_clocks_that_tick_at_once_make_one_job(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    change(scope, source_id, next_poll_at=utc_now() - timedelta(days=3))
    with ThreadPoolExecutor(6) as pool:
        made = sum(pool.map(lambda _: enqueue_due(runtime), range(12)))
    assert made == 1
    work(runtime, "crawl", HANDLERS)
    assert (enqueue_due(runtime), len(runs(scope, source_id))) == (0, 1)


def test_a_paused_source_waits_until_a_person_asks(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    change(scope, source_id, paused_at=utc_now())
    assert enqueue_due(runtime) == 0
    request_crawl(scope, source_id)
    work(runtime, "crawl_now", HANDLERS)
    assert set(states(scope, source_id).values()) == {("stored", None)}
    [run] = runs(scope, source_id)
    assert run.trigger == "manual"


def test_a_waiting_visit_is_brought_forward_and_a_foreign_source_is_not_found(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope, other = make_scope(runtime), make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    enqueue_due(runtime)
    [waiting] = jobs(scope)
    assert request_crawl(scope, source_id) == waiting.id
    assert [job.queue for job in jobs(scope)] == ["crawl_now"]
    with pytest.raises(NotFound):
        request_crawl(other, source_id)


def test_without_a_contact_foreign_hosts_are_not_asked(opened: Any, site: Site) -> None:
    foreign = news_site(["/page"])
    runtime = opened(site, contact="", hosts=[site.host], fetch_ports=[80, foreign.port])
    scope = make_scope(runtime)
    allowed = add(scope, f"{site.url}/feed")
    refused = add(scope, "http://news.example.org/feed")
    crawl(runtime)
    foreign.close()
    assert set(states(scope, allowed).values()) == {("stored", None)}
    [run] = runs(scope, refused)
    assert (run.status, run.error_code) == ("failed", "contact_missing")
    assert "TIDINGS_CONTACT" in (run.error_detail or "")


def test_a_domain_that_was_taken_down_is_not_asked_again(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    with scope.write() as tx:
        tx.add(Tombstone(id=new_id("tmb"), domain="127.0.0.1", reason="Asked by the publisher.", actor_id="usr_test"))
    crawl(runtime)
    assert site.log == []
    assert source(scope, source_id).error_code == "taken_down"


def test_a_noted_licence_lifts_the_reservation(opened: Any, site: Site) -> None:
    site.routes["/one"] = Reply(page("Licensed words"), headers={"tdm-reservation": "1"})
    site.routes["/feed"] = feed(site, ["/one"], text="Summary only.")
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    change(scope, source_id, licence_note="Contract 12")
    crawl(runtime)
    assert states(scope, source_id) == {"/one": ("stored", None)}
    assert b"Licensed words" in runtime.blobs.get(documents(scope)[0].blob_key)


def test_a_changed_title_brings_a_new_version_and_changed_dates_alone_do_not(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    with scope.write() as tx:
        old = utc_now() - timedelta(hours=5)
        tx.session.execute(tx.update(CrawlItem).values(fetched_at=old))
    site.routes["/feed"] = Reply(
        rss(site, ["/one", "/two"]).replace(b"Story 0 of", b"Corrected:"), type="application/rss+xml"
    )
    site.routes["/one"] = Reply(page("A corrected story"))
    make_due(scope, source_id)
    crawl(runtime)
    assert (site.paths().count("/one"), site.paths().count("/two")) == (2, 1)
    assert sorted(document.version for document in documents(scope)) == [1, 2]
    assert items(scope, source_id)["/one"].state == "stored"


def test_two_sources_that_list_one_page_fetch_it_once(opened: Any, site: Site) -> None:
    site.routes["/feed2"] = feed(site, ["/one"])
    runtime = opened(site)
    scope = make_scope(runtime)
    first = add(scope, f"{site.url}/feed")
    crawl(runtime)
    second = add(scope, f"{site.url}/feed2")
    crawl(runtime)
    assert site.paths().count("/one") == 1
    assert states(scope, second) == {"/one": ("duplicate", "known_page")}
    assert items(scope, second)["/one"].document_id == items(scope, first)["/one"].document_id


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(opened: Any, tmp_path: Path) -> None:
    server_tls, _ = certificate(tmp_path, "news.example.com")
    secret = Site({"/feed": Reply(b"<rss/>"), "/robots.txt": Reply(b"")}, tls=server_tls)
    runtime = opened(secret)
    scope = make_scope(runtime)
    source_id = add(scope, f"{secret.url}/feed")
    crawl(runtime)
    secret.close()
    assert secret.log == []
    assert source(scope, source_id).error_code == "unreachable"


def test_a_source_paused_midway_ends_its_visit_and_keeps_what_is_left(opened: Any, site: Site) -> None:
    runtime = opened(site, crawl_delay_seconds=30, crawl_batch_seconds=5)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    assert ([run.status for run in runs(scope, source_id)], site.paths()) == (["interrupted"], ["/robots.txt"])
    change(scope, source_id, paused_at=utc_now())
    with scope.write() as tx:
        tx.session.execute(tx.update(Job).values(run_after=utc_now()))
    work(runtime, "crawl", HANDLERS)
    assert ([job.status for job in jobs(scope)], site.paths()) == (["done"], ["/robots.txt"])
    assert [run.status for run in runs(scope, source_id)] == ["partial"]


def test_our_own_network_being_down_counts_no_failure(opened: Any, site: Site) -> None:
    gone = [news_site([]) for _ in range(4)]
    runtime = opened(site, hosts=[each.host for each in gone])
    scope = make_scope(runtime)
    sources = [add(scope, f"{each.url}/feed") for each in gone]
    for each in gone:
        each.close()
    crawl(runtime)
    assert [source(scope, each).failures for each in sources] == [0.0] * 4
    assert all(source(scope, each).next_poll_at < utc_now() + timedelta(minutes=5) for each in sources)


def test_stopping_ends_the_crawl_within_seconds_and_it_goes_on_later(opened: Any, site: Site) -> None:
    slow = news_site([f"/p{number}" for number in range(50)])
    runtime = opened(site, hosts=[slow.host], crawl_delay_seconds=0.5)
    scope = make_scope(runtime)
    source_id = add(scope, f"{slow.url}/feed")
    worker = threading.Thread(target=crawl, args=(runtime,))
    worker.start()
    deadline = time.monotonic() + 30
    while not slow.asked("/p3") and time.monotonic() < deadline:
        time.sleep(0.05)
    began = time.monotonic()
    runtime.interrupt()
    worker.join(15)
    assert time.monotonic() - began < 8
    slow.close()
    [job] = jobs(scope)
    assert (job.status, job.attempts) == ("queued", 0)
    found = {item.state for item in items(scope, source_id).values()}
    assert found == {"stored", "pending"}


def test_the_process_ends_when_whoever_started_it_is_gone(opened: Any, site: Site) -> None:
    slow = news_site([f"/p{number}" for number in range(50)])
    runtime = opened(site, hosts=[slow.host], crawl_delay_seconds=1)
    scope = make_scope(runtime)
    source_id = add(scope, f"{slow.url}/feed")
    order = {
        "settings": _settings_for_child(runtime.settings),
        "tenant_id": scope.tenant_id,
        "jobs": [{"job_id": new_id("job"), "source_id": source_id}],
        "manual": False,
        "seconds": 60,
        "log": {},
    }
    child = subprocess.Popen([sys.executable, "-m", "crawler"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.write(json.dumps(order).encode() + b"\n")
    child.stdin.flush()
    deadline = time.monotonic() + 30
    while not slow.asked("/feed") and time.monotonic() < deadline:
        time.sleep(0.05)
    child.stdin.close()
    assert child.wait(10) == 0
    child.stdout.close()  # type: ignore[union-attr]
    slow.close()
    assert "secret" not in json.dumps(order)


def test_a_visit_takes_a_bounded_number_of_new_urls_and_the_next_one_the_rest(opened: Any, site: Site) -> None:
    site.routes["/feed"] = feed(site, [f"/n{number}" for number in range(5)])
    for number in range(5):
        site.routes[f"/n{number}"] = Reply(page(f"Number {number}"))
    runtime = opened(site, crawl_run_urls=3)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    assert (len(items(scope, source_id)), runs(scope, source_id)[0].error_code) == (3, "limit_reached")
    make_due(scope, source_id)
    crawl(runtime)
    assert len(items(scope, source_id)) == 5


def test_progress_is_told_page_by_page(opened: Any, site: Site) -> None:
    from services.jobs.events import subject_events

    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    with scope.read() as tx:
        told = [(event.stage, event.detail.get("status")) for event in subject_events(tx, source_id)]
    assert told == [("polled", 200), ("stored", 200), ("stored", 200), ("finished", "succeeded")]


def test_a_crawl_logs_nothing_of_what_it_reads(opened: Any, site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    runtime = opened(site, log_level="DEBUG")
    add(make_scope(runtime), f"{site.url}/feed")
    crawl(runtime)
    assert capfd.readouterr().err == ""


def test_an_error_in_place_of_a_reservation_file_is_asked_again(opened: Any, site: Site) -> None:
    reservation = "/.well-known/tdmrep.json"
    site.routes[reservation] = Reply(status=500)
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    site.routes[reservation] = Reply(b'[{"location": "/", "tdm-reservation": 1}]', type="application/json")
    # As if the rest that follows an error had passed.
    with scope.write() as tx:
        tx.session.execute(delete(Host))
        tx.session.execute(tx.update(CrawlItem).values(next_try_at=utc_now()))
    make_due(scope, source_id)
    request_crawl(scope, source_id)
    work(runtime, "crawl_now", HANDLERS)
    assert {state for state, _ in states(scope, source_id).values()} == {"reserved"}
    asked = [request.path for request in site.log]
    assert (asked.count("/robots.txt"), asked.count(reservation)) == (1, 2)


class Child:
    """Stands for a crawl process that ends with this code."""

    stdout = stdin = None

    def __init__(self, code: int) -> None:
        self.returncode = code

    def poll(self) -> int:
        return self.returncode


def end_with(monkeypatch: pytest.MonkeyPatch, code: int, act: Any = None) -> None:
    """Crawl processes end with this code after `act(order)`."""

    @contextmanager
    def child(order: dict[str, Any]) -> Iterator[Child]:
        if act:
            act(order)
        yield Child(code)

    monkeypatch.setattr(crawl_jobs, "_child", child)


def test_a_visit_that_was_never_polled_goes_on(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    change(scope, source_id, next_poll_at=utc_now() + timedelta(days=1))
    visit = begin_visit(scope, source_id, "job_1", manual=True, now=utc_now())
    assert visit is not None
    finish_visit(scope, visit, utc_now())
    with scope.write() as tx:
        later = resume_at(tx, source_id, "job_1")
    assert [run.status for run in runs(scope, source_id)] == ["interrupted"]
    assert later is not None
    assert later <= utc_now()


def test_a_process_that_ends_before_a_visit_began_loses_no_job(
    opened: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    request_crawl(scope, source_id)
    end_with(monkeypatch, 0)
    work(runtime, "crawl_now", HANDLERS)
    [job] = jobs(scope)
    assert (job.status, job.attempts, runs(scope, source_id)) == ("queued", 1, [])


def test_a_visit_that_cannot_be_begun_is_tried_again(opened: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no visit")

    async def requests() -> None:
        async for _ in spider.start():
            pass

    runtime = opened(site)
    monkeypatch.setattr("crawler.spider.begin_visit", broken)
    spider = VisitSpider(
        make_scope(runtime), {"jobs": [{"job_id": "j", "source_id": "s"}], "manual": False, "seconds": 5}, print
    )
    with pytest.raises(RuntimeError):
        asyncio.run(requests())
    assert spider.is_broken


def test_a_process_that_dies_at_the_poll_of_a_resumed_visit_counts_a_try(
    opened: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")

    def begin(order: dict[str, Any]) -> None:
        for job in order["jobs"]:
            visit = begin_visit(scope, source_id, job["job_id"], manual=False, now=utc_now())
            if not runs(scope, source_id)[0].request_count:
                record_poll(scope, visit, Answer(site.url, site.url, utc_now(), 500))  # type: ignore[arg-type]
                change(scope, source_id, next_poll_at=utc_now())

    end_with(monkeypatch, -9, begin)
    tries = []
    for _ in range(3):
        crawl(runtime)
        [job] = jobs(scope)
        tries.append((job.status, job.attempts))
        with scope.write() as tx:
            tx.session.execute(tx.update(Job).values(run_after=utc_now()))
    # The first made a request.
    assert tries == [("queued", 0), ("queued", 1), ("queued", 2)]


def test_a_good_poll_after_a_failed_one_ends_the_visit_well(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    for status in (500, 304):
        change(scope, source_id, next_poll_at=utc_now())
        visit = begin_visit(scope, source_id, "job_1", manual=False, now=utc_now())
        assert visit is not None
        record_poll(scope, visit, Answer(visit.url, visit.url, utc_now(), status))
        finish_visit(scope, visit, utc_now())
    assert [(run.status, run.error_code) for run in runs(scope, source_id)] == [("succeeded", None)]


SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def index(site: Site, *parts: str) -> Reply:
    """A sitemap index that keeps its ETag."""
    entries = "".join(f"<sitemap><loc>{site.url}{part}</loc></sitemap>" for part in parts)
    body = f"<sitemapindex {SITEMAP}>{entries}</sitemapindex>".encode()
    return Reply(body, type="application/xml", headers={"ETag": '"same"'})


def sitemap(site: Site, *days: int, headers: dict[str, str] | None = None) -> Reply:
    """A sitemap of pages that changed so many days ago."""
    entries = "".join(
        f"<url><loc>{site.url}/d{day}</loc><lastmod>{(utc_now() - timedelta(days=day)).isoformat()}</lastmod></url>"
        for day in days
    )
    for day in days:
        site.routes.setdefault(f"/d{day}", Reply(page(f"Day {day}")))
    return Reply(f"<urlset {SITEMAP}>{entries}</urlset>".encode(), type="application/xml", headers=headers or {})


def visited(scope: Scope, source_id: str) -> Visit:
    """A visit that has begun."""
    make_due(scope, source_id)
    visit = begin_visit(scope, source_id, new_id("job"), manual=False, now=utc_now())
    assert visit is not None
    return visit


def test_an_index_that_keeps_its_tag_is_read_at_each_poll(opened: Any, site: Site) -> None:
    site.routes |= {"/index": index(site, "/part"), "/part": sitemap(site, 1)}
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/index", kind="sitemap")
    crawl(runtime)
    before = source(scope, source_id).new_at
    site.routes["/part"] = sitemap(site, 0, 1)
    make_due(scope, source_id)
    crawl(runtime)
    assert set(states(scope, source_id)) == {"/d0", "/d1"}
    assert "if-none-match" not in site.asked("/index")[1].headers
    after = source(scope, source_id).new_at
    assert before is not None
    assert after is not None
    assert after > before


def test_a_sitemap_of_an_index_that_failed_is_read_later_as_far_back(opened: Any, site: Site) -> None:
    site.routes |= {"/index": index(site, "/part"), "/part": Reply(lambda _: None, raw=True)}
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/index", kind="sitemap")
    crawl(runtime)
    [job] = jobs(scope)
    assert (job.status, items(scope, source_id)) == ("queued", {})
    assert timedelta(0) < job.run_after - utc_now() < timedelta(minutes=6)
    site.routes["/part"] = sitemap(site, 1, 9)
    [(url, entry)] = source(scope, source_id).parts.items()
    change(scope, source_id, parts={url: {**entry, "at": utc_now().isoformat()}})
    with scope.write() as tx:
        tx.session.execute(tx.update(Job).values(run_after=utc_now()))
    work(runtime, "crawl", HANDLERS)
    assert set(states(scope, source_id)) == {"/d1", "/d9"}
    assert (source(scope, source_id).parts, len(site.asked("/index"))) == ({}, 1)
    assert [run.status for run in runs(scope, source_id)] == ["succeeded"]


def test_sitemaps_of_an_index_survive_the_process_and_are_given_up_some_day(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/index", kind="sitemap")
    visit = visited(scope, source_id)
    answer = Answer(visit.url, visit.url, utc_now(), 200, content=bytes(index(site, "/a", "/b").body))  # type: ignore[arg-type]
    assert record_poll(scope, visit, answer) == (f"{site.url}/a", f"{site.url}/b")
    with scope.write() as tx:
        later = resume_at(tx, source_id, visit.job_id)
    assert later is not None
    assert later <= utc_now()
    again = begin_visit(scope, source_id, visit.job_id, manual=False, now=utc_now())
    assert again is not None
    assert (again.poll, again.parts) == (False, (f"{site.url}/a", f"{site.url}/b"))
    put_off_part(scope, again, f"{site.url}/b", utc_now() + timedelta(hours=1))
    for _ in range(3):
        assert source(scope, source_id).whole_at is None
        record_poll(scope, again, Answer(f"{site.url}/a", f"{site.url}/a", utc_now(), 503), part=True)
    assert list(source(scope, source_id).parts) == [f"{site.url}/b"]
    record_poll(scope, again, Answer(f"{site.url}/b", f"{site.url}/b", utc_now(), 404), part=True)
    assert source(scope, source_id).parts == {}
    assert source(scope, source_id).whole_at is not None


def test_what_a_visit_left_of_a_sitemap_is_soon_taken_by_the_next(opened: Any, site: Site) -> None:
    site.routes["/map"] = sitemap(
        site, *range(5), headers={"ETag": '"m"', "Last-Modified": "Mon, 02 Nov 2026 00:00:00 GMT"}
    )
    runtime = opened(site, crawl_run_urls=3)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/map", kind="sitemap")
    crawl(runtime)
    assert set(states(scope, source_id)) == {"/d0", "/d1", "/d2"}
    assert source(scope, source_id).next_poll_at < utc_now() + timedelta(minutes=6)
    make_due(scope, source_id)
    crawl(runtime)
    assert set(states(scope, source_id)) == {f"/d{day}" for day in range(5)}
    assert "if-none-match" not in site.asked("/map")[1].headers
    assert source(scope, source_id).etag == '"m"'


def test_two_sources_that_show_one_story_do_not_take_it_from_each_other(opened: Any, site: Site) -> None:
    site.routes["/feed2"] = feed(site, ["/one"])
    runtime = opened(site)
    scope = make_scope(runtime)
    first = add(scope, f"{site.url}/feed")
    crawl(runtime)
    # Old enough to be fetched again, were it nobody's.
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).values(fetched_at=utc_now() - timedelta(days=9)))
    second = add(scope, f"{site.url}/feed2")
    crawl(runtime)
    assert (site.paths().count("/one"), states(scope, second)) == (1, {"/one": ("duplicate", "known_page")})
    item = items(scope, second)["/one"]
    with scope.write() as tx:
        tx.session.execute(tx.update(CrawlItem).where(CrawlItem.id == item.id).values(state="pending"))
    site.routes["/one"] = Reply(page("Another version"))
    make_due(scope, second)
    crawl(runtime)
    assert {(document.source_id, document.version) for document in documents(scope)} == {(first, 1), (first, 2)}


def test_a_source_removed_while_its_page_is_fetched_leaves_nothing(opened: Any, site: Site) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    visit = visited(scope, source_id)
    record_poll(scope, visit, Answer(visit.url, visit.url, utc_now(), 200, content=rss(site, ["/one"])))
    [item] = pending(scope, visit, utc_now(), 5)
    taken = claim(scope, visit, item, utc_now())
    assert taken is not None
    remove_source(scope, source_id, with_documents=True)
    finish_page(scope, visit, taken, Answer(item.url, item.url, utc_now(), 200, content=page("In flight")))
    assert {document.status for document in documents(scope)} == {"deleting"}


@pytest.mark.parametrize("reason", ["contact_missing", "taken_down"])
def test_what_was_refused_for_our_own_reasons_is_tried_when_it_is_shown_again(
    opened: Any, site: Site, reason: str
) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    crawl(runtime)
    with scope.write() as tx:
        refused = tx.update(CrawlItem).values(state="refused", reason=reason, document_id=None)
        tx.session.execute(refused)
        tx.session.execute(tx.delete(Document))
    make_due(scope, source_id)
    crawl(runtime)
    assert set(states(scope, source_id).values()) == {("stored", None)}


def test_pages_of_a_private_host_come_when_the_operator_allows_it(opened: Any, site: Site) -> None:
    inner = news_site(["/minutes"])
    site.routes["/feed"] = feed(inner, ["/minutes"])
    allowing = opened(site, hosts=[site.host, inner.host])
    scope = make_scope(allowing)
    source_id, denied = add(scope, f"{site.url}/feed"), add(scope, f"{inner.url}/feed")
    allowing.close()
    refusing = opened(site)
    scope = replace(scope, runtime=refusing)
    crawl(refusing)
    assert states(scope, source_id) == {"/minutes": ("refused", "egress_denied")}
    assert source(scope, denied).next_poll_at < utc_now() + timedelta(minutes=11)
    make_due(scope, source_id)
    crawl(refusing)
    assert (states(scope, source_id), inner.paths()) == ({"/minutes": ("refused", "egress_denied")}, [])
    refusing.close()
    allowing = opened(site, hosts=[site.host, inner.host])
    again = replace(scope, runtime=allowing)
    make_due(again, source_id)
    crawl(allowing)
    inner.close()
    assert states(again, source_id) == {"/minutes": ("stored", None)}


def test_a_page_that_leads_to_a_host_not_allowed_is_asked_three_times_at_most(opened: Any, site: Site) -> None:
    site.routes["/one"] = Reply(b"", status=302, headers={"Location": "http://10.1.2.3:8080/login"})
    site.routes["/feed"] = feed(site, ["/one"])
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")
    for _ in range(5):
        make_due(scope, source_id)
        crawl(runtime)
    assert states(scope, source_id) == {"/one": ("refused", "egress_denied")}
    assert site.paths().count("/one") == 3


def test_looking_for_urls_costs_no_more_with_many_visits(
    opened: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    rows = {
        f"s{number}": [CrawlItem(id=f"i{number}-{url}", url=f"http://h{number}/{url}") for url in range(8)]
        for number in range(50)
    }

    def look(scope: Scope, visit: Visit, now: Any, limit: int) -> list[CrawlItem]:
        looks.append(visit.source_id)
        return rows[visit.source_id][:limit]

    async def one_by_one() -> None:
        visits = [Visit(name, "j", "r", "feed", f"http://{name}/", False, False, None) for name in rows]
        for visit in visits:
            spider.visits[visit.source_id] = visit
            spider.frontier.moved.add(visit.source_id)
        for _ in range(400):
            await spider._refill()
            task = spider.frontier.take()
            assert task is not None
            assert task.item is not None
            rows[task.visit.source_id].remove(task.item)
            spider.frontier.done(task)
        assert spider.frontier.take() is None
        await spider._refill()

    runtime = opened(site)
    monkeypatch.setattr("crawler.spider.pending", look)
    ended: list[str] = []
    spider = VisitSpider(make_scope(runtime), {"jobs": [], "manual": False, "seconds": 60}, ended.append)
    asyncio.run(one_by_one())
    # Two looks at the beginning and one after each page, not one of each visit before each page.
    assert len(looks) <= 2 * 50 + 400
    assert (spider.visits, len(ended)) == ({}, 50)


class Hanging(Child):
    """Stands for a crawl process that ends well, but only when it is told to."""

    def __init__(self) -> None:
        super().__init__(0)
        self.is_told = False

    def poll(self) -> int | None:  # type: ignore[override]
        return 0 if self.is_told else None

    def send_signal(self, _: int) -> None:
        self.is_told = True

    def wait(self, _: float) -> int:
        return 0


def test_a_process_that_hangs_counts_a_try(opened: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = opened(site)
    scope = make_scope(runtime)
    source_id = add(scope, f"{site.url}/feed")

    @contextmanager
    def child(order: dict[str, Any]) -> Iterator[Child]:
        begin_visit(scope, source_id, order["jobs"][0]["job_id"], manual=False, now=utc_now())
        yield Hanging()

    monkeypatch.setattr(crawl_jobs, "_child", child)
    monkeypatch.setattr(crawl_jobs, "GRACE_SECONDS", -1000.0)
    crawl(runtime)
    [job] = jobs(scope)
    assert (job.status, job.attempts) == ("queued", 1)

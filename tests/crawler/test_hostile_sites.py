"""Our crawler against hostile and demanding sites: one test per rule, judged at the server's log and at the rows.

All cases are crawled together, as the product does it; each test then judges its own sites. The table is that of
bench/conformance, which puts plain Scrapy beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from bench.conformance.case import DELAY_SECONDS, Case, Prepared, prepare, verdict
from bench.conformance.ours import Ours, crawled
from bench.conformance.server import Server
from bench.conformance.table import all_cases

CASES = all_cases()
ENDS = {"stored", "duplicate", "unchanged", "refused", "reserved", "failed"}
# As people see them: a stored one is new, partial or failed by what its document became.
SHOWN = ENDS - {"stored"} | {"new", "partial", "pending"}
Crawled = dict[str, tuple[Ours, Prepared]]


@pytest.fixture(scope="module")
def crawl() -> Iterator[Crawled]:
    server = Server()
    prepared = prepare(server, CASES)
    server.start()
    with crawled(server, prepared) as done:
        yield done
    server.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_the_rule_is_kept(crawl: Crawled, case: Case) -> None:
    product, prepared = crawl[case.key]
    broken = verdict(prepared, product.seen(prepared.site))
    assert broken is None, f"{case.rule}: {broken}"


def test_every_url_is_counted_in_exactly_one_state(crawl: Crawled) -> None:
    seen_urls = 0
    for product, prepared in crawl.values():
        seen = product.seen(prepared.site)
        seen_urls += len(seen.kept)
        assert sum(seen.counts.values()) == len(seen.kept), prepared.case.key
        assert set(seen.counts) <= SHOWN, prepared.case.key
        for kept in seen.kept:
            assert kept.state in ENDS or kept.state == "pending", (prepared.case.key, kept)
            # Whatever did not simply end well says why; so does what was asked for and still waits.
            well = kept.state in ("stored", "unchanged") or (kept.state == "pending" and kept.attempts == 0)
            assert well or kept.reason, (prepared.case.key, kept)
    assert seen_urls > len(CASES)


def test_a_visit_counts_what_its_rows_say(crawl: Crawled) -> None:
    for product, prepared in crawl.values():
        seen = product.seen(prepared.site)
        assert seen.runs, prepared.case.key
        for run in seen.runs:
            shown = {state: run.counts[state] for state in SHOWN & set(run.counts)}
            assert run.counts.get("seen", 0) == sum(shown.values()), (prepared.case.key, run.counts)
            assert run.status in ("succeeded", "partial", "failed", "interrupted"), prepared.case.key
            assert (run.finished_at is None) == (run.status == "interrupted"), prepared.case.key
        if len(seen.runs) == 1:
            assert seen.runs[0].counts.get("seen", 0) == len(seen.kept), (prepared.case.key, seen.runs[0].counts)


def test_no_host_was_ever_asked_two_things_at_once(crawl: Crawled) -> None:
    for _, prepared in crawl.values():
        hosts = [prepared.site.host, *prepared.site.others]
        assert [host.most_in_flight for host in hosts if host.most_in_flight > 1] == [], prepared.case.key


def test_every_host_was_given_its_delay(crawl: Crawled) -> None:
    for _, prepared in crawl.values():
        for host in [prepared.site.host, *prepared.site.others]:
            times = [asked.at for asked in host.asked if asked.path != "/robots.txt"]
            gaps = [later - earlier for earlier, later in pairwise(times)]
            assert all(gap >= DELAY_SECONDS * 0.85 for gap in gaps), (prepared.case.key, min(gaps))


def test_visits_do_not_overlap(crawl: Crawled) -> None:
    for product, prepared in crawl.values():
        runs = product.seen(prepared.site).runs
        assert len(runs) <= prepared.site.visits, f"{prepared.case.key}: {len(runs)} visits"

"""The crawler conformance cases side by side: Tidings, and plain Scrapy with robots obeyed and AutoThrottle on.

python -m bench.conformance            both, a Markdown table
python -m bench.conformance --failed   only the cases that somebody fails

Both sides visit the same sites (tests/crawler/), each in one process, and are judged at the sites by the same checks.
Plain Scrapy gets a spider that reads feeds and sitemaps and follows what they list, and the same delay, time-out and
size limit in its settings; what it yields counts as kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.common import RESULTS, ROOT
from services.runtime import open_runtime
from tests.crawler.case import DELAY, PAGE_LIMIT, TIMEOUT, Case, Lab, Seen
from tests.crawler.cases_hosts import HOST_CASES
from tests.crawler.cases_pages import PAGE_CASES
from tests.crawler.crawls import crawl_settings
from tests.crawler.site import Site
from tests.crawler.test_conformance import visit

CASES = [*HOST_CASES, *PAGE_CASES]
SCRAPY_SECONDS = 60


def tidings() -> dict[str, bool]:
    """Which cases Tidings passes."""
    lab = Lab()
    sites = {case.name: case.build(lab) for case in CASES}
    with tempfile.TemporaryDirectory() as folder:
        settings = crawl_settings(
            Path(folder) / "data",
            [site.host for site in lab.sites],
            crawl_delay_seconds=DELAY,
            crawl_batch_seconds=25,
            crawl_run_urls=40,
            fetch_seconds=int(TIMEOUT),
            max_page_mib=PAGE_LIMIT // 2**20,
            fetch_ports=[80, 443, *(canary.port for canary in lab.canaries)],
        )
        runtime = open_runtime(settings, with_bell=False)
        stored = visit(runtime, sites).stored
        runtime.close()
    return judge(lab, sites, stored)


def plain_scrapy() -> dict[str, bool]:
    """Which cases plain Scrapy passes."""
    lab = Lab()
    sites = {case.name: case.build(lab) for case in CASES}
    stored: dict[str, dict[str, str]] = {case.name: {} for case in CASES}
    for again in (False, True):
        chosen = [case for case in CASES if case.again or not again]
        order = [{"name": case.name, "url": sites[case.name].url + case.path} for case in chosen]
        for name, url, text in run_plain(order):
            stored[name]["/" + url.partition("://")[2].partition("/")[2]] = text
    return judge(lab, sites, stored)


def run_plain(order: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """One run of the plain spider over these sources; what it yielded."""
    limits = {"seconds": SCRAPY_SECONDS, "delay": DELAY, "timeout": TIMEOUT, "size": PAGE_LIMIT}
    ended = subprocess.run(
        [sys.executable, "-m", "bench.plain_spider"],
        cwd=ROOT,
        input=json.dumps({"sources": order, **limits}).encode(),
        capture_output=True,
        timeout=SCRAPY_SECONDS * 4,
        check=False,
    )
    return [tuple(json.loads(line)) for line in ended.stdout.decode().splitlines()]


def judge(lab: Lab, sites: dict[str, Site], stored: dict[str, dict[str, str]]) -> dict[str, bool]:
    """The checks at the sites; then the sites are closed."""
    found = {case.name: passes(case, Seen(sites[case.name], stored[case.name])) for case in CASES}
    lab.close()
    return found


def passes(case: Case, seen: Seen) -> bool:
    """Whether a case holds; a check that finds nothing to look at does not."""
    try:
        return bool(case.check(seen))
    except (IndexError, ValueError, AttributeError):
        return False


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed", action="store_true")
    only_failed = parser.parse_args().failed
    ours, theirs = tidings(), plain_scrapy()
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "conformance.json").write_text(json.dumps({"tidings": ours, "scrapy": theirs}, indent=1))
    print("| Case | What a good crawler does | Tidings | plain Scrapy |\n| --- | --- | --- | --- |")
    for case in CASES:
        marks = ["yes" if side[case.name] else "NO" for side in (ours, theirs)]
        if not only_failed or "NO" in marks:
            print(f"| {case.name} | {case.rule} | {' | '.join(marks)} |")
    print(f"| **passed of {len(CASES)}** | | **{sum(ours.values())}** | **{sum(theirs.values())}** |")
    sys.exit(0 if all(ours.values()) else 1)


if __name__ == "__main__":
    main()

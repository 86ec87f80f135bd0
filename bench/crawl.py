"""Pages a minute, crawled and extracted: ours beside a plain Scrapy spider with trafilatura, on the same local sites.

    python -m bench.crawl [--sites 8] [--pages 40]

Sites on loopback addresses of their own, each with robots.txt and a news sitemap; no delay is asked for, so that the
machinery is measured and not the manners. The plain side is a SitemapSpider that obeys robots.txt, 16 requests at once,
and writes `trafilatura.extract` of each page to a file. Ours is the product: the crawl child, submit, the parser's
sandbox, chunks, BM25 index and database rows, with the hashing embedder, until every page is searchable. The figure is
our pages a minute over theirs. Both parse every page; only ours stores them so that a kill loses nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench.common import ROOT, Target, record
from bench.newssite import NewsSite, generated_stories, labelled_stories

# A floor, not a boast: the plain spider keeps nothing, and a polite crawl waits for its hosts, not for us.
TARGET = Target(0.2)
SETTLE_SECONDS = 300
SPIDER = """
import json, sys
import trafilatura
from scrapy.crawler import CrawlerProcess
from scrapy.spiders import SitemapSpider

out = open(sys.argv[1], "w")

class Plain(SitemapSpider):
    name = "plain"
    sitemap_urls = sys.argv[2:]
    custom_settings = {"ROBOTSTXT_OBEY": True, "CONCURRENT_REQUESTS": 16, "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False}
    def parse(self, response):
        text = trafilatura.extract(response.body, url=response.url) or ""
        out.write(json.dumps({"url": response.url, "text": text}) + "\\n")

process = CrawlerProcess()
process.crawl(Plain)
process.start()
out.close()
"""


def sites_of(count: int, pages: int) -> list[NewsSite]:
    """Running sites, each with pages of its own."""
    labelled = labelled_stories()
    stories = [generated_stories(pages, seed=number) for number in range(count)]
    for number, story in enumerate(labelled[: count * pages // 2]):
        stories[number % count][number // count] = story
    return [NewsSite(part, address=f"127.0.0.{2 + number}").start() for number, part in enumerate(stories)]


def plain(sites: list[NewsSite]) -> dict[str, Any]:
    """The plain spider, start-up included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "pages.jsonl"
        sitemaps = [f"{site.base}/news-sitemap.xml" for site in sites]
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", SPIDER, str(out), *sitemaps], check=True, cwd=ROOT)
        seconds = time.perf_counter() - began
        pages = [json.loads(line) for line in out.read_text().splitlines()]
    return {"seconds": round(seconds, 2), "pages": len(pages), "with_text": sum(bool(page["text"]) for page in pages)}


def ours(sites: list[NewsSite]) -> dict[str, Any]:
    """The product, the crawl child's start-up included."""
    from migrations.history import upgrade
    from services.handlers import HANDLERS
    from services.ingest.documents import count_by_status
    from services.jobs.claim import work
    from services.runtime import open_runtime
    from services.scope import Scope
    from services.settings import Settings
    from services.sources.jobs import request_crawl
    from services.sources.sources import NewSource, add_source, list_runs
    from services.tenants.tenants import create_tenant

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            embedder_model="fake:hash",
            crawl_delay_seconds=0,
            fetch_private_hosts=[site.host for site in sites],
        )
        runtime = open_runtime(settings, with_bell=False)
        upgrade(runtime.database)
        scope = Scope(runtime, create_tenant(runtime, "Bench").id, "bench")
        runtime.embedder.start()
        ids = []
        for site in sites:
            source, _ = add_source(scope, NewSource(f"{site.base}/news-sitemap.xml", "news_sitemap"))
            request_crawl(scope, source.id)
            ids.append(source.id)
        began = time.perf_counter()
        crawl = threading.Thread(target=work, args=(runtime, "crawl_now", HANDLERS))
        crawl.start()
        counts: dict[str, int] = {}
        while time.perf_counter() - began < SETTLE_SECONDS:
            work(runtime, "ingest", HANDLERS)
            counts = count_by_status(scope)
            if not crawl.is_alive() and not {"queued", "processing"} & counts.keys():
                break
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        crawl.join()
        # Pages whose publisher reserves them are fetched and counted, and leave no document.
        runs = [run for source in ids for run in list_runs(scope, source, before=None, limit=9)[0]]
        pages = sum(run.counts["seen"] for run in runs)
        runtime.close()
    return {"seconds": round(seconds, 2), "pages": pages, "documents": counts}


def main() -> int:
    """Run both sides, print, record; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--pages", type=int, default=40)
    options = parser.parse_args()
    report: dict[str, Any] = {}
    for name, side in (("plain", plain), ("ours", ours)):
        sites = sites_of(options.sites, options.pages)
        report[name] = side(sites)
        report[name]["requests"] = sum(len(site.requests) for site in sites)
        for site in sites:
            site.close()
    rates = {name: report[name]["pages"] / report[name]["seconds"] * 60 for name in ("ours", "plain")}
    report["pages_per_minute"] = {name: round(rate) for name, rate in rates.items()}
    complete = report["ours"]["pages"] == report["plain"]["pages"] == options.sites * options.pages
    ratio = round(rates["ours"] / rates["plain"], 2)
    return record("crawl", "pages a minute, crawled and extracted / plain Scrapy", ratio, TARGET, report, also=complete)


if __name__ == "__main__":
    sys.exit(main())

"""Plain Scrapy beside it: its defaults with ROBOTSTXT_OBEY and AutoThrottle on, and the spider anybody would write.

`python -m bench.conformance.plain` reads an order from standard input and writes what it kept to standard output, one
JSON line per URL; the crawl of each site is one crawler of a common process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from bench.common import ROOT
from bench.conformance.case import Kept, Prepared, Seen
from bench.conformance.names import use

# A site without end would be crawled without end.
SITE_SECONDS = 45
SETTINGS = {
    "ROBOTSTXT_OBEY": True,
    "AUTOTHROTTLE_ENABLED": True,
    "CLOSESPIDER_TIMEOUT": SITE_SECONDS,
    # These have no part in any case: a hundred consoles would need a hundred ports.
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "LOG_ENABLED": False,
}


def crawled(prepared: Sequence[Prepared]) -> dict[str, Seen]:
    """Crawl the sites of these cases as often as each asks for; by case, what is known then."""
    names = {name: addresses for each in prepared for name, addresses in each.site.names.items()}
    kept: dict[str, dict[str, Kept]] = {each.case.key: {} for each in prepared}
    visits_at: dict[str, list[float]] = {each.case.key: [] for each in prepared}
    for number in range(1, max(each.site.visits for each in prepared) + 1):
        visited = [each for each in prepared if each.site.visits >= number]
        for each in visited:
            visits_at[each.case.key].append(time.monotonic())
        sites = [{"key": each.case.key, "url": each.site.source_url, "kind": each.site.kind} for each in visited]
        for key, page in _run({"names": names, "sites": sites}):
            if kept[key].get(page.url, page).state != "stored" or page.state == "stored":
                kept[key][page.url] = page
    return {
        each.case.key: Seen(
            False,
            tuple(each.site.host.asked),
            tuple(kept[each.case.key].values()),
            visits_at=tuple(visits_at[each.case.key]),
        )
        for each in prepared
    }


def _run(order: dict[str, Any]) -> Iterator[tuple[str, Kept]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.conformance.plain"],
        cwd=ROOT,
        input=json.dumps(order).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SITE_SECONDS * 6,
        check=False,
    )
    for line in done.stdout.splitlines():
        said = json.loads(line)
        yield said["key"], Kept(said["url"], said["state"], text=said["text"])


class Follow(Spider):  # type: ignore[misc]
    """Reads a feed, sitemap or section page, and fetches the stories that it shows."""

    name = "plain"
    custom_settings = SETTINGS

    def __init__(self, key: str, url: str, kind: str, **more: Any) -> None:
        super().__init__(**more)
        self.key, self.url, self.kind = key, url, kind
        if kind == "page":
            self.allowed_domains = [urlsplit(url).hostname]

    async def start(self) -> AsyncIterator[Request]:
        """The source."""
        yield Request(self.url, callback=self.parse)

    def parse(self, response: Any) -> Iterator[Request]:
        """The links of the source, and the further sitemaps of an index."""
        if self.kind == "page":
            links = response.css("a::attr(href)").getall()
        else:
            response.selector.remove_namespaces()
            yield from (Request(url, callback=self.parse) for url in response.xpath("//sitemap/loc/text()").getall())
            links = response.xpath("//item/link/text() | //url/loc/text()").getall()
        for link in links:
            url = response.urljoin(link.strip())
            yield Request(url, callback=self.story, errback=self.failed, meta={"shown": url})

    def story(self, response: Any) -> None:
        """Everything is kept."""
        self.tell(response.meta["shown"], "stored", getattr(response, "text", ""))

    def failed(self, failure: Any) -> None:
        """Given up."""
        self.tell(failure.request.meta["shown"], "failed", "")

    def tell(self, url: str, state: str, text: str) -> None:
        """Say what became of a URL."""
        said = {"key": self.key, "url": url, "state": state, "text": text[:200_000]}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Do one order."""
    order = json.loads(sys.stdin.read())
    use(order["names"])
    process = AsyncCrawlerProcess(SETTINGS)
    for site in order["sites"]:
        process.crawl(Follow, **site)
    process.start()


if __name__ == "__main__":
    main()

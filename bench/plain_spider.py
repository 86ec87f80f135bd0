"""The baseline of bench.conformance: Scrapy as its documentation has it, polite by its own switches."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request, Selector, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response, TextResponse
from scrapy.linkextractors import LinkExtractor


class PlainSpider(Spider):
    """Reads each source and requests what it lists."""

    name = "plain"

    def __init__(self, sources: list[dict[str, str]], **more: Any) -> None:
        super().__init__(**more)
        self.sources = sources

    async def start(self) -> AsyncIterator[Request]:
        """The sources."""
        for source in self.sources:
            yield self.request(source["url"], source["name"], self.read_source)

    def request(self, url: str, name: str, callback: Any) -> Request:
        """A request in a slot of its host and port, as hosts have on the web."""
        return Request(url, callback=callback, meta={"name": name, "download_slot": urlsplit(url).netloc})

    def read_source(self, response: Response) -> Iterator[Request]:
        """The links of a feed, sitemap or page."""
        name = response.meta["name"]
        if response.url.endswith("/news") and isinstance(response, TextResponse):
            links = [link.url for link in LinkExtractor().extract_links(response)]
        else:
            selector = Selector(text=response.body.decode("utf-8", "replace"), type="xml")
            selector.remove_namespaces()
            links = selector.xpath("//item/link/text() | //url/loc/text()").getall()
            for part in selector.xpath("//sitemap/loc/text()").getall():
                yield self.request(part, name, self.read_source)
        for link in links:
            try:
                yield self.request(urljoin(response.url, link), name, self.keep)
            except ValueError:
                self.logger.info("no address: %r", link)

    def keep(self, response: Response) -> None:
        """A page that would be kept."""
        text = response.body.decode("utf-8", "replace")[:200_000]
        sys.stdout.write(json.dumps([response.meta["name"], response.url, text]) + "\n")


def main() -> None:
    """Run one order from standard input."""
    order = json.loads(sys.stdin.read())
    process = CrawlerProcess(
        {
            "ROBOTSTXT_OBEY": True,
            "AUTOTHROTTLE_ENABLED": True,
            "AUTOTHROTTLE_START_DELAY": order["delay"],
            "DOWNLOAD_DELAY": order["delay"],
            "DOWNLOAD_TIMEOUT": order["timeout"],
            "DOWNLOAD_MAXSIZE": order["size"],
            "CLOSESPIDER_TIMEOUT": order["seconds"],
            "USER_AGENT": "plain/1.0 (+https://news.example.org/crawler)",
            "LOG_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
        }
    )
    process.crawl(PlainSpider, sources=order["sources"])
    process.start()


if __name__ == "__main__":
    main()

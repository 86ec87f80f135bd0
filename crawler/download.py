"""Scrapy's downloader with one connection per request."""

from __future__ import annotations

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler


class OneRequestHandler(HTTP11DownloadHandler):  # type: ignore[misc]
    """Twisted asks a second time, at once and unseen, when a kept connection breaks: past our turns and our counts.

    Hosts are asked seconds apart, so that kept connections would save little.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool.persistent = False
        self._pool.retryAutomatically = False

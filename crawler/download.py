"""Scrapy's downloader with one connection per request, and an end to what is read of headers."""

from __future__ import annotations

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from twisted.internet.interfaces import IAddress

# Bytes of an answer's status line and headers. Twisted bounds one line (16 KiB) and not their number.
MAX_HEAD_BYTES = 512 * 1024


class OneRequestHandler(HTTP11DownloadHandler):  # type: ignore[misc]
    """Twisted asks a second time, at once and unseen, when a kept connection breaks: past our turns and our counts.

    Hosts are asked seconds apart, so that kept connections would save little.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool.persistent = False
        self._pool._factory = BoundedHeadFactory
        self._pool.retryAutomatically = False


class BoundedHeadProtocol(_LenientHTTP11ClientProtocol):  # type: ignore[misc]
    """Breaks off when the headers do not end."""

    head_bytes = 0

    def dataReceived(self, data: bytes) -> None:
        """Count until the body begins."""
        if self._parser is not None and self._parser.state in ("STATUS", "HEADER"):
            self.head_bytes += len(data)
            if self.head_bytes > MAX_HEAD_BYTES:
                self.transport.abortConnection()
                return
        super().dataReceived(data)


class BoundedHeadFactory(_LenientHTTP11ClientFactory):  # type: ignore[misc]
    """Makes the protocol above."""

    def buildProtocol(self, addr: IAddress | None) -> BoundedHeadProtocol:
        """For one connection."""
        return BoundedHeadProtocol(self._quiescentCallback)

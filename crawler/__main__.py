"""A crawl process: reads its order from standard input, visits the sources, says on standard output what to ring.

Each line out is the name of a queue with new work, or the id of a job whose visit has ended. It stops when its input
closes, which is how it notices that whoever started it is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from typing import Any

import structlog
from scrapy.crawler import AsyncCrawlerProcess

from crawler.memory import limit_memory
from crawler.settings import scrapy_settings
from crawler.spider import VisitSpider
from services.logs import configure_logging
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.system.figures import hand_in_figures

CRAWLER = "crawler"


class LineBell:
    """Rings by a line on standard output; the process that reads it owns the real bell."""

    def ring(self, queue: str) -> None:
        """Write the name; whoever read it may be gone."""
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), f"{queue}\n".encode("ascii"))


def main() -> None:
    """Do one order."""
    order = json.loads(sys.stdin.buffer.readline())
    limit_memory()
    runtime = open_runtime(Settings(**order["settings"]), with_bell=False)
    runtime.maps_database = False
    bell = runtime.bell = LineBell()
    watch(runtime)
    # Before anything is logged: standard output belongs to the bell.
    configure_logging(runtime.settings, least="WARNING")
    structlog.contextvars.bind_contextvars(**order["log"])
    process = AsyncCrawlerProcess(scrapy_settings(runtime.settings))
    hand_in_figures(runtime)
    scope = Scope(runtime, order["tenant_id"], CRAWLER)
    crawler = process.create_crawler(VisitSpider)
    process.crawl(crawler, scope=scope, order=order, told=bell.ring)
    try:
        process.start(install_signal_handlers=False)
    finally:
        runtime.close()
    if getattr(crawler.spider, "is_broken", True):
        sys.exit(1)


def watch(runtime: Runtime) -> None:
    """Stop in order at SIGTERM, and when standard input closes."""

    def stop(*_: Any) -> None:
        runtime.stopping.set()

    def read() -> None:
        # Unbuffered: a daemon thread inside a buffered read breaks the end of the interpreter.
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        stop()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=read, name="input", daemon=True).start()


if __name__ == "__main__":
    main()

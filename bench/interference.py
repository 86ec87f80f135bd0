"""How much searches slow down while a bulk ingest runs: p95 under load to p95 idle, on one real server.

    python -m bench.interference [--documents 5000] [--rounds 3] [--seconds 10] [--rate 5]

The server is `tidings up` with the real model over a library of four chunks per document. In turns it is left alone
and kept busy: another process submits made-up news pages to the bulk queue, always more than the worker can take, so
that extraction, embedding and indexing never pause. Searches are sent on a fixed schedule, whether or not earlier ones
came back, each another query; latency counts from the scheduled time. The figure is the median over the rounds of the
p95s, busy to idle. Fails when it is above TARGET.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2

from bench.common import Target, passages, percentiles, questions, record
from bench.library import Library, make_library
from bench.server import Server, serve
from services.ingest.documents import count_by_status
from services.ingest.submit import submit
from services.ingest.types import RawDocument
from services.runtime import open_runtime
from services.scope import Scope
from services.settings import Settings

TARGET = Target(2.0, at_most=True)
BACKLOG = 48
PAGE_WORDS = 500
CLIENTS = 16
WARM_SECONDS = 3.0


class Feeder:
    """Submits pages from this process while switched on; the server's clock finds the rows."""

    def __init__(self, library: Library) -> None:
        self.runtime = open_runtime(Settings(data_dir=Path(library.folder)), with_bell=False)
        self.scope = Scope(self.runtime, library.tenant_id, "bench")
        self.words = [word for text in passages()[0] for word in text.split()]
        self.numbers = itertools.count()
        self.base = library.documents

    def ready(self) -> int:
        """Documents ingested so far."""
        return count_by_status(self.scope).get("ready", 0) - self.base

    def waiting(self) -> int:
        """Documents on their way."""
        counts = count_by_status(self.scope)
        return counts.get("queued", 0) + counts.get("processing", 0)

    @contextmanager
    def feeding(self) -> Iterator[None]:
        """Keep the bulk queue full inside the block, then wait until it is empty."""
        stop = Event()

        def feed() -> None:
            while not stop.is_set():
                for _ in range(BACKLOG - self.waiting()):
                    submit(self.scope, self.page(next(self.numbers)), queue="ingest")
                stop.wait(0.3)

        thread = Thread(target=feed)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            while self.waiting():
                time.sleep(0.2)

    def page(self, number: int) -> RawDocument:
        """A news page that nobody has seen, so that no vector comes from the cache."""
        chance = random.Random(number)
        start = chance.randrange(len(self.words) - PAGE_WORDS)
        words = [
            chance.choice(self.words) if chance.random() < 0.3 else word for word in self.words[start:][:PAGE_WORDS]
        ]
        parts = "".join(f"<p>{' '.join(words[at : at + 100])}.</p>" for at in range(0, PAGE_WORDS, 100))
        page = f"<html lang=en><head><title>News {number}</title></head><body><article><h1>News {number}</h1>{parts}</article>"
        return RawDocument(page.encode(), content_type="text/html", url=f"https://bench.example/{number}")


def searches(url: str, key: str, texts: Iterator[str], seconds: float, rate: float) -> list[float]:
    """Milliseconds of searches on schedule, each from its scheduled time."""
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:

        def one(due: float, text: str) -> float:
            http.get("/v1/search", params={"q": text}).raise_for_status()
            return (time.perf_counter() - due) * 1000

        with ThreadPoolExecutor(CLIENTS) as pool:
            began, sent = time.perf_counter() + 0.05, []
            for number in range(round(seconds * rate)):
                due = began + number / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                sent.append(pool.submit(one, due, next(texts)))
            return [future.result() for future in sent]


def measure(server: Server, library: Library, rounds: int, seconds: float, rate: float) -> dict[str, Any]:
    """Idle and busy in turns."""
    texts = iter(questions(round(2 * rounds * seconds * rate + 4 * WARM_SECONDS * rate) + 100))
    feeder = Feeder(library)
    searches(server.url, library.api_key, texts, WARM_SECONDS, rate)
    with feeder.feeding():
        searches(server.url, library.api_key, texts, WARM_SECONDS, rate)
    idle, busy, speeds = [], [], []
    for _ in range(rounds):
        idle.append(searches(server.url, library.api_key, texts, seconds, rate))
        with feeder.feeding():
            time.sleep(1.0)
            before, began = feeder.ready(), time.perf_counter()
            busy.append(searches(server.url, library.api_key, texts, seconds, rate))
            speeds.append((feeder.ready() - before) / (time.perf_counter() - began))
    feeder.runtime.close()

    def p95s(rounds_of_times: list[list[float]]) -> list[float]:
        return [percentiles(times)["p95_ms"] for times in rounds_of_times]

    return {
        "ratio": round(statistics.median(p95s(busy)) / statistics.median(p95s(idle)), 2),
        "idle": percentiles([time for times in idle for time in times]),
        "busy": percentiles([time for times in busy for time in times]),
        "idle_p95s_ms": p95s(idle),
        "busy_p95s_ms": p95s(busy),
        "documents_per_second_meanwhile": round(statistics.median(speeds), 1),
    }


def main() -> int:
    """Measure, print, record; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=5, help="searches per second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = make_library(Path(folder) / "data", options.documents)
        with serve(Path(library.folder), TIDINGS_TICK_SECONDS="0.2") as server:
            report = measure(server, library, options.rounds, options.seconds, options.rate)
    report = {"chunks": library.chunks, "texts": library.texts, "rate": options.rate, **report}
    return record("interference", "search p95 under bulk ingest / idle", report.pop("ratio"), TARGET, report)


if __name__ == "__main__":
    sys.exit(main())

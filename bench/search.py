"""How much faster a filtered hybrid query is in Qdrant Edge than in qdrant-client's local mode, on equal data.

    python -m bench.search                  100,000 chunks of 384 dimensions; about 6 minutes
    python -m bench.search --chunks 5000    a quick look; the ratio is that of the size

Both hold the same synthetic news: unit vectors in clusters, texts of about 120 Zipf-distributed words, four chunks per
document. Both answer the same queries (one language, a quarter of the year, vector and words, 20 hits), in turn. Writes
bench/results/search.json and exits with 1 when the ratio of the medians is below TARGET.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from qdrant_client import QdrantClient

from bench.common import Target, percentiles, record, resident_mib
from services.engines.vectors.base import HybridQuery, Point, Vector, VectorFilter, VectorStore
from services.engines.vectors.edge import EdgeVectors
from services.engines.vectors.server import ServerVectors

TARGET = Target(20.0)
DIMENSIONS = 384
WORDS = 120
CLUSTERS = 200
CALL = 64  # points per upsert call, as ingestion makes them
START = datetime(2025, 11, 1, tzinfo=UTC)
QUARTER = VectorFilter(languages=("en",), dated_from=START + timedelta(days=200), dated_to=START + timedelta(days=290))


@dataclass
class News:
    """The material: points and a source of queries near some of them."""

    vectors: Vector
    texts: list[str]
    rng: np.random.Generator

    def points(self, start: int, stop: int) -> list[Point]:
        """Chunks of documents over one year, in four languages."""
        count = len(self.texts)
        return [
            Point(
                document_id=f"doc_{n // 4:08}",
                version=1,
                ordinal=n % 4,
                text=self.texts[n],
                language=("en", "en", "de", "fr")[n // 4 % 4],
                vector=self.vectors[n],
                source=f"source{n // 4 % 50}",
                type="html",
                dated_at=START + timedelta(days=365 * (n // 4 * 4) / count),
            )
            for n in range(start, min(stop, count))
        ]

    def query(self, wanted: VectorFilter) -> HybridQuery:
        """Six words of a chunk and a vector near it."""
        n = int(self.rng.integers(len(self.texts)))
        words = self.rng.choice(self.texts[n].split(), size=6)
        vector = unit(self.vectors[n] + self.rng.standard_normal(DIMENSIONS, dtype=np.float32) * 0.02)
        return HybridQuery(" ".join(words), vector, limit=20, filter=wanted, language="en")


def make_news(count: int) -> News:
    """Draw the material; the same for the same count."""
    rng = np.random.default_rng(20261122)
    centres = unit(rng.standard_normal((CLUSTERS, DIMENSIONS), dtype=np.float32))
    noise = rng.standard_normal((count, DIMENSIONS), dtype=np.float32) * 0.03
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, size=length)) for length in rng.integers(4, 11, size=50_000)]
    shares = np.cumsum(1 / np.arange(1, len(words) + 1))
    drawn = np.searchsorted(shares / shares[-1], rng.random((count, WORDS)))
    texts = [" ".join(words[word] for word in row) for row in drawn]
    return News(unit(centres[rng.integers(CLUSTERS, size=count)] + noise), texts, rng)


def unit(vectors: Vector) -> Vector:
    """Rows of length 1."""
    scaled: Vector = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled


def build(store: VectorStore, news: News, call: int) -> dict[str, float]:
    """Store everything and say how long it took."""
    began = time.perf_counter()
    store.ensure("bench", DIMENSIONS)
    for start in range(0, len(news.texts), call):
        store.upsert("bench", news.points(start, start + call))
    seconds = time.perf_counter() - began
    return {"build_seconds": round(seconds, 1), "points_per_second": round(len(news.texts) / seconds)}


def timed(store: VectorStore, query: HybridQuery) -> tuple[float, list[tuple[str, int]]]:
    """Milliseconds of one query, and what it found."""
    began = time.perf_counter()
    hits = store.query("bench", query)
    return (time.perf_counter() - began) * 1000, [(hit.document_id, hit.ordinal) for hit in hits]


def compare(edge: VectorStore, local: VectorStore, news: News, rounds: int) -> dict[str, Any]:
    """Ask both the same queries in turn; Edge four more each round, so that its p95 means something."""
    edge_times: list[float] = []
    local_times: list[float] = []
    shared = 0
    for _ in range(rounds):
        query = news.query(QUARTER)
        local_ms, local_found = timed(local, query)
        edge_ms, edge_found = timed(edge, query)
        shared += len(set(local_found) & set(edge_found))
        local_times.append(local_ms)
        edge_times += [edge_ms, *(timed(edge, news.query(QUARTER))[0] for _ in range(4))]
    ratio = np.quantile(local_times, [0.5, 0.95]) / np.quantile(edge_times, [0.5, 0.95])
    return {
        "edge": percentiles(edge_times),
        "local_mode": percentiles(local_times),
        "ratio_p50": round(float(ratio[0]), 1),
        "ratio_p95": round(float(ratio[1]), 1),
        "equal_hits": round(shared / (20 * rounds), 3),
    }


def shapes(edge: VectorStore, news: News) -> dict[str, Any]:
    """Other kinds of query on Edge alone."""

    def ask(wanted: VectorFilter, *, dense: bool = True, lexical: bool = True) -> dict[str, float]:
        queries = [news.query(wanted) for _ in range(60)]
        kept = [HybridQuery(q.text if lexical else "", q.vector if dense else None, 20, wanted, "en") for q in queries]
        return percentiles([timed(edge, query)[0] for query in kept])

    last_week = VectorFilter(dated_from=START + timedelta(days=358))
    return {
        "hybrid, no filter": ask(VectorFilter()),
        "hybrid, one language": ask(VectorFilter(languages=("en",))),
        "hybrid, three languages": ask(VectorFilter(languages=("en", "de", "fr"))),
        "hybrid, last week": ask(last_week),
        "hybrid, one source": ask(VectorFilter(sources=("source7",))),
        "words only, no filter": ask(VectorFilter(), dense=False),
        "vector only, no filter": ask(VectorFilter(), lexical=False),
    }


def under_load(edge: VectorStore, news: News, seconds: float) -> dict[str, Any]:
    """Queries, one every 20 ms, while another thread stores chunks as fast as it can."""
    stop, stored = Event(), [0]

    def write() -> None:
        while not stop.is_set():
            edge.upsert("bench", news.points(stored[0], stored[0] + CALL))
            stored[0] = (stored[0] + CALL) % max(1, len(news.texts) - CALL)

    writer = Thread(target=write)
    began = time.perf_counter()
    writer.start()
    times = []
    while time.perf_counter() - began < seconds:
        times.append(timed(edge, news.query(QUARTER))[0])
        time.sleep(0.02)
    stop.set()
    writer.join()
    return percentiles(times)


def probe(folder: Path) -> dict[str, Any]:
    """In a fresh process: how long opening takes, and what memory and threads the open shard holds."""
    store = EdgeVectors(folder)
    memory, threads = resident_mib(), len(os.listdir("/proc/self/task"))
    began = time.perf_counter()
    count = store.count("bench")
    opened = time.perf_counter() - began
    open_memory = resident_mib()
    query = HybridQuery("storm", np.ones(DIMENSIONS, dtype=np.float32), limit=20)
    for _ in range(20):
        store.query("bench", query)
    found = {
        "points": count,
        "open_seconds": round(opened, 2),
        "opened_mib": round(open_memory - memory),
        "queried_mib": round(resident_mib() - memory),
        "threads": len(os.listdir("/proc/self/task")) - threads,
    }
    store.close()
    return found


def measure(chunks: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Build both, ask both, and put the figures together."""
    news = make_news(chunks)
    edge = EdgeVectors(folder)
    report: dict[str, Any] = {"chunks": chunks, "dimensions": DIMENSIONS}
    report["edge_build"] = build(edge, news, CALL)
    edge.close()
    fresh = subprocess.run(
        [sys.executable, "-m", "bench.search", "--probe", str(folder)], capture_output=True, text=True, check=True
    )
    report["edge_opened_in_a_fresh_process"] = json.loads(fresh.stdout)
    edge = EdgeVectors(folder)
    edge.count("bench")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # local mode advises against more than 20,000 points
        local = ServerVectors(QdrantClient(location=":memory:"))
        report["local_mode_build"] = build(local, news, 1000)
        report["filtered_hybrid"] = compare(edge, local, news, rounds)
    local.close()
    report["edge_shapes"] = shapes(edge, news)
    report["edge_filtered_hybrid_while_storing"] = under_load(edge, news, seconds=5)
    edge.close()
    return report


def main() -> int:
    """Run, print and save; 1 when below the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.probe:
        print(json.dumps(probe(options.probe)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        report = measure(options.chunks, options.rounds, Path(folder))
    ratio = report["filtered_hybrid"]["ratio_p50"]
    return record("search", "filtered hybrid query, local mode's median / Qdrant Edge's", ratio, TARGET, report)


if __name__ == "__main__":
    sys.exit(main())

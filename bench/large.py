"""A library of 100,000 documents: does ingest keep its pace, search its speed, and a restart its seconds?

    python -m bench.large [--documents 100000] [--pages 200]

Two libraries of four chunks per document, one a hundredth of the other. On each a real `tidings up` with the real model:
first the same number of news pages nobody has seen goes through the whole pipeline, then searches are sent on a fixed
schedule. The figure is the pace of the large library to that of the small one. On the large one the search's p95 and the
time from the start of the command to the first result of a search have targets of their own.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from bench.common import Target, percentiles, questions, record
from bench.interference import Feeder, searches
from bench.library import Library, make_library
from bench.server import serve
from services.ingest.submit import submit

TARGET = Target(0.8)
P95_MS, RESTART_SECONDS = 50.0, 10.0
SMALLER = 100
RATE, SEARCH_SECONDS = 5.0, 20.0
WARM_PAGES, WARM_SEARCHES = 16, 20


def pace(feeder: Feeder, pages: int) -> float:
    """Documents a second, from the first submitted to the last searchable."""
    before, began = feeder.ready(), time.perf_counter()
    for _ in range(pages):
        submit(feeder.scope, feeder.page(next(feeder.numbers)), queue="ingest")
    while feeder.waiting():
        time.sleep(0.1)
    taken = time.perf_counter() - began
    ready = feeder.ready() - before
    if ready != pages:
        raise SystemExit(f"{pages - ready} of {pages} documents did not become ready")
    return pages / taken


def restart(library: Library) -> float:
    """Seconds from the start of the command to the first result of a search."""
    began = time.perf_counter()
    with (
        serve(Path(library.folder), until="answers") as server,
        httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {library.api_key}"}, timeout=60) as http,
    ):
        found = http.get("/v1/search", params={"q": questions(1)[0]}).raise_for_status().json()
        if not found["data"]:
            raise SystemExit("a search after the restart found nothing")
        return time.perf_counter() - began


def folder_mib(folder: Path) -> int:
    """What it takes on disk, without the model, which lies elsewhere; blocks, as files of the index have holes."""
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*") if "models" not in file.parts) >> 20


def measure(folder: Path, documents: int, pages: int) -> dict[str, Any]:
    """One library."""
    library = make_library(folder, documents)
    texts = itertools.cycle(questions(200))
    with serve(folder) as server:
        feeder = Feeder(library)
        pace(feeder, WARM_PAGES)
        documents_per_second = pace(feeder, pages)
        feeder.runtime.close()
        searches(server.url, library.api_key, texts, WARM_SEARCHES / RATE, RATE)
        times = searches(server.url, library.api_key, texts, SEARCH_SECONDS, RATE)
        memory = server.memory_mib()
    return {
        "documents": documents,
        "chunks": library.chunks,
        "build_seconds": library.seconds,
        "folder_mib": folder_mib(folder),
        "documents_per_second": round(documents_per_second, 2),
        "search": percentiles(times),
        "memory_mib": memory,
        "restart_seconds": round(restart(library), 2),
    }


def main() -> int:
    """Measure, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as place:
        small = measure(Path(place) / "small", options.documents // SMALLER, options.pages)
        large = measure(Path(place) / "large", options.documents, options.pages)
    also = large["search"]["p95_ms"] <= P95_MS and large["restart_seconds"] <= RESTART_SECONDS
    figure = round(large["documents_per_second"] / small["documents_per_second"], 2)
    what = f"documents/s ingested at {options.documents:,} documents / at {options.documents // SMALLER:,}"
    return record("large", what, figure, TARGET, {"small": small, "large": large}, also=also)


if __name__ == "__main__":
    sys.exit(main())

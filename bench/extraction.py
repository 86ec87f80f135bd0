"""F1 of article extraction, ours beside trafilatura's modes, on labelled pages.

    python -m bench.extraction [--data folder]

The measure is that of scrapinghub/article-extraction-benchmark, see services/ingest/evaluate.py; `tidings eval
extraction` gives it page by page. Times are of one process, parsers warm, metadata and language included for ours.
The figure is our F1 to that of trafilatura's better mode. Fails below TARGET; without the pages it measures nothing and
exits with 2.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bench.common import SHARED, Target, percentiles, record
from services.ingest.evaluate import Scores, evaluate_extraction, labelled_pages
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.settings import Settings

logging.disable(logging.CRITICAL)
TARGET = Target(1.002)


def main() -> int:
    """Read the pages in every way, print, record; 1 when the target is missed, 2 without the labelled pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the labelled data")
    folder = parser.parse_args().data / "extraction"
    if not folder.exists():
        print(f"No labelled pages at {folder}; set TIDINGS_SHARED_DATA.")
        return 2
    settings = Settings()
    measured = evaluate_extraction(folder, settings)
    report: dict[str, Any] = {"pages": measured.pages}
    report |= {name: scores.figures() for name, scores in measured.readers.items()}
    sandbox = Sandbox(settings)
    scores, times = in_sandbox(sandbox, folder)
    report["tidings, in the sandbox"] = scores.figures() | percentiles(times)
    report["tiny text through the sandbox"] = overhead(sandbox)
    sandbox.close()
    report["largest_child_mib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    best = max(rival.f1 for name, rival in measured.readers.items() if name.startswith("trafilatura"))
    return record("extraction", "article F1 / trafilatura's better mode", round(scores.f1 / best, 4), TARGET, report)


def in_sandbox(sandbox: Sandbox, folder: Path) -> tuple[Scores, list[float]]:
    """Read all pages as the product does: scores, and milliseconds by the clock."""
    scores, times = Scores(), []
    pages = list(labelled_pages(folder))
    sandbox.extract(RawDocument(pages[0].content), "html")
    for page in pages:
        started = time.perf_counter()
        text = sandbox.extract(RawDocument(page.content, url=page.url), "html").text
        times.append((time.perf_counter() - started) * 1000)
        scores.add(text, str(page.truth["articleBody"]))
    return scores, times


def overhead(sandbox: Sandbox) -> dict[str, float]:
    """What the sandbox costs a document that costs nothing."""
    tiny = RawDocument(b"A short text of a few words.")
    times = []
    for _ in range(90):
        started = time.perf_counter()
        sandbox.extract(tiny, "text")
        times.append((time.perf_counter() - started) * 1000)
    return percentiles(times)


if __name__ == "__main__":
    sys.exit(main())

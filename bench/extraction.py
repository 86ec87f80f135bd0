"""F1 of article extraction, ours beside trafilatura's modes, on labelled pages.

    python -m bench.extraction [--data folder]

The measure is that of scrapinghub/article-extraction-benchmark: 4-gram shingles; per page the shares of true, false and
missed ones, summed over pages. Times are of one process, parsers warm, metadata and language included for ours.
The figure is our F1 to that of trafilatura's better mode. Fails below TARGET; without the pages it measures nothing and
exits with 2.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import trafilatura

from bench.common import SHARED, Target, percentiles, record
from services.ingest.extract import extract
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.settings import Settings

logging.disable(logging.CRITICAL)
TARGET = Target(1.0)
Reader = Callable[[bytes, str | None], str]


def main() -> int:
    """Read the pages in every way, print, record; 1 when the target is missed, 2 without the labelled pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the labelled data")
    folder = parser.parse_args().data / "extraction"
    if not folder.exists():
        print(f"No labelled pages at {folder}; set TIDINGS_SHARED_DATA.")
        return 2
    truth = json.loads((folder / "ground-truth.json").read_text())
    pages = {key: gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()) for key in truth}
    settings = Settings()
    sandbox = Sandbox(settings)
    readers: dict[str, Reader] = {
        "trafilatura standard": partial(plain, include_comments=False),
        "trafilatura precision": partial(plain, include_comments=False, favor_precision=True),
        "ours, in this process": lambda content, url: extract(RawDocument(content, url=url), "html", settings).text,
        "ours, in the sandbox": lambda content, url: sandbox.extract(RawDocument(content, url=url), "html").text,
    }
    report: dict[str, Any] = {"pages": len(pages)}
    for name, reader in readers.items():
        measure(reader, dict(list(pages.items())[:3]), truth)
        report[name] = measure(reader, pages, truth)
    report["tiny text through the sandbox"] = overhead(sandbox)
    sandbox.close()
    report["largest_child_mib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    best = max(report[name]["f1"] for name in readers if name.startswith("trafilatura"))
    figure = round(report["ours, in the sandbox"]["f1"] / best, 4)
    return record("extraction", "article F1 / trafilatura's better mode", figure, TARGET, report)


def plain(content: bytes, url: str | None, **options: bool) -> str:
    """Trafilatura alone."""
    return trafilatura.extract(content, url=url, **options) or ""


def measure(reader: Reader, pages: dict[str, bytes], truth: dict[str, dict[str, str]]) -> dict[str, float]:
    """Read all pages: precision, recall, F1 and times."""
    true = false = missed = 0.0
    times = []
    for key, content in pages.items():
        started = time.perf_counter()
        text = reader(content, truth[key].get("url"))
        times.append((time.perf_counter() - started) * 1000)
        found, expected = shingles(text), shingles(truth[key]["articleBody"])
        parts = (expected & found).total(), (found - expected).total(), (expected - found).total()
        share = 1 / sum(parts)
        true, false, missed = true + parts[0] * share, false + parts[1] * share, missed + parts[2] * share
    precision, recall = true / (true + false), true / (true + missed)
    scores = {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}
    return {name: round(value, 4) for name, value in scores.items()} | percentiles(times)


def overhead(sandbox: Sandbox) -> dict[str, float]:
    """What the sandbox costs a document that costs nothing."""
    tiny = RawDocument(b"A short text of a few words.")
    times = []
    for _ in range(90):
        started = time.perf_counter()
        sandbox.extract(tiny, "text")
        times.append((time.perf_counter() - started) * 1000)
    return percentiles(times)


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """The 4-grams of words, at least one."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)))


if __name__ == "__main__":
    sys.exit(main())

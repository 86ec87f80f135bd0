"""F1 of article extraction, ours beside trafilatura's modes: `python bench/extraction.py [folder of the evaluation data]`.

The measure is that of scrapinghub/article-extraction-benchmark: 4-gram shingles; per page the shares of true, false and
missed ones, summed over pages. Times are of one process, parsers warm, metadata and language included for ours.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import trafilatura

from services.ingest.extract import extract
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.settings import Settings

logging.disable(logging.CRITICAL)
Reader = Callable[[bytes, str | None], str]


def main() -> None:
    """Print one line per way of reading, and what the sandbox adds."""
    folder = (
        Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TIDINGS_SHARED_DATA", "../shared/data"))
        / "extraction"
    )
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
    for name, reader in readers.items():
        measure("", reader, dict(list(pages.items())[:3]), truth)
        measure(name, reader, pages, truth)
    overhead(sandbox)
    sandbox.close()
    print(f"largest child: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB resident")


def plain(content: bytes, url: str | None, **options: bool) -> str:
    """Trafilatura alone."""
    return trafilatura.extract(content, url=url, **options) or ""


def measure(name: str, reader: Reader, pages: dict[str, bytes], truth: dict[str, dict[str, str]]) -> None:
    """Read all pages and print precision, recall, F1 and times; quietly without a name."""
    true = false = missed = 0.0
    times = []
    for key, content in pages.items():
        started = time.perf_counter()
        text = reader(content, truth[key].get("url"))
        times.append(time.perf_counter() - started)
        found, expected = shingles(text), shingles(truth[key]["articleBody"])
        parts = (expected & found).total(), (found - expected).total(), (expected - found).total()
        share = 1 / sum(parts)
        true, false, missed = true + parts[0] * share, false + parts[1] * share, missed + parts[2] * share
    times.sort()
    if name:
        precision, recall = true / (true + false), true / (true + missed)
        print(
            f"{name:24} precision {precision:.4f} recall {recall:.4f} F1 {2 * precision * recall / (precision + recall):.4f}  "
            f"ms: median {times[len(times) // 2] * 1000:.1f} p95 {times[len(times) * 95 // 100] * 1000:.1f}"
        )


def overhead(sandbox: Sandbox) -> None:
    """What the sandbox costs a document that costs nothing."""
    tiny = RawDocument(b"A short text of a few words.")
    times = []
    for _ in range(90):
        started = time.perf_counter()
        sandbox.extract(tiny, "text")
        times.append(time.perf_counter() - started)
    times.sort()
    print(f"a tiny text through the sandbox: median {times[45] * 1000:.2f} ms, p95 {times[85] * 1000:.2f} ms")


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """The 4-grams of words, at least one."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)))


if __name__ == "__main__":
    main()

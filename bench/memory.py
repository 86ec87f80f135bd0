"""Resident memory of one server with the real model, after it has really worked.

    python -m bench.memory [--uploads 100] [--searches 100] [--answers 100]

A `tidings up` on an empty library: uploads as files over HTTP until all are ready, then searches and answers. VmRSS
from /proc, of the server after each step; its children (the parser's sandbox) are counted apart, since they end after a
minute without work. Mapped files count as far as they are resident. The figure is the largest of the server's. Fails
when it is above TARGET.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from bench.common import Target, passages, questions, record
from bench.library import Library, make_library
from bench.server import Server, serve

TARGET = Target(550, at_most=True)
SETTLE_SECONDS = 300


def upload(http: httpx2.Client, count: int) -> None:
    """Send pages of some hundred words and wait until all are ready."""
    texts = passages()[0]
    chance = random.Random(3)
    for number in range(count):
        parts = "".join(f"<p>{text}</p>" for text in chance.sample(texts, 3))
        page = f"<html lang=en><head><title>Report {number}</title></head><body><article><h1>Report {number}</h1>{parts}</article>"
        http.post("/v1/documents", files={"file": (f"{number}.html", page.encode(), "text/html")}).raise_for_status()
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        counts = http.get("/v1/system/status").json()["documents"]
        if counts["failed"]:
            raise SystemExit(f"{counts['failed']} uploads failed")
        if not counts["working"]:
            return
        time.sleep(0.3)
    raise SystemExit("the uploads did not become ready in time")


def measure(server: Server, library: Library, options: argparse.Namespace) -> dict[str, Any]:
    """Memory after each step."""
    steps = {"started": server.memory_mib()}
    headers = {"Authorization": f"Bearer {library.api_key}"}
    texts = iter(questions(options.searches + options.answers))
    with httpx2.Client(base_url=server.url, headers=headers, timeout=120) as http:
        upload(http, options.uploads)
        steps["after_uploads"] = server.memory_mib()
        for _ in range(options.searches):
            http.get("/v1/search", params={"q": next(texts)}).raise_for_status()
        steps["after_searches"] = server.memory_mib()
        for _ in range(options.answers):
            http.post("/v1/answers", json={"question": next(texts), "stream": False}).raise_for_status()
        steps["after_answers"] = server.memory_mib()
    return steps


def main() -> int:
    """Measure, print, record; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("uploads", "searches", "answers"):
        parser.add_argument(f"--{name}", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = make_library(Path(folder) / "data", 1)
        with serve(Path(library.folder)) as server:
            steps = measure(server, library, options)
    largest = max(step["server"] for step in steps.values())
    report = {"steps_mib": steps, "uploads": options.uploads, "searches": options.searches, "answers": options.answers}
    return record("memory", "server VmRSS, MiB", largest, TARGET, report)


if __name__ == "__main__":
    sys.exit(main())

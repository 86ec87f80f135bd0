"""How much one tenant's searches slow down while another floods the server: p95 during the flood to p95 alone.

    python -m bench.neighbour [--documents 2000] [--rounds 5] [--seconds 8]

One `tidings up` with the real model and the limits as they come. The victim searches on a fixed schedule. The flooding
tenant searches, asks and uploads over as many connections as fast as it is answered, refusals too. Rounds with and without
the flood take turns; the figure is the median over the rounds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx2

from bench.common import ROOT, Target, percentiles, questions, record
from bench.interference import searches
from bench.library import make_library
from bench.server import serve

TARGET = Target(2.0, at_most=True)
CONNECTIONS = 8
RATE = 5.0
USUAL_LIMIT = "600"


@contextmanager
def flood(url: str, key: str, statuses: Counter[int]) -> Iterator[None]:
    """Ask and upload without pause inside the block, in a process of its own, and count the answers by status."""
    command = [sys.executable, "-m", "bench.neighbour", "--flood", url, key]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        told, _ = process.communicate()
        statuses.update({int(status): count for status, count in json.loads(told).items()})


def flood_until_told(url: str, key: str) -> Counter[int]:
    """The flood itself, until the standard input is closed."""
    stop, statuses = Event(), Counter[int]()
    texts = itertools.cycle(questions(600)[::-1])

    def ask(number: int) -> None:
        with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
            while not stop.is_set():
                text = next(texts)
                if number % 4 == 0:
                    answer = http.post("/v1/documents", json={"text": f"{text} " * 60, "title": text[:60]})
                elif number % 4 == 1:
                    answer = http.post("/v1/answers", json={"question": text})
                else:
                    answer = http.get("/v1/search", params={"q": text})
                statuses[answer.status_code] += 1

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for number in range(CONNECTIONS):
            pool.submit(ask, number)
        sys.stdin.read()
        stop.set()
    return statuses


def key_of_another(folder: str) -> str:
    """An API key of a second tenant, made by the operator's command."""
    command = [sys.executable, "-m", "cli.main"]
    environment = {"TIDINGS_DATA_DIR": folder, "PATH": "/usr/bin:/bin"}
    subprocess.run([*command, "tenant", "add", "Flood"], cwd=ROOT, env=environment, check=True, capture_output=True)
    made = subprocess.run(
        [*command, "--json", "key", "add", "flood", "--tenant", "Flood", "--scope", "write"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return str(json.loads(made.stdout)["key"])


def measure(url: str, victim: str, flooder: str, rounds: int, seconds: float) -> dict[str, Any]:
    """With and without the flood, in turns."""
    mine = itertools.cycle(questions(600))
    searches(url, victim, mine, 2, RATE)
    alone, flooded, ratios = [], [], []
    statuses: Counter[int] = Counter()
    for _ in range(rounds):
        quiet = searches(url, victim, mine, seconds, RATE)
        with flood(url, flooder, statuses):
            time.sleep(2.0)
            loud = searches(url, victim, mine, seconds, RATE)
        ratios.append(percentiles(loud)["p95_ms"] / percentiles(quiet)["p95_ms"])
        alone += quiet
        flooded += loud
        time.sleep(2.0)
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(each, 2) for each in ratios],
        "alone": percentiles(alone),
        "flooded": percentiles(flooded),
        "answers_to_the_flood": {str(status): count for status, count in sorted(statuses.items())},
    }


def main() -> int:
    """Measure, print, record; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--flood", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood:
        print(json.dumps(flood_until_told(*options.flood)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        library = make_library(Path(folder) / "data", options.documents)
        with serve(Path(library.folder), TIDINGS_REQUESTS_PER_MINUTE=USUAL_LIMIT) as server:
            flooder = key_of_another(library.folder)
            report = measure(server.url, library.api_key, flooder, options.rounds, options.seconds)
    ratio = report.pop("ratio")
    return record("neighbour", "a tenant's search p95 while another floods / alone", ratio, TARGET, report)


if __name__ == "__main__":
    sys.exit(main())

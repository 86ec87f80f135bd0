"""What the gateway adds: to a search over embedding and engine, and to a request over a bare FastAPI route.

    python -m bench.gateway [--documents 5000] [--rounds 3]

Search: p95 of `GET /v1/search` (text, highlights, facets, folding, live rows) over that of embedding the query and asking
the engine for as many hits, in a process of its own over the same library and other queries. Throughput: requests per
second of an authenticated GET that reads nothing and of a document by id, over those of a bare `def` route under the
same uvicorn, in turns, by a client on raw sockets. Stream: time until an answer's sources arrive, beside that of a search.
The figure is the search ratio; each other one has its own target.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from bench.common import ROOT, Target, percentiles, questions, record
from bench.library import Library, make_library
from bench.server import serve

TARGET = Target(1.5, at_most=True)
TRIVIAL_TARGET, DOCUMENT_TARGET, FIRST_EVENT_MS = 0.5, 0.2, 20.0
SEARCHES = 60
HITS = 20
CONNECTIONS = 4
SECONDS = 3.0
BARE_PORT = 18951
BARE = f"""
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def bare() -> dict[str, list[int]]:
    return {{"data": []}}
uvicorn.run(app, port={BARE_PORT}, log_level="critical", access_log=False)
"""


def raw(folder: Path, tenant_id: str, texts: list[str]) -> list[float]:
    """Milliseconds of embedding each query and asking the engine."""
    from services.engines.embedder import Lane
    from services.engines.vectors.base import HybridQuery
    from services.runtime import open_runtime
    from services.settings import Settings

    runtime = open_runtime(Settings(data_dir=folder), with_bell=False)
    if not runtime.embedder.wait(300):
        raise SystemExit(runtime.embedder.detail)
    times = []
    for text in texts:
        began = time.perf_counter()
        [vector] = runtime.embedder.embed([text], lane=Lane.QUERY)
        runtime.vectors.query(f"{tenant_id}-g1", HybridQuery(text, vector, HITS, language="en"))
        times.append((time.perf_counter() - began) * 1000)
    runtime.close()
    return times[SEARCHES // 6 :]


def raw_in_a_process(library: Library, start: int) -> list[float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "bench.gateway", "--raw", library.folder, library.tenant_id, str(start)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def searched(http: httpx2.Client, texts: list[str]) -> list[float]:
    """Milliseconds of each search over HTTP."""
    times = []
    for text in texts:
        began = time.perf_counter()
        http.get("/v1/search", params={"q": text, "limit": HITS}).raise_for_status()
        times.append((time.perf_counter() - began) * 1000)
    return times[SEARCHES // 6 :]


def first_events(http: httpx2.Client, texts: list[str]) -> list[float]:
    """Milliseconds until an answer's sources are there."""
    times = []
    for text in texts:
        began = time.perf_counter()
        with http.stream("POST", "/v1/answers", json={"question": text, "stream": True}) as response:
            arrived = [time.perf_counter() for line in response.iter_lines() if line.startswith("event: sources")]
        times.append((arrived[0] - began) * 1000)
    return times


def throughput(url: str, path: str, key: str, seconds: float = SECONDS) -> float:
    """Requests per second over a few connections that never pause."""
    address = urlsplit(url)
    request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    end = time.perf_counter() + seconds

    def ask() -> int:
        count = 0
        with socket.create_connection((address.hostname, address.port)) as connection:
            stream = connection.makefile("rb")
            while time.perf_counter() < end:
                connection.sendall(request)
                status, length = stream.readline(), 0
                if not status.startswith(b"HTTP/1.1 200"):
                    raise SystemExit(f"{path}: {status!r}")
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                stream.read(length)
                count += 1
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(lambda _: ask(), range(CONNECTIONS))) / seconds


def measure(library: Library, rounds: int) -> dict[str, Any]:
    """Everything, in turns."""
    texts = questions(SEARCHES * (rounds + 2))
    engine = [raw_in_a_process(library, 0)]
    bare = subprocess.Popen([sys.executable, "-c", BARE])
    rates: dict[str, list[float]] = {"bare": [], "trivial": [], "document": []}
    over_http, events = [], []
    try:
        with serve(Path(library.folder)) as server:
            headers = {"Authorization": f"Bearer {library.api_key}"}
            with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http:
                document = http.get("/v1/documents", params={"limit": 1}).json()["data"][0]["id"]
                for number in range(rounds):
                    over_http.append(searched(http, texts[number * SEARCHES :][:SEARCHES]))
                    rates["bare"].append(throughput(f"http://127.0.0.1:{BARE_PORT}", "/", library.api_key))
                    rates["trivial"].append(throughput(server.url, "/v1/sessions", library.api_key))
                    rates["document"].append(throughput(server.url, f"/v1/documents/{document}", library.api_key))
                events = first_events(http, texts[rounds * SEARCHES :][:SEARCHES])
                again = searched(http, texts[(rounds + 1) * SEARCHES :][:SEARCHES])
    finally:
        bare.kill()
        bare.wait()
    engine.append(raw_in_a_process(library, SEARCHES))
    engine_p95 = statistics.median(percentiles(times)["p95_ms"] for times in engine)
    http_p95 = statistics.median(percentiles(times)["p95_ms"] for times in over_http)
    per_second = {name: round(statistics.median(each)) for name, each in rates.items()}
    return {
        "ratio": round(http_p95 / engine_p95, 2),
        "engine_p95_ms": engine_p95,
        "gateway_p95_ms": http_p95,
        "engine": percentiles([time for times in engine for time in times]),
        "gateway": percentiles([time for times in over_http for time in times]),
        "requests_per_second": per_second,
        "trivial": round(per_second["trivial"] / per_second["bare"], 2),
        "document": round(per_second["document"] / per_second["bare"], 2),
        "first_event_ms": round(statistics.median(events), 1),
        "search_ms": round(statistics.median(again), 1),
    }


def main() -> int:
    """Measure, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--raw", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.raw:
        folder, tenant_id, start = options.raw
        print(json.dumps(raw(Path(folder), tenant_id, questions(SEARCHES * 5)[int(start) :][:SEARCHES])))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        report = measure(make_library(Path(folder) / "data", options.documents), options.rounds)
    also = (
        report["trivial"] >= TRIVIAL_TARGET
        and report["document"] >= DOCUMENT_TARGET
        and report["first_event_ms"] <= report["search_ms"] + FIRST_EVENT_MS
    )
    ratio = report.pop("ratio")
    return record("gateway", "search p95, gateway / embed and engine", ratio, TARGET, report, also=also)


if __name__ == "__main__":
    sys.exit(main())

"""One machine at rest: memory of the whole process tree, idle processor time, and how soon a warm start finds something.

    python -m bench.rest [--seconds 60]

A `tidings up` on an empty folder loads the demo pack. So many seconds after its last document is ready the resident
memory of the server and of each child is read (VmRSS: pages that two share count twice), then processor time over as
long again without a request. Then it is stopped and started once more: time from the start of the command to the first
result of a search. The figure is the tree's memory; the server alone, idle time and warm start have targets of their own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil

from bench.common import Target, record
from bench.library import make_library
from bench.server import serve

TARGET = Target(700, at_most=True)
SERVER_MIB, IDLE_SHARE, WARM_SECONDS = 550, 0.01, 3.0
LOAD_SECONDS = 300


def load_demo(http: httpx2.Client) -> None:
    """Put the demo pack in and wait for its last document."""
    http.post("/v1/demo").raise_for_status()
    deadline = time.monotonic() + LOAD_SECONDS
    while time.monotonic() < deadline:
        counts = http.get("/v1/system/status").json()["documents"]
        if counts["failed"]:
            raise SystemExit(f"{counts['failed']} documents of the demo failed")
        if counts["ready"] > 1 and not counts["working"]:
            return
        time.sleep(0.5)
    raise SystemExit("the demo did not become ready in time")


def living(process: psutil.Process) -> list[psutil.Process]:
    """Its children that have not ended; a parser that left for want of work stays in the list until the next one starts."""
    children = process.children(recursive=True)
    return [each for each in children if each.status() != psutil.STATUS_ZOMBIE]


def tree(process: psutil.Process) -> dict[str, int]:
    """Resident MiB of the server and of its children, by what they are."""
    sizes = {"server": process.memory_info().rss >> 20}
    for child in living(process):
        sizes[f"{' '.join(child.cmdline()[1:4])} ({child.pid})"] = child.memory_info().rss >> 20
    return sizes


def processor_seconds(process: psutil.Process) -> float:
    """Of the server and its children that live."""
    times = [each.cpu_times() for each in (process, *living(process))]
    return sum(each.user + each.system for each in times)


def measure(seconds: int) -> dict[str, Any]:
    """Everything, on a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        library = make_library(Path(folder) / "data", 1)
        data = Path(library.folder)
        headers = {"Authorization": f"Bearer {library.api_key}"}
        with serve(data) as server, httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http:
            load_demo(http)
            process = psutil.Process(server.process_id)
            time.sleep(seconds)
            sizes = tree(process)
            before = processor_seconds(process)
            time.sleep(seconds)
            idle = (processor_seconds(process) - before) / seconds
        began = time.perf_counter()
        with (
            serve(data, until="answers") as server,
            httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http,
        ):
            found = http.get("/v1/search", params={"q": "harbour"}).raise_for_status().json()
            warm = time.perf_counter() - began
    return {
        "tree_mib": sum(sizes.values()),
        "server_mib": sizes["server"],
        "processes_mib": sizes,
        "idle_share_of_a_core": round(idle, 4),
        "warm_start_seconds": round(warm, 2),
        "warm_hits": len(found["data"]),
        "warm_mode": found["mode"],
    }


def main() -> int:
    """Measure, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    report = measure(options.seconds)
    also = (
        report["server_mib"] <= SERVER_MIB
        and report["idle_share_of_a_core"] <= IDLE_SHARE
        and report["warm_start_seconds"] <= WARM_SECONDS
        and report["warm_hits"] > 0
    )
    return record("rest", "whole process tree at rest, MiB", report.pop("tree_mib"), TARGET, report, also=also)


if __name__ == "__main__":
    sys.exit(main())

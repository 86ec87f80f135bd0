"""PostgreSQL crashes and comes back under uploads and ingest: everything acknowledged is ready in the end, once."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from services.tenants.tenants import list_tenants
from tests.chaos.oracle import Expected, violations
from tests.postgres import Cluster, own_cluster, server_programs
from tests.require import need
from tests.stack import Stack, settled

CRASHES = 5
CLIENTS = 2
PAUSE_SECONDS = 0.2
SECONDS = 60

pytestmark = pytest.mark.skipif(os.environ.get("TIDINGS_CHAOS_ALL") != "1", reason="`make chaos` runs it")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    need(server_programs() is not None, "PostgreSQL is not installed here; install it, so that a test may crash one")
    with own_cluster() as running:
        yield running


@pytest.fixture
def stack(tmp_path: Path, cluster: Cluster) -> Iterator[Stack]:
    stack = Stack(tmp_path / "stack", server=cluster.url, job_attempts="10", job_lease_seconds="4")
    try:
        yield stack.start()
    finally:
        stack.close()


def text_of(word: str) -> str:
    return "\n\n".join(f"{word} report, part {part}: the harbour handled {part} containers." for part in range(1, 30))


def upload_until(stop: threading.Event, http: httpx2.Client, name: str, words: list[str], seen: Counter[int]) -> None:
    """Upload one text after the other, each again until it is taken."""
    while not stop.is_set():
        word = f"{name}x{len(words)}"
        body = {"text": text_of(word), "title": f"Report {word}"}
        while (status := http.post("/v1/documents", json=body).status_code) not in (200, 202):
            seen[status] += 1
            time.sleep(0.1)
        words.append(word)
        stop.wait(PAUSE_SECONDS)


def test_crashed_under_uploads_and_ingest_everything_acknowledged_is_ready_once(stack: Stack, cluster: Cluster) -> None:
    chance = random.Random(int(os.environ.get("TIDINGS_TEST_SEED", "5")))
    words: list[list[str]] = [[] for _ in range(CLIENTS)]
    refused: Counter[int] = Counter()
    stop = threading.Event()
    with stack.client(stack.make_key()) as http:
        clients = [
            threading.Thread(target=upload_until, args=(stop, http, f"canary{number}", words[number], refused))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for _ in range(CRASHES):
            time.sleep(chance.uniform(0.5, 2.0))
            cluster.stop("immediate")
            time.sleep(chance.uniform(0.0, 0.5))
            cluster.start()
        time.sleep(0.5)
        stop.set()
        for client in clients:
            client.join(SECONDS)
        everything = [word for each in words for word in each]
        found = settled(http, len(everything), seconds=SECONDS)
    assert {each["status"] for each in found} == {"ready"}
    assert set(refused) == {503}, "the crashes met no request, or one was answered in another way"
    assert [name for name, process in stack.processes.items() if process.poll() is not None] == []
    runtime = stack.open_runtime()
    (tenant,) = list_tenants(runtime)
    wrong = violations(runtime, {tenant.id: Expected(tuple(everything))}, litter=refused.total())
    runtime.close()
    assert wrong == []

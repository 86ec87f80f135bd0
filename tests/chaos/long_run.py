"""A long random run: `python -m tests.chaos.long_run --seconds 300 --seed 1`, or `make chaos SECONDS=300`.

Three tenants' clients upload, replace, delete, search and crawl a site of their own, while our processes and the servers
are killed at random, PostgreSQL too, and the network before them gets slow or is cut. Every acknowledged operation is in a
history; the oracle compares it with what is there at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select

from services.models import CrawlItem, Job
from services.runtime import Runtime
from services.scope import Scope
from services.sources.sources import NewSource, add_source
from services.tenants.keys import create_key
from tests.chaos.clients import Client, Tenant, make_site
from tests.chaos.oracle import violations
from tests.chaos.proxied import ProxiedStack
from tests.chaos.proxy import FINE, Trouble
from tests.crawler.site import Site
from tests.factories import make_scope
from tests.postgres import Cluster, own_cluster

TENANTS = 3
# Who is killed how often: workers most, the engines now and then; and how often the network before a server is bad.
VICTIMS = {"ingest": 8, "crawl": 4, "maintenance": 3, "beat": 2, "gateway": 3}
ENGINES = {"redis": 2, "qdrant": 3, "postgres": 2}
TROUBLES = {
    "latency": Trouble(latency=0.05),
    "slow": Trouble(bytes_per_second=50_000),
    "cut": Trouble(cut_after=20_000),
}
PAUSE_SECONDS, TROUBLE_SECONDS, AWAY_SECONDS = (1.0, 5.0), (1.0, 3.0), (0.0, 2.0)
SETTLE_SECONDS = 240.0


class Killer:
    """Kills or disturbs something now and then, and mends it again."""

    def __init__(self, stack: ProxiedStack, cluster: Cluster, seed: int) -> None:
        self.stack, self.chance, self.counts = stack, random.Random(seed), Counter[str]()
        # How each engine dies and comes back.
        self.engines: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "redis": (stack.redis.kill, stack.redis.start),
            "qdrant": (stack.qdrant.kill, stack.qdrant.start),
            "postgres": (lambda: cluster.stop("immediate"), cluster.start),
        }

    def run(self, seconds: float) -> None:
        """For this long."""
        weights = {**VICTIMS, **ENGINES, **dict.fromkeys(TROUBLES, 2)}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(self.chance.uniform(*PAUSE_SECONDS), max(0.0, end - time.monotonic())))
            name = self.chance.choices(list(weights), list(weights.values()))[0]
            if name in TROUBLES:
                self.disturb(name, self.chance.choice(list(ENGINES)))
            else:
                self.kill(name)
            self.start_what_ended()

    def kill(self, name: str) -> None:
        """One of ours, or a server."""
        die, come_back = self.engines.get(name, (lambda: self.stack.kill(name), lambda: self.stack.start_process(name)))
        self.counts[f"kill {name}"] += 1
        die()
        time.sleep(self.chance.uniform(*AWAY_SECONDS))
        come_back()

    def disturb(self, trouble: str, engine: str) -> None:
        """Make the network before a server bad for a while."""
        self.counts[f"{trouble} {engine}"] += 1
        self.stack.proxies[engine].set(TROUBLES[trouble])
        time.sleep(self.chance.uniform(*TROUBLE_SECONDS))
        self.stack.proxies[engine].set(FINE)

    def start_what_ended(self) -> None:
        """What the supervisor does: a process that ended by itself is started again."""
        for name, process in list(self.stack.processes.items()):
            if process.poll() is not None:
                self.counts[f"ended {name}"] += 1
                self.stack.start_process(name)


def make_tenants(stack: ProxiedStack, sites: list[Site]) -> list[Tenant]:
    """A tenant with a writing key and a source for each site."""
    runtime = stack.open_runtime()
    tenants = []
    for number, site in enumerate(sites):
        scope = make_scope(runtime, f"tenant {number}")
        source, _ = add_source(scope, NewSource(url=f"{site.url}/feed", kind="feed"))
        tenants.append(Tenant(scope.tenant_id, create_key(scope, name="chaos", access="write")[1], source.id, site))
    runtime.close()
    return tenants


def wait_until_quiet(runtime: Runtime) -> None:
    """Until no job is open; at most SETTLE_SECONDS, and then the oracle says which are."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with runtime.session(write=False) as (session, _):
            if not session.scalars(select(Job.id).where(Job.status.in_(("queued", "running"))).limit(1)).all():
                return
        time.sleep(0.5)


def judge(stack: ProxiedStack, clients: list[Client]) -> list[str]:
    """What the oracle and the histories say."""
    runtime = stack.open_runtime()
    # First what was going on: a visit that runs is not begun again by asking for one.
    wait_until_quiet(runtime)
    for client in clients:
        client.repeat()
    wait_until_quiet(runtime)
    expected = {client.tenant.tenant_id: client.expected() for client in clients}
    # Each upload that was not acknowledged may leave a blob, and so may each page that was fetched again.
    unsure = sum(n for client in clients for name, n in client.counts.items() if name.endswith(("unanswered", "503")))
    found = violations(runtime, expected, litter=unsure + sum(len(client.pages()) for client in clients))
    found += [wrong for client in clients for wrong in (*client.wrong, *unvisited(runtime, client))]
    runtime.close()
    return found


def unvisited(runtime: Runtime, client: Client) -> Iterator[str]:
    """Pages that the feed showed and the source does not know; how those it knows ended is the oracle's."""
    with Scope(runtime, client.tenant.tenant_id, "oracle").read() as tx:
        known = set(tx.session.scalars(tx.select_columns(CrawlItem, CrawlItem.url)))
    for path in client.pages():
        if client.tenant.site.url + path not in known:
            yield f"{path} of {client.tenant.site.url} was never visited"


def run(seconds: float, seed: int, folder: Path) -> int:
    """The whole run; returns how many violations there are."""
    with ExitStack() as kept:
        sites = [make_site() for _ in range(TENANTS)]
        for site in sites:
            kept.callback(site.close)
        cluster = kept.enter_context(own_cluster())
        stack = ProxiedStack(
            folder / "stack",
            server=cluster.url,
            # Documents that die with their worker at each of ten tries fail, visibly, by design; the oracle allows that.
            job_attempts="10",
            job_lease_seconds="3",
            fetch_private_hosts=json.dumps([site.host for site in sites]),
            contact="https://news.example.org/crawler",
            crawl_delay_seconds="0.2",
        )
        kept.callback(stack.close)
        stack.start()
        clients = [
            Client(number, stack.url, tenant, folder / f"history{number}.jsonl", seed + number)
            for number, tenant in enumerate(make_tenants(stack, sites))
        ]
        stop = threading.Event()
        threads = [threading.Thread(target=client.run, args=(stop,)) for client in clients]
        for thread in threads:
            thread.start()
        killer = Killer(stack, cluster, seed)
        killer.run(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        killer.start_what_ended()
        stack.wait_until_it_answers()
        found = judge(stack, clients)
    total: Counter[str] = sum((client.counts for client in clients), Counter())
    say(f"operations: {total.total()} {dict(sorted(total.items()))}")
    say(f"kills and troubles: {killer.counts.total()} {dict(sorted(killer.counts.items()))}")
    there = sum(len(client.live) + len(client.shown) + len(client.pages()) for client in clients)
    say(f"acknowledged and there: {there}; artefacts: {folder}")
    say(f"seed {seed}: {len(found)} violations")
    for wrong in found:
        say(f"  {wrong}")
    if found:
        say(f"again: {os.path.basename(sys.executable)} -m tests.chaos.long_run --seconds {seconds:g} --seed {seed}")
    return len(found)


def say(line: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run; the exit code is 1 when something is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    say(f"seed {given.seed}")
    folder = Path(tempfile.mkdtemp(prefix="tidings-chaos-"))
    sys.exit(1 if run(given.seconds, given.seed, folder) else 0)


if __name__ == "__main__":
    main()

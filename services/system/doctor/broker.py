"""Redis and the queue: that nothing is thrown away, that a message comes back, and that somebody takes work."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from services.engines.facts.broker import round_trip
from services.engines.facts.redis import RedisFacts, redis_facts
from services.engines.queue import transport_options
from services.errors import EngineUnavailable
from services.models.base import utc_now
from services.settings import Settings
from services.system import repository
from services.system.doctor.finding import Examination, Finding, fail, ok, warn

LEAST_REDIS = (6, 2)
SKEW_SECONDS = 2.0
FULL_SHARE = 0.9
WAITING_SECONDS = 120.0
LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})


def broker(on: Examination) -> Iterator[Finding]:
    """The server behind TIDINGS_BROKER_URL."""
    url = on.settings.resolved_broker_url
    if not url.startswith(("redis:", "rediss:")):
        yield ok("broker", "in this process" if url.startswith("memory") else url.partition(":")[0])
        return
    try:
        facts = redis_facts(url)
    except EngineUnavailable as error:
        yield fail("broker", error.detail, "Start Redis, or correct TIDINGS_BROKER_URL.")
        return
    shown = f"Redis {'.'.join(map(str, facts.version))}"
    if facts.role != "master":
        yield fail("broker", f"{shown}, a replica", "Point TIDINGS_BROKER_URL at the primary.")
    elif facts.loading:
        yield warn("broker", f"{shown}, still loading its data", "Wait until it has loaded: redis-cli INFO persistence")
    elif facts.version < LEAST_REDIS:
        yield warn("broker", shown, f"Upgrade Redis to {'.'.join(map(str, LEAST_REDIS))} or newer.")
    else:
        yield ok("broker", shown)
    yield from keeping(facts)
    yield from around(facts, on.settings, url)


def keeping(facts: RedisFacts) -> Iterator[Finding]:
    """Memory and disk: what is thrown away when either is full, and what a restart costs."""
    policy = f"maxmemory-policy is {facts.policy}"
    if facts.policy != "noeviction":
        yield fail(
            "broker memory",
            f"{policy}: Redis throws messages and rate limits away when it is full",
            "redis-cli CONFIG SET maxmemory-policy noeviction && redis-cli CONFIG REWRITE",
        )
    elif facts.max_memory and facts.used_memory > FULL_SHARE * facts.max_memory:
        share = f"{facts.used_memory / facts.max_memory:.0%} of maxmemory used"
        yield warn("broker memory", share, f"redis-cli CONFIG SET maxmemory {2 * facts.max_memory}")
    else:
        yield ok("broker memory", policy)
    if not (facts.log_ok and facts.snapshot_ok):
        kind = "snapshot" if facts.log_ok else "append-only file"
        yield fail(
            "broker persistence",
            f"the last write of the {kind} failed; Redis may refuse writes",
            "redis-cli INFO persistence, then free space on Redis's disk and run redis-cli BGSAVE",
        )
    elif not facts.has_log:
        yield warn(
            "broker persistence",
            "appendonly is off: a restart forgets rate limits and what was rung (the clock rings again)",
            "redis-cli CONFIG SET appendonly yes && redis-cli CONFIG REWRITE",
        )
    else:
        yield ok("broker persistence", "append-only file")


def around(facts: RedisFacts, settings: Settings, url: str) -> Iterator[Finding]:
    """Clock, password, and when a message that nobody acknowledged is given again."""
    skew = f"{abs(facts.skew_seconds):.1f} s apart from this machine"
    if abs(facts.skew_seconds) > SKEW_SECONDS:
        yield warn("broker clock", skew, "timedatectl set-ntp true (on both machines)")
    else:
        yield ok("broker clock", skew)
    if not facts.asks_password and (urlsplit(url).hostname or "") not in LOCAL:
        yield warn("broker password", "anybody who reaches Redis may use it", "redis-cli CONFIG SET requirepass ...")
    visible = transport_options(url).get("visibility_timeout", 0)
    longest = settings.crawl_batch_seconds + settings.job_lease_seconds
    if visible < longest:
        yield warn(
            "broker redelivery",
            f"after {visible} s, while a crawl may take {longest} s",
            f"TIDINGS_CRAWL_BATCH_SECONDS={max(1, visible - settings.job_lease_seconds)}",
        )
    else:
        yield ok("broker redelivery", f"after {visible} s")


def queue_round_trip(on: Examination) -> Iterator[Finding]:
    """A message of its own, through a queue of its own."""
    try:
        seconds = round_trip(on.settings.resolved_broker_url)
    except EngineUnavailable as error:
        yield fail(
            "queue", error.detail, "Mend the broker first; if it is well, see its log and `redis-cli INFO clients`."
        )
    else:
        yield ok("queue", f"a message came back in {seconds * 1000:.0f} ms")


def waiting_work(on: Examination) -> Iterator[Finding]:
    """Whether somebody takes what is due, by queue; the rows tell."""
    if not on.has_tables():
        yield ok("work", "no tables yet")
        return
    with on.runtime.session(write=False) as (session, _):
        ages = repository.oldest_due_seconds(session, utc_now())
    late = {queue: seconds for queue, seconds in ages.items() if seconds > WAITING_SECONDS}
    for queue, seconds in late.items():
        detail = f"the oldest job of {queue} has waited for {seconds / 60:.0f} minutes"
        yield warn("work", detail, f"Start a worker for the queue {queue}, or more of them.")
    if not late:
        yield ok("work", "nothing waits for long")

"""Kill points: named moments of the product at which a fault strikes. Nothing in the product knows of them.

    python -m tests.chaos.points --point ready-commit-after --hit 2 --action kill --marker FILE -- worker ingest

wraps one function of the product, then runs the command. On its n-th call the fault strikes, once: FILE is made at
that moment, and where it exists already (a second process of the same run) nothing is wrapped.
"""

from __future__ import annotations

import argparse
import errno
import functools
import importlib
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

ACTIONS = ("kill", "exception", "stall", "duplicate", "down", "full", "ahead", "back")
# How far the wall clock jumps, seconds.
STEPS = {"ahead": 3600.0, "back": -3600.0}
COMMIT = "sqlalchemy.orm:Session.commit"
PIPELINE = "services.ingest.pipeline"
PAGES = "services.sources.pages"
UPLOADS = "services.uploads.uploads"
# How long the fault of a second worker is waited for: inside a transaction it cannot go on before we do.
OTHER_WORKER_SECONDS, BLOCKED_SECONDS = 60.0, 0.5
# The wrapper's own switch, so that what the fault itself calls is not struck again.
LOST_LEASES = threading.Event()


@dataclass(frozen=True)
class Point:
    """A moment: before or after a call of `target`, within a call of `inside` if given.

    `scenario`: what reaches it (tests/chaos/life.py). `locked`: a write transaction is open then. `linger`: a function
    that first takes a second, so that side threads get their turn.
    """

    target: str
    when: str = "before"
    inside: str | None = None
    scenario: str = "life"
    locked: bool = False
    linger: str | None = None


def before(target: str, **more: Any) -> Point:
    """The moment before a call."""
    return Point(target, "before", **more)


def after(target: str, **more: Any) -> Point:
    """The moment after a call."""
    return Point(target, "after", **more)


def sqlite_full() -> Exception:
    """What SQLite raises when its disk is full."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
    return error


# The writes, and what each raises when the disk is full.
WRITES: dict[str, Callable[[], Exception]] = {
    COMMIT: lambda: OperationalError("COMMIT", {}, sqlite_full()),
    "services.engines.blobs:sync_folder": lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "services.engines.vectors.edge:flush_when_due": lambda: Exception(
        "Service internal error: No space left on device"
    ),
    "services.engines.vector_cache:used_bytes": sqlite_full,
}
SUBMIT, INDEX, PURGE = "services.ingest.submit:submit", f"{PIPELINE}:index_one", f"{PIPELINE}:purge_documents"
POINTS: dict[str, Point] = {
    # The door
    "blob-sync-before": before("services.engines.blobs:sync_folder"),
    "blob-put-after": after("services.engines.blobs:FolderBlobs.put"),
    "upload-commit-before": before(COMMIT, inside=SUBMIT, locked=True),
    "upload-commit-after": after(COMMIT, inside=SUBMIT),
    "obsolete-blob-before": before("services.engines.blobs:FolderBlobs.delete", inside=SUBMIT),
    # Ingest
    "claim-commit-before": before(COMMIT, inside="services.jobs.claim:claim", locked=True),
    "claim-commit-after": after(COMMIT, inside="services.jobs.claim:claim"),
    "begin-after": after(f"{PIPELINE}:begin"),
    "extract-before": before(f"{PIPELINE}:extract_one"),
    "extract-after": after(f"{PIPELINE}:extract_one"),
    "chunk-after": after(f"{PIPELINE}:chunk_one"),
    "embed-slice-before": before("services.engines.fakes:HashEmbedder.embed"),
    "embed-slice-after": after("services.engines.vector_cache:VectorCache.put_many"),
    "cache-write": before("services.engines.vector_cache:used_bytes", locked=True),
    "upsert-write": before("services.engines.vectors.edge:flush_when_due"),
    "upsert-before": before("services.engines.vectors.edge:EdgeVectors.upsert"),
    "upsert-after": after("services.engines.vectors.edge:EdgeVectors.upsert"),
    "old-version-removed-after": after(
        "services.engines.vectors.edge:EdgeVectors.delete_documents", inside=f"{PIPELINE}:keep"
    ),
    "count-check-after": after("services.engines.vectors.edge:EdgeVectors.count", inside=f"{PIPELINE}:keep"),
    "fold-after": after(f"{PIPELINE}:fold", locked=True),
    "ready-commit-before": before(COMMIT, inside=INDEX, locked=True),
    "ready-commit-after": after(COMMIT, inside=INDEX),
    "lease-renewal-before": before("services.jobs.repository:extend_leases", linger=f"{PIPELINE}:chunk_one"),
    # A long document: each part is recorded like a document of its own
    "part-upsert-after": after("services.engines.vectors.edge:EdgeVectors.upsert", scenario="book"),
    "part-record-after": after("services.ingest.parts.record:record_part", scenario="book", locked=True),
    "part-commit-before": before(COMMIT, inside=INDEX, scenario="book", locked=True),
    "part-commit-after": after(COMMIT, inside=INDEX, scenario="book"),
    "next-part-read-after": after("services.ingest.parts.bookmarks:joined", scenario="book"),
    "last-part-count-after": after("services.ingest.parts.record:holds_all", scenario="book"),
    "last-part-commit-after": after("services.ingest.parts.record:record_ready", scenario="book", locked=True),
    # An upload in parts
    "announce-commit-after": after(COMMIT, inside=f"{UPLOADS}:begin", scenario="book"),
    "segment-put-after": after("services.engines.blobs:FolderBlobs.put", inside=f"{UPLOADS}:append", scenario="book"),
    "segment-commit-before": before(COMMIT, inside=f"{UPLOADS}:append", scenario="book", locked=True),
    "segment-commit-after": after(COMMIT, inside=f"{UPLOADS}:append", scenario="book"),
    "finish-before": before(f"{UPLOADS}:finish", scenario="book"),
    "finish-submit-after": after(SUBMIT, inside=f"{UPLOADS}:finish", scenario="book"),
    "finish-row-before": before(
        "services.uploads.repository:find", inside=f"{UPLOADS}:finish", scenario="book", locked=True
    ),
    "finish-segments-before": before(f"{UPLOADS}:remove_parts", scenario="book"),
    # Deletion
    "tombstone-commit-before": before(COMMIT, inside="services.ingest.documents:delete_document", locked=True),
    "tombstone-commit-after": after(COMMIT, inside="services.ingest.documents:delete_document"),
    "purge-vectors-after": after(f"{PIPELINE}:remove", inside=PURGE),
    "purge-cache-after": after("services.engines.vector_cache:VectorCache.forget", inside=PURGE),
    "purge-blob-after": after("services.engines.blobs:FolderBlobs.delete", inside=PURGE),
    "purge-rows-before": before("services.ingest.repository:remove", inside=PURGE, locked=True),
    "purge-commit-before": before(COMMIT, inside=PURGE, locked=True),
    "purge-commit-after": after(COMMIT, inside=PURGE),
    # Crawl: the clock and the worker, then inside the crawl process
    "due-commit-before": before(COMMIT, inside="services.sources.jobs:enqueue_due", scenario="crawl", locked=True),
    "due-commit-after": after(COMMIT, inside="services.sources.jobs:enqueue_due", scenario="crawl"),
    "tick-before": before("services.jobs.repository:waiting_queues", scenario="crawl"),
    "crawl-claim-after": after("services.jobs.claim:claim", scenario="crawl"),
    "crawl-settle-before": before(COMMIT, inside="services.sources.jobs:_settle", scenario="crawl", locked=True),
    "poll-commit-after": after(COMMIT, inside="services.sources.crawl:record_poll", scenario="crawler"),
    "page-claim-after": after(f"{PAGES}:claim", scenario="crawler"),
    "page-fetch-before": before("crawler.answers:answer_of", scenario="crawler"),
    "page-submit-before": before(f"{PAGES}:submit", scenario="crawler"),
    "page-submit-after": after(f"{PAGES}:submit", scenario="crawler"),
    "page-end-before": before(f"{PAGES}:_end", scenario="crawler", locked=True),
    "page-end-after": after(COMMIT, inside=f"{PAGES}:finish_page", scenario="crawler"),
    "visit-end-before": before("services.sources.crawl:finish_visit", scenario="crawler"),
}


def find(target: str) -> tuple[Any, str, Callable[..., Any]]:
    """Owner, name and function of `module:name` or `module:Class.name`. Raises LookupError when the code has none."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    try:
        owner = functools.reduce(getattr, owners, importlib.import_module(module))
        return owner, name, getattr(owner, name)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"{target} is no longer in the code: mend tests/chaos/points.py") from error


def targets(point: Point) -> list[str]:
    """Every name of the product that a point needs."""
    return [name for name in (point.target, point.inside, point.linger) if name is not None]


def arm(point: Point, hit: int, action: str, marker: Path) -> None:
    """Wrap the point's function so that the fault strikes on its n-th call."""
    owner, name, original = find(point.target)
    within = find(point.inside)[2].__code__ if point.inside else None
    calls, guard = 0, threading.Lock()

    def strikes() -> bool:
        nonlocal calls
        if within is not None and within not in code_below():
            return False
        with guard:
            calls += 1
            return calls == hit and take(marker)

    @functools.wraps(original)
    def wrapper(*given: Any, **named: Any) -> Any:
        if point.when == "before":
            if strikes():
                strike(action, point)
            return original(*given, **named)
        result = original(*given, **named)
        if strikes():
            strike(action, point)
        return result

    replace_everywhere(owner, name, original, wrapper)
    if point.linger is not None:
        linger(point.linger)


def replace_everywhere(owner: Any, name: str, original: Callable[..., Any], wrapper: Callable[..., Any]) -> None:
    """Replace a function where it is defined and in every module that imported it by name."""
    setattr(owner, name, wrapper)
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").split(".")[0] in {"services", "worker", "crawler", "cli", "api"}:
            for known, value in list(vars(module).items()):
                if value is original:
                    setattr(module, known, wrapper)


def linger(target: str) -> None:
    """Let a function take a second the first time."""
    owner, name, original = find(target)
    rest = iter([1.0])

    @functools.wraps(original)
    def slow(*given: Any, **named: Any) -> Any:
        threading.Event().wait(next(rest, 0.0))
        return original(*given, **named)

    replace_everywhere(owner, name, original, slow)


def code_below() -> Iterator[Any]:
    """The code of all callers on this thread's stack, unwrapped functions too."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back  # type: ignore[assignment]


def take(marker: Path) -> bool:
    """Whether this process is the one in which the fault strikes: it makes the marker."""
    try:
        marker.open("x").close()
    except FileExistsError:
        return False
    return True


def strike(action: str, point: Point) -> None:
    """Do the fault, at this moment on this thread."""
    from services.errors import EngineUnavailable

    if action == "kill":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    elif action == "exception":
        raise RuntimeError("a fault of tests/chaos")
    elif action == "down":
        raise EngineUnavailable("a fault of tests/chaos: the engine is away")
    elif action == "full":
        raise WRITES[point.target]()
    elif action in STEPS:
        step_clock(STEPS[action])
    else:
        # The turn to write is given on only some moments after the commit.
        other_worker(locked=point.locked or point.target == COMMIT, lease_lost=action == "stall")


def step_clock(seconds: float) -> None:
    """Let the wall clock of this process jump, for good: `utc_now`, whoever imported it, reads it in one module."""
    from services.models import base

    class Stepped(datetime):
        step_seconds = seconds

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    base.datetime = Stepped  # type: ignore[misc]


def other_worker(*, locked: bool, lease_lost: bool) -> None:
    """Another worker at this moment: rung again, or taking over as after a stall past the lease."""
    from services.handlers import HANDLERS
    from services.jobs.claim import work
    from services.jobs.tick import take_back

    runtime = RUNTIMES[-1]

    def run() -> None:
        if lease_lost:
            take_back(runtime)
        for queue in ("interactive", "ingest", "maintenance"):
            work(runtime, queue, HANDLERS)

    thread = threading.Thread(target=run, name="other worker", daemon=True)
    thread.start()
    OTHERS.append(thread)
    thread.join(BLOCKED_SECONDS if locked else OTHER_WORKER_SECONDS)


# The runtimes of this process, and the second workers that were started in it.
RUNTIMES: list[Any] = []
OTHERS: list[threading.Thread] = []


def note_runtimes() -> None:
    """Remember each runtime that is opened, for faults that need one."""
    from services.runtime import Runtime

    original = Runtime.__init__

    @functools.wraps(original)
    def noting(self: Any, *given: Any, **named: Any) -> None:
        original(self, *given, **named)
        RUNTIMES.append(self)

    Runtime.__init__ = noting  # type: ignore[method-assign]


@contextmanager
def faults(name: str, hit: int, action: str, marker: Path) -> Iterator[None]:
    """Arm a point for what runs inside; second workers are waited for at the end."""
    note_runtimes()
    if not marker.exists():
        arm(POINTS[name], hit, action, marker)
    yield
    for thread in OTHERS:
        thread.join(OTHER_WORKER_SECONDS)


def main() -> None:
    """Arm, then run a `tidings` command, `crawler`, or a scenario of tests/chaos/life.py."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--point", required=True, choices=POINTS)
    parser.add_argument("--hit", type=int, default=1)
    parser.add_argument("--action", choices=ACTIONS, default="kill")
    parser.add_argument("--marker", type=Path, required=True)
    parser.add_argument("--clock", type=float, default=0.0, help="seconds by which the clock was stepped before")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    scenarios = dict.fromkeys(("life", "book", "crawl"), "tests.chaos.life")
    program = {"crawler": "crawler.__main__", **scenarios}
    module = importlib.import_module(program.get(given.command[0], "cli.main"))
    if given.clock:
        step_clock(given.clock)
    sys.argv = ["tidings", *given.command]
    with faults(given.point, given.hit, given.action, given.marker):
        module.main()


if __name__ == "__main__":
    main()

"""Parser processes that outlive the runtimes of single tests.

Starting one takes 0.6 s of processor time, more than most tests that read a document. They are made to read one document
after another, of any tenant, so a test gets the one that an earlier test left. Where a test is about the process itself
(tests/services/ingest/extract) each has its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import pytest

from services.ingest.extract import sandbox
from services.ingest.extract.sandbox import Sandbox

MOST_KEPT = 3
CLOSE, READY_CHILD = Sandbox.close, Sandbox._ready_child


class Kept:
    """The children that wait for the next sandbox with the same limits."""

    def __init__(self) -> None:
        self.children: dict[str, list[sandbox._Child]] = defaultdict(list)
        self.lock = Lock()

    def of(self, one: Sandbox) -> list[sandbox._Child]:
        """Those that this sandbox may use."""
        return self.children[json.dumps([one._command, one._limits], sort_keys=True)]

    def leave(self, one: Sandbox) -> None:
        """Close a sandbox, and keep its child; one in the middle of a document is ended, as always."""
        if one._lock.acquire(blocking=False):
            child = one._child
            with self.lock:
                if child is not None and child.isolation and not child.is_gone() and len(self.of(one)) < MOST_KEPT:
                    self.of(one).append(child)
                    one._child = None
            one._lock.release()
        CLOSE(one)

    def take(self, one: Sandbox) -> sandbox._Child:
        """The child of a sandbox: its own, one that was kept, or a new one."""
        with self.lock:
            while one._child is None and not one._closed and self.of(one):
                child = self.of(one).pop()
                if child.is_gone():
                    child.end()
                else:
                    one._child = child
        return READY_CHILD(one)

    def end(self) -> None:
        """End all that wait."""
        for child in [child for children in self.children.values() for child in children]:
            child.end()


@contextmanager
def kept_parsers() -> Iterator[None]:
    """Inside the block a sandbox that closes leaves its child to the next one."""
    kept = Kept()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sandbox, "close", lambda self: kept.leave(self))
        patch.setattr(Sandbox, "_ready_child", lambda self: kept.take(self))
        yield
    kept.end()

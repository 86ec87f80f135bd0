"""What a server that runs keeps for good is left out of Python's garbage collection, and what it frees goes back.

A full collection looks at every object there is, and nothing else runs meanwhile: with the 300,000 objects of a server
that has answered a few requests that took 250 to 350 ms, every ten seconds or so (two busy cores).

glibc gives threads a pool of free memory each, 16 on two cores, and returns to the system the less the more a program uses. One
pool and a fixed rule keep 21 to 25 MiB less after a hundred uploads, searches and answers (bench/memory.py); sentences are
embedded as fast (ADR 31).
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

# So many objects that outlived a full collection stay: modules, models, compiled statements. Those of requests under way
# are far fewer. What is kept is still freed when nothing refers to it; only circles among it are not.
KEPT_OBJECTS = 20_000
# Of mallopt(3), and the values.
M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8
TRIM_BYTES, ARENAS = 128 * 1024, 1


@contextmanager
def uncollected() -> Iterator[None]:
    """For the imports of a start: what they make stays, and looking at it again and again takes a tenth of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keep_what_lasts() -> None:
    """Keep everything there is, and what joins it in the time to come."""
    if keep_survivors not in gc.callbacks:
        gc.callbacks.append(keep_survivors)
    gc.freeze()


def keep_survivors(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    """After a full collection, keep what it left when that is much. Called by Python."""
    if phase == "stop" and info["generation"] == 2 and len(gc.get_objects()) > KEPT_OBJECTS:
        gc.freeze()


def give_memory_back() -> None:
    """Have the C library keep less of what is freed, for this process from now on. Nothing where it is not glibc."""
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, ARENAS)
        library.mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)

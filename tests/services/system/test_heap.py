"""What lasts is left out of garbage collection, and garbage is still collected; threads share one pool of free memory."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from services.system.heap import give_memory_back

SCRIPT = """
import gc, weakref
from services.system.heap import KEPT_OBJECTS, keep_what_lasts

class Node:
    pass

gc.collect()
keep_what_lasts()
kept = gc.get_freeze_count()
assert kept and len(gc.get_objects()) < 1000

lasting = [[number] for number in range(2 * KEPT_OBJECTS)]
gc.collect()
assert gc.get_freeze_count() > kept + len(lasting) and len(gc.get_objects()) < 1000

one = Node()
one.itself = one
gone = weakref.ref(one)
few = [[number] for number in range(KEPT_OBJECTS // 2)]
kept = gc.get_freeze_count()
del one
gc.collect()
assert gone() is None and gc.get_freeze_count() == kept
"""


def test_what_lasts_is_kept_and_garbage_is_not() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


POOLS = """
import ctypes, sys, threading
from services.system.heap import give_memory_back

if sys.argv[1] == "one":
    give_memory_back()
all_in = threading.Barrier(8)

def fill():
    held = bytearray(10_000)
    all_in.wait()

threads = [threading.Thread(target=fill) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="the C library is not glibc")
def test_threads_share_one_pool_of_memory() -> None:
    pools = {}
    for wanted in ("one", "many"):
        done = subprocess.run(
            [sys.executable, "-c", POOLS, wanted], capture_output=True, text=True, timeout=60, check=True
        )
        pools[wanted] = done.stderr.count("Arena")
    assert pools["one"] == 1 < pools["many"]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_memory_back()

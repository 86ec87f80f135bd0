"""What lasts is left out of garbage collection, and garbage is still collected."""

from __future__ import annotations

import subprocess
import sys

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

"""What a server that runs keeps for good is left out of Python's garbage collection.

A full collection looks at every object there is, and nothing else runs meanwhile: with the 300,000 objects of a server
that has answered a few requests that took 250 to 350 ms, every ten seconds or so (two busy cores).
"""

from __future__ import annotations

import gc
from typing import Literal

# So many objects that outlived a full collection stay: modules, models, compiled statements. Those of requests under way
# are far fewer. What is kept is still freed when nothing refers to it; only circles among it are not.
KEPT_OBJECTS = 20_000


def keep_what_lasts() -> None:
    """Keep everything there is, and what joins it in the time to come."""
    if keep_survivors not in gc.callbacks:
        gc.callbacks.append(keep_survivors)
    gc.freeze()


def keep_survivors(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    """After a full collection, keep what it left when that is much. Called by Python."""
    if phase == "stop" and info["generation"] == 2 and len(gc.get_objects()) > KEPT_OBJECTS:
        gc.freeze()

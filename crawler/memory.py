"""How much memory a crawl process may take: past the soft limit it ends in order, the hard one the system enforces."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

# Sixteen pages of the largest size in flight, inflated beside their compressed bytes, and Python with its libraries.
SOFT_MIB = 768
# Address space: threads and libraries reserve far more than they use.
HARD_MIB = 6144
STATM = Path("/proc/self/statm")


def limit_memory() -> None:
    """Bound the address space where the system can."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (HARD_MIB * 2**20, HARD_MIB * 2**20))


def is_too_much() -> bool:
    """Whether the process holds more than the soft limit now. Linux only; elsewhere never."""
    try:
        pages = int(STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return False
    return pages * resource.getpagesize() > SOFT_MIB * 2**20

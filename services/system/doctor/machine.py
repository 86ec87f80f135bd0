"""This machine: interpreter, processor, clock, limits."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from services.system.doctor.finding import Examination, Finding, fail, ok, warn

# One per open stream, connection and index file. An embedded server alone stays below the usual 1024.
LEAST_FILES = {"embedded": 1024, "distributed": 4096}


def python(_on: Examination) -> Iterator[Finding]:
    """The interpreter's version."""
    yield ok("python", ".".join(map(str, sys.version_info[:3])))


def processor(_on: Examination) -> Iterator[Finding]:
    """Cores, and the instructions that make embedding fast."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fast = [name for name in ("amx_int8", "avx512_bf16", "avx512_vnni", "avx_vnni", "avx512f", "avx2") if name in flags]
    yield ok("processor", f"{os.cpu_count()} cores, {fast[0] if fast else 'no AVX found'}")


def clock(_on: Examination) -> Iterator[Finding]:
    """A clock that is plainly wrong breaks sessions and leases."""
    now = datetime.now(UTC)
    if now.year < 2026:
        yield fail("clock", now.isoformat(), "timedatectl set-ntp true")
    else:
        yield ok("clock", now.isoformat(timespec="seconds"))


def open_files(on: Examination) -> Iterator[Finding]:
    """How many files and connections a process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = LEAST_FILES[on.settings.profile]
    if soft != resource.RLIM_INFINITY and soft < least:
        yield warn("open files", f"{soft} at most, {least} are needed under load", "ulimit -n 65536")
    else:
        yield ok("open files", "no limit" if soft == resource.RLIM_INFINITY else f"{soft} at most")

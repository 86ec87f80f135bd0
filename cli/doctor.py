"""Checks of this machine and installation, each with what to do about it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.service import running_url
from services.engines.embedder import EmbedderState
from services.errors import TidingsError
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.runtime import open_runtime
from services.settings import Settings

GIB = 2**30


@dataclass(frozen=True)
class Finding:
    """One check: `state` is ok, warn or fail; `fix` says what to do, empty when nothing is."""

    name: str
    state: str
    detail: str
    fix: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run all checks; a check that breaks is a finding itself."""
    findings = []
    for check in CHECKS:
        try:
            findings.append(check(settings))
        except (OSError, TidingsError, RuntimeError) as error:
            findings.append(
                Finding(
                    check.__name__.replace("_", " "), "fail", str(error), "Mend this, then run `tidings doctor` again."
                )
            )
    return findings


def python(_settings: Settings) -> Finding:
    """The interpreter's version."""
    return Finding("python", "ok", ".".join(map(str, sys.version_info[:3])))


def processor(_settings: Settings) -> Finding:
    """Cores, and the instructions that make embedding fast."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fast = [name for name in ("avx512_bf16", "amx_bf16", "avx512f", "avx2") if name in flags]
    return Finding("processor", "ok", f"{os.cpu_count()} cores, {fast[0] if fast else 'no AVX found'}")


def data_folder(settings: Settings) -> Finding:
    """Whether the data folder can be written, is private, and has room."""
    folder = settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"x" * 4096)
    probe.unlink()
    free = shutil.disk_usage(folder).free
    where = f"{folder.resolve()}, {free / GIB:.1f} GiB free"
    if free < GIB:
        return Finding("data folder", "warn", where, "Free some space: below 1 GiB uploads may be refused soon.")
    if folder.stat().st_mode & 0o077:
        return Finding("data folder", "warn", f"{where}, readable by others", f"chmod 700 {folder}")
    return Finding("data folder", "ok", where)


def clock(_settings: Settings) -> Finding:
    """A clock that is plainly wrong breaks sessions and leases."""
    now = datetime.now(UTC)
    if now.year < 2026:
        return Finding("clock", "fail", now.isoformat(), "Set the system's clock.")
    return Finding("clock", "ok", now.isoformat(timespec="seconds"))


def database(settings: Settings) -> Finding:
    """Whether the database opens."""
    runtime = open_runtime(settings, with_bell=False)
    try:
        with runtime.database.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    finally:
        runtime.close()
    kind = runtime.database.dialect.name
    return Finding("database", "ok", f"{kind} {sqlite3.sqlite_version}" if kind == "sqlite" else kind)


def server(settings: Settings) -> Finding:
    """Whether a server runs on this folder."""
    url = running_url(settings)
    if url is None:
        return Finding("server", "warn", "not running", "Start it with `make run` or `tidings up`.")
    return Finding("server", "ok", url)


def parser(settings: Settings) -> Finding:
    """Whether the parser's child process works, and how it is kept off the network."""
    sandbox = Sandbox(settings)
    try:
        sandbox.extract(RawDocument(b"Doctor checks the parser with this text.", filename="doctor.txt"), "text")
        return Finding("parser", "ok", f"works; network inside: {sandbox.isolation}")
    finally:
        sandbox.close()


def model(settings: Settings) -> Finding:
    """Whether the embedding model loads and gives the vectors it gave when it was made."""
    runtime = open_runtime(settings, with_bell=False)
    try:
        started = time.perf_counter()
        runtime.embedder.start()
        ready = runtime.embedder.wait(180)
        took = time.perf_counter() - started
        if ready and runtime.embedder.state is EmbedderState.READY:
            return Finding("embedding model", "ok", f"{runtime.embedder.name}, loaded in {took:.1f} s")
        missing = importlib.util.find_spec("sentence_transformers") is None
        fix = (
            "pip install 'tidings[models]'"
            if missing
            else "Check TIDINGS_EMBEDDER_MODEL, then delete the `models` folder in the data folder."
        )
        return Finding("embedding model", "fail", runtime.embedder.detail, fix)
    finally:
        runtime.close()


def contact(settings: Settings) -> Finding:
    """Whether site owners can reach whoever crawls; foreign sites are not crawled without."""
    if not settings.contact.strip():
        fix = "Set TIDINGS_CONTACT to a web page or e-mail address of yours before you crawl sites of others."
        return Finding("contact", "warn", "not set: foreign sites are not crawled", fix)
    return Finding("contact", "ok", settings.contact)


def interface(_settings: Settings) -> Finding:
    """Whether the web pages are built."""
    index = Path(__file__).parent.parent / "frontend" / "dist" / "index.html"
    if not index.exists():
        return Finding("web pages", "warn", "not built", "Run `make ui`.")
    return Finding("web pages", "ok", "built")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    python,
    processor,
    clock,
    data_folder,
    database,
    parser,
    model,
    interface,
    contact,
    server,
)

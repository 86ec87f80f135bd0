"""Checks of an installation, each with what to do about it. A further check is one generator and one line in CHECKS.

    for finding in examine(settings): ...

A check looks and never mends. It is given a deadline, because a server that is silent would hold it for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.runtime import open_runtime
from services.settings import Settings
from services.system.doctor.broker import broker, queue_round_trip, waiting_work
from services.system.doctor.database import database
from services.system.doctor.finding import Check, Examination, Finding, run
from services.system.doctor.folder import data_folder, file_system, secret_files
from services.system.doctor.machine import clock, open_files, processor, python
from services.system.doctor.models import contact, embedder, model_server, parser
from services.system.doctor.vectors import vectors, vectors_and_rows

__all__ = ["CHECKS", "Check", "Examination", "Finding", "examine"]

MODEL_SECONDS = 200.0

CHECKS: tuple[Check, ...] = (
    Check("python", python),
    Check("processor", processor),
    Check("clock", clock),
    Check("open files", open_files),
    Check("data folder", data_folder),
    Check("file system", file_system),
    Check("secrets", secret_files),
    Check("database", database),
    Check("broker", broker),
    Check("queue", queue_round_trip),
    Check("work", waiting_work),
    Check("vectors", vectors),
    Check("vectors and rows", vectors_and_rows, seconds=60.0),
    Check("parser", parser, seconds=60.0),
    Check("embedding model", embedder, seconds=MODEL_SECONDS),
    Check("model server", model_server, seconds=60.0),
    Check("contact", contact),
)


def examine(settings: Settings, *, server_url: str | None = None, more: Sequence[Check] = ()) -> Iterator[Finding]:
    """Run all checks in order. `server_url`: the server that runs on this data folder; its files are left alone."""
    runtime = open_runtime(settings, with_bell=False)
    try:
        on = Examination(settings, runtime, server_url)
        for check in (*CHECKS, *more):
            yield from run(check, on)
    finally:
        runtime.close()

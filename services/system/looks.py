"""One look per part. Each returns its state and one sentence; `off` for a part that this installation does not have.

A further part is one function and one line in LOOKS.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from services.engines.disk import FULL_BYTES, MIB
from services.engines.embedder import EmbedderState
from services.engines.queue import is_in_process
from services.errors import TidingsError
from services.models.base import utc_now
from services.runtime import Runtime
from services.system import repository

State = Literal["ready", "warming", "degraded", "down", "off"]
Finding = tuple[State, str]

LOW_DISK_BYTES = 1024 * MIB
# A job that could have run for so long was not picked up: the worker is away or far behind.
STUCK_AFTER = timedelta(minutes=2)
# A collection that no tenant can have; counting it asks the engine whether it is there.
PROBE_COLLECTION = "health-probe"
NOBODY = "nobody"

EMBEDDER_STATES: Mapping[EmbedderState, State] = {
    EmbedderState.PREPARING: "warming",
    EmbedderState.LOADING: "warming",
    EmbedderState.READY: "ready",
    EmbedderState.FAILED: "degraded",
}


def look_at_database(runtime: Runtime) -> Finding:
    """One statement, as each of the roles that the product works with."""
    try:
        for tenant_id in (None, NOBODY):
            with runtime.session(write=False, tenant_id=tenant_id) as (session, _):
                repository.answers(session)
    except (SQLAlchemyError, TidingsError):
        return "down", "The database does not answer; see the log."
    return "ready", "Answers."


def look_at_vectors(runtime: Runtime) -> Finding:
    """One count, when the index is open; a Qdrant server is always asked."""
    if "vectors" not in runtime.__dict__ and not runtime.settings.qdrant_url:
        return "ready", "Opens with the first document or search."
    try:
        runtime.vectors.count(PROBE_COLLECTION)
    except TidingsError as error:
        return "down", error.detail
    return "ready", "Answers."


def look_at_embedder(runtime: Runtime) -> Finding:
    """Its own word; asking neither waits nor starts it."""
    if "embedder" not in runtime.__dict__:
        return "warming", "The embedding model is not started yet; search works by keyword."
    return EMBEDDER_STATES[runtime.embedder.state], runtime.embedder.detail


def look_at_queue(runtime: Runtime) -> Finding:
    """The job rows are the truth, so they tell whether somebody works on them."""
    try:
        with runtime.session(write=False) as (session, _):
            waiting_since = repository.oldest_waiting_since(session)
    except (SQLAlchemyError, TidingsError):
        return "down", "Jobs are in the database, which does not answer."
    if waiting_since is not None and waiting_since < utc_now() - STUCK_AFTER:
        return "degraded", "Work has been waiting for minutes; check that a worker runs and see its log."
    return "ready", "Work is picked up."


def look_at_broker(runtime: Runtime) -> Finding:
    """One PING. Without the broker jobs are stored and wait: the clock cannot ring either, so nothing is picked up."""
    broker = runtime.settings.resolved_broker_url
    if is_in_process(broker):
        return "ready", "Rings in this process."
    from services.engines.facts.broker import broker_answers

    if not broker_answers(broker):
        return "degraded", "The broker does not answer; new work is stored and waits for it."
    return "ready", "Answers."


def look_at_blobs(runtime: Runtime) -> Finding:
    """Whether the folder of uploaded bytes can be written. It appears with the first document."""
    folder = runtime.settings.data_dir / "blobs"
    if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return "down", "The folder of uploaded files cannot be written; check its owner and permissions."
    return "ready", "Can be written."


def look_at_model(runtime: Runtime) -> Finding:
    """Each model server is asked what it serves. Without any, answers are refused; search goes on."""
    if not runtime.llm.connected:
        return "off", "No language model is connected."
    checked = runtime.llm.check()
    bad = sum(bool(each.problem) for each in checked)
    if not bad:
        return "ready", "Answers." if len(checked) == 1 else f"All {len(checked)} servers answer."
    return "degraded", f"{bad} of {len(checked)} language model servers do not answer; `tidings doctor` says why."


def look_at_disk(runtime: Runtime) -> Finding:
    """Free space of the data folder."""
    try:
        free = shutil.disk_usage(runtime.settings.data_dir).free
    except OSError:
        return "down", "The data folder cannot be read."
    if free < FULL_BYTES:
        return "down", "The data folder's disk is full; nothing can be stored."
    if free < LOW_DISK_BYTES:
        return "degraded", "Less than 1 GiB is free for the data folder."
    return "ready", "Space is free."


LOOKS: Mapping[str, Callable[[Runtime], Finding]] = {
    "database": look_at_database,
    "vectors": look_at_vectors,
    "embedder": look_at_embedder,
    "broker": look_at_broker,
    "queue": look_at_queue,
    "blobs": look_at_blobs,
    "model": look_at_model,
    "disk": look_at_disk,
}

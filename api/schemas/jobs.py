"""Jobs, and what they keep, as the operator sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from api.schemas.common import Moment, Resource
from services.jobs.events import Event
from services.models import Job


class JobStep(Resource):
    """One step of a job. `detail` depends on the stage: counts, mostly."""

    id: int
    at: Moment
    stage: str
    detail: dict[str, Any]


class JobOut(Resource):
    """A job and the steps it told."""

    id: str
    name: str
    status: Literal["queued", "running", "paused", "done", "failed", "cancelled"]
    error_code: str | None
    error_detail: str | None
    created_at: Moment
    finished_at: Moment | None
    steps: list[JobStep]


class SnapshotOut(Resource):
    """A copy of a tenant's index. `size`: bytes. `at`: by the clock of the vector store."""

    name: str
    size: int
    at: Moment


def job_out(job: Job, events: Sequence[Event]) -> JobOut:
    """The row and its events."""
    steps = [JobStep.model_validate(event) for event in events]
    names = ("id", "name", "status", "error_code", "error_detail", "created_at", "finished_at")
    return JobOut(**{name: getattr(job, name) for name in names}, steps=steps)

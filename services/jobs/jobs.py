"""Making jobs. A job is a row in the caller's transaction; its queue rings after the commit."""

from __future__ import annotations

from services.ids import new_id
from services.jobs.events import record
from services.logs import current
from services.models import Job
from services.scope import Tx
from services.traces import trace_parent

# Within a queue, higher goes first.
NORMAL = 0


def enqueue(
    tx: Tx, name: str, subject_id: str, *, queue: str, priority: int = NORMAL, stage: str | None = "received"
) -> Job:
    """Add a job about `subject_id`. It carries that id and no payload: the job may run twice.

    `stage` is its first event, written with it; None is for work that nobody watches. Which request asked for it, or
    asked for the job that this one follows from, goes with it into its log lines.
    """
    job = Job(
        id=new_id("job"),
        queue=queue,
        name=name,
        subject_id=subject_id,
        priority=priority,
        request_id=current("request_id"),
        trace_parent=trace_parent(),
    )
    tx.add(job)
    if stage is not None:
        record(tx, job.id, subject_id, stage)
    tx.ring(queue)
    return job

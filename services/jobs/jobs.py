"""Making jobs. A job is a row in the caller's transaction; its queue rings after the commit."""

from __future__ import annotations

from services.ids import new_id
from services.jobs.events import record
from services.models import Job
from services.scope import Tx

# Within a queue, higher goes first.
NORMAL = 0


def enqueue(
    tx: Tx, name: str, subject_id: str, *, queue: str, priority: int = NORMAL, stage: str | None = "received"
) -> Job:
    """Add a job about `subject_id`. It carries that id and no payload: the job may run twice.

    `stage` is its first event, written with it; None is for work that nobody watches.
    """
    job = Job(id=new_id("job"), queue=queue, name=name, subject_id=subject_id, priority=priority)
    tx.add(job)
    if stage is not None:
        record(tx, job.id, subject_id, stage)
    tx.ring(queue)
    return job

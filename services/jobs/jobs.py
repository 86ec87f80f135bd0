"""Making jobs. A job is a row in the caller's transaction; its queue rings after the commit."""

from __future__ import annotations

from typing import Any

from services.ids import new_id
from services.jobs.events import record
from services.models import Job
from services.scope import Tx

# Within a queue, higher goes first.
NORMAL = 0


def enqueue(
    tx: Tx, name: str, subject_id: str, *, queue: str, priority: int = NORMAL, args: dict[str, Any] | None = None
) -> Job:
    """Add a job about `subject_id`. `args` holds ids and small options, never payloads: the job may run twice.

    The first event, `received`, is written with it.
    """
    job = Job(id=new_id("job"), queue=queue, name=name, subject_id=subject_id, priority=priority, args=args or {})
    tx.add(job)
    record(tx, job.id, subject_id, "received")
    tx.ring(queue)
    return job

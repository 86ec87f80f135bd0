"""Creating something once, however often the request arrives: the records behind the Idempotency-Key header.

After draft-ietf-httpapi-idempotency-key-header-07. A key counts per tenant and credential, for 24 hours. A request that
failed is forgotten, so the same key may be tried again; one whose server died, or whose database was away when it was to
be forgotten, may be tried again after two minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.errors import Conflict, EngineUnavailable, IdempotencyMismatch
from services.ids import new_id
from services.models import IdempotencyRecord
from services.models.base import utc_now
from services.scope import Scope, Tx
from services.tenants import repository

log = structlog.get_logger()

KEPT = timedelta(hours=24)
# Longer than any creating request takes; what is still open then was left by a crash.
LEFTOVER_AFTER = timedelta(seconds=120)
RETRY_SECONDS = 1


@dataclass(frozen=True)
class Begun:
    """This request is the first: run it, then call `finish` or `abandon`."""

    record_id: str


@dataclass(frozen=True)
class Finished:
    """This request was answered before. `response` is None where the answer may not be kept."""

    status: int
    response: str | None


def begin(scope: Scope, key: str, request_digest: str) -> Begun | Finished:
    """Reserve a key for a request, or find its answer.

    Raises: IdempotencyMismatch when the key came with another request; Conflict while the first one is still running.
    """
    # The stored key is an HMAC with the credential in it: nobody can meet, or read, another credential's keys.
    stored_key = scope.runtime.secrets.digest("idempotency", f"{scope.actor_id}\x00{key}")
    new = Begun(new_id("idem"))
    try:
        with scope.write() as tx:
            return reserve(tx, stored_key, request_digest, new)
    except EngineUnavailable:
        # The commit may have happened all the same, and nobody would work under its key.
        abandon(scope, new)
        raise


def reserve(tx: Tx, key: str, request_digest: str, new: Begun) -> Begun | Finished:
    """The decision of `begin`, inside its transaction."""
    now = utc_now()
    repository.forget_records(tx, before=now - KEPT)
    record = repository.find_record(tx, key)
    if record is None:
        tx.add(IdempotencyRecord(id=new.record_id, key=key, request_digest=request_digest, created_at=now))
        tx.session.flush()
        return new
    if record.request_digest != request_digest:
        raise IdempotencyMismatch(
            "This Idempotency-Key was used for another request; make a new key for a new request."
        )
    if record.status is not None:
        return Finished(record.status, record.response)
    if record.created_at < now - LEFTOVER_AFTER and repository.take_over_record(tx, record):
        return Begun(record.id)
    raise Conflict(
        "The first request with this Idempotency-Key is still running; ask again soon.",
        retry_after_seconds=RETRY_SECONDS,
    )


def finish(scope: Scope, begun: Begun, *, status: int, response: str | None) -> None:
    """Keep the answer, for requests that come again. What was done is answered also when that cannot be kept."""
    with tolerating("answer not kept"), scope.write() as tx:
        repository.finish_record(tx, begun.record_id, status=status, response=response)


def abandon(scope: Scope, begun: Begun) -> None:
    """Forget a request that failed; of its error and one of ours, its own is told."""
    with tolerating("request not forgotten"), scope.write() as tx:
        repository.drop_record(tx, begun.record_id)


@contextmanager
def tolerating(event: str) -> Iterator[None]:
    """Leave a record to its time when the database is away just now."""
    try:
        yield
    except EngineUnavailable as error:
        log.warning(event, reason=error.detail)

"""Leases of running jobs outlive a database that is away for a moment."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.errors import EngineUnavailable
from services.handlers import HANDLERS
from services.ingest.submit import submit
from services.jobs import repository
from services.jobs.claim import Batch, Handler, claim, renewing
from services.models import Job
from services.scope import Scope, Tx
from tests.factories import text_document


def test_a_renewal_that_fails_is_tried_again(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(scope, text_document("The harbour was busy."))
    jobs = claim(scope.runtime, "interactive", HANDLERS)
    before = lease_of(scope)
    extend, calls = repository.extend_leases, []

    def fails_once(tx: Tx, held: dict[str, int], until: datetime) -> None:
        calls.append(until)
        if len(calls) == 1:
            raise EngineUnavailable("away for a moment")
        extend(tx, held, until)

    monkeypatch.setattr(repository, "extend_leases", fails_once)
    with renewing(Batch(scope, "interactive", jobs, Handler(run=lambda batch: None))):
        while len(calls) < 3:
            scope.runtime.stopping.wait(0.05)
    assert lease_of(scope) > before


def lease_of(scope: Scope) -> datetime:
    with scope.read() as tx:
        lease = tx.session.scalars(tx.select(Job)).one().lease_until
    assert lease is not None
    return lease

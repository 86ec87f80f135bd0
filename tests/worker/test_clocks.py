"""Several clocks at the same moment: what is due is begun once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.models import Document, Job, Tenant, utc_now
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import make_scope, make_source, store, text_document
from worker.clock import Clock

CLOCKS, TENANTS, SOURCES, ROUNDS = 3, 3, 3, 2


@pytest.fixture
def clocks(runtime: Runtime, settings: Settings) -> Iterator[list[Clock]]:
    """Each in a runtime of its own, as in a process of its own."""
    runtimes = [open_runtime(settings, with_bell=False) for _ in range(CLOCKS)]
    yield [Clock(each) for each in runtimes]
    for each in runtimes:
        each.close()


def make_everything_due(runtime: Runtime, name: str) -> Scope:
    """A tenant with sources to visit, documents whose publisher's time is over, and no reconciliation for two days."""
    scope = make_scope(runtime, name)
    for number in range(SOURCES):
        make_source(scope, url=f"https://news.example.org/{name}/{number}")
        store(scope, text_document(f"The {name} ferry {number} was late."))
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).values(expires_at=utc_now() - timedelta(minutes=1)))
        tx.session.get_one(Tenant, scope.tenant_id).created_at = utc_now() - timedelta(days=2)
    return scope


def strike_together(clocks: list[Clock]) -> None:
    """One round of every clock, begun at the same moment."""
    begin = threading.Barrier(len(clocks))
    failed: list[BaseException] = []

    def beat(clock: Clock) -> None:
        begin.wait(10)
        try:
            clock.beat(0)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=beat, args=(clock,)) for clock in clocks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_clocks_that_strike_together_make_each_job_once(runtime: Runtime, clocks: list[Clock]) -> None:
    scopes = [make_everything_due(runtime, f"tenant {number}") for number in range(TENANTS)]
    for _ in range(ROUNDS):
        strike_together(clocks)
    for scope in scopes:
        with scope.read() as tx:
            jobs = tx.session.scalars(tx.select(Job).where(Job.name.in_(("crawl", "purge", "reconcile")))).all()
        assert Counter(job.name for job in jobs) == {"crawl": SOURCES, "purge": SOURCES, "reconcile": 1}
        assert len({(job.name, job.subject_id) for job in jobs}) == len(jobs)

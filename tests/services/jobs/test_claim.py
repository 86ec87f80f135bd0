"""Claiming, recording, losing and repeating jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import pytest

from services.errors import EngineUnavailable, ParseFailed
from services.jobs import claim
from services.jobs.claim import Batch, Claimed, Handler, LeaseLost, work
from services.jobs.jobs import enqueue
from services.jobs.tick import take_back, tick
from services.models import Job, JobEvent, utc_now
from services.runtime import Runtime
from services.scope import Scope, Tx
from tests.factories import make_scope

FAILED: list[tuple[str, str]] = []


def show_failure(tx: Tx, job: Claimed, code: str, detail: str) -> None:
    FAILED.append((job.subject_id, code))


def handler_of(run: Callable[[Batch], None]) -> dict[str, Handler]:
    FAILED.clear()
    return {"test": Handler(run=run, failed=show_failure)}


def finish_all(batch: Batch) -> None:
    with batch.scope.write() as tx:
        for job in batch.jobs:
            batch.done(tx, job)


def add_jobs(scope: Scope, *subjects: str, queue: str = "ingest", priority: int = 0) -> None:
    with scope.write() as tx:
        for subject in subjects:
            enqueue(tx, "test", subject, queue=queue, priority=priority)


def jobs_of(scope: Scope) -> dict[str, Job]:
    with scope.read() as tx:
        return {job.subject_id: job for job in tx.session.scalars(tx.select(Job))}


def make_due(scope: Scope) -> None:
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job).where(Job.status == "queued")):
            job.run_after = job.created_at


def test_jobs_are_run_in_batches_and_end_done(scope: Scope) -> None:
    sizes: list[int] = []

    def run(batch: Batch) -> None:
        sizes.append(len(batch.jobs))
        finish_all(batch)

    add_jobs(scope, *(f"doc_{number}" for number in range(20)))
    assert work(scope.runtime, "ingest", handler_of(run)) == 20
    assert sizes == [16, 4]
    assert {job.status for job in jobs_of(scope).values()} == {"done"}


def test_tenants_take_turns_and_priority_goes_first(runtime: Runtime) -> None:
    flood, single = make_scope(runtime, "flood"), make_scope(runtime, "single")
    add_jobs(flood, *(f"f{number}" for number in range(40)))
    add_jobs(single, "s0")
    add_jobs(flood, "urgent", priority=5)
    first = claim.claim(runtime, "ingest", handler_of(finish_all))
    assert {"s0", "urgent"} <= {job.subject_id for job in first}


def test_a_tenant_with_many_sources_starves_no_other_crawl(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "CRAWL_BATCH", 4)
    flood, single = make_scope(runtime, "flood"), make_scope(runtime, "single")
    add_jobs(flood, *(f"f{number}" for number in range(120)), queue="crawl")
    add_jobs(single, "s0", queue="crawl")
    taken = [claim.claim(runtime, "crawl", handler_of(finish_all)) for _ in range(25)]
    assert all(len({job.tenant_id for job in jobs}) == 1 for jobs in taken)
    assert "s0" in {job.subject_id for jobs in taken for job in jobs}


def test_poison_fails_visibly_after_its_tries_and_takes_nobody_with_it(scope: Scope) -> None:
    def run(batch: Batch) -> None:
        if any(job.subject_id == "poison" for job in batch.jobs):
            raise RuntimeError("boom")
        finish_all(batch)

    add_jobs(scope, "good1", "poison", "good2")
    handlers = handler_of(run)
    for _ in range(4):
        work(scope.runtime, "ingest", handlers)
        make_due(scope)
    jobs = jobs_of(scope)
    assert {name: job.status for name, job in jobs.items()} == {"good1": "done", "good2": "done", "poison": "failed"}
    assert jobs["poison"].attempts == 3
    assert FAILED == [("poison", "internal_error")]


def test_what_must_succeed_some_day_is_never_given_up(scope: Scope) -> None:
    def run(batch: Batch) -> None:
        raise EngineUnavailable("away")

    add_jobs(scope, "deletion")
    handlers = {"test": Handler(run=run)}
    for _ in range(12):
        work(scope.runtime, "ingest", handlers)
        make_due(scope)
    job = jobs_of(scope)["deletion"]
    assert (job.status, job.attempts) == ("queued", 12)


def test_a_refusal_that_cannot_change_is_not_tried_again(scope: Scope) -> None:
    def run(batch: Batch) -> None:
        for job in batch.jobs:
            batch.fail(job, ParseFailed("encrypted", "Needs a password."))

    add_jobs(scope, "locked")
    work(scope.runtime, "ingest", handler_of(run))
    assert jobs_of(scope)["locked"].attempts == 1
    assert FAILED == [("locked", "encrypted")]


def absent(batch: Batch) -> None:
    raise EngineUnavailable("away")


def test_an_absent_engine_is_waited_for_and_no_try_is_counted(scope: Scope) -> None:
    add_jobs(scope, "waits")
    for _ in range(scope.runtime.settings.job_attempts + 2):
        assert work(scope.runtime, "ingest", handler_of(absent)) == 1
        job = jobs_of(scope)["waits"]
        assert (job.status, job.attempts, job.error_code) == ("queued", 0, "engine_unavailable")
        assert job.run_after > job.created_at
        make_due(scope)
    work(scope.runtime, "ingest", handler_of(finish_all))
    assert jobs_of(scope)["waits"].status == "done"


def test_an_engine_that_is_away_for_a_day_fails_the_document_visibly(scope: Scope) -> None:
    add_jobs(scope, "old")
    handlers = handler_of(absent)
    for _ in range(scope.runtime.settings.job_attempts):
        with scope.write() as tx:
            job = tx.session.scalars(tx.select(Job)).one()
            job.created_at -= claim.PATIENCE
            job.run_after = job.created_at
        work(scope.runtime, "ingest", handlers)
    assert jobs_of(scope)["old"].status == "failed"
    assert FAILED == [("old", "engine_unavailable")]


def test_one_lost_lease_takes_no_other_job_of_the_batch_with_it(scope: Scope) -> None:
    def run(batch: Batch) -> None:
        with batch.scope.write() as tx:
            lost = tx.session.scalars(tx.select(Job).where(Job.subject_id == "second")).one()
            lost.fence += 1
        finish_all(batch)

    add_jobs(scope, "first", "second", "third")
    claimed = claim.claim(scope.runtime, "ingest", handler_of(run))
    claim.run_batch(Batch(scope, "ingest", claimed, handler_of(run)["test"]))
    jobs = jobs_of(scope)
    assert {(jobs[name].status, jobs[name].attempts) for name in ("first", "third")} == {("queued", 0)}
    assert jobs["second"].status == "running"
    assert FAILED == []


def test_a_job_whose_record_could_not_be_committed_is_tried_again_and_not_left_running(scope: Scope) -> None:
    add_jobs(scope, "doc_1")

    def run(batch: Batch) -> None:
        with batch.scope.write() as tx:
            batch.done(tx, batch.jobs[0])
            raise EngineUnavailable("the commit's answer never came")

    work(scope.runtime, "ingest", handler_of(run))
    job = jobs_of(scope)["doc_1"]
    assert (job.status, job.attempts, job.error_code) == ("queued", 0, "engine_unavailable")


def test_deferring_does_not_count_as_a_try(scope: Scope) -> None:
    def run(batch: Batch) -> None:
        with batch.scope.write() as tx:
            for job in batch.jobs:
                batch.defer(tx, job, 30)

    add_jobs(scope, "later")
    work(scope.runtime, "ingest", handler_of(run))
    assert jobs_of(scope)["later"].attempts == 0


def test_a_worker_that_lost_its_lease_cannot_record(scope: Scope) -> None:
    handlers = handler_of(finish_all)
    add_jobs(scope, "doc")
    slow = claim.claim(scope.runtime, "ingest", handlers)
    with scope.write() as tx:
        job = tx.session.scalars(tx.select(Job)).one()
        job.lease_until = job.created_at
    assert work(scope.runtime, "ingest", handlers) == 1
    batch = Batch(scope, "ingest", slow, handlers["test"])
    with pytest.raises(LeaseLost), scope.write() as tx:
        batch.done(tx, slow[0])
    assert jobs_of(scope)["doc"].status == "done"


def test_a_job_whose_worker_dies_each_time_fails_with_a_reason(scope: Scope) -> None:
    handlers = handler_of(finish_all)
    add_jobs(scope, "killer")
    for _ in range(4):
        claim.claim(scope.runtime, "ingest", handlers)
        with scope.write() as tx:
            for job in tx.session.scalars(tx.select(Job)):
                job.lease_until = job.created_at
    assert jobs_of(scope)["killer"].status == "failed"
    assert FAILED == [("killer", "worker_died")]


def test_a_lone_process_takes_back_what_the_killed_one_ran(scope: Scope) -> None:
    handlers = handler_of(finish_all)
    add_jobs(scope, "doc")
    claim.claim(scope.runtime, "ingest", handlers)
    assert work(scope.runtime, "ingest", handlers) == 0
    assert take_back(scope.runtime) == 1
    assert work(scope.runtime, "ingest", handlers) == 1


def test_leases_are_renewed_while_a_handler_works(scope: Scope) -> None:
    started, released = Event(), Event()

    def run(batch: Batch) -> None:
        started.set()
        released.wait(30)
        finish_all(batch)

    handlers = handler_of(run)
    add_jobs(scope, "slow")
    worker = Thread(target=work, args=(scope.runtime, "ingest", handlers))
    worker.start()
    assert started.wait(10)
    until = time.monotonic() + scope.runtime.settings.job_lease_seconds * 1.5
    while time.monotonic() < until:
        assert claim.claim(scope.runtime, "ingest", handlers) == []
        time.sleep(0.25)
    released.set()
    worker.join()
    assert jobs_of(scope)["slow"].status == "done"
    assert jobs_of(scope)["slow"].attempts == 1


def test_a_forgotten_job_is_not_left_running(scope: Scope) -> None:
    add_jobs(scope, "ignored")
    work(scope.runtime, "ingest", handler_of(lambda batch: None))
    assert jobs_of(scope)["ignored"].status == "queued"


def test_a_clock_set_back_delays_new_work_not_at_all_and_tries_again_no_sooner(scope: Scope) -> None:
    add_jobs(scope, "doc_new", "doc_tried")
    with scope.write() as tx:
        for job in tx.session.scalars(tx.select(Job)):
            job.created_at = job.run_after = utc_now() + timedelta(hours=1)
            job.fence = 1 if job.subject_id == "doc_tried" else 0
    assert tick(scope.runtime) == ["ingest"]
    assert work(scope.runtime, "ingest", handler_of(finish_all)) == 1
    assert {subject: job.status for subject, job in jobs_of(scope).items()} == {
        "doc_new": "done",
        "doc_tried": "queued",
    }
    assert tick(scope.runtime) == []


def test_two_workers_never_take_the_same_job(scope: Scope) -> None:
    add_jobs(scope, *(f"doc{number}" for number in range(60)))
    seen: list[str] = []
    handlers = handler_of(finish_all)

    def run() -> None:
        while batch := claim.claim(scope.runtime, "ingest", handlers):
            seen.extend(job.subject_id for job in batch)

    workers = [Thread(target=run) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == 60


def test_every_job_tells_its_end(scope: Scope) -> None:
    def run(batch: Batch) -> None:
        for job in batch.jobs:
            batch.fail(job, ParseFailed("damaged", "Broken."))

    add_jobs(scope, "doc")
    work(scope.runtime, "ingest", handler_of(run))
    with scope.read() as tx:
        stages = [event.stage for event in tx.session.scalars(tx.select(JobEvent).order_by(JobEvent.id))]
    assert stages == ["received", "failed"]

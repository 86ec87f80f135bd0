"""PostgreSQL as an engine: its limits, what its errors mean, and coming back after it was away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from services.engines.postgres import lock
from services.errors import EngineUnavailable, InvalidInput
from services.ingest.documents import get_document
from services.ingest.submit import submit
from services.jobs.claim import Batch, Handler, work
from services.jobs.jobs import enqueue
from services.models import Job
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from tests.factories import make_scope, text_document
from tests.postgres import HOW_TO, Cluster, Scratch, own_cluster, postgres_answers, scratch_database, server_programs
from tests.require import need


def open_on(scratch: Scratch, folder: Path, **settings: object) -> Runtime:
    urls = {"database_url": scratch.url, "database_admin_url": scratch.admin_url}
    return open_runtime(Settings(data_dir=folder, embedder_model="fake:hash", **urls, **settings), with_bell=False)


@pytest.fixture(scope="module")
def shared() -> Iterator[Scratch]:
    need(postgres_answers(), HOW_TO)
    with scratch_database() as scratch:
        yield scratch


@pytest.fixture
def tidings(shared: Scratch, tmp_path: Path) -> Iterator[Runtime]:
    runtime = open_on(shared, tmp_path)
    yield runtime
    runtime.close()
    shared.empty()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    programs = server_programs()
    need(programs, "initdb of PostgreSQL was not found; install the server, or put its programs on the PATH")
    with own_cluster() as running:
        yield running


@pytest.fixture
def alone(cluster: Cluster, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime on a server that may be stopped."""
    with scratch_database(server=cluster.url, durable=True) as scratch:
        runtime = open_on(scratch, tmp_path)
        runtime.embedder.start()
        yield runtime
        runtime.close()


# Limits


def test_the_server_is_told_our_limits(tidings: Runtime) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "application_name", "timezone")
    for tenant_id in (None, make_scope(tidings).tenant_id):
        with tidings.session(write=True, tenant_id=tenant_id) as (session, _):
            assert [session.scalar(text(f"SHOW {name}")) for name in names] == ["10s", "1min", "1min", "tidings", "UTC"]


def test_a_process_holds_no_more_connections_than_it_may(shared: Scratch, tmp_path: Path) -> None:
    runtime = open_on(shared, tmp_path, database_connections=4)
    scope, most = make_scope(runtime), 0
    watch = create_engine(shared.admin_url)
    count = text(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tidings' AND datname = current_database()"
    )

    def look(_: int) -> None:
        with scope.read() as tx:
            tx.session.execute(text("SELECT pg_sleep(0.02)"))

    with ThreadPoolExecutor(24) as pool, watch.connect() as connection:
        waiting = [pool.submit(look, number) for number in range(100)]
        while not all(each.done() for each in waiting):
            most = max(most, connection.scalar(count) or 0)
        assert [each.result() for each in waiting] == [None] * 100
    watch.dispose()
    runtime.close()
    assert 2 <= most <= 4


# What errors mean


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("53100", "disk of the database is full"),
        ("53300", "no free connection"),
        ("40001", "changes the same things"),
        ("40P01", "changes the same things"),
        ("55P03", "changes the same things"),
        ("57014", "took too long"),
        ("25006", "takes no changes"),
        ("57P01", "cannot be used just now"),
        ("57P03", "cannot be used just now"),
        ("58030", "cannot be used just now"),
        ("XX001", "cannot be used just now"),
    ],
)
def test_what_the_server_cannot_help_is_an_absent_engine(tidings: Runtime, state: str, sentence: str) -> None:
    with pytest.raises(EngineUnavailable, match=sentence) as raised, tidings.session(write=True) as (session, _):
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))
    assert raised.value.retry_after_seconds


def test_a_mistake_of_ours_stays_loud(tidings: Runtime) -> None:
    with pytest.raises(ProgrammingError), tidings.session(write=False) as (session, _):
        session.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize("value", ["with \x00 in it", "x" * 1000])
def test_a_value_that_cannot_be_stored_is_the_askers_to_mend(tidings: Runtime, value: str) -> None:
    scope = make_scope(tidings)
    with pytest.raises(InvalidInput, match="cannot be stored"), scope.write() as tx:
        tx.add(Job(id="job_1", queue="ingest", name=value, subject_id="doc_1"))


def test_a_lock_that_is_held_for_long_is_given_up(tidings: Runtime) -> None:
    scope = make_scope(tidings)

    def wait_shortly() -> None:
        with tidings.session(write=True) as (session, _):
            session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            lock(session, scope.tenant_id)

    with scope.write(), pytest.raises(EngineUnavailable, match="same things"):
        wait_shortly()


def test_two_that_wait_for_each_other_do_not_wait_for_ever(tidings: Runtime) -> None:
    meet = Barrier(2)

    def cross(first: int, second: int) -> str:
        try:
            with tidings.session(write=True) as (session, _):
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": first})
                meet.wait(10)
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": second})
        except EngineUnavailable as error:
            return error.detail
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(cross, (1, 2), (2, 1)))
    assert ends[1] == "done"
    assert "same things" in ends[0]


# Writers


def test_writers_of_one_tenant_follow_each_other(tidings: Runtime) -> None:
    scope = make_scope(tidings)
    start = Barrier(8)

    def bring(_: int) -> tuple[str, bool]:
        start.wait(10)
        submission = submit(scope, text_document("The same bytes, brought by eight at once."))
        return submission.document.id, submission.duplicate

    with ThreadPoolExecutor(8) as pool:
        brought = list(pool.map(bring, range(8)))
    assert len({document_id for document_id, _ in brought}) == 1
    assert sorted(duplicate for _, duplicate in brought) == [False] + [True] * 7


def test_writers_of_two_tenants_do_not_wait_for_each_other(tidings: Runtime) -> None:
    slow, quick = make_scope(tidings, "Slow"), make_scope(tidings, "Quick")
    with slow.write(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(submit, quick, text_document("Not held up.")).result(8).duplicate is False


# Away and back


def test_it_is_used_again_as_soon_as_it_is_back(alone: Runtime, cluster: Cluster) -> None:
    scope = make_scope(alone)
    kept = submit(scope, text_document("Stored before the restart.")).document

    def be_interrupted() -> None:
        with scope.write() as tx:
            tx.add(Job(id="job_lost", queue="ingest", name="x", subject_id="x"))
            tx.session.flush()
            cluster.stop("immediate")

    with pytest.raises(EngineUnavailable, match="cannot be used"):
        be_interrupted()
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        get_document(scope, kept.id)
    cluster.start()
    assert get_document(scope, kept.id).status == "queued"
    with scope.read() as tx:
        assert "job_lost" not in tx.session.scalars(tx.select(Job).with_only_columns(Job.id)).all()


def test_connections_that_a_restart_broke_are_not_noticed(alone: Runtime, cluster: Cluster) -> None:
    scope = make_scope(alone)
    kept = submit(scope, text_document("Stored before the restart.")).document
    cluster.stop()
    cluster.start()
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: get_document(scope, kept.id).id, range(32))
    assert set(found) == {kept.id}


def test_a_job_that_a_restart_interrupts_goes_back_at_once(alone: Runtime, cluster: Cluster) -> None:
    scope, tries = make_scope(alone), []

    def run(batch: Batch) -> None:
        tries.append(batch.jobs[0].attempts)
        if len(tries) == 1:
            cluster.stop("immediate")
            # Back after the first attempt to record the failure.
            pool.submit(come_back)
        with batch.scope.write() as tx:
            batch.done(tx, batch.jobs[0])

    def come_back() -> None:
        time.sleep(1)
        cluster.start()

    with ThreadPoolExecutor(1) as pool:
        with scope.write() as tx:
            enqueue(tx, "test", "doc_1", queue="ingest")
        handlers = {"test": Handler(run)}
        work(alone, "ingest", handlers)
        with scope.write() as tx:
            [job] = tx.session.scalars(tx.select(Job))
            assert (job.status, job.attempts) == ("queued", 1)
            job.run_after = job.created_at
        work(alone, "ingest", handlers)
    with scope.read() as tx:
        assert tx.session.scalars(tx.select(Job)).one().status == "done"
    assert tries == [1, 2]

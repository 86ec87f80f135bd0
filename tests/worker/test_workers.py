"""The workers inside the service process: real Celery, memory broker, threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from services.errors import EngineUnavailable
from services.ingest.documents import count_by_status, delete_document, get_document
from services.ingest.submit import submit
from services.models import Base, Job
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import make_scope, text_document
from worker.app import Workers
from worker.clock import Clock


@pytest.fixture
def working(settings: Settings) -> Iterator[Runtime]:
    """A runtime whose bell is heard."""
    runtime = open_runtime(settings)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    workers, clock = Workers(runtime), Clock(runtime)
    workers.start()
    clock.start()
    yield runtime
    workers.stop()
    clock.join(5)
    runtime.close()


def wait_for(condition: Callable[[], bool], seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def text_of(number: int) -> str:
    return "\n\n".join(
        f"Document {number} part {part} tells of ships, grain and tariffs in port." for part in range(60)
    )


def test_a_submitted_document_becomes_ready_by_itself_and_deletion_too(working: Runtime) -> None:
    scope = make_scope(working)
    document = submit(scope, text_document("A short note on trade.")).document
    wait_for(lambda: get_document(scope, document.id).status == "ready")
    delete_document(scope, document.id)
    wait_for(lambda: working.vectors.count(f"{scope.tenant_id}-g1") == 0)


def test_an_interactive_upload_overtakes_bulk_work(working: Runtime) -> None:
    scope = make_scope(working)
    for number in range(150):
        submit(scope, text_document(text_of(number)), queue="ingest")
    wait_for(lambda: count_by_status(scope).get("ready", 0) > 0)
    urgent = submit(scope, text_document("Somebody waits for this one.")).document
    wait_for(lambda: get_document(scope, urgent.id).status == "ready")
    assert count_by_status(scope).get("ready", 0) < 100
    wait_for(lambda: count_by_status(scope) == {"ready": 151})


def test_one_tenants_flood_does_not_starve_another(working: Runtime) -> None:
    flood, single = make_scope(working, "flood"), make_scope(working, "single")
    for number in range(150):
        submit(flood, text_document(text_of(number)), queue="ingest")
    document = submit(single, text_document("The other tenant's only document."), queue="ingest").document
    wait_for(lambda: get_document(single, document.id).status == "ready")
    assert count_by_status(flood).get("ready", 0) < 120
    wait_for(lambda: count_by_status(flood) == {"ready": 150})


def test_stopping_in_the_middle_puts_work_back_without_counting_a_try(settings: Settings) -> None:
    runtime = open_runtime(settings)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    workers = Workers(runtime)
    scope = make_scope(runtime)
    for number in range(60):
        submit(scope, text_document(text_of(number)), queue="ingest")
    workers.start()
    wait_for(lambda: count_by_status(scope).get("processing", 0) > 0)
    workers.stop()
    with scope.read() as tx:
        jobs = tx.session.scalars(tx.select(Job)).all()
    assert {job.status for job in jobs} <= {"queued", "done"}
    assert {job.attempts for job in jobs if job.status == "queued"} == {0}
    runtime.close()


def test_rows_that_nobody_rang_for_are_found_by_the_clock(working: Runtime) -> None:
    silent = Scope(Runtime(settings=working.settings, with_bell=False), make_scope(working).tenant_id, "usr_test")
    document = submit(silent, text_document("Stored by a process without a bell.")).document
    wait_for(lambda: get_document(silent, document.id).status == "ready", 20)
    silent.runtime.close()


class SlowParser:
    """In place of the parser's child: reads until it is closed, as it does with a file that takes minutes."""

    def __init__(self) -> None:
        self.reading, self.closed = Event(), Event()

    def extract(self, *_: object) -> None:
        self.reading.set()
        self.closed.wait(60)
        raise EngineUnavailable("Tidings is stopping.")

    def close(self) -> None:
        self.closed.set()


def test_stopping_ends_a_parser_at_work_and_hands_its_document_back(settings: Settings) -> None:
    runtime = open_runtime(settings)
    Base.metadata.create_all(runtime.database)
    parser = runtime.keep("sandbox/interactive", SlowParser)
    workers = Workers(runtime)
    workers.start()
    scope = make_scope(runtime)
    document = submit(scope, text_document("This takes long."))
    assert parser.reading.wait(30)
    started = time.monotonic()
    workers.stop()
    assert time.monotonic() - started < 10
    with scope.read() as tx:
        [job] = tx.session.scalars(tx.select(Job).where(Job.subject_id == document.document.id))
        assert (job.status, job.attempts) == ("queued", 0)
    runtime.close()

"""The product as separate processes on PostgreSQL and Redis: it works, parts die, and nothing is lost."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from services.models import Job, Source, Tenant, utc_now
from services.scope import Scope
from tests.factories import make_scope, make_source
from tests.stack import Stack, documents, settled

LONG = pytest.mark.skipif(os.environ.get("TIDINGS_CHAOS_ALL") != "1", reason="takes minutes; `make chaos` runs it")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), job_attempts="10", job_lease_seconds="4")
    try:
        yield stack.start()
    finally:
        stack.close()


@pytest.fixture(scope="module")
def http(stack: Stack) -> Iterator[httpx2.Client]:
    with stack.client(stack.make_key()) as client:
        yield client


def text_of(word: str) -> str:
    return "\n\n".join(f"{word} report, part {part}: the harbour handled {part} containers." for part in range(1, 30))


def upload(http: httpx2.Client, word: str) -> str:
    response = http.post("/v1/documents", json={"text": text_of(word), "title": f"Report {word}"})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def found_once(http: httpx2.Client, word: str) -> str:
    page = http.post("/v1/search", json={"query": word, "limit": 100, "fold": False}).json()
    hits = [hit["document"]["id"] for hit in page["data"]]
    assert hits.count(hits[0]) == 1
    return str(hits[0])


def test_an_upload_is_found_cited_and_deleted(stack: Stack, http: httpx2.Client) -> None:
    made = upload(http, "Quayside0001")
    [document] = settled(http, 1)
    assert document["status"] == "ready", document
    assert found_once(http, "Quayside0001") == made
    assert http.delete(f"/v1/documents/{made}").status_code in (200, 202, 204)
    assert http.post("/v1/search", json={"query": "Quayside0001"}).json()["data"] == []


def test_every_worker_killed_at_random_loses_nothing_and_doubles_nothing(stack: Stack, http: httpx2.Client) -> None:
    chance = random.Random(3)
    before = len(documents(http))
    made = {}
    for number in range(24):
        made[f"Canary{number:04d}"] = upload(http, f"Canary{number:04d}")
        if number % 6 == 3:
            time.sleep(chance.uniform(0, 0.6))
            stack.kill("ingest")
            stack.start_process("ingest")
    found = settled(http, before + len(made))
    assert [each for each in found if each["status"] != "ready"] == []
    for word, document_id in made.items():
        assert found_once(http, word) == document_id


def test_a_gateway_that_is_killed_comes_back_with_everything(stack: Stack, http: httpx2.Client) -> None:
    before = {each["id"] for each in documents(http)}
    stack.kill("gateway")
    stack.start_process("gateway")
    stack.wait_until_it_answers()
    assert {each["id"] for each in documents(http)} == before


def test_two_clocks_make_no_job_twice(stack: Stack) -> None:
    """Both begin with the round that does everything, and nobody is there to do what they make."""
    for name in ("beat", "crawl", "maintenance"):
        stack.kill(name)
    runtime = stack.open_runtime()
    scope = make_scope(runtime, "two clocks")
    with scope.write() as tx:
        tx.session.get_one(Tenant, scope.tenant_id).created_at = utc_now() - timedelta(days=2)
    due = [make_source(scope, url=f"https://news.example.org/{number}").id for number in range(20)]
    stack.start_process("beat")
    stack.start_process("beat", "second beat")
    jobs_made(scope, len(due) + 1)
    # What the second one makes alone says that its first round is over too.
    stack.kill("beat")
    for number in range(20, 22):
        due.append(make_source(scope, url=f"https://news.example.org/{number}").id)
        made = jobs_made(scope, len(due) + 1)
    with scope.write() as tx:
        # The workers that come back have nothing to fetch.
        for table in (Source, Job):
            tx.session.execute(tx.delete(table))
    runtime.close()
    for name in ("beat", "crawl", "maintenance"):
        stack.start_process(name)
    assert sorted(made) == sorted([("reconcile", scope.tenant_id), *(("crawl", source_id) for source_id in due)])


def jobs_made(scope: Scope, count: int) -> list[tuple[str, str]]:
    """Name and subject of a tenant's jobs, once there are so many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with scope.read() as tx:
            made = [(job.name, job.subject_id) for job in tx.session.scalars(tx.select(Job))]
        if len(made) >= count:
            return made
        time.sleep(0.1)
    raise AssertionError(f"{len(made)} of {count} jobs: {made}")


@pytest.mark.parametrize("waiting", [20, pytest.param(1000, marks=LONG)])
def test_redis_emptied_with_work_waiting_costs_nothing(stack: Stack, http: httpx2.Client, waiting: int) -> None:
    before = len(documents(http))
    stack.kill("ingest")
    made = [upload(http, f"Flushed{waiting}x{number:04d}") for number in range(waiting)]
    with stack.redis.client() as client:
        client.flushall()
    stack.start_process("ingest")
    found = settled(http, before + len(made), seconds=90 + waiting)
    assert {each["status"] for each in found} == {"ready"}
    assert set(made) <= {each["id"] for each in found}


def test_without_redis_uploads_are_taken_search_answers_and_work_goes_on_slowly(
    stack: Stack, http: httpx2.Client
) -> None:
    before = len(documents(http))
    stack.redis.kill()
    made = upload(http, "Adrift0001")
    assert http.post("/v1/search", json={"query": "harbour"}).json()["data"]
    settled(http, before + 1)
    assert found_once(http, "Adrift0001") == made
    stack.redis.start()
    second = upload(http, "Adrift0002")
    settled(http, before + 2)
    assert found_once(http, "Adrift0002") == second


def test_a_worker_told_to_stop_hands_its_work_back(stack: Stack, http: httpx2.Client) -> None:
    before = len(documents(http))
    made = [upload(http, f"Handed{number:04d}") for number in range(12)]
    assert stack.terminate("ingest") == 0, stack.said("ingest")[-2000:]
    stack.start_process("ingest")
    assert {each["status"] for each in settled(http, before + len(made))} == {"ready"}


def test_every_process_stops_in_order(stack: Stack) -> None:
    for name in list(stack.processes):
        assert stack.terminate(name) == 0, f"{name}: {stack.said(name)[-2000:]}"
        assert "Traceback" not in stack.said(name), stack.said(name)[-3000:]

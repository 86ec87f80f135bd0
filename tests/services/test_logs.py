"""The log as it is written: real lines of real processes, parsed."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from services.jobs.claim import Batch, Handler, work
from services.jobs.jobs import enqueue
from services.logs import configure_logging, log_context
from services.models import Job
from services.runtime import Runtime
from services.settings import Settings
from tests.factories import make_scope
from tests.server import Server

SECRET = "hunter2"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged as JSON lines."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers, root.level, structlog.get_config())
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(log_json=True))
    yield stream
    root.handlers, _, config = before
    root.setLevel(before[1])
    structlog.configure(**config)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def wait_until_ready(address: str, headers: dict[str, str]) -> None:
    for _ in range(400):
        if httpx2.get(address, headers={**headers, "X-Request-Id": "look"}).json()["status"] == "ready":
            return
        time.sleep(0.05)
    raise AssertionError("the document was never ready")


def test_exceptions_are_places_without_messages_in_every_librarys_lines(written: io.StringIO) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger().exception("ours")
        logging.getLogger("somebody.else").exception("theirs")
    assert SECRET not in written.getvalue()
    assert [line["trace"][0] for line in lines(written.getvalue())] == ["ValueError:", "ValueError:"]


def test_a_block_names_what_it_works_on(written: io.StringIO) -> None:
    with log_context(queue="ingest", request_id=None), log_context(job_id="job_1", fence=3):
        logging.getLogger("somebody.else").warning("theirs")
    structlog.get_logger().warning("after")
    inside, after = lines(written.getvalue())
    assert (inside["queue"], inside["job_id"], inside["fence"]) == ("ingest", "job_1", 3)
    assert "request_id" not in inside
    assert "job_id" not in after


def test_every_line_of_a_job_names_it(runtime: Runtime, written: io.StringIO) -> None:
    scope = make_scope(runtime)
    with log_context(request_id="req_abc"), scope.write() as tx:
        first = enqueue(tx, "note", "doc_1", queue="ingest").id
    with scope.write() as tx:
        second = enqueue(tx, "note", "doc_2", queue="ingest").id

    def run(batch: Batch) -> None:
        structlog.get_logger().warning("batch")
        for job in batch.jobs:
            with job.in_log():
                logging.getLogger("a.library").warning("step")
        raise ValueError(SECRET)

    work(runtime, "ingest", {"note": Handler(run, failed=lambda *_: None)})
    told = lines(written.getvalue())
    assert {line["queue"] for line in told} == {"ingest"}
    assert {line["job"] for line in told} == {"note"}
    assert all("fence" in line or "fences" in line for line in told)
    assert set(told[0]["job_ids"]) == {first, second}
    steps = {line["job_id"]: line for line in told if line["event"] == "step"}
    assert steps[first]["request_id"] == "req_abc"
    assert "request_id" not in steps[second]
    tried = [line for line in told if line["event"] == "job tried"]
    assert {(line["job_id"], line["fence"], line["code"]) for line in tried} == {
        (first, 1, "internal_error"),
        (second, 1, "internal_error"),
    }
    assert SECRET not in written.getvalue()
    with runtime.session(write=False) as (session, _):
        assert session.get(Job, first).request_id == "req_abc"  # type: ignore[union-attr]


def test_a_request_is_followed_from_its_line_to_the_work_it_caused(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", log_json="true")
    server.start()
    try:
        headers = {"Authorization": f"Bearer {server.make_key()}", "X-Request-Id": "my-upload.1"}
        files = {"file": ("harbour.txt", b"The harbour opened on Monday, and nobody expected it.")}
        answer = httpx2.post(f"{server.url}/v1/documents", headers=headers, files=files)
        assert (answer.status_code, answer.headers["X-Request-Id"]) == (202, "my-upload.1")
        forged = httpx2.get(f"{server.url}/livez", headers={"X-Request-Id": "no spaces allowed"})
        assert forged.headers["X-Request-Id"].startswith("req_")
        wait_until_ready(f"{server.url}/v1/documents/{answer.json()['id']}", headers)
        server.interrupt()
    finally:
        server.close()
    told = lines(server.said())
    ours = [line for line in told if line.get("request_id") == "my-upload.1"]
    assert {line["event"] for line in ours} >= {"request", "jobs ended"}
    (ended,) = [line for line in ours if line["event"] == "jobs ended"]
    assert (ended["job"], ended["fence"], ended["count"]) == ("ingest", 1, 1)
    assert ended["job_id"].startswith("job_")
    assert ended["queue"] in ("interactive", "ingest")
    assert "harbour" not in server.said()

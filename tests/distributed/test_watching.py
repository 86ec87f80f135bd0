"""The distributed profile as its operator sees it: probes, figures of workers, one trace over processes, doctor, log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.collector import Collector
from tests.server import run_command
from tests.stack import Stack, settled

TOKEN = "a token for prometheus"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("watched")
    stack = Stack(folder, metrics_token=TOKEN, traces_url=collector.url, log_json="true")
    try:
        yield stack.start()
    finally:
        stack.close()


def figure(stack: Stack, name: str, **labels: str) -> float:
    page = httpx2.get(f"{stack.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).text
    samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
    return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())


def test_what_workers_do_is_seen_at_the_gateway(stack: Stack, collector: Collector) -> None:
    assert httpx2.get(f"{stack.url}/readyz", timeout=10).json()["status"] in ("ready", "warming")
    # The first look is where counting begins.
    assert figure(stack, "tidings_jobs_ended_total") == 0
    with stack.client(stack.make_key()) as http:
        headers = {"X-Request-Id": "my-upload.1"}
        body = {"text": "The harbour opened on Monday. Ships came.", "title": "Harbour"}
        assert http.post("/v1/documents", json=body, headers=headers).status_code == 202
        settled(http, 1)
    deadline = time.monotonic() + 60
    while not figure(stack, "tidings_jobs_ended_total", job="ingest", outcome="done"):
        assert time.monotonic() < deadline, "the worker's figures never came"
        time.sleep(1)
    assert figure(stack, "tidings_jobs_ended_total", job="ingest", outcome="done") == 1
    assert figure(stack, "tidings_documents", status="ready") == 1
    assert figure(stack, "tidings_ingest_stage_seconds_count", stage="extracting") == 1
    workers = [name for name in stack.processes if name not in ("gateway", "beat")]
    told = [json.loads(line) for name in workers for line in stack.said(name).splitlines() if line.startswith("{")]
    (ended,) = [line for line in told if line.get("request_id") == "my-upload.1" and line["event"] == "jobs ended"]
    assert (ended["job"], ended["fence"]) == ("ingest", 1)
    for name in ("gateway", *workers):
        stack.terminate(name)
    assert {each["tidings.process"] for each in collector.resources} == {"gateway", "worker"}
    (upload,) = collector.named("POST /v1/documents")
    (job,) = collector.named("job ingest")
    assert [link.span_id for link in job.links] == [upload.span_id]
    assert ended["trace_id"] == job.trace_id.hex()


def test_the_doctor_examines_every_engine(stack: Stack) -> None:
    done = run_command("--json", "doctor", environment=stack.environment)
    findings = {each["name"]: each for each in json.loads(done.stdout)}
    sound = (
        "database",
        "database durability",
        "migrations",
        "broker",
        "queue",
        "vectors key",
        "vectors and rows",
        "parser",
    )
    assert {name: findings[name]["state"] for name in sound} == dict.fromkeys(sound, "ok"), findings
    with stack.redis.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert run_command("doctor", environment=stack.environment).returncode == 1

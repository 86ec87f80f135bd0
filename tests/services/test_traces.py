"""Traces as a collector gets them: a real server process, a real OTLP/HTTP receiver, and none of either when off."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services import traces
from services.errors import ConfigurationError
from tests.collector import Collector
from tests.server import Server

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_a_request_is_followed_through_engines_and_into_its_job(tmp_path: Path, collector: Collector) -> None:
    server = Server(tmp_path / "data", traces_url=collector.url, log_json="true").start()
    try:
        headers = {"Authorization": f"Bearer {server.make_key()}"}
        files = {"file": ("harbour.txt", b"The harbour opened on Monday, and nobody expected it.")}
        traced = {**headers, "traceparent": PARENT}
        created = httpx2.post(f"{server.url}/v1/documents", headers=traced, files=files).json()
        for _ in range(400):
            if httpx2.get(f"{server.url}/v1/documents/{created['id']}", headers=headers).json()["status"] == "ready":
                break
            time.sleep(0.05)
        found = httpx2.get(f"{server.url}/v1/search", params={"q": "harbour zanzibar"}, headers=headers)
        assert found.json()["total"]["value"] == 1
        asked = httpx2.post(f"{server.url}/v1/answers", json={"question": "When did it open?"}, headers=headers)
        assert asked.status_code == 200
        with httpx2.stream(
            "POST", f"{server.url}/v1/answers", json={"question": "When did it open?", "stream": True}, headers=headers
        ) as streamed:
            assert "event: done" in "".join(streamed.iter_text())
        httpx2.get(f"{server.url}/readyz")
        server.interrupt()
    finally:
        server.close()
    (upload,) = collector.named("POST /v1/documents")
    assert upload.trace_id.hex() == TRACE
    (job,) = collector.named("job ingest")
    (link,) = job.links
    assert (link.trace_id.hex(), link.span_id) == (TRACE, upload.span_id)
    stages = {name: collector.named(name)[0] for name in ("extract", "embed", "index")}
    assert {stage.trace_id for stage in stages.values()} == {job.trace_id}
    (search,) = collector.named("search")
    (request,) = collector.named("GET /v1/search")
    assert search.parent_span_id == request.span_id
    inside = {span.name for span in collector.spans if span.parent_span_id == search.span_id}
    assert inside == {"embed query", "vectors.query", "rows"}
    assert attributes(search)["tidings.mode"] == "hybrid"
    asks = {span.span_id for span in collector.named("POST /v1/answers")}
    finds = collector.named("answer: find")
    assert len(asks) == 2
    assert {span.parent_span_id for span in finds} == asks
    assert not collector.named("GET /readyz")
    # What people search for and what documents say stays here.
    assert attributes(request)["url.query"] == "REDACTED"
    for secret in (b"zanzibar", b"harbour", b"When did it", headers["Authorization"].encode()):
        assert secret not in collector.raw
    assert collector.resources[0]["service.name"] == "tidings"
    assert f'"trace_id": "{TRACE}"' in server.said()


def test_a_collector_that_is_away_holds_nobody(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", traces_url="http://127.0.0.1:9").start()
    try:
        assert httpx2.get(f"{server.url}/v1/version").status_code == 200
        server.interrupt()
    finally:
        server.close()


def test_without_an_address_no_library_is_loaded_and_spans_do_nothing() -> None:
    code = (
        "import sys\n"
        "from services import traces\n"
        "with traces.span('x', a=1): traces.note(b=2)\n"
        "assert traces.trace_parent() is None and not traces.Traces('', 'test').is_on\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')], 'by the module itself'\n"
        # redis-py loads the library's figures where it is installed; nobody loads what sends traces.
        "import api.app, worker.app, crawler.__main__\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.exporter')], 'by the product'\n"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_missing_library_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"tidings\[otel\]"):
        traces.Traces("http://127.0.0.1:9", "test")


def test_the_variable_of_every_opentelemetry_program_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(traces, "start", lambda url, process: started.append(url) or False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    traces.Traces("", "test")
    traces.Traces("http://ours:4318", "test")
    assert started == ["http://collector:4318", "http://ours:4318"]

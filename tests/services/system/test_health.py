"""Health when parts are silent, broken or asked by many at once. Servers are real sockets that never answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.system import health as module
from services.system.health import Health, overall
from tests.redis_server import redis_server
from tests.silent import silent_server


@pytest.fixture
def silent() -> Iterator[int]:
    with silent_server() as port:
        yield port


def opened(folder: Path, **settings: Any) -> Runtime:
    return open_runtime(Settings(data_dir=folder, embedder_model="fake:hash", **settings), with_bell=False)


def test_silent_servers_cost_the_deadline_and_no_more(tmp_path: Path, silent: int) -> None:
    runtime = opened(
        tmp_path / "data",
        database_url=f"postgresql+psycopg://postgres@127.0.0.1:{silent}/x?connect_timeout=10",
        qdrant_url=f"http://127.0.0.1:{silent}",
        broker_url=f"redis://127.0.0.1:{silent}/0",
    )
    app = create_app(runtime, dist=tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        began = time.monotonic()
        answer = client.get("/readyz")
        assert time.monotonic() - began < module.DEADLINE_SECONDS * 3
        states = {part["name"]: part["state"] for part in answer.json()["components"]}
        assert (answer.status_code, states["database"], states["vectors"]) == (503, "down", "down")
        assert states["broker"] == "degraded"
        assert client.get("/livez").status_code == 200
    runtime.close()


def test_many_probes_share_one_look_and_do_not_queue_behind_it(runtime: Runtime) -> None:
    begun: list[float] = []
    release = threading.Event()

    def slow(_: Runtime) -> module.Finding:
        begun.append(time.monotonic())
        if len(begun) > 1:
            release.wait(20)
        return "ready", "Answers."

    health = Health(runtime, {"database": slow})
    first = health.components()
    health._looked_at = -10.0
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: health.components(), range(32)))
    late = [answer for answer in answers if answer[0].state == "down"]
    assert len(begun) == 2
    assert len(late) == 1
    assert all(answer == first for answer in answers if answer not in late)
    # It still hangs: no second thread is made for it.
    health._looked_at = -10.0
    assert health.components()[0].state == "down"
    assert len(begun) == 2
    release.set()
    health._under_way["database"].ended.wait(10)
    health._looked_at = -10.0
    assert health.components()[0].state == "ready"


def test_a_check_that_breaks_is_a_finding_and_says_nothing_secret(runtime: Runtime) -> None:
    def broken(_: Runtime) -> module.Finding:
        raise RuntimeError("password=hunter2")

    part = Health(runtime, {"database": broken}).components()[0]
    assert part.state == "down"
    assert "hunter2" not in part.detail


def test_only_the_database_stops_everything(runtime: Runtime) -> None:
    def down(_: Runtime) -> module.Finding:
        return "down", "Gone."

    def ready(_: Runtime) -> module.Finding:
        return "ready", "Answers."

    assert overall(Health(runtime, {"database": ready, "broker": down}).components()) == "degraded"
    assert overall(Health(runtime, {"database": down, "broker": ready}).components()) == "down"


def test_parts_that_are_not_there_are_not_listed(runtime: Runtime) -> None:
    looks = {"database": lambda _: ("ready", "Answers."), "model": lambda _: ("off", "No model server is set.")}
    assert [part.name for part in Health(runtime, looks).components()] == ["database"]  # type: ignore[arg-type]


def test_the_broker_is_a_real_redis(tmp_path: Path) -> None:
    from services.engines.facts.broker import broker_answers

    assert broker_answers("memory://localhost/")
    with redis_server(tmp_path / "redis") as url:
        assert broker_answers(url)
    assert not broker_answers(url)

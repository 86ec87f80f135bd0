"""Figures of processes without a port: real processes hand theirs in, a gateway shows the sum."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from migrations.history import upgrade
from services import metrics
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.system import figures
from services.system.figures import Exposition, HandIn
from services.system.health import Component, Health
from services.system.repository import RowFigures
from tests.postgres import HOW_TO, postgres_answers, scratch_database
from tests.require import need

ROOT = Path(__file__).parents[3]
WORKER = """
import sys
from services.metrics import BROKER_MESSAGES, STAGE_SECONDS
from services.runtime import open_runtime
from services.settings import load_settings
from services.system.figures import HandIn
runtime = open_runtime(load_settings(), with_bell=False)
hand_in = runtime.keep("figures", lambda: HandIn(runtime))
for _ in range(20):
    for queue in ("ingest", "crawl", "interactive"):
        BROKER_MESSAGES.labels(queue, "sent").inc()
        STAGE_SECONDS.labels("extracting").observe(0.2)
    hand_in.hand_in()
BROKER_MESSAGES.labels("ingest", "sent").inc()
runtime.close()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime on a database of each kind."""
    with ExitStack() as kept:
        urls = {}
        if request.param == "postgresql":
            need(postgres_answers(), HOW_TO)
            scratch = kept.enter_context(scratch_database())
            urls = {"database_url": scratch.url, "database_admin_url": scratch.admin_url}
        settings = Settings(data_dir=tmp_path / "data", embedder_model="fake:hash", **urls)
        runtime = kept.enter_context(closing(open_runtime(settings, with_bell=False)))
        upgrade(runtime.database)
        yield runtime


def worker(runtime: Runtime) -> subprocess.Popen[bytes]:
    """A process that counts and hands in what it counted."""
    ours = {
        "TIDINGS_DATA_DIR": str(runtime.settings.data_dir),
        "TIDINGS_DATABASE_URL": runtime.settings.database_url,
        "TIDINGS_DATABASE_ADMIN_URL": runtime.settings.database_admin_url,
        "PYTHONPATH": str(ROOT),
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env={**inherited, **ours})


def shown(exposition: Exposition, name: str, **labels: str) -> float:
    exposition._valid_seconds = 0.0
    page = exposition.text([Component("database", "ready", "Answers.", None, 0.0)])  # type: ignore[arg-type]
    samples = (each for family in text_string_to_metric_families(page.decode()) for each in family.samples)
    return next((each.value for each in samples if each.name == name and each.labels == labels), 0.0)


def test_processes_at_once_lose_no_figure(gateway: Runtime) -> None:
    exposition = Exposition(gateway)
    labels = {"queue": "ingest", "outcome": "sent"}
    before = shown(exposition, "tidings_broker_messages_total", **labels)
    stages = shown(exposition, "tidings_ingest_stage_seconds_count", stage="extracting")
    processes = [worker(gateway) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert shown(exposition, "tidings_broker_messages_total", **labels) - before == 2 * 21
    assert shown(exposition, "tidings_ingest_stage_seconds_count", stage="extracting") - stages == 2 * 60
    bucket = shown(exposition, "tidings_ingest_stage_seconds_bucket", stage="extracting", le="0.25")
    assert bucket >= 2 * 60
    # A gateway that starts later begins at 0, as its own figures do: a restart must not look like a burst.
    late = Exposition(gateway)
    assert shown(late, "tidings_broker_messages_total", **labels) == before


def test_figures_wait_while_the_database_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    monkeypatch.setattr(metrics, "REGISTRY", registry)
    counted = Counter("tidings_test", "Test.", registry=registry)
    timed = Histogram("tidings_test_seconds", "Test.", registry=registry)
    runtime = open_runtime(Settings(data_dir=tmp_path / "data"), with_bell=False)
    hand_in = HandIn(runtime)
    counted.inc(3)
    timed.observe(0.5)
    hand_in.hand_in()
    assert hand_in.ledger.changes()
    upgrade(runtime.database)
    hand_in.hand_in()
    assert not hand_in.ledger.changes()
    counted.inc()
    hand_in.hand_in()
    with runtime.session(write=False) as (session, _):
        stored = {figures.read(key): value for key, value in figures.repository.figures(session).items()}
    assert stored[("tidings_test_total", ())] == 4
    assert stored[("tidings_test_seconds_bucket", (("le", "+Inf"),))] == 1
    runtime.close()


def test_rows_are_not_read_for_each_look(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, reads = [1000.0], [0]
    read_rows = figures.repository.row_figures

    def counted(session: Session, now: datetime) -> RowFigures:
        reads[0] += 1
        return read_rows(session, now)

    monkeypatch.setattr(figures, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(figures.repository, "row_figures", counted)
    exposition = Exposition(runtime)
    components = Health(runtime).components()
    for _ in range(20):
        exposition.text(components)
    assert reads[0] == 1
    clock[0] += 3600
    exposition.text(components)
    assert reads[0] == 2

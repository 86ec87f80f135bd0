"""The figures of the whole installation, for Prometheus: what this process counted, what others handed in, and rows.

Workers, clocks and crawl processes need no port: they add what they counted to the table `figures` (HandIn). Any
gateway shows those sums beside its own, counted from when it first looked, as if it had done the work itself.
"""

from __future__ import annotations

import json
import platform
import shutil
import time
from collections.abc import Iterator
from threading import Event, Lock, Thread

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from services.errors import TidingsError
from services.metrics import REGISTRY, Ledger, Series, samples
from services.models.base import utc_now
from services.runtime import Runtime
from services.system import repository
from services.system.health import Component
from services.version import VERSION

log = structlog.get_logger()

HAND_IN_SECONDS = 10.0
# Rows are read again after so long at least, and so much longer than reading took: at most 5 % of the time.
ROWS_SECONDS = 5.0
ROWS_SHARE = 20


class HandIn:
    """Adds what this process counted to the table, from a side thread. For processes that nobody asks."""

    def __init__(self, runtime: Runtime, ledger: Ledger | None = None) -> None:
        self.runtime = runtime
        self.ledger = ledger or Ledger()
        self._stopped = Event()
        self._lock = Lock()
        self._thread = Thread(target=self._run, name="figures", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(HAND_IN_SECONDS):
            self.hand_in()

    def hand_in(self) -> None:
        """Add the differences now; what the database does not take waits for the next time."""
        with self._lock:
            changes = self.ledger.changes()
            if not changes:
                return
            try:
                with self.runtime.session(write=True) as (session, _):
                    repository.add_figures(session, {written(series): change for series, change in changes.items()})
            except (TidingsError, SQLAlchemyError):
                log.warning("figures wait", reason="the database does not take them")
                return
            self.ledger.settle(changes)

    def close(self) -> None:
        """Hand in what is left."""
        self._stopped.set()
        self.hand_in()


def hand_in_figures(runtime: Runtime) -> None:
    """Have a process that nobody can ask hand its figures in from now until its runtime closes; idempotent."""
    if not runtime.shows_figures:
        runtime.keep("figures", lambda: HandIn(runtime))


def written(series: Series) -> str:
    """A series as the key of its row."""
    return json.dumps([series[0], *series[1]], separators=(",", ":"))


def read(key: str) -> Series:
    """The series of a row's key."""
    name, *labels = json.loads(key)
    return name, tuple((label, value) for label, value in labels)


class Exposition:
    """The text that /metrics answers with."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._lock = Lock()
        self._read_at = -ROWS_SECONDS
        self._valid_seconds = 0.0
        self._rows: list[Metric] = []
        self._handed: dict[Series, float] = {}
        self._baseline: dict[Series, float] | None = None
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    def text(self, components: list[Component]) -> bytes:
        """All figures. Those from rows are left out while the database is down."""
        states = {component.name: component.state for component in components}
        with self._lock:
            if states.get("database") == "ready":
                self._refresh()
                rows = self._rows
            else:
                rows = []
            families = [
                build_info(self.runtime),
                *component_gauges(components),
                *disk_gauges(self.runtime),
                *rows,
                *together(self._handed),
                *self._process.collect(),
            ]
        return generate_latest(Families(families))

    def _refresh(self) -> None:
        began = time.monotonic()
        if began - self._read_at < self._valid_seconds:
            return
        try:
            with self.runtime.session(write=False) as (session, _):
                self._rows = row_gauges(repository.row_figures(session, utc_now()))
                handed = {read(key): value for key, value in repository.figures(session).items()}
        except (TidingsError, SQLAlchemyError):
            self._rows = []
            return
        if self._baseline is None:
            self._baseline = handed
        # Sums reach back for years; a gateway's own figures begin at 0. Shown together they must begin together, or
        # each restart of a gateway would look like a burst of work.
        self._handed = {series: value - self._baseline.get(series, 0.0) for series, value in handed.items()}
        self._read_at = time.monotonic()
        self._valid_seconds = max(ROWS_SECONDS, ROWS_SHARE * (self._read_at - began))


class Families(Collector):
    """Given metrics, for the writer of the text format, which asks a registry."""

    def __init__(self, families: list[Metric]) -> None:
        self.families = families

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        yield from self.families


def together(handed: dict[Series, float]) -> Iterator[Metric]:
    """This process's metrics with what others handed in added."""
    for family in REGISTRY.collect():
        own = samples([family])
        whole = Metric(family.name, family.documentation, family.type)
        names = {family.name + ending for ending in ("_total", "_bucket", "_count", "_sum")}
        others = sorted(series for series in handed if series[0] in names and series not in own)
        for series in [*own, *others]:
            whole.add_sample(series[0], dict(series[1]), own.get(series, 0.0) + handed.get(series, 0.0))
        yield whole


def row_gauges(figures: repository.RowFigures) -> list[Metric]:
    """What stands in rows, over all tenants."""
    documents = GaugeMetricFamily("tidings_documents", "Documents by status.", labels=["status"])
    for status, count in figures.documents.items():
        documents.add_metric([status], count)
    jobs = GaugeMetricFamily("tidings_jobs", "Jobs that are not done, by queue and state.", labels=["queue", "state"])
    for (queue, state), count in figures.jobs.items():
        jobs.add_metric([queue, state], count)
    oldest = GaugeMetricFamily(
        "tidings_oldest_due_job_seconds", "How long the job that waits longest could have run.", labels=["queue"]
    )
    for queue, seconds in figures.oldest_due_seconds.items():
        oldest.add_metric([queue], seconds)
    sources = GaugeMetricFamily("tidings_sources", "Sources by state.", labels=["state"])
    for state, count in figures.sources.items():
        sources.add_metric([state], count)
    chunks = GaugeMetricFamily("tidings_chunks", "Chunks of documents that can be found.", value=figures.chunks)
    return [documents, chunks, jobs, oldest, sources]


def component_gauges(components: list[Component]) -> list[Metric]:
    """The parts as /readyz has them."""
    ready = GaugeMetricFamily("tidings_component_ready", "1 when the part is ready.", labels=["component"])
    seconds = GaugeMetricFamily("tidings_component_check_seconds", "How long its check took.", labels=["component"])
    for component in components:
        ready.add_metric([component.name], component.state == "ready")
        seconds.add_metric([component.name], component.took_ms / 1000)
    return [ready, seconds]


def disk_gauges(runtime: Runtime) -> list[Metric]:
    """Room in the data folder."""
    try:
        free = shutil.disk_usage(runtime.settings.data_dir).free
    except OSError:
        return []
    return [GaugeMetricFamily("tidings_data_free_bytes", "Free space of the data folder's disk.", value=free)]


def build_info(runtime: Runtime) -> Metric:
    """What runs here."""
    return InfoMetricFamily(
        "tidings_build",
        "What runs here.",
        value={
            "version": VERSION,
            "python": platform.python_version(),
            "profile": runtime.settings.profile,
            "database": runtime.settings.resolved_database_url.partition(":")[0].partition("+")[0],
        },
    )

"""What this process counts and times, as Prometheus metrics. Labels come from short lists that code alone can lengthen.

No label names a tenant, a person, a host, a document or a path: whoever may read the figures may not read those. What
stands in rows (documents, waiting jobs, sources) is not counted here but read when somebody asks (`system.figures`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.metrics_core import Metric

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
# Samples that only grow, so that differences of them can be added up over processes.
CUMULATIVE = ("_total", "_bucket", "_count", "_sum")

Series = tuple[str, tuple[tuple[str, str], ...]]


def counter(name: str, meaning: str, *labels: str) -> Counter:
    """A figure that only grows; `_total` is added to its name."""
    return Counter(f"tidings_{name}", meaning, labels, registry=REGISTRY)


def histogram(name: str, meaning: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    """How often something took how long, in seconds."""
    return Histogram(f"tidings_{name}", meaning, labels, registry=REGISTRY, buckets=buckets)


HTTP_REQUESTS = counter("http_requests", "Requests answered.", "method", "route", "status")
HTTP_SECONDS = histogram(
    "http_request_seconds", "Time until the response began; streams go on after it.", "method", "route", buckets=FAST
)
SEARCH_SECONDS = histogram("search_seconds", "Time of a search in the service.", "mode", buckets=FAST)
ANSWER_SECONDS = histogram("answer_seconds", "Time of a complete answer.", "mode", buckets=SLOW)
ANSWER_FEEDBACK = counter("answer_feedback", "Opinions on answers, given or changed.", "rating")
JOBS_ENDED = counter("jobs_ended", "Tries of jobs that ended; retried ones run again.", "queue", "job", "outcome")
STAGE_SECONDS = histogram(
    "ingest_stage_seconds", "Time of a stage; embedding is one for a whole batch.", "stage", buckets=SLOW
)
EMBEDDED_CHUNKS = counter("embedded_chunks", "Chunks that got a vector, from the model or the cache.", "origin")
EMBEDDING_SECONDS = counter("embedding_seconds", "Time inside the embedding model for chunks.")
BROKER_MESSAGES = counter(
    "broker_messages", "Rings of a queue; lost ones are made up for by the clock.", "queue", "outcome"
)
CRAWL_REQUESTS = counter("crawl_requests", "URLs asked for by the crawler, by what came of it.", "kind", "outcome")
LLM_REQUESTS = counter("llm_requests", "Requests to the model server.", "outcome")
LLM_TOKENS = counter("llm_tokens", "Tokens sent to and received from the model server.", "direction")
LLM_SECONDS = histogram("llm_request_seconds", "Time of a request to the model server.", buckets=SLOW)


def count_llm(outcome: str, seconds: float, *, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
    """Record one request to the model server. `outcome` is a word of a short list: ok, busy, failed, cancelled."""
    LLM_REQUESTS.labels(outcome).inc()
    LLM_SECONDS.observe(seconds)
    LLM_TOKENS.labels("prompt").inc(prompt_tokens)
    LLM_TOKENS.labels("completion").inc(completion_tokens)


class Ledger:
    """What this process counted since it last handed its figures in."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._handed: dict[Series, float] = {}

    def changes(self) -> dict[Series, float]:
        """By how much each series grew since the last `settle`."""
        with self._lock:
            return {
                series: value - self._handed.get(series, 0.0)
                for series, value in samples(REGISTRY.collect()).items()
                if value != self._handed.get(series, 0.0)
            }

    def settle(self, changes: Mapping[Series, float]) -> None:
        """Note that these differences are safe elsewhere."""
        with self._lock:
            for series, change in changes.items():
                self._handed[series] = self._handed.get(series, 0.0) + change


def samples(families: Iterable[Metric]) -> dict[Series, float]:
    """The cumulative samples of these metrics."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
        for family in families
        for sample in family.samples
        if sample.name.endswith(CUMULATIVE)
    }

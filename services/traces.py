"""Traces for OpenTelemetry, when an address to send them to is set. Otherwise nothing is imported and a span costs nothing.

Spans carry what the log does, and no more: names, ids, counts, never a query, a title, or an exception's message.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from services.errors import ConfigurationError
from services.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Tracer

# The variable that every OpenTelemetry program knows.
STANDARD = "OTEL_EXPORTER_OTLP_ENDPOINT"
# A collector that is away must not hold the end of the process.
EXPORT_SECONDS = 3
FLUSH_MILLISECONDS = 2000

_provider: TracerProvider | None = None
_tracer: Tracer | None = None


class Traces:
    """The sending of spans, for `Runtime.keep`: closing sends what waits."""

    def __init__(self, url: str, process: str) -> None:
        self.is_on = start(url or os.environ.get(STANDARD, ""), process)

    def close(self) -> None:
        """Send what waits. Spans made after this are sent at the end of the process."""
        if self.is_on and _provider is not None:
            _provider.force_flush(FLUSH_MILLISECONDS)


def start(url: str, process: str) -> bool:
    """Send this process's spans to a collector's OTLP/HTTP address; False when there is none. Once per process.

    `process` names it among the others: gateway, worker. Raises: ConfigurationError when the library is missing.
    """
    if not url:
        return False
    if _provider is None:
        if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter.otlp") is None:
            raise ConfigurationError(
                "Traces need a library more: run `pip install 'tidings[otel]'`, or unset their address."
            )
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = OTLPSpanExporter(
            endpoint=f"{url.rstrip('/').removesuffix('/v1/traces')}/v1/traces", timeout=EXPORT_SECONDS
        )
        use(BatchSpanProcessor(exporter), process)
    return True


def use(processor: Any, process: str) -> TracerProvider:
    """Make this process's provider, with a processor that gets all its spans. Tests give one that keeps them."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    class Redact(SpanProcessor):
        """FastAPI writes the query string on its spans, and with it what people search for."""

        def on_start(self, span: Any, parent_context: Any = None) -> None:
            if "url.query" in (span.attributes or {}):
                span.set_attribute("url.query", "REDACTED")

    global _provider, _tracer
    named = {"service.name": "tidings", "service.version": VERSION, "tidings.process": process}
    _provider = TracerProvider(resource=Resource.create(named))
    _provider.add_span_processor(Redact())
    _provider.add_span_processor(processor)
    _tracer = _provider.get_tracer("tidings", VERSION)
    return _provider


def provider() -> TracerProvider | None:
    """Where this process's spans go; None when traces are off."""
    return _provider


def span(name: str, *, links: Sequence[str | None] = (), **attributes: Any) -> AbstractContextManager[None]:
    """A span around a block, below the current one. `links`: `trace_parent`s of requests that caused it."""
    if _tracer is None:
        return nullcontext()
    return _span(_tracer, name, links, attributes)


@contextmanager
def _span(tracer: Tracer, name: str, links: Sequence[str | None], attributes: dict[str, Any]) -> Iterator[None]:
    from opentelemetry.trace import StatusCode

    given = {f"tidings.{key}": value for key, value in attributes.items() if value is not None}
    with tracer.start_as_current_span(
        name,
        links=[link_to(each) for each in dict.fromkeys(links) if each],
        attributes=given,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield
        except Exception as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(StatusCode.ERROR)
            raise


def note(**attributes: Any) -> None:
    """Put what was found on the current span."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes({f"tidings.{key}": value for key, value in attributes.items()})


def trace_parent() -> str | None:
    """The current span as a `traceparent` header (W3C Trace Context, section 3.2); None when there is none."""
    if _tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def link_to(parent: str) -> Link:
    """A link to the span that a `traceparent` names."""
    from opentelemetry.trace import Link, SpanContext, TraceFlags

    _, trace_id, span_id, flags = parent.split("-")
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return Link(context)

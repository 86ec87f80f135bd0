"""The log: structured, one event per line, UTC; readable in a terminal, JSON for machines."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from services.settings import Settings
from services.traces import trace_parent

MAX_FRAMES = 15
MAX_TRACE_LINES = 60


@contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Put these fields on every line that this thread or task writes in the block; those that are None are left out."""
    with structlog.contextvars.bound_contextvars(
        **{name: value for name, value in fields.items() if value is not None}
    ):
        yield


def current(field: str) -> str | None:
    """A field of the lines written just now, such as the id of the request that is being answered."""
    value = structlog.contextvars.get_contextvars().get(field)
    return None if value is None else str(value)


def trace_of(error: BaseException) -> list[str]:
    """Where an exception came from, innermost last: types and places, never its message or the values of variables.

    Both quote passwords, cookies and articles: a validation error shows its input, a database error its parameters.
    """
    lines = []
    link: BaseException | None = error
    while link is not None:
        frames = traceback.extract_tb(link.__traceback__)[-MAX_FRAMES:]
        lines += [f"{type(link).__name__}:", *(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)]
        link = link.__cause__ or link.__context__
    return lines[:MAX_TRACE_LINES]


def name_trace(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put the trace's id on the line, so that each can be found from the other."""
    parent = trace_parent()
    if parent is not None:
        event["trace_id"] = parent.split("-")[1]
    return event


def place_exception(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Turn an exception that comes with a line into its trace, those of other libraries' lines too."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["trace"] = trace_of(error)
    return event


def lay_out_trace(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """For terminals: a trace below its line instead of in it."""
    if "trace" in event:
        event["exception"] = "\n".join(event.pop("trace"))
    return event


def configure_logging(settings: Settings, *, least: str | None = None) -> None:
    """Set up structlog and the standard library's logging to write the same lines to standard error.

    `least` raises the least severe message that is logged, for commands whose output a person reads.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_trace,
        place_exception,
    ]
    renderers: list[structlog.typing.Processor]
    if settings.log_json:
        renderers = [structlog.processors.JSONRenderer()]
    else:
        renderers = [lay_out_trace, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(least or settings.log_level)
    # For libraries that set a level of their own, as Scrapy does: on DEBUG it writes whole pages.
    handler.setLevel(root.level)
    for noisy in ("alembic", "celery", "kombu", "httpx", "httpx2", "httpcore2", "uvicorn", "amqp"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))

"""The log: structured, one event per line, UTC; readable in a terminal, JSON for machines."""

from __future__ import annotations

import logging
import sys

import structlog

from services.settings import Settings


def configure_logging(settings: Settings, *, least: str | None = None) -> None:
    """Set up structlog and the standard library's logging to write the same lines to standard error.

    `least` raises the least severe message that is logged, for commands whose output a person reads.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor
    if settings.log_json:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default one prints local variables, and with them cookies and keys.
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(least or settings.log_level)
    for noisy in ("alembic", "celery", "kombu", "httpx2", "httpcore2", "uvicorn", "amqp"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))

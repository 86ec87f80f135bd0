"""Scrapy's responses and failures in the product's words."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response

from crawler.frontier import Refused, Task
from crawler.resolver import GuardedResolver
from services.models import utc_now
from services.sources.crawl import Answer
from services.sources.etiquette.politeness import host_key


def answer_of(task: Task, response: Response) -> Answer:
    """A response as an answer."""
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )
    return Answer(
        task.url,
        response.url,
        utc_now(),
        response.status,
        headers,
        response.body,
        retry_at=task.retry_at,
        requests=task.requests,
        took_ms=_took(task),
        tdmrep=task.tdmrep,
        robots_reserves=task.robots_reserves,
    )


def failure_of(task: Task, error: BaseException, url: str) -> Answer:
    """A failure as an answer that says why there is none."""
    code, detail = explain(error, url)
    retry_at = error.retry_at if isinstance(error, Refused) and error.retry_at else task.retry_at
    return Answer(
        task.url,
        url,
        utc_now(),
        code=code,
        detail=detail,
        retry_at=retry_at,
        requests=task.requests,
        took_ms=_took(task),
    )


def explain(error: BaseException, url: str) -> tuple[str, str]:
    """A stable word and a sentence for what went wrong on the way to an answer."""
    if isinstance(error, Refused):
        return error.code, error.detail
    if isinstance(error, CannotResolveHostError):
        if _name(url) in GuardedResolver.refused:
            return "egress_denied", "The name leads to an address that is not on the public internet."
        return "unreachable", "The name does not exist or could not be resolved; this server may be offline."
    if isinstance(error, DownloadTimeoutError):
        return "timeout", "The server did not answer in time."
    if isinstance(error, (DownloadCancelledError, IgnoreRequest)):
        # What Scrapy raises for a body past its limit, before and after decompression.
        return "too_large", "The answer is larger than the limit (TIDINGS_MAX_PAGE_MIB)."
    if isinstance(error, DownloadConnectionRefusedError):
        return "unreachable", "The server refused the connection."
    if isinstance(error, ResponseDataLossError):
        return "broken", "The server broke off in the middle of its answer."
    if "certificate" in str(error).lower() or "ssl" in repr(error).lower():
        return "unreachable", "The server has no valid certificate."
    return "unreachable", "The server broke off or answered with something that is not HTTP."


def _name(url: str) -> str:
    parts = urlsplit(url)
    return host_key(url).lower() if parts.hostname else ""


def _took(task: Task) -> int:
    return int((time.monotonic() - task.began) * 1000)

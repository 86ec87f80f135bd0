"""Connections whose every step ends in time, however slowly the other side drips. What goes out builds on these.

A limit is a function that gives the seconds a step may still take, and raises when there are none left.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpcore2
import httpx2

Limit = Callable[[], float]


def left(deadline: float) -> float:
    """Seconds until a moment of the monotonic clock; raises httpcore2.ReadTimeout when it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore2.ReadTimeout("the time is over")
    return seconds


def in_time(work: Callable[[], list[str]], limit: Limit) -> list[str]:
    """Run a name look-up, which knows no timeout, in a thread that is left behind when it takes too long."""
    results: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            results.put(work())
        except Exception as error:
            results.put(error)

    Thread(target=run, daemon=True, name="resolve").start()
    try:
        result = results.get(timeout=limit())
    except Empty:
        raise httpcore2.ConnectTimeout("the name could not be resolved in time") from None
    if isinstance(result, Exception):
        raise result
    return result


def connect_to_first(
    addresses: Iterable[str], port: int, limit: Limit, socket_options: Iterable[Any] | None
) -> httpcore2.NetworkStream:
    """A connection to the first address that takes one. Raises httpcore2.ConnectError or ConnectTimeout when none does."""
    failure: Exception = httpcore2.ConnectError("the name has no address")
    for address in addresses:
        try:
            return httpcore2.SyncBackend().connect_tcp(address, port, limit(), None, socket_options)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            failure = error
    raise failure


class TimedStream(httpcore2.NetworkStream):
    """A connection that asks its limit before every step."""

    def __init__(self, stream: httpcore2.NetworkStream, limit: Limit) -> None:
        self._stream = stream
        self._limit = limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come, at most `max_bytes`."""
        return self._stream.read(max_bytes, self._limit())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the bytes."""
        self._stream.write(buffer, self._limit())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection, encrypted."""
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._limit()), self._limit)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself, such as its socket."""
        return self._stream.get_extra_info(info)


class BodyStream(httpx2.SyncByteStream):
    """The body of an answer, for httpx2 to decompress and decode."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        """Close the answer, and its connection where more of it was to come."""
        self._answer.close()


def core_url(url: httpx2.URL) -> httpcore2.URL:
    """The same address in httpcore2's terms."""
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)

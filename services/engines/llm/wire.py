"""One request to a model server, on a connection of its own: it ends at the deadline, and sooner when it is given up.

A connection for each request costs a fraction of a millisecond beside seconds of generation. In return the deadline and
the cancellation belong to the connection: cutting it is what stops the server from generating, and nothing else does.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpcore2
import httpx2

from services.engines.egress import resolve
from services.engines.llm.base import Cancellation
from services.engines.timed import BodyStream, TimedStream, connect_to_first, core_url, in_time, left
from services.errors import EngineUnavailable, ModelTooSlow, TidingsError

# A server of one's own network answers a connection in milliseconds, or is not there.
CONNECT_SECONDS = 3.0
# A wait may end this much before its time.
TICK_SECONDS = 0.01
MOST_ANSWER_BYTES = 64 * 2**20


Response = httpx2.Response


class Unanswered(EngineUnavailable):
    """A server that could not be reached, went silent, broke off or sent what cannot be read."""


class Call:
    """The time one call may take, in all and in silence, and whether somebody still waits for it."""

    def __init__(self, seconds: float, silence_seconds: float, cancel: Cancellation | None = None) -> None:
        self.deadline = time.monotonic() + seconds
        self.silence_seconds = silence_seconds
        self.cancel = cancel or Cancellation()
        self._stream: httpcore2.NetworkStream | None = None

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self.deadline - TICK_SECONDS

    def limit(self) -> float:
        """Seconds that the next step may take."""
        self.cancel.check()
        return min(left(self.deadline), self.silence_seconds)

    def holds(self, stream: httpcore2.NetworkStream) -> None:
        """Remember the connection in use; raises ModelCancelled when the call was given up meanwhile."""
        self._stream = stream
        self.cancel.check()

    def cut(self) -> None:
        """Shut the connection down under whoever reads it; closing it would not wake them."""
        stream = self._stream
        held = stream.get_extra_info("socket") if stream is not None else None
        if held is not None:
            # Not the method of an encrypted socket, which would also take its state away from the reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)


class _Backend(httpcore2.NetworkBackend):
    """Connects to the first address that answers."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = in_time(lambda: resolve(host, port), self._limit)
        return _CallStream(connect_to_first(addresses, port, self._limit, socket_options), self._call)

    def _limit(self) -> float:
        return min(self._call.limit(), CONNECT_SECONDS)


class _CallStream(TimedStream):
    def __init__(self, stream: httpcore2.NetworkStream, call: Call) -> None:
        super().__init__(stream, call.limit)
        self._call = call
        call.holds(stream)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _CallStream(self._stream.start_tls(ssl_context, server_hostname, self._limit()), self._call)


class _Bounded(BodyStream):
    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for part in super().__iter__():
            received += len(part)
            if received > MOST_ANSWER_BYTES:
                raise Unanswered("The model server's answer has no end.")
            yield part


@contextmanager
def exchange(
    call: Call, method: str, address: str, *, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
) -> Iterator[Response]:
    """Send a request, `body` as JSON; its answer is read inside the block, and the connection ends with it.

    Redirects are not followed and proxies of the environment are not used: these servers are the operator's own.
    Raises: Unanswered, ModelTooSlow when the deadline passed, ModelCancelled.
    """
    backend = _Backend(call)
    sent = {**headers, "accept-encoding": "identity", "connection": "close"}
    request = httpx2.Request(method, address, headers=sent, json=body)
    asked = httpcore2.Request(method, core_url(request.url), headers=request.headers.raw, content=request.read())
    context = trusted() if request.url.scheme == "https" else None
    with (
        explained(call, request.url),
        call.cancel.cutting(call.cut),
        httpcore2.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
    ):
        answer = pool.handle_request(asked)
        response = httpx2.Response(answer.status, headers=answer.headers, stream=_Bounded(answer))
        try:
            yield response
        finally:
            response.close()


@contextmanager
def explained(call: Call, url: httpx2.URL) -> Iterator[None]:
    """Say in one sentence what went wrong on the way."""
    try:
        yield
    except TidingsError:
        # To whoever reads, a connection that was cut looks like one that the server ended.
        call.cancel.check()
        raise
    except (httpcore2.TimeoutException, httpx2.TimeoutException, TimeoutError) as error:
        call.cancel.check()
        if call.over:
            raise too_slow() from error
        raise Unanswered(f"The model server {shown(url)} went silent.") from error
    except (httpcore2.ConnectError, socket.gaierror) as error:
        call.cancel.check()
        raise Unanswered(f"The model server {shown(url)} cannot be reached.") from error
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.UnsupportedProtocol,
        httpx2.HTTPError,
        OSError,
        UnicodeError,
        ValueError,
    ) as error:
        call.cancel.check()
        raise Unanswered(f"The model server {shown(url)} broke off or sent what cannot be read.") from error


def too_slow() -> ModelTooSlow:
    """The refusal at the deadline."""
    return ModelTooSlow(
        "The language model did not finish in time; ask for less, or raise TIDINGS_LLM_SECONDS.", retry_after_seconds=10
    )


def shown(url: httpx2.URL) -> str:
    """A server's address for a message, without what may be a credential in it."""
    return f"{url.scheme}://{url.netloc.decode()}"


def headers_for(key: str) -> Mapping[str, str]:
    """The credential of a server, where it wants one."""
    return {"authorization": f"Bearer {key}"} if key else {}


@cache
def trusted() -> ssl.SSLContext:
    """The trust store, loaded once; SSL_CERT_FILE may name another, for an operator's own authority."""
    return httpx2.create_ssl_context()

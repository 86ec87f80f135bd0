"""The only door to addresses that come from people: fetches a page, and refuses everything that is not public.

The name is resolved here, every address it has is checked, and the connection goes to a checked address, so a name
that resolves differently a moment later gains nothing. Redirects are followed by hand through the same checks.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import httpcore2
import httpx2

from services.engines.addresses import Url, is_private_name, is_public, parse_url
from services.engines.timed import BodyStream, TimedStream, connect_to_first, core_url, in_time, left
from services.errors import EgressDenied, FetchFailed, InvalidInput, TidingsError, TooLarge
from services.settings import Settings

__all__ = ["Egress", "Fetched", "Resolver", "parse_url", "resolve"]

MAX_REDIRECTS = 5
MAX_ENCODINGS = 2
REDIRECTS = {301, 302, 303, 307, 308}
# Headers that may follow a redirect to another origin. Everything else may carry a credential.
HARMLESS_HEADERS = {"accept", "accept-language", "user-agent"}
NOT_PUBLIC = (
    "is not on the public internet, so Tidings does not connect to it. "
    "The operator can allow a host with TIDINGS_FETCH_PRIVATE_HOSTS."
)

Resolver = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Fetched:
    """A page. `content` is decompressed; `final_url` is where redirects led, `url` what was asked for."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    final_url: str


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, from the system's resolver."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class Egress:
    """Fetches from the public internet. One per process; safe to use from any thread."""

    def __init__(self, settings: Settings, *, resolver: Resolver = resolve, tls: ssl.SSLContext | None = None) -> None:
        self._ports = frozenset(settings.fetch_ports)
        self._allowed = frozenset(host.strip().lower() for host in settings.fetch_private_hosts)
        self._user_agent = settings.user_agent
        self._resolver = resolver
        self._given_tls = tls

    def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout_seconds: float,
        headers: Mapping[str, str] | None = None,
        any_status: bool = False,
    ) -> Fetched:
        """GET a page, following up to five redirects. `any_status` gives error answers back instead of raising.

        `max_bytes` counts decompressed bytes. `timeout_seconds` is for everything together: names, redirects, a server
        that sends one byte a second. Cookies are neither sent nor kept, and proxies of the environment are not used.
        Raises: InvalidInput (no URL), EgressDenied (also when a redirect leads there), FetchFailed, TooLarge.
        """
        deadline = time.monotonic() + timeout_seconds
        target = self.check(url)
        sent = {
            "user-agent": self._user_agent,
            "accept": "text/html,application/xhtml+xml,application/pdf,text/*;q=0.9,*/*;q=0.5",
        }
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        for _ in range(MAX_REDIRECTS + 1):
            status, received, content = self._get(target, sent, max_bytes, deadline)
            location = received.get("location", "")
            if status not in REDIRECTS or not location:
                if status >= 400 and not any_status:
                    raise FetchFailed(f"{_shown(target.text)} answered {status}.")
                return Fetched(url, status, received, content, target.text)
            following = self._follow(target, location)
            if following.origin != target.origin:
                sent = {name: value for name, value in sent.items() if name in HARMLESS_HEADERS}
            target = following
        raise FetchFailed(f"{_shown(url)} redirects more than {MAX_REDIRECTS} times.")

    def check(self, url: str) -> Url:
        """Check all of an address that can be checked without resolving its name.

        Raises: InvalidInput, EgressDenied.
        """
        target = parse_url(url)
        if self._is_allowed(target):
            return target
        if target.port not in self._ports:
            ports = ", ".join(map(str, sorted(self._ports)))
            raise EgressDenied(
                f"Port {target.port} is not fetched from. Allowed: {ports}. "
                "The operator can allow one host and port with TIDINGS_FETCH_PRIVATE_HOSTS."
            )
        if "." not in target.host and ":" not in target.host:
            raise EgressDenied(
                f"{_shown(target.host)} is no complete address on the public internet. Check the spelling. "
                "The operator can allow a host of your own network with TIDINGS_FETCH_PRIVATE_HOSTS."
            )
        literal = _literal(target.host)
        if (literal is None and is_private_name(target.host)) or (literal is not None and not is_public(literal)):
            raise EgressDenied(f"{_shown(target.host)} {NOT_PUBLIC}")
        return target

    def _is_allowed(self, target: Url) -> bool:
        host = f"[{target.host}]" if ":" in target.host else target.host
        return f"{host}:{target.port}" in self._allowed

    def _follow(self, target: Url, location: str) -> Url:
        try:
            # A relative reference is joined by the same library that parsed the base, and then checked as a whole.
            return self.check(str(target.parsed.join(location)))
        except (httpx2.InvalidURL, ValueError) as error:
            raise FetchFailed(f"{_shown(target.text)} redirects to something that is no address.") from error
        except InvalidInput as error:
            raise type(error)(f"{_shown(target.text)} redirects to {_shown(location)}. {error.detail}") from error

    def _get(
        self, target: Url, headers: Mapping[str, str], max_bytes: int, deadline: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        backend = _GuardedBackend(self._resolver, deadline, checks=not self._is_allowed(target))
        request = httpx2.Request("GET", target.parsed, headers={"accept-encoding": "gzip, deflate", **headers})
        with (
            _explained(target, deadline),
            httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
        ):
            answer = pool.handle_request(
                httpcore2.Request(
                    "GET", core_url(request.url), headers=request.headers.raw, extensions={"sni_hostname": target.host}
                )
            )
            response = httpx2.Response(answer.status, headers=answer.headers, stream=BodyStream(answer))
            try:
                body = b"" if response.status_code in REDIRECTS else _read(response, max_bytes)
                return response.status_code, response.headers, body
            finally:
                response.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: loading the trust store takes 20 ms."""
        return self._given_tls or httpx2.create_ssl_context(trust_env=False)


class _GuardedBackend(httpcore2.NetworkBackend):
    """Resolves, checks every address, and connects to a checked one, all before the deadline."""

    def __init__(self, resolver: Resolver, deadline: float, *, checks: bool) -> None:
        self._resolver = resolver
        self._limit = partial(left, deadline)
        self._checks = checks

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = in_time(lambda: self._resolver(host, port), self._limit)
        for address in addresses:
            literal = _literal(address)
            if self._checks and (literal is None or not is_public(literal)):
                raise EgressDenied(f"{_shown(host)} {NOT_PUBLIC}")
        return TimedStream(connect_to_first(addresses, port, self._limit, socket_options), self._limit)


def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    """The decompressed body; stops as soon as it is too large."""
    encodings = [
        name for name in response.headers.get("content-encoding", "").split(",") if name.strip() not in ("", "identity")
    ]
    if len(encodings) > MAX_ENCODINGS:
        raise FetchFailed(f"The page is compressed {len(encodings)} times over; {MAX_ENCODINGS} are accepted.")
    limit = f"The page is larger than {max_bytes / 2**20:.0f} MiB, the limit (TIDINGS_MAX_PAGE_MIB)."
    declared = response.headers.get("content-length", "")
    if not encodings and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise TooLarge(limit)
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > max_bytes:
            raise TooLarge(limit)
    return bytes(content)


@contextmanager
def _explained(target: Url, deadline: float) -> Iterator[None]:
    """Say in one sentence what went wrong on the way."""
    where = _shown(target.text)
    try:
        yield
    except TidingsError:
        raise
    except (httpcore2.TimeoutException, httpx2.TimeoutException, TimeoutError) as error:
        raise FetchFailed(f"{where} did not answer in time.") from error
    except socket.gaierror as error:
        raise FetchFailed(
            f"The name {target.host!r} does not exist or could not be resolved. Check its spelling, and that this server "
            "is online."
        ) from error
    except (httpcore2.ConnectError, ssl.SSLError) as error:
        what = "has no valid certificate" if "CERTIFICATE" in str(error).upper() else "could not be connected to"
        raise FetchFailed(f"{where} {what}.") from error
    except (httpx2.DecodingError, EOFError) as error:
        raise FetchFailed(f"{where} sent data that could not be decompressed.") from error
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.UnsupportedProtocol,
        httpx2.HTTPError,
        OSError,
        UnicodeError,
        ValueError,
    ) as error:
        late = time.monotonic() >= deadline
        raise FetchFailed(
            f"{where} did not answer in time."
            if late
            else f"{where} broke off or answered with something that is not HTTP."
        ) from error


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _shown(url: str) -> str:
    """An address for a message: no query (it may hold a token), bounded."""
    return repr(url.split("?")[0][:120])

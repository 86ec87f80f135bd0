"""The outermost layer: a request id on everything, headers that browsers need, one log line, and no bare 500."""

from __future__ import annotations

import re
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_response
from services.ids import new_id
from services.metrics import HTTP_REQUESTS, HTTP_SECONDS

access_log = structlog.get_logger("tidings.access")

# A caller's id is kept when it is short and plain, so that it can stand in a log line and a header as it is.
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# The web pages' files, addresses that lead nowhere, and requests refused before their route was looked for.
UNROUTED = "(other)"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"


class RequestContext:
    """Gives each request its id, answers what nobody caught, sets the headers of every response and logs it once."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id = request_id_from(Headers(scope=scope))
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                count(scope, status, time.perf_counter() - started)
                self.add_headers(MutableHeaders(scope=message), state)
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            # The response of a request that failed while streaming cannot be changed any more: it just ends.
            response = problem_response(scope, error)
            if status == 0:
                await response(scope, receive, send_with_headers)
        finally:
            log_access(scope, status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()

    def add_headers(self, headers: MutableHeaders, state: dict[str, Any]) -> None:
        """Add what every response carries; a route's own choice of caching or policy stands."""
        headers["X-Request-Id"] = state["request_id"]
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        for name, value in state.get("response_headers", {}).items():
            headers[name] = value
        if self.https:
            headers.setdefault("Strict-Transport-Security", HSTS)


def count(scope: Scope, status: int, seconds: float) -> None:
    """Count a response as it begins. The route's template stands for its addresses; unknown ones are one route."""
    method = scope["method"] if scope["method"] in METHODS else "other"
    route = getattr(scope.get("route"), "path", None) or UNROUTED
    HTTP_REQUESTS.labels(method, route, str(status)).inc()
    HTTP_SECONDS.labels(method, route).observe(seconds)


def request_id_from(headers: Headers) -> str:
    """The caller's request id when it is sane, else a new one."""
    given = headers.get("x-request-id", "")
    return given if SANE_REQUEST_ID.fullmatch(given) else new_id("req")


def log_access(scope: Scope, status: int, seconds: float) -> None:
    """One line per request: never a query string, header or body, which may hold secrets or people's searches."""
    state = scope["state"]
    # The pages' own files are many and say nothing.
    tell = access_log.info if status >= 400 or scope["path"].startswith("/v1") else access_log.debug
    tell(
        "request",
        method=escaped(scope["method"], 20),
        path=escaped(scope["path"], 300),
        status=status,
        took_ms=round(seconds * 1000, 1),
        client=(scope.get("client") or ("-",))[0],
        tenant_id=state.get("tenant_id"),
        actor_id=state.get("actor_id"),
    )


def escaped(text: str, limit: int) -> str:
    """Text that cannot break a log line or steer a terminal: control and direction characters are written out."""
    return CONTROL_CHARACTERS.sub(lambda match: f"\\u{ord(match[0]):04x}", text[:limit])

"""Only answer to our own names, so that a page which rebinds its DNS name to us gets nothing."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import HttpRefusal, problem_response
from services.settings import Settings

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARD_BINDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104
HOST_HEADER = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9_.-]{1,253}))(?::\d{1,5})?")


class HostCheck:
    """Refuses a request whose Host header is missing, doubled, malformed or not ours."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.names = allowed_names(settings)
        # An IP address cannot be rebound, so a server that listens on all of them answers to any.
        self.any_address = settings.host in WILDCARD_BINDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and not self.accepts(scope):
            refusal = HttpRefusal(
                400, "bad_host", "This server does not answer to that name; see TIDINGS_ALLOWED_HOSTS."
            )
            await problem_response(scope, refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def accepts(self, scope: Scope) -> bool:
        """Whether the one Host header names us."""
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        match = HOST_HEADER.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            return False
        name = (match["v6"] or match["name"]).lower().rstrip(".")
        return name in self.names or (self.any_address and is_address(name))


def allowed_names(settings: Settings) -> frozenset[str]:
    """The names in force: local ones, the bind address, the public address and what the operator added."""
    public = urlsplit(settings.public_url).hostname
    given = {settings.host, *settings.allowed_hosts, *([public] if public else [])} - WILDCARD_BINDS
    return LOCAL_NAMES | {name.lower().strip("[]") for name in given}


def is_address(name: str) -> bool:
    """Whether this is a literal IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

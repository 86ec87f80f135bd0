"""The command line's way to a server: the one that runs, or one that lives as long as the command."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console

from cli.running import is_locked, running_url
from services.settings import SQLITE_FILE, Settings
from services.tenants.operator import OPERATOR_FILE, operator_token

KEY_FILE = "cli.key"
# A command without a server waits so long for the model; the first time it has to be prepared.
MODEL_SECONDS = 120.0
# And so long for a server that somebody has just started, which may be bringing its database up to date.
STARTING_SECONDS = 30.0
# What a request raises whose answer does not come; it may have had its effect.
CONNECTION_LOST = httpx2.TransportError
err = Console(stderr=True, highlight=False)


class CommandFailed(Exception):
    """A command that cannot go on; the message says what to do next."""


@dataclass
class Client:
    """HTTP with the right credential for each kind of request."""

    http: httpx2.Client
    settings: Settings
    key: str | None

    def call(self, method: str, path: str, **request: Any) -> Any:
        """A request for one tenant; returns the JSON answer. Raises CommandFailed with the server's own words."""
        return self._send(method, path, self.tenant_key(), **request)

    def text(self, path: str) -> str:
        """A GET whose answer is a text rather than JSON."""
        return self.file(path).decode()

    def file(self, path: str) -> bytes:
        """A GET whose answer is a file."""
        response = self.http.get(path, headers={"Authorization": f"Bearer {self.tenant_key()}"})
        if response.status_code >= 400:
            raise CommandFailed(problem_text(response))
        return response.content

    def admin(self, method: str, path: str, **request: Any) -> Any:
        """A request that only the operator of this machine may make."""
        if not (self.settings.data_dir / OPERATOR_FILE).exists():
            raise CommandFailed(
                "This needs the data folder of the server: run it on the same machine, with the same TIDINGS_DATA_DIR."
            )
        return self._send(method, path, operator_token(self.settings.data_dir), **request)

    def public(self, path: str) -> Any:
        """A request that needs no credential. /readyz answers 503 with a body that is wanted."""
        response = self.http.get(path)
        return response.json()

    @contextmanager
    def stream(self, path: str, body: dict[str, Any]) -> Iterator[Iterator[tuple[str, Any]]]:
        """A request answered with server-sent events: pairs of name and data."""
        with self._events("POST", path, timeout=120, json=body) as events:
            yield events

    @contextmanager
    def follow(self, path: str, *, timeout: float) -> Iterator[Iterator[tuple[str, Any]]]:
        """The server-sent events of an address, as pairs of name and data. `timeout` counts from event to event."""
        with self._events("GET", path, timeout=timeout) as events:
            yield events

    @contextmanager
    def _events(self, method: str, path: str, *, timeout: float, **request: Any) -> Iterator[Iterator[tuple[str, Any]]]:
        headers = {"Authorization": f"Bearer {self.tenant_key()}"}
        with self.http.stream(method, path, headers=headers, timeout=timeout, **request) as response:
            if response.status_code >= 400:
                response.read()
                raise CommandFailed(problem_text(response))
            yield read_events(response.iter_lines())

    def tenant_key(self) -> str:
        """The API key to use: given, kept from before, or made now when there is exactly one tenant."""
        if self.key is None:
            self.key = stored_key(self.settings) or self._make_key()
        return self.key

    def has_key(self) -> bool:
        """Whether there is an API key to use without making one."""
        return self.key is not None or stored_key(self.settings) is not None

    def _make_key(self) -> str:
        tenants = self.admin("GET", "/v1/admin/tenants")["data"]
        if not tenants:
            raise CommandFailed(
                "Nobody has an account yet: run `tidings setup --yes`, or open the set-up link that `tidings up` printed."
            )
        if len(tenants) > 1:
            raise CommandFailed(
                "There are several tenants: give the key of one with --key or TIDINGS_API_KEY (`tidings key add`)."
            )
        made = self.admin(
            "POST", f"/v1/admin/tenants/{tenants[0]['id']}/api_keys", json={"name": "Command line", "scope": "write"}
        )
        keep_key(self.settings, made["key"])
        return str(made["key"])

    def _send(self, method: str, path: str, token: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(16)
        response = self.http.request(method, path, headers=headers, **request)
        if response.status_code >= 400:
            raise CommandFailed(problem_text(response))
        return response.json() if response.content else None


@contextmanager
def open_client(settings: Settings, *, url: str | None, key: str | None, new: bool = False) -> Iterator[Client]:
    """A client of the given server, else of the one that runs on this data folder, else of one started for this command.

    `new`: the data folder may be a new one, which is made. Raises: CommandFailed, also when there is neither.
    """
    key = key or settings.api_key.get_secret_value() or None
    with ExitStack() as stack:
        address = url or settings.url or awaited_url(settings)
        address = address or stack.enter_context(own_server(settings, new=new))
        http = stack.enter_context(httpx2.Client(base_url=address, timeout=60, trust_env=False))
        try:
            yield Client(http, settings, key)
        except httpx2.ConnectError as error:
            raise CommandFailed(
                f"No server answers at {address}: start it with `tidings up`, or check --url."
            ) from error


def awaited_url(settings: Settings) -> str | None:
    """The address of the server on this data folder; one that is just starting is waited for, which is said."""
    address = running_url(settings)
    if address is None and is_locked(settings):
        err.print("[dim]Tidings is starting here: waiting for it …[/dim]")
        address = running_url(settings, patience_seconds=STARTING_SECONDS)
    return address


@contextmanager
def own_server(settings: Settings, *, new: bool) -> Iterator[str]:
    """The address of a server for this command; of another one where that takes the data folder meanwhile."""
    if not (new or settings.database_url or (settings.data_dir / SQLITE_FILE).exists()):
        raise CommandFailed(
            f"No Tidings runs on {settings.data_dir.resolve()}, and there is none in it. Go to the folder that holds "
            f"its data folder, name that with TIDINGS_DATA_DIR, or begin here: `tidings up`, or `tidings setup --yes`."
        )
    from cli.service import FolderTaken, running_service
    from services.engines.embedder import EmbedderState

    with ExitStack() as stack:
        own = settings.model_copy(update={"port": 0, "host": "127.0.0.1", "public_url": ""})
        try:
            service = stack.enter_context(running_service(own))
        except FolderTaken:
            address = awaited_url(settings)
            if address is None:
                raise
            yield address
            return
        service.run_in_thread()
        if service.runtime.embedder.state is not EmbedderState.READY:
            err.print("[dim]No server runs here: starting one for this command …[/dim]")
            service.runtime.embedder.wait(MODEL_SECONDS)
        yield service.url


def stored_key(settings: Settings) -> str | None:
    """The key kept for the command line on this machine."""
    try:
        return (settings.data_dir / KEY_FILE).read_text().strip()
    except FileNotFoundError:
        return None


def keep_key(settings: Settings, key: str) -> Path:
    """Keep a key for later commands, readable by its owner only."""
    path = settings.data_dir / KEY_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return path


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """The events of a stream: WHATWG server-sent events with JSON data."""
    name = "message"
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield name, json.loads("\n".join(data))
            name, data = "message", []
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())


def problem_text(response: httpx2.Response) -> str:
    """The sentence of a refusal, with its request id."""
    try:
        problem = response.json()
        return f"{problem['detail']} (request {problem['request_id']})"
    except (ValueError, KeyError, TypeError):
        return f"The server answered {response.status_code}; is this address a Tidings server?"

"""One process that is the whole product: gateway, workers and clock over one runtime."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from migrations import upgrade
from services.errors import ConfigurationError
from services.jobs.tick import take_back
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.tenants.access import operator_token
from worker.app import EmbeddedWorkers

PORTS_TRIED = 50
# After Ctrl+C open requests and streams get this long.
GRACE_SECONDS = 3

Tell = Callable[[str], None]


class Gateway(uvicorn.Server):
    """Ends open event streams before it waits for connections to close: a browser would hold them for ever."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        app = cast(FastAPI, self.config.app)
        await app.state.broadcaster.close()
        await super().shutdown(sockets)


@dataclass
class Service:
    """A running Tidings. `url` is where people find it."""

    settings: Settings
    runtime: Runtime
    socket: socket.socket
    url: str
    workers: EmbeddedWorkers
    server: uvicorn.Server
    lock: IO[str]
    thread: threading.Thread | None = field(default=None)

    def run(self) -> None:
        """Serve until interrupted; call from the main thread."""
        self.server.run(sockets=[self.socket])

    def run_in_thread(self) -> None:
        """Serve in the background; returns when requests are answered."""
        self.thread = threading.Thread(target=self.run, name="gateway", daemon=True)
        self.thread.start()
        while not self.server.started and self.thread.is_alive():
            self.thread.join(0.02)

    def stop(self) -> None:
        """Stop answering, let running work end, close the engines. Takes seconds at most."""
        self.server.should_exit = True
        if self.thread is not None:
            self.thread.join(GRACE_SECONDS + 2)
        self.workers.stop()
        self.runtime.close()
        running_file(self.settings).unlink(missing_ok=True)
        self.socket.close()
        self.lock.close()


@contextmanager
def running_service(settings: Settings, tell: Tell = lambda _: None) -> Iterator[Service]:
    """Start a service and stop it at the end. `tell` is given each step in words.

    Raises: ConfigurationError when another process has the data folder open, or no port is free.
    """
    # A query waits for at most this long while another thread computes: storing points beside one took 1.7 s at
    # Python's 5 ms and 0.22 s at 1 ms (bench/search.py).
    sys.setswitchinterval(0.001)
    runtime = open_runtime(settings)
    lock = lock_folder(settings)
    tell("Bringing the database up to date")
    upgrade(runtime.database)
    operator_token(settings.data_dir)
    listening = bind(settings)
    port = listening.getsockname()[1]
    url = settings.public_url or f"http://{shown_host(settings.host)}:{port}"
    tell("Starting workers")
    # The lock on the folder says that nobody else can be running them.
    take_back(runtime)
    workers = EmbeddedWorkers(runtime)
    config = uvicorn.Config(
        create_app(runtime),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
    )
    service = Service(settings, runtime, listening, url, workers, Gateway(config), lock)
    workers.start()
    runtime.embedder.start()
    local = f"http://{shown_host(settings.host)}:{port}"
    running_file(settings).write_text(json.dumps({"url": local, "pid": os.getpid()}))
    try:
        yield service
    finally:
        service.stop()


def lock_folder(settings: Settings) -> IO[str]:
    """Take the data folder for this process; the lock goes when the process does, however it ends."""
    file = (settings.data_dir / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        url = running_url(settings) or "another process"
        raise ConfigurationError(
            f"Tidings already runs on {settings.data_dir.resolve()} ({url}). Stop it first, or set TIDINGS_DATA_DIR to another folder."
        ) from error
    return file


def bind(settings: Settings) -> socket.socket:
    """Listen on the port that is set, or the next free one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    for port in range(settings.port, min(settings.port + PORTS_TRIED, 65536)):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, port))
            listening.listen(512)
        except OSError:
            listening.close()
            continue
        return listening
    raise ConfigurationError(f"No free port from {settings.port} on {settings.host}; set TIDINGS_PORT or TIDINGS_HOST.")


def shown_host(host: str) -> str:
    """The host to put in a link: a listen-everywhere address becomes this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def running_file(settings: Settings) -> Path:
    """Where a running service says how to reach it."""
    return settings.data_dir / "running.json"


def running_url(settings: Settings) -> str | None:
    """The address of the service that runs on this data folder, None when none does."""
    try:
        with (settings.data_dir / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        try:
            return str(json.loads(running_file(settings).read_text())["url"])
        except (OSError, ValueError, KeyError):
            return None

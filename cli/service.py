"""The gateway as a process: alone beside workers elsewhere, or with workers and clock over one runtime."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import sleep
from typing import IO, cast

import uvicorn
from fastapi import FastAPI
from rich.console import Console

from api.app import create_app
from cli.data.upgrade import bring_up_to_date
from cli.running import running_file, running_url
from cli.start import demand_folder
from services.errors import ConfigurationError
from services.jobs.tick import take_back
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.system.heap import give_memory_back, keep_what_lasts
from services.system.keep.restore import refuse_half_restored
from services.tenants.operator import operator_token
from services.tenants.people import issue_setup_token, setup_needed
from services.traces import Traces
from worker.app import Workers
from worker.clock import Clock

PORTS_TRIED = 50
# After Ctrl+C open requests and streams get this long.
GRACE_SECONDS = 3
# Between tries at the data folder's lock.
LOCK_PAUSES = (0.01, 0.05, 0.1, 0.0)

Tell = Callable[[str], None]


class FolderTaken(ConfigurationError):
    """Another process has the data folder open."""


class Gateway(uvicorn.Server):
    """Ends open event streams before it waits for connections to close: a browser would hold them for ever."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        app = cast(FastAPI, self.config.app)
        await app.state.broadcaster.close()
        await super().shutdown(sockets)


@dataclass
class Service:
    """A running Tidings, or only its gateway. `url` is where people find it."""

    settings: Settings
    runtime: Runtime
    socket: socket.socket
    url: str
    server: uvicorn.Server
    lock: IO[str]
    workers: Workers | None = None
    clock: Clock | None = None
    thread: threading.Thread | None = None

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
        if self.workers is not None:
            self.workers.stop()
        self.runtime.stopping.set()
        if self.clock is not None:
            self.clock.join(GRACE_SECONDS)
        self.runtime.close()
        running_file(self.settings).unlink(missing_ok=True)
        self.socket.close()
        self.lock.close()


@contextmanager
def running_service(settings: Settings, tell: Tell = lambda _: None) -> Iterator[Service]:
    """Start the whole product in this process and stop it at the end. `tell` is given each step in words.

    Raises: ConfigurationError when another process has the data folder open, or no port is free.
    """
    demand_folder(settings.data_dir)
    give_memory_back()
    runtime = open_runtime(settings)
    runtime.keep("traces", lambda: Traces(settings.traces_url, "tidings up"))
    lock = lock_folder(settings)
    with closed_on_failure(runtime, lock):
        tell("Bringing the database up to date")
        bring_up_to_date(runtime)
        service = open_gateway(runtime, lock, ports=PORTS_TRIED)
        tell("Starting workers")
        # The lock on the folder says that nobody else can be running them.
        take_back(runtime)
    service.workers, service.clock = Workers(runtime), Clock(runtime)
    service.workers.start()
    service.clock.start()
    with serving(service):
        yield service


@contextmanager
def running_gateway(settings: Settings) -> Iterator[Service]:
    """Start a gateway whose work is done by other processes, and stop it at the end.

    Raises: ConfigurationError when its port is taken, or one process has the data folder for itself.
    """
    demand_folder(settings.data_dir)
    give_memory_back()
    runtime = open_runtime(settings)
    runtime.keep("traces", lambda: Traces(settings.traces_url, "gateway"))
    lock = lock_folder(settings, shared=True)
    with closed_on_failure(runtime, lock):
        service = open_gateway(runtime, lock, ports=1)
    with serving(service):
        yield service


@contextmanager
def closed_on_failure(runtime: Runtime, lock: IO[str]) -> Iterator[None]:
    """Let go of the data folder when a start fails."""
    try:
        yield
    except BaseException:
        runtime.close()
        lock.close()
        raise


def open_gateway(runtime: Runtime, lock: IO[str], *, ports: int) -> Service:
    """A gateway that listens and does not answer yet."""
    # A query waits for at most this long while another thread computes: storing points beside one took 1.7 s at
    # Python's 5 ms and 0.22 s at 1 ms (bench/search.py).
    sys.setswitchinterval(0.001)
    settings = runtime.settings
    operator_token(settings.data_dir)
    listening = bind(settings, ports)
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
    keep_what_lasts()
    url = settings.public_url or local_url(settings, listening)
    return Service(settings, runtime, listening, url, Gateway(config), lock)


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """Load the model, tell the command line where the gateway is, and stop it at the end."""
    service.runtime.embedder.start()
    here = {"url": local_url(service.settings, service.socket), "pid": os.getpid()}
    running_file(service.settings).write_text(json.dumps(here))
    try:
        yield service
    finally:
        service.stop()


def local_url(settings: Settings, listening: socket.socket) -> str:
    """How this machine reaches the gateway."""
    return f"http://{shown_host(settings.host)}:{listening.getsockname()[1]}"


def lock_folder(settings: Settings, *, shared: bool = False, restoring: bool = False) -> IO[str]:
    """Take the data folder for this process, or share it with other gateways; the lock goes when the process does.

    Raises: FolderTaken when another process has it, ConfigurationError when a restore into it was not finished and this is none.
    """
    file = (settings.data_dir / "lock").open("w")
    if not locked(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
        file.close()
        url = running_url(settings) or "another process"
        raise FolderTaken(
            f"Tidings already runs on {settings.data_dir.resolve()} ({url}). Stop it first, or set TIDINGS_DATA_DIR to another folder."
        )
    if not shared:
        # That of a server that was killed.
        running_file(settings).unlink(missing_ok=True)
    try:
        if not restoring:
            refuse_half_restored(settings.data_dir)
    except ConfigurationError:
        file.close()
        raise
    return file


def locked(file: IO[str], kind: int) -> bool:
    """Take a lock unless another process keeps it; whoever asks which server runs has it for a moment."""
    for pause in LOCK_PAUSES:
        with suppress(BlockingIOError):
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        sleep(pause)
    return False


def bind(settings: Settings, ports: int) -> socket.socket:
    """Listen on the port that is set, or on the next free one of as many `ports`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    for port in range(settings.port, min(settings.port + ports, 65536)):
        # Named, as asyncio sends small answers at once (TCP_NODELAY) only where it sees the protocol: else each waits 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, port))
            listening.listen(512)
        except OSError as error:
            listening.close()
            refuse_address(settings, port, error)
            continue
        return listening
    which = f"No free port from {settings.port}" if ports > 1 else f"Port {settings.port} is taken"
    raise ConfigurationError(f"{which} on {settings.host}; set TIDINGS_PORT or TIDINGS_HOST.")


def refuse_address(settings: Settings, port: int, error: OSError) -> None:
    """Raises ConfigurationError for an address at which no port would do; a port that is taken is none."""
    if error.errno == errno.EADDRNOTAVAIL:
        raise ConfigurationError(
            f"{settings.host} is no address of this machine; set TIDINGS_HOST to one that is, or to 0.0.0.0 for all."
        ) from error
    if error.errno == errno.EACCES:
        raise ConfigurationError(
            f"Port {port} may only be opened by root: set TIDINGS_PORT to one above 1023 and put a proxy in front."
        ) from error


def shown_host(host: str) -> str:
    """The host to put in a link: a listen-everywhere address becomes this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def tell_setup(service: Service, console: Console) -> None:
    """While nobody has set the server up: where to do so."""
    if not setup_needed(service.runtime):
        return
    link = f"{service.url}/setup?token={issue_setup_token(service.runtime)}"
    console.print(f"\nCreate the owner account here (once, within {service.settings.setup_link_minutes} minutes):")
    console.print(f"  [bold]{link}[/bold]", soft_wrap=True)
    console.print("or run [bold]tidings setup --yes[/bold] in another terminal for an API key.")

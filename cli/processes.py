"""Verbs of the distributed profile: each runs one part of the product as a process of its own.

They share PostgreSQL, Redis, a Qdrant server and the data folder's blobs and keys. Any of them may die at any moment.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated

import typer

from cli.client import MODEL_SECONDS
from cli.output import Output, err, table
from services.engines.queues import QUEUES
from services.errors import ConfigurationError, EngineUnavailable
from services.logs import configure_logging
from services.settings import SQLITE_FILE, Settings
from services.traces import Traces

if TYPE_CHECKING:
    from services.runtime import Runtime

ALIVE_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (gateway, worker, beat, migrate):
        app.command()(verb)
    app.command("migrate-embedded")(migrate_embedded)


def gateway(context: typer.Context) -> None:
    """Serve the web pages and the API; the work is done by `tidings worker` and `tidings beat` elsewhere."""
    from cli.service import running_gateway, tell_setup

    settings = prepared(context)
    with running_gateway(settings) as service:
        demand_current(service.runtime)
        err.print(f"Gateway at {service.url}", soft_wrap=True)
        tell_setup(service, err)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            service.run()


def worker(
    context: typer.Context,
    queues: Annotated[list[str], typer.Argument(help=f"Which queues to work on: {', '.join(QUEUES)}.")],
) -> None:
    """Work on queues until told to stop; running work then goes back to its queue."""
    from services.runtime import open_runtime
    from worker.app import Workers

    settings = prepared(context)
    unknown = sorted(set(queues) - set(QUEUES))
    if unknown:
        raise ConfigurationError(f"Unknown queue {unknown[0]}; there are {', '.join(QUEUES)}.")
    runtime = open_runtime(settings)
    runtime.keep("traces", lambda: Traces(settings.traces_url, "worker"))
    demand_current(runtime)
    if {"interactive", "ingest", "maintenance"} & set(queues):
        runtime.embedder.start()
    workers = Workers(runtime, queues)
    workers.start()
    err.print(f"Working on {', '.join(queues)}")
    until_stopped(runtime, workers.consumer)
    failed = not runtime.stopping.is_set()
    workers.stop()
    runtime.close()
    if failed:
        raise ConfigurationError("The queue's consumer ended; the log says why. Check TIDINGS_BROKER_URL.")


def beat(context: typer.Context) -> None:
    """The clock: starts what is due and rings for work that nobody took. Two of them do no harm."""
    from services.runtime import open_runtime
    from worker.clock import Clock

    runtime = open_runtime(prepared(context))
    demand_current(runtime)
    clock = Clock(runtime)
    clock.start()
    err.print(f"Ticking every {runtime.settings.tick_seconds:g} s")
    until_stopped(runtime, clock.thread)
    runtime.stopping.set()
    clock.join(ALIVE_SECONDS)
    runtime.close()


def migrate(context: typer.Context) -> None:
    """Bring the database to this version's tables; does nothing when it is there."""
    from cli.data.upgrade import bring_up_to_date
    from services.runtime import open_runtime

    output: Output = context.obj
    configure_logging(output.settings)
    runtime = open_runtime(output.settings, with_bell=False)
    bring_up_to_date(runtime)
    runtime.close()
    err.print("The database is up to date.")


def migrate_embedded(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The data folder of the stopped embedded Tidings.")],
) -> None:
    """Copy everything from an embedded data folder to the engines that are set, and compare the counts."""
    from cli.service import lock_folder
    from migrations.history import upgrade
    from services.handlers import HANDLERS
    from services.runtime import open_runtime
    from services.system.transfer import transfer

    output: Output = context.obj
    settings = prepared(context)
    if not (folder / SQLITE_FILE).is_file():
        raise ConfigurationError(f"{folder} is no data folder of Tidings: it holds no {SQLITE_FILE}.")
    servers = ("database_url", "database_admin_url", "broker_url", "qdrant_url")
    here = {"profile": "embedded", "data_dir": folder, **dict.fromkeys(servers, "")}
    source = open_runtime(settings.model_copy(update=here), with_bell=False)
    target = open_runtime(settings, with_bell=False)
    with lock_folder(source.settings), contextlib.closing(source), contextlib.closing(target):
        demand_current(source)
        demand_engines(target)
        upgrade(target.database)
        target.embedder.start()
        target.embedder.wait(MODEL_SECONDS)
        try:
            compared = transfer(source, target, HANDLERS, lambda step: err.print(f"[dim]{step} …[/dim]"))
        except EngineUnavailable as error:
            raise ConfigurationError(
                f"{error.detail} Files and rows that were copied stay there. If rows were, mend this and run `tidings "
                "reindex`, which builds the index from them; to begin anew, give an empty database."
            ) from error
    rows = [(each.name, each.before, each.after, "" if each.equal else "differs") for each in compared]
    output.show([each.__dict__ for each in compared], table(("what", "before", "after", ""), rows))
    if not all(each.equal for each in compared):
        raise ConfigurationError(
            "Some counts differ; the folder is unchanged. Run `tidings doctor`, then compare again."
        )
    err.print("Everything is there. Keep the folder until you have looked at the new one.")


def prepared(context: typer.Context) -> Settings:
    """The settings, checked for servers that several processes can share, and the log configured."""
    output: Output = context.obj
    demand_servers(output.settings)
    configure_logging(output.settings)
    return output.settings


def demand_servers(settings: Settings) -> None:
    """Refuse engines that live inside one process. Raises: ConfigurationError that names what to set."""
    from sqlalchemy import make_url

    needed = {
        "TIDINGS_PROFILE=distributed or TIDINGS_BROKER_URL=redis://...": settings.resolved_broker_url.startswith(
            "memory"
        ),
        "TIDINGS_DATABASE_URL=postgresql+psycopg://...": make_url(settings.resolved_database_url).get_backend_name()
        == "sqlite",
        "TIDINGS_QDRANT_URL=http://...": not settings.qdrant_url,
    }
    missing = [name for name, absent in needed.items() if absent]
    if missing:
        raise ConfigurationError(
            f"Processes that share their work need servers. Set {', '.join(missing)}; or run everything in one "
            "process: `tidings up` without TIDINGS_PROFILE."
        )


def demand_engines(runtime: Runtime) -> None:
    """Refuse to begin while a server is away. Raises: ConfigurationError that says which and why."""
    from services.system.looks import LOOKS

    for name in ("vectors", "broker"):
        state, detail = LOOKS[name](runtime)
        if state != "ready":
            raise ConfigurationError(f"{detail} Nothing was copied.")


def demand_current(runtime: Runtime) -> None:
    """Refuse a database of another version. Raises: ConfigurationError."""
    from migrations.history import pending

    if pending(runtime.database):
        raise ConfigurationError("The database has not this version's tables; run `tidings migrate` first.")


def until_stopped(runtime: Runtime, thread: Thread) -> None:
    """Wait for SIGTERM or Ctrl+C, or for the thread to end; touch the file of life meanwhile."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    alive = runtime.settings.alive_file
    while thread.is_alive() and not stop.wait(ALIVE_SECONDS):
        if alive is not None:
            touch(alive)
    if stop.is_set():
        runtime.stopping.set()


def touch(file: Path) -> None:
    """Say that this process lives; a full disk is no reason to end it."""
    with contextlib.suppress(OSError):
        file.touch()
        os.utime(file)

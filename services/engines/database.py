"""The database: one engine per process, SQLite set up so that readers never wait for a writer."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.errors import EngineUnavailable

# A read begun IMMEDIATE waits behind a writer (2.0 s behind a 2 s writer, measured), so only writes begin so.
WRITE_OPTION = "tidings_write"
BUSY_TIMEOUT_MS = 15_000
ANALYSIS_ROWS = 1000


def open_database(url: str) -> Engine:
    """Open the database behind a SQLAlchemy URL: `sqlite:///file` or `postgresql+psycopg://...`."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=40, hide_parameters=True)
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=240,
        # Errors are logged, and parameters hold articles and the digests of credentials.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", prepare_connection)
    event.listen(engine, "begin", begin)
    return engine


def refresh_statistics(engine: Engine) -> None:
    """Let SQLite look at its tables, so that it chooses the right index; PostgreSQL does so by itself.

    Without figures it takes any index that begins with the tenant, and reads all of the tenant's rows: deleting the
    bands of one document took 200 ms at 20,000 documents. Cost: a few hundred entries of each index.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(**{WRITE_OPTION: True}) as connection:
            connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSIS_ROWS}")
            connection.exec_driver_sql("ANALYZE")
            connection.commit()


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what a full disk, a lock held for long or an absent server raise into EngineUnavailable."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        full = getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        raise EngineUnavailable(
            "The disk of the data folder is full; free some space, then try again."
            if full
            else "The database cannot be used just now; try again, and see the log if it stays so.",
            retry_after_seconds=5,
        ) from error


class WriteQueue:
    """Lets one writer of this process at a time at SQLite, in order of arrival.

    SQLite's own waiting is polling with growing pauses: of four threads writing as fast as they can for 12 s, one
    waited 6.7 s for its turn; with this queue the longest wait was 0.14 s (2 cores, one thread at nice 10).
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: deque[Lock] = deque()
        self._taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and give it to the next at the end."""
        mine = Lock()
        mine.acquire()
        with self._guard:
            if self._taken:
                self._waiting.append(mine)
            else:
                self._taken = True
                mine.release()
        with mine:
            try:
                yield
            finally:
                self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


def prepare_connection(connection: sqlite3.Connection, _record: Any) -> None:
    """Set the pragmas of a new SQLite connection and take transaction control away from the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection) -> None:
    """Begin a SQLite transaction: IMMEDIATE for writes, so that two writers queue instead of failing at commit."""
    write = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN DEFERRED")

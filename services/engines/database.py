"""The database: SQLite set up so that readers never wait for a writer, or PostgreSQL; and what their errors mean."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.engines.postgres import open_postgres
from services.errors import EngineUnavailable, InvalidInput

# A read begun IMMEDIATE waits behind a writer (2.0 s behind a 2 s writer, measured), so only writes begin so.
WRITE_OPTION = "tidings_write"
BUSY_TIMEOUT_MS = 15_000
ANALYSIS_ROWS = 10_000
# The part of the file that is read through memory it is mapped to (ADR 31); SQLite as usually built maps no more.
MAPPED_BYTES = 2**31
# So few more need no new figures.
FEW_ROWS = 100

# What errors of PostgreSQL mean, by SQLSTATE or its class: the sentence, and seconds until trying again makes sense.
FULL = ("The disk of the database is full; free some space, then try again.", 30)
BUSY = ("Something else changes the same things just now; try again.", 1)
AWAY = ("The database cannot be used just now; try again, and see the log if it stays so.", 5)
UNAVAILABLE = {
    "53100": FULL,
    "53300": ("The database has no free connection; try again, or lower TIDINGS_DATABASE_CONNECTIONS.", 5),
    "40": BUSY,  # deadlock, serialisation
    "55P03": BUSY,  # lock_timeout
    "57014": ("The database took too long for this; try again, and see the log if it stays so.", 5),
    "25006": ("The database takes no changes just now: it is a standby or its disk is full. Try again.", 5),
    "25P03": AWAY,  # idle_in_transaction_session_timeout
    "08": AWAY,
    "53": AWAY,
    "57": AWAY,
    "58": AWAY,
    "F0": AWAY,
    "XX": AWAY,
}


def open_database(url: str, connections: int = 20, *, mapped_bytes: int = MAPPED_BYTES) -> Engine:
    """Open the database behind a SQLAlchemy URL: `sqlite:///file` or `postgresql+psycopg://...`.

    `mapped_bytes`: how much of a SQLite file each connection may map, which counts as address space and, once read, as
    resident memory of the process, though the system keeps it once for all.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return open_postgres(make_url(url), connections)
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=240,
        # The connection used last comes first, so that few have pages in memory.
        pool_use_lifo=True,
        # Errors are logged, and parameters hold articles and the digests of credentials.
        hide_parameters=True,
        json_deserializer=read_json,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", partial(prepare_connection, mapped_bytes=mapped_bytes))
    event.listen(engine, "begin", begin)
    return engine


def transaction_options(*, write: bool) -> dict[str, bool]:
    """What a connection is told before it begins a transaction; PostgreSQL refuses writes in one that only reads."""
    return {WRITE_OPTION: True} if write else {"postgresql_readonly": True}


class Statistics:
    """SQLite's figures about its tables, by which it chooses an index; PostgreSQL keeps its own.

    Without them it takes any index that begins with the tenant, and reads all of the tenant's rows: deleting the bands of
    one document took 200 ms at 20,000 documents, reading the texts of a page of results 7 ms at 5,000.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.rows = -1

    def refresh(self) -> bool:
        """Look again if there are half as many documents more than last time; returns whether it did.

        Cost: one number, seldom a few hundred entries of each index. Connections know the figures from when they were
        opened, so all that are idle are closed.
        """
        if self.engine.dialect.name != "sqlite":
            return False
        with self.engine.connect() as connection:
            rows = int(connection.exec_driver_sql("SELECT coalesce(max(rowid), 0) FROM documents").scalar_one())
        if self.rows >= 0 and rows <= self.rows + self.rows // 2 + FEW_ROWS:
            return False
        with self.engine.connect().execution_options(**{WRITE_OPTION: True}) as connection:
            connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSIS_ROWS}")
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
        self.rows = rows
        self.engine.dispose()
        return True


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what a full disk, a lock held for long or an absent server raise into EngineUnavailable.

    A value that the database cannot hold (too long, too large, a NUL in text) becomes InvalidInput.
    """
    try:
        yield
    except PoolTimeout as error:
        raise EngineUnavailable(AWAY[0], retry_after_seconds=AWAY[1]) from error
    except DataError as error:
        raise InvalidInput("A value is too long, too large or holds characters that cannot be stored.") from error
    except DBAPIError as error:
        meaning = meaning_of(error)
        if meaning is None:
            raise
        raise EngineUnavailable(meaning[0], retry_after_seconds=meaning[1]) from error


def meaning_of(error: DBAPIError) -> tuple[str, int] | None:
    """What to tell people when the database cannot serve; None for mistakes of ours and broken constraints."""
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return FULL
    state = getattr(error.orig, "sqlstate", None) or ""
    known = UNAVAILABLE.get(state) or UNAVAILABLE.get(state[:2])
    if known is None and (error.connection_invalidated or (isinstance(error, OperationalError) and not state)):
        return AWAY
    return known


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


def read_json(text: str) -> Any:
    """A JSON value. Most lists of most documents are empty, and a page of results has hundreds of them."""
    return [] if text == "[]" else json.loads(text)


def prepare_connection(connection: sqlite3.Connection, _record: Any, *, mapped_bytes: int) -> None:
    """Set the pragmas of a new SQLite connection and take transaction control away from the driver.

    Its own lower() folds ASCII alone, so that "Ölpreis" would not be found by "ölpreis", as it is on PostgreSQL.
    """
    connection.isolation_level = None
    connection.create_function("lower", 1, fold, deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "secure_delete=ON",
        f"mmap_size={mapped_bytes}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def fold(value: Any) -> Any:
    """Text in lower case; anything else as it is."""
    return value.lower() if isinstance(value, str) else value


def begin(connection: Connection) -> None:
    """Begin a SQLite transaction: IMMEDIATE for writes, so that two writers queue instead of failing at commit."""
    write = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN DEFERRED")

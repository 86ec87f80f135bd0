"""Vectors of texts that were embedded before, on disk. A cache: it may lose anything, and never fails its user."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.engines.vectors.base import Vector

Result = TypeVar("Result")

# 16-bit floats: half the size, and a cosine of .9999999 to what was put in (MiniLM, 384 dimensions).
STORED = np.float16
# Below SQLite's limit of variables, in every build.
KEYS_PER_STATEMENT = 500
# When it is full, this share of the rows goes at once: deleting is dear, one row at a time.
EVICTED_SHARE = 0.1
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

# A file of another layout is emptied: it is a cache.
LAYOUT = 2
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS vectors (
        age INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL,
        document_id TEXT NOT NULL, version INTEGER NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS vectors_document ON vectors (document_id)",
    f"PRAGMA user_version={LAYOUT}",
)
# secure_delete: a forgotten vector is overwritten, since text can be guessed from a vector. synchronous off: a power
# cut may cost the cache, which is then made anew.
PRAGMAS = ("journal_mode=WAL", "synchronous=OFF", "secure_delete=ON", "busy_timeout=2000", "journal_size_limit=4194304")


@dataclass(frozen=True)
class Remembered:
    """A vector, and the document whose text it was first made from: it is forgotten with that document.

    Not by its text, which nobody knows any more when a worker died between embedding a document and recording it.
    """

    key: bytes
    vector: Vector | NDArray[np.float16]
    document_id: str
    version: int


class VectorCache:
    """Keyed by tenant, model and text; bounded; the oldest leave first. Thread-safe; processes may share the file."""

    def __init__(self, folder: Path, max_mib: int) -> None:
        """Open, or make. A size of 0 keeps nothing and makes no file."""
        self._path = folder / "vectors.sqlite"
        self._max_bytes = max_mib * 2**20
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        if self._max_bytes:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._attempt(lambda connection: None, None)

    @staticmethod
    def key(salt: bytes, model: str, text: str) -> bytes:
        """HMAC-SHA256 over model and text with the tenant's salt: nobody learns whether another tenant has a text."""
        return hmac.new(salt, f"{model}\0{text}".encode("utf-8", "replace"), hashlib.sha256).digest()

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """The vectors that are known, of norm 1; what is missing must be embedded."""
        return {key: unpack(vector) for key, vector in self.get_stored(keys).items()}

    def get_stored(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The vectors that are known as they lie in the file: numbers of the type STORED."""

        def read(connection: sqlite3.Connection) -> dict[bytes, bytes]:
            found: dict[bytes, bytes] = {}
            for some in slices(keys):
                marks = ",".join("?" * len(some))
                found.update(connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some))  # noqa: S608
            return found

        return self._attempt(read, {})

    def put_many(self, fresh: Sequence[Remembered]) -> None:
        """Store, in one transaction; a key that is there already stays as it is."""

        def write(connection: sqlite3.Connection) -> None:
            rows = [(each.key, each.vector.astype(STORED).tobytes(), each.document_id, each.version) for each in fresh]
            with connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO vectors (key, vector, document_id, version) VALUES (?, ?, ?, ?)", rows
                )
                while used_bytes(connection) > self._max_bytes and evict(connection):
                    pass

        self._attempt(write, None)

    def forget(self, document_ids: Iterable[str], *, before_version: int | None = None) -> None:
        """Remove what was remembered for documents, only of versions below `before_version` when given, for good.

        Overwritten in the file, and gone from its write-ahead log when nobody else is reading.
        """
        versions = sys.maxsize if before_version is None else before_version

        def remove(connection: sqlite3.Connection) -> None:
            with connection:
                rows = [(document_id, versions) for document_id in document_ids]
                removed = connection.executemany("DELETE FROM vectors WHERE document_id = ? AND version < ?", rows)
            if removed.rowcount:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        self._attempt(remove, None)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._disconnect()
            self._max_bytes = 0

    def _attempt(self, use: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        """Use the file. A broken one is made anew; one that is busy, full or read-only counts as empty."""
        with self._lock:
            if not self._max_bytes:
                return otherwise
            try:
                return use(self._connect())
            except sqlite3.DatabaseError as error:
                self._disconnect()
                if error.sqlite_errorcode & 0xFF in BROKEN:
                    for suffix in ("", "-wal", "-shm"):
                        self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                return otherwise

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, check_same_thread=False)
            self._connection = connection
            self._path.chmod(0o600)
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            if connection.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
                connection.execute("DROP TABLE IF EXISTS vectors")
            for statement in SCHEMA:
                connection.execute(statement)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the file's pages that hold something."""
    (pages,), (free,), (size,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def evict(connection: sqlite3.Connection) -> bool:
    """Remove the oldest rows; says whether there were any."""
    (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    share = max(1, int(count * EVICTED_SHARE))
    oldest = "SELECT age FROM vectors ORDER BY age LIMIT ?"
    return connection.execute(f"DELETE FROM vectors WHERE age IN ({oldest})", (share,)).rowcount > 0  # noqa: S608


def as_remembered(vectors: Vector) -> Vector:
    """Vectors as the cache gives them back: what is indexed now and what is indexed from the cache later is the same."""
    return np.stack([unpack(row.tobytes()) for row in vectors.astype(STORED)])


def unpack(content: bytes) -> Vector:
    """A stored vector, brought back to norm 1."""
    vector = np.frombuffer(content, dtype=STORED).astype(np.float32)
    unit: Vector = vector / np.linalg.norm(vector)
    return unit


def slices(keys: Sequence[bytes]) -> Iterable[tuple[bytes, ...]]:
    """The keys in groups that fit into one statement."""
    remaining = iter(dict.fromkeys(keys))
    return iter(lambda: tuple(itertools.islice(remaining, KEYS_PER_STATEMENT)), ())

"""The shard folders of Qdrant Edge: made, opened when needed, closed when idle longest, removed.

    <folder>/<hash of the collection's name>/
        collection.json   which collection this is and its dimensions; written last, it makes the collection exist
        shard/            Qdrant's own files

Queries, updates and flushes of Edge hold the interpreter lock, so they never overlap, and a lock around them would
only starve queries behind a long upsert. What needs guarding is closing: a shard is leased while used, and closed only
when idle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Any

from qdrant_edge import (
    CountRequest,
    Distance,
    EdgeConfig,
    EdgeOptimizersConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    HnswIndexConfig,
    IntegerIndexParams,
    Modifier,
    PayloadSchemaType,
    TurboQuantBitSize,
    TurboQuantQuantizationConfig,
    UpdateOperation,
)

from services.engines.disk import demand_room
from services.engines.vectors.encode import DATE_FIELD, DENSE, KEYWORD_FIELDS, SPARSE, wrong_dimensions
from services.errors import EngineUnavailable, TidingsError

# Shards open at once. One takes a thread, about 1.4 MB empty and 5 kB per chunk, 1.5 kB of it mapped vectors; at least 64 MB
# once it is opened again, for Edge reads the holes of two files, too. Opening takes 12 microseconds of processor time per
# chunk, holding the interpreter lock (bench/search.py).
OPEN_SHARDS = 16
# How long closing waits for calls under way, seconds.
CLOSE_SECONDS = 10.0
# Edge marks deleted points and keeps their vectors until a vacuum rewrites the segment, which holds the interpreter lock:
# 0.8 s for 20,000 points of 384 dimensions, two busy cores. So it happens when Tidings stops, for as many shards as fit
# into this time by that measure, seconds. Killed at 39 random moments in it, a shard lost nothing and came back whole.
VACUUM_SECONDS = 3.0
VACUUM_SECONDS_PER_POINT = 0.8 / 20_000
# In kB: never reached, so that no HNSW graph is ever due. Building one holds the interpreter lock for seconds.
NEVER_INDEX = 1_000_000_000
COPY = TurboQuantQuantizationConfig(bits=TurboQuantBitSize.Bits4)
# Where a segment keeps them: some 270 bytes per chunk. Edge maps them without reading, so that the first look at each is a
# read of the disk, 146 per query at 400,000 chunks (11 ms). Its own way to have them read, Memory.Cached, fills the holes of
# their file too, which is 32 MB for the smallest collection.
PAYLOADS = "payload_storage"
BLOCK_BYTES = 512
# Of what is asked for at once Linux reads no more than the disk's read-ahead, 128 kB or some MB.
AHEAD_BYTES = 128 * 1024
BROKEN = "Search index {collection!r} failed; the log says why. If it stays so after a restart, restore the data folder from a copy."


@dataclass
class OpenShard:
    """A shard in use by `users` calls, with the points written since its last flush; doomed once its removal began."""

    shard: Any
    dimensions: int
    users: int = 0
    unflushed: int = 0
    doomed: bool = False


class Shards:
    """The shards under one folder. Thread-safe; at most `limit` open but for those in use."""

    def __init__(self, folder: Path, *, limit: int = OPEN_SHARDS) -> None:
        self.folder = folder
        self.limit = limit
        self.opened: OrderedDict[str, OpenShard] = OrderedDict()
        self.changed = Condition()
        self.closed = False

    @contextmanager
    def lease(self, collection: str) -> Iterator[OpenShard | None]:
        """The open shard of a collection, None when there is no such collection; it stays open inside the block."""
        with self.changed:
            shard = self.acquire(collection)
        try:
            with engine_errors(collection):
                yield shard
        finally:
            with self.changed:
                if shard is not None:
                    shard.users -= 1
                self.close_idle(self.limit)
                self.changed.notify_all()

    def acquire(self, collection: str) -> OpenShard | None:
        """Open unless open already, and count a user. Called under the lock."""
        if self.closed:
            raise EngineUnavailable("The search index is closed: Tidings is stopping.", retry_after_seconds=5)
        shard = self.opened.get(collection)
        if shard is None:
            dimensions = self.dimensions(collection)
            if dimensions is None:
                return None
            self.close_idle(self.limit - 1)
            with engine_errors(collection):
                shard = OpenShard(EdgeShard.load(str(self.path(collection) / "shard"), config(dimensions)), dimensions)
                read_ahead(self.path(collection) / "shard")
            self.opened[collection] = shard
        if shard.doomed:
            return None
        self.opened.move_to_end(collection)
        shard.users += 1
        return shard

    def close_idle(self, keep: int) -> None:
        """Close the shards unused longest until `keep` are open or the others are all in use. Called under the lock."""
        idle = [name for name, shard in self.opened.items() if not shard.users]
        for name in idle[: max(0, len(self.opened) - keep)]:
            self.opened.pop(name).shard.close()

    def create(self, collection: str, dimensions: int) -> None:
        """Make the collection unless it exists. Raises ConfigurationError if it has other dimensions."""
        with self.changed:
            stored = self.dimensions(collection)
            if stored is not None and stored != dimensions:
                raise wrong_dimensions(collection, stored, dimensions)
            if stored is not None:
                return
            if collection in self.opened:
                raise EngineUnavailable(
                    f"Search index {collection!r} is being removed; try again.", retry_after_seconds=5
                )
            with engine_errors(collection):
                folder = self.path(collection)
                # What is there without its collection.json was left by a process killed while making or removing it.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(mode=0o700, parents=True)
                demand_room(folder)
                shard = create_shard(folder / "shard", dimensions)
                label = folder / "collection.json"
                label.with_suffix(".new").write_text(json.dumps({"collection": collection, "dimensions": dimensions}))
                label.with_suffix(".new").replace(label)
            self.close_idle(self.limit - 1)
            self.opened[collection] = OpenShard(shard, dimensions)

    def remove(self, collection: str) -> None:
        """Take the collection away from new calls, wait for those under way, and delete its files; idempotent."""
        folder = self.path(collection)
        with self.changed:
            (folder / "collection.json").unlink(missing_ok=True)
            shard = self.opened.get(collection)
            if shard is not None:
                shard.doomed = True
                if not self.changed.wait_for(lambda: not shard.users, timeout=CLOSE_SECONDS):
                    raise EngineUnavailable(f"Search index {collection!r} is in use; try again.", retry_after_seconds=5)
                if self.opened.get(collection) is shard:
                    self.opened.pop(collection).shard.close()
            with engine_errors(collection):
                if folder.exists():
                    shutil.rmtree(folder)

    def close(self) -> None:
        """Refuse new calls, wait for those under way, then vacuum, flush and close every shard; idempotent."""
        with self.changed:
            self.closed = True
            self.changed.wait_for(lambda: not any(shard.users for shard in self.opened.values()), timeout=CLOSE_SECONDS)
            self.vacuum_idle(VACUUM_SECONDS)
            self.close_idle(0)

    def vacuum_idle(self, seconds: float) -> None:
        """Rewrite open shards without their deleted points, the smallest first, as far as the time lasts."""
        idle = {name: shard for name, shard in self.opened.items() if not shard.users}
        costs = {name: live_points(shard) * VACUUM_SECONDS_PER_POINT for name, shard in idle.items()}
        for name in sorted(idle, key=lambda name: costs[name]):
            seconds -= costs[name]
            if seconds < 0:
                return
            with suppress(EngineUnavailable), engine_errors(name):
                # Does nothing, in no time, where nothing was deleted.
                idle[name].shard.optimize()

    def dimensions(self, collection: str) -> int | None:
        """Length of the collection's vectors; None when there is no such collection."""
        try:
            label = json.loads((self.path(collection) / "collection.json").read_text())
            return int(label["dimensions"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise EngineUnavailable(BROKEN.format(collection=collection)) from error

    def path(self, collection: str) -> Path:
        """The collection's folder. Hashed, so that no name, whatever it says, leaves this folder."""
        return self.folder / hashlib.sha256(collection.encode()).hexdigest()[:32]


def live_points(shard: OpenShard) -> int:
    """How many points a shard holds, deleted ones aside."""
    return int(shard.shard.count(CountRequest(exact=False)))


def read_ahead(shard: Path) -> None:
    """Have Linux read the payloads of a shard into its cache, in the background.

    Files are written from their beginning on: as many bytes are read as they have on the disk, for holes would take memory.
    """
    if sys.platform == "linux":
        for file in shard.glob(f"segments/*/{PAYLOADS}/*"):
            # What cannot be read ahead is read later.
            with suppress(OSError), file.open("rb") as opened:
                for start in range(0, os.fstat(opened.fileno()).st_blocks * BLOCK_BYTES, AHEAD_BYTES):
                    os.posix_fadvise(opened.fileno(), start, AHEAD_BYTES, os.POSIX_FADV_WILLNEED)


def create_shard(path: Path, dimensions: int) -> EdgeShard:
    """Make an empty shard with the payload indexes that filters use."""
    path.mkdir(mode=0o700)
    shard = EdgeShard.create(str(path), config(dimensions))
    for name in KEYWORD_FIELDS:
        shard.update(UpdateOperation.create_field_index(name, PayloadSchemaType.Keyword))
    shard.update(UpdateOperation.create_field_index(DATE_FIELD, IntegerIndexParams(lookup=False, range=True)))
    return shard


def config(dimensions: int) -> EdgeConfig:
    """A full scan without a graph, over a 4-bit copy of the vectors (ADR 30), a write-ahead log, and one search thread.

    A shard made before it had that copy is scanned as it is, and gets one from its next vacuum. Nothing optimizes by
    itself; when `vacuum_idle` asks, one deleted point is enough.

    A shard has one segment, which one thread searches: the default of 8 threads gained nothing (2.6 and 2.8 ms per
    vector query over 30,000 chunks).
    """
    return EdgeConfig(
        vectors={DENSE: EdgeVectorParams(dimensions, Distance.Cosine, quantization_config=COPY)},
        sparse_vectors={SPARSE: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        hnsw_config=HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000),
        optimizers=EdgeOptimizersConfig(
            indexing_threshold=NEVER_INDEX, deleted_threshold=0.0, vacuum_min_vector_number=1
        ),
        max_search_threads=1,
        wal_enabled=True,
    )


@contextmanager
def engine_errors(collection: str) -> Iterator[None]:
    """Turn what Edge and the disk raise (Edge raises bare Exception) into EngineUnavailable."""
    try:
        yield
    except TidingsError:
        raise
    except OSError as error:
        raise EngineUnavailable(
            f"The files of search index {collection!r} cannot be used ({error.strerror}); "
            "check the space and permissions of the data folder."
        ) from error
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # A panic of the Rust code, as damaged files cause, is no Exception (pyo3); nobody above would catch it.
        # Edge locks its write-ahead log per process; the operating system's word for "held by another" is all it says.
        if "WouldBlock" in str(error):
            raise EngineUnavailable(
                f"Search index {collection!r} is open in another process; "
                "only one Tidings may use a data folder: stop the other one."
            ) from error
        raise EngineUnavailable(BROKEN.format(collection=collection)) from error

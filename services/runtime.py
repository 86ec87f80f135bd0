"""The one place where engines are built. Engines open lazily: a command that only reads rows never loads a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event, Lock
from typing import Any, Protocol, TypeVar, cast

from celery import Celery
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.engines.blobs import BlobStore, FolderBlobs
from services.engines.cache import ExpiringCache, TokenBuckets
from services.engines.database import WRITE_OPTION, WriteQueue, database_errors, open_database
from services.engines.egress import Egress
from services.engines.embedder import Embedder
from services.engines.fakes import HASH_MODEL, HashEmbedder
from services.engines.queue import Bell, CeleryBell, NullBell, make_celery, rings
from services.engines.secrets import Secrets, load_secrets
from services.engines.vector_cache import VectorCache
from services.engines.vectors.base import VectorStore
from services.settings import Settings

CREDENTIAL_SECONDS = 5.0
# Ten wrong passwords, then one more every 90 seconds: about a thousand guesses a day.
FAILED_SIGN_INS = 10
FAILED_SIGN_IN_SECONDS = 900.0


class Closable(Protocol):
    """Something that holds a resource."""

    def close(self) -> None:
        """Release it."""


Kept = TypeVar("Kept", bound=Closable)


@dataclass
class Runtime:
    """Everything the product needs from outside, opened on first use. One per process; close it at the end."""

    settings: Settings
    with_bell: bool = True
    stopping: Event = field(default_factory=Event)
    writers: WriteQueue = field(default_factory=WriteQueue)
    kept: dict[str, Closable] = field(default_factory=dict)
    kept_lock: Lock = field(default_factory=Lock)
    # Credentials that were looked up lately; a revocation by another process takes this long at most.
    credentials: ExpiringCache[Any] = field(default_factory=lambda: ExpiringCache(CREDENTIAL_SECONDS))
    # Failed sign-ins that are left, by account and address.
    sign_ins: TokenBuckets = field(default_factory=lambda: TokenBuckets(FAILED_SIGN_INS, FAILED_SIGN_IN_SECONDS))

    @cached_property
    def database(self) -> Engine:
        """The database engine."""
        return open_database(self.settings.resolved_database_url)

    @cached_property
    def blobs(self) -> BlobStore:
        """The bytes of documents."""
        return FolderBlobs(self.settings.data_dir / "blobs")

    @cached_property
    def secrets(self) -> Secrets:
        """Keys for HMACs and signatures, made on first start and kept in the data folder."""
        return load_secrets(self.settings.data_dir)

    @cached_property
    def vectors(self) -> VectorStore:
        """The vector store: a Qdrant server when one is set, else Qdrant Edge."""
        if self.settings.qdrant_url:
            from services.engines.vectors.server import ServerVectors

            return ServerVectors.connect(self.settings.qdrant_url, self.settings.qdrant_api_key.get_secret_value())
        from services.engines.vectors.edge import EdgeVectors

        return EdgeVectors(self.settings.data_dir / "vectors")

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model; the one of hashed words in tests and drills."""
        if self.settings.embedder_model == HASH_MODEL:
            return HashEmbedder()
        from services.engines.openvino import OpenVinoEmbedder

        return OpenVinoEmbedder(self.settings)

    @cached_property
    def vector_cache(self) -> VectorCache:
        """Vectors of texts embedded before."""
        return VectorCache(self.settings.data_dir / "cache", self.settings.embedding_cache_mib)

    @cached_property
    def egress(self) -> Egress:
        """The guarded way out to addresses that people give."""
        return Egress(self.settings)

    @cached_property
    def celery(self) -> Celery:
        """The Celery application."""
        return make_celery(self.settings.resolved_broker_url)

    @cached_property
    def bell(self) -> Bell:
        """Rings the workers."""
        return CeleryBell(self.celery) if self.with_bell else NullBell()

    def keep(self, name: str, make: Callable[[], Kept]) -> Kept:
        """The one object of this name in the process, made on first use and closed with the runtime.

        For helpers of higher layers that hold a resource, such as the parser's child process.
        """
        with self.kept_lock:
            if name not in self.kept:
                self.kept[name] = make()
            return cast("Kept", self.kept[name])

    @contextmanager
    def session(self, *, write: bool) -> Iterator[tuple[Session, list[str]]]:
        """A transaction over all tenants and the queues to ring after its commit.

        Only Scope, jobs and the credential look-up in tenants use it directly; everything else goes through a Scope.
        """
        queues: list[str] = []
        options = {WRITE_OPTION: True} if write else {}
        queued = write and self.database.dialect.name == "sqlite"
        with (
            database_errors(),
            self.writers.turn() if queued else nullcontext(),
            self.database.connect().execution_options(**options) as connection,
            Session(bind=connection, expire_on_commit=False) as session,
        ):
            yield session, queues
            if write:
                session.commit()
        rings(self.bell, queues)

    def interrupt(self) -> None:
        """Say that the process is stopping and end what can be ended in the middle, such as a parser at work."""
        self.stopping.set()
        for kept in list(self.kept.values()):
            kept.close()

    def close(self) -> None:
        """Stop waiting threads and close what was opened, model and index first."""
        self.stopping.set()
        closers: dict[str, Callable[[], None]] = {name: kept.close for name, kept in self.kept.items()}
        if "embedder" in self.__dict__:
            closers["embedder"] = self.embedder.close
        if "vectors" in self.__dict__:
            closers["vectors"] = self.vectors.close
        if "vector_cache" in self.__dict__:
            closers["vector_cache"] = self.vector_cache.close
        if "celery" in self.__dict__:
            closers["celery"] = self.celery.close
        if "database" in self.__dict__:
            closers["database"] = self.database.dispose
        for close in closers.values():
            close()


def open_runtime(settings: Settings, *, with_bell: bool = True) -> Runtime:
    """Make the runtime of this process and its data folder. A child process passes `with_bell=False`."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Runtime(settings=settings, with_bell=with_bell)

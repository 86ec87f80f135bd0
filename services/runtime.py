"""The one place where engines are built. Engines open lazily: a command that only reads rows never loads a model.

What only other engines need is not imported either, which is most of the time until a start answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from celery import Celery
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.engines.blobs import BlobStore, FolderBlobs
from services.engines.cache import Buckets, ExpiringCache, TokenBuckets
from services.engines.database import MAPPED_BYTES, WriteQueue, database_errors, open_database, transaction_options
from services.engines.egress import Egress
from services.engines.embedder import Embedder
from services.engines.fakes import HASH_MODEL, HashEmbedder
from services.engines.llm.base import LanguageModel, NoModel
from services.engines.postgres import Seal, enter_tenant, read_seal
from services.engines.queue import Bell, CeleryBell, NullBell, make_celery, rings
from services.engines.secrets import Secrets, load_secrets
from services.engines.turns import FairTurns
from services.engines.vector_cache import VectorCache
from services.engines.vectors.base import VectorStore
from services.errors import ConfigurationError
from services.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

CREDENTIAL_SECONDS = 5.0
VOCABULARY_SECONDS = 600.0
# Each takes about 5 MB.
VOCABULARIES = 8
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
    # Whether SQLite may map its file, which takes address space; not where that is bounded.
    maps_database: bool = True
    # Whether somebody can ask this process for its figures; one that nobody can hands them in (`system.figures`).
    shows_figures: bool = False
    stopping: Event = field(default_factory=Event)
    writers: WriteQueue = field(default_factory=WriteQueue)
    tenant_writers: defaultdict[str, WriteQueue] = field(default_factory=lambda: defaultdict(WriteQueue))
    kept: dict[str, Closable] = field(default_factory=dict)
    kept_lock: Lock = field(default_factory=Lock)
    turns: FairTurns = field(default_factory=FairTurns)
    # Credentials that were looked up lately; a revocation by another process takes this long at most.
    credentials: ExpiringCache[Any] = field(default_factory=lambda: ExpiringCache(CREDENTIAL_SECONDS))
    # The words of libraries by tenant, for "did you mean".
    vocabularies: ExpiringCache[Any] = field(
        default_factory=lambda: ExpiringCache(VOCABULARY_SECONDS, max_items=VOCABULARIES)
    )

    @cached_property
    def database(self) -> Engine:
        """The database, as the role that owns its tables and sees all tenants."""
        if self.is_walled:
            return open_database(self.settings.database_admin_url, max(2, self.settings.database_connections // 4))
        url, connections = self.settings.resolved_database_url, self.settings.database_connections
        return open_database(url, connections, mapped_bytes=MAPPED_BYTES if self.maps_database else 0)

    @cached_property
    def tenant_database(self) -> Engine:
        """The database, as the role that sees one tenant at a time where there is such a role."""
        if not self.is_walled:
            return self.database
        connections = self.settings.database_connections
        return open_database(self.settings.database_url, connections - max(2, connections // 4))

    @property
    def is_walled(self) -> bool:
        """Whether row-level security stands behind the tenant filter: PostgreSQL with a role for tenants' transactions."""
        return bool(self.settings.database_admin_url)

    @cached_property
    def seal(self) -> Seal | None:
        """What proves to the database whose transaction it is."""
        return read_seal(self.database) if self.is_walled else None

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

            key = self.settings.qdrant_api_key.get_secret_value()
            return ServerVectors.connect(self.settings.qdrant_url, key, placement=self.settings.vector_placement)
        from services.engines.vectors.edge import EdgeVectors

        return EdgeVectors(self.settings.data_dir / "vectors")

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model: in this process, or at a server; the one of hashed words in tests and drills."""
        if self.settings.embedder_model == HASH_MODEL:
            return HashEmbedder()
        if self.settings.embedder_url:
            from services.engines.llm.embeddings import RemoteEmbedder

            return RemoteEmbedder(self.settings)
        from services.engines.openvino import OpenVinoEmbedder

        return OpenVinoEmbedder(self.settings)

    @cached_property
    def llm(self) -> LanguageModel:
        """The language model; where no server is set, one that says so."""
        if not self.settings.llm_url:
            return NoModel()
        from services.engines.llm.chat import OpenAiModel

        return OpenAiModel(self.settings, lambda tenant_id: self.secrets.digest("llm-cache-salt", tenant_id))

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
    def redis(self) -> Redis | None:
        """Redis, where it carries the bell; None in one process."""
        url = self.settings.resolved_broker_url
        if not url.startswith(("redis://", "rediss://")):
            return None
        from services.engines.rates import connect

        return connect(url)

    def buckets(self, name: str, limit: int, window_seconds: float) -> Buckets:
        """Token buckets that all processes of this installation share."""
        if self.redis is None:
            return TokenBuckets(limit, window_seconds)
        from services.engines.rates import SharedBuckets

        return SharedBuckets(self.redis, name, limit, window_seconds)

    @cached_property
    def sign_ins(self) -> Buckets:
        """Failed sign-ins that are left, by account and address."""
        return self.buckets("sign-in", FAILED_SIGN_INS, FAILED_SIGN_IN_SECONDS)

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
    def session(self, *, write: bool, tenant_id: str | None = None) -> Iterator[tuple[Session, list[str]]]:
        """A transaction and the queues to ring after its commit: one tenant's, or without `tenant_id` over all of them.

        Only jobs, hosts and the credential look-up in tenants work over all; everything else goes through a Scope.
        """
        queues: list[str] = []
        database = self.database if tenant_id is None else self.tenant_database
        sqlite = database.dialect.name == "sqlite"
        with (
            database_errors(),
            self.write_turn(tenant_id, sqlite=sqlite) if write else nullcontext(),
            database.connect().execution_options(**transaction_options(write=write)) as connection,
            Session(bind=connection, expire_on_commit=False) as session,
        ):
            if tenant_id is not None and not sqlite:
                enter_tenant(session, tenant_id, seal=self.seal, write=write)
            yield session, queues
            if write:
                session.commit()
        rings(self.bell, queues)

    def write_turn(self, tenant_id: str | None, *, sqlite: bool) -> AbstractContextManager[None]:
        """A writer's turn in this process: one at a time on SQLite, one per tenant on PostgreSQL.

        There the tenant's lock would be waited for with a connection in hand, and take them all away from the others.
        """
        if sqlite:
            return self.writers.turn()
        return nullcontext() if tenant_id is None else self.tenant_writers[tenant_id].turn()

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
        shared = self.__dict__.get("redis")
        if shared is not None:
            closers["redis"] = shared.close
        for name in ("tenant_database", "database"):
            if name in self.__dict__:
                closers[name] = getattr(self, name).dispose
        for close in closers.values():
            close()


def open_runtime(settings: Settings, *, with_bell: bool = True) -> Runtime:
    """Make the runtime of this process and its data folder. A child process passes `with_bell=False`.

    Raises: ConfigurationError for settings that do not go together.
    """
    if settings.vector_placement == "shared" and not settings.qdrant_url:
        raise ConfigurationError(
            "TIDINGS_VECTOR_PLACEMENT=shared needs a Qdrant server: set TIDINGS_QDRANT_URL, or leave the placement "
            "dedicated, as Qdrant Edge keeps a folder per tenant."
        )
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Runtime(settings=settings, with_bell=with_bell)

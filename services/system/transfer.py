"""From an embedded data folder to other engines: files, then rows in one transaction, then the index from the rows.

The rows say what must be in the index, so it is built anew by `embed` jobs, with vectors from the embedding cache where
they are still there. Killed before the rows are committed it can be repeated; afterwards only the index may be
incomplete, which `tidings reconcile` mends.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.errors import ConfigurationError
from services.ingest.index.generations import collection_of
from services.ingest.pipeline import EMBED_JOB
from services.jobs.claim import Handler, work
from services.jobs.jobs import enqueue
from services.models import Base
from services.runtime import Runtime
from services.scope import Scope
from services.system import repository
from services.tenants.tenants import list_tenants

TRANSFER = "transfer"
QUEUE = "maintenance"
# What the data folder holds beside the database and the index: bytes, keys, and what saves work.
MODELS = "models"
FOLDERS = ("blobs", "cache", MODELS)
KEYS = ("secret.key", "operator.token", "cli.key")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """One figure in the old place and in the new one."""

    name: str
    before: int
    after: int

    @property
    def equal(self) -> bool:
        """Whether nothing was lost or doubled."""
        return self.before == self.after


def transfer(source: Runtime, target: Runtime, handlers: Mapping[str, Handler], tell: Tell) -> list[Compared]:
    """Move everything; both databases are at this version's tables and nothing else writes to either.

    `source` keeps what it has. Raises: ConfigurationError when the target already holds tenants or other keys.
    """
    if list_tenants(target):
        raise ConfigurationError("The target database already holds tenants; give TIDINGS_DATABASE_URL an empty one.")
    copy_files(source.settings.data_dir, target.settings.data_dir, tell)
    compared = copy_rows(source, target, tell)
    tell("Building the index")
    enqueue_index(target)
    work(target, QUEUE, handlers)
    return [*compared, *compare_points(target)]


def copy_rows(source: Runtime, target: Runtime, tell: Tell) -> list[Compared]:
    """Copy every table, parents first, in one transaction of the target; returns the counts of both sides."""
    compared = []
    with source.database.connect() as reading, target.database.begin() as writing:
        for table in Base.metadata.sorted_tables:
            tell(f"Copying {table.name}")
            repository.copy_table(reading, writing, table)
            before, after = (repository.count_rows(side, table) for side in (reading, writing))
            compared.append(Compared(table.name, before, after))
        repository.continue_numbers(writing)
    return compared


def copy_files(source: Path, target: Path, tell: Tell) -> None:
    """Copy bytes and keys to another data folder. Raises: ConfigurationError when it has keys of its own."""
    if source.resolve() == target.resolve():
        return
    keys = [name for name in KEYS if (source / name).exists()]
    for name in keys:
        here, there = source / name, target / name
        if there.exists() and there.read_bytes() != here.read_bytes():
            raise ConfigurationError(
                f"{there} differs from {here}; remove it, or set TIDINGS_DATA_DIR to an empty folder."
            )
    for name in keys:
        shutil.copy2(source / name, target / name)
    for name in FOLDERS:
        # Prepared models may be there already, or be shared.
        if (source / name).is_dir() and not (name == MODELS and (target / name).exists()):
            tell(f"Copying {name}")
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)


def enqueue_index(target: Runtime) -> None:
    """A job for each document that must be in the index, and the collections they go to."""
    for tenant in list_tenants(target):
        target.vectors.ensure(collection_of(tenant), target.embedder.dimensions)
        with Scope(target, tenant.id, TRANSFER).write() as tx:
            for document_id in repository.ready_without_job(tx, EMBED_JOB):
                enqueue(tx, EMBED_JOB, document_id, queue=QUEUE, stage=None)


def compare_points(target: Runtime) -> list[Compared]:
    """Chunks by rows and points in the index, by tenant."""
    compared = []
    for tenant in list_tenants(target):
        with Scope(target, tenant.id, TRANSFER).read() as tx:
            expected = repository.ready_chunks(tx)
        compared.append(Compared(f"index of {tenant.name}", expected, target.vectors.count(collection_of(tenant))))
    return compared

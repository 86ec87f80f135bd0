"""The vectors of the demo pack: everything goes the product's way once, and what was embedded is written down."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from services.demo.demo import submit_all
from services.demo.shipped import pack_texts
from services.ingest import repository
from services.ingest.pipeline import indexed_text
from services.models import Base, Document
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.embedding import PREPARE_SECONDS, real_settings
from tests.factories import do_work, make_scope


def make_vectors(path: Path) -> None:
    """Write texts and vectors of all documents that can be read."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_real(Path(folder))
        scope = make_scope(runtime)
        submit_all(scope)
        do_work(runtime)
        texts = sorted(set(embedded_texts(scope)))
        vectors = runtime.embedder.embed(texts)
        scale = np.abs(vectors).max(axis=1, keepdims=True) / 127
        small = np.round(vectors / scale).astype(np.int8)
        np.savez_compressed(path, model=runtime.embedder.name, texts=pack_texts(texts), vectors=small)
        runtime.close()


def open_real(folder: Path) -> Runtime:
    """A runtime in a folder of its own, with the default model ready."""
    models = real_settings().data_dir / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(models)
    runtime = open_runtime(Settings(data_dir=folder), with_bell=False)
    Base.metadata.create_all(runtime.database)
    assert runtime.embedder.wait(PREPARE_SECONDS), runtime.embedder.detail
    return runtime


def embedded_texts(scope: Scope) -> list[str]:
    """What was embedded of the tenant's documents, chunk by chunk."""
    with scope.read() as tx:
        rows = tx.session.scalars(tx.select(Document).where(Document.status == "ready")).all()
        full = repository.find_many(tx, [row.id for row in rows], with_text=True)
        return [
            indexed_text(row.title, (row.text or "")[chunk.start : chunk.end])
            for row in full.values()
            for chunk in repository.chunks(tx, row.id, row.version)
        ]

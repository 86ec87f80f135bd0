"""The vectors that came with the demo: they are the default model's, and spare embedding the whole pack."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from services.demo import demo
from services.demo.shipped import shipped
from services.ingest import repository
from services.models import Document
from services.runtime import Runtime
from services.scope import Scope
from tests.demo_pack.vectors import embedded_texts, open_real
from tests.factories import do_work, make_scope

pytestmark = pytest.mark.model

STALE = "the shipped vectors are old: run `python -m tests.demo_pack vectors`"
LEAST_COSINE = 0.99


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A runtime with the default model."""
    runtime = open_real(tmp_path_factory.mktemp("shipped"))
    yield runtime
    runtime.close()


@pytest.fixture
def embedded(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the model was asked to embed."""
    asked: list[str] = []
    embed = runtime.embedder.embed

    def noting(texts: list[str], **options: object) -> object:
        asked.extend(texts)
        return embed(texts, **options)

    monkeypatch.setattr(runtime.embedder, "embed", noting)
    return asked


def without_scan(scope: Scope) -> set[str]:
    """All that was embedded but for the scan: text recognition may read a letter differently on another processor."""
    with scope.read() as tx:
        rows = tx.session.scalars(tx.select(Document).where(Document.title.endswith("(scan)"))).all()
        scans = {row.title for row in rows}
    return {text for text in embedded_texts(scope) if text.split("\n", 1)[0] not in scans}


def test_no_chunk_of_the_demo_needs_embedding(runtime: Runtime, embedded: list[str]) -> None:
    scope = make_scope(runtime)
    demo.load(scope)
    do_work(runtime)
    assert demo.standing(scope).ready >= 76
    texts = without_scan(scope)
    assert not texts & set(embedded), STALE
    assert texts <= set(shipped().texts), STALE


def test_shipped_vectors_agree_with_the_model(runtime: Runtime) -> None:
    found = shipped()
    assert found.model == runtime.embedder.name, STALE
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    cosines = np.sum(found.vectors * runtime.embedder.embed(found.texts), axis=1)
    assert cosines.min() >= LEAST_COSINE, STALE


def test_another_model_gets_none_of_them(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = make_scope(runtime)
    monkeypatch.setattr(type(runtime.embedder), "name", "another@1")
    demo.load(scope)
    with scope.read() as tx:
        salt = repository.tenant(tx).cache_salt
    keys = [
        runtime.vector_cache.key(salt, name, text)
        for text in shipped().texts
        for name in ("another@1", shipped().model)
    ]
    assert runtime.vector_cache.get_many(keys) == {}


def test_removing_the_demo_forgets_them(runtime: Runtime) -> None:
    scope, neighbour = make_scope(runtime), make_scope(runtime)
    for each in (scope, neighbour):
        demo.load(each)

    def remembered(of: Scope) -> int:
        with of.read() as tx:
            salt = repository.tenant(tx).cache_salt
        keys = [runtime.vector_cache.key(salt, shipped().model, text) for text in shipped().texts]
        return len(runtime.vector_cache.get_many(keys))

    assert remembered(scope) == remembered(neighbour) == len(shipped().texts)
    demo.remove(scope)
    assert (remembered(scope), remembered(neighbour)) == (0, len(shipped().texts))

"""SQLite's figures about its tables: taken while a library grows, and known to connections that were open before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from services.engines.database import FEW_ROWS, Statistics
from services.ids import new_id
from services.models import Chunk, Document, utc_now
from services.scope import Scope
from services.search.repository import chunk_texts

MANY = 2000


def fill(scope: Scope, count: int) -> list[str]:
    """Ready documents of one chunk, as rows."""
    ids = [new_id("doc") for _ in range(count)]
    read = {"type": "text", "content_type": "text/plain", "source": "upload", "byte_count": 10}
    with scope.write() as tx:
        for id_ in ids:
            stands = {"status": "ready", "chunk_count": 1, "ready_at": utc_now(), "text": f"The crane of {id_} moved."}
            tx.add(Document(id=id_, content_hash=id_, blob_key=id_, title="", **read, **stands))
            tx.add(Chunk(document_id=id_, version=1, ordinal=0, start=0, end=9, token_count=3))
    return ids


@pytest.fixture
def statements(scope: Scope) -> Iterator[list[tuple[str, Any]]]:
    """What the database was asked."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(scope.runtime.database, "before_cursor_execute", note)
    yield asked
    event.remove(scope.runtime.database, "before_cursor_execute", note)


def whole_tenant_read(scope: Scope, statements: list[tuple[str, Any]], ids: list[str]) -> bool:
    """Whether reading the texts of a few documents looks at all documents of the tenant."""
    statements.clear()
    with scope.read() as tx:
        assert len(chunk_texts(tx, [(id_, 0) for id_ in ids])) == len(ids)
    asked = [each for each in statements if each[0].startswith("SELECT")]
    with scope.runtime.database.connect() as connection:
        plans = [
            str(step) for sql, given in asked for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
        ]
    return any("documents" in step and "(tenant_id=?)" in step for step in plans)


def test_a_library_that_grew_is_looked_at_again_and_open_connections_know(
    scope: Scope, statements: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The statement for long documents, which needs the figures; the one for short ones has a good plan without.
    monkeypatch.setattr("services.search.repository.SHORT_CHUNKS", 0)
    statistics = Statistics(scope.runtime.database)
    if scope.runtime.database.dialect.name != "sqlite":
        assert not statistics.refresh()
        return
    assert statistics.refresh()
    ids = fill(scope, FEW_ROWS)
    assert not statistics.refresh()
    ids += fill(scope, MANY)
    assert whole_tenant_read(scope, statements, ids[::100])
    assert statistics.refresh()
    assert not whole_tenant_read(scope, statements, ids[::100])

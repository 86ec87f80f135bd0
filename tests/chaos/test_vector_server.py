"""One vector server for several processes, and killed under them: the stand-in, for want of a Qdrant server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from services.engines.vectors.base import Point
from services.ingest.documents import get_document
from services.ingest.index.generations import look
from services.ingest.index.reconcile import compare
from services.ingest.submit import submit
from services.models import Job, utc_now
from tests.factories import do_work, make_scope, text_document
from tests.qdrant_server.process import QdrantServer
from tests.server import Server
from tests.stores import opened


@pytest.fixture
def qdrant(tmp_path: Path) -> Iterator[QdrantServer]:
    server = QdrantServer(tmp_path / "qdrant", api_key="a key").start()
    yield server
    server.close()


@pytest.mark.parametrize("placement", ["dedicated", "shared"])
def test_a_server_killed_before_and_after_it_stores_loses_no_document(
    tmp_path: Path, qdrant: QdrantServer, placement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the fourth store, after the eighth and before the twelfth; up again at once."""
    with opened(tmp_path / "data", placement, qdrant, job_attempts=10) as runtime:
        scope, calls, upsert = make_scope(runtime), count(1), runtime.vectors.upsert

        def disturbed(collection: str, points: Sequence[Point]) -> None:
            call = next(calls)
            if call in (4, 12):
                qdrant.kill()
            try:
                upsert(collection, points)
            finally:
                if call == 8:
                    qdrant.kill()
                if call in (4, 8, 12):
                    qdrant.start()

        monkeypatch.setattr(runtime.vectors, "upsert", disturbed)
        texts = [f"Report {n} says that the ferry {n} was late by {n} minutes." for n in range(16)]
        ids = [submit(scope, text_document(text), queue="ingest").document.id for text in texts]
        for _ in range(10):
            do_work(runtime)
            with scope.write() as tx:
                waiting = tx.session.scalars(tx.select(Job).where(Job.status == "queued")).all()
                for job in waiting:
                    job.run_after = utc_now()
            if not waiting:
                break
        assert next(calls) > 16, "some were stored again"
        assert {get_document(scope, id_).status for id_ in ids} == {"ready"}
        counted = compare(scope, look(scope).live, lambda: None)
        assert (counted.points, counted.missing, counted.orphans) == (counted.chunks, [], [])


def test_two_installations_share_one_server_and_see_only_their_own(tmp_path: Path, qdrant: QdrantServer) -> None:
    chosen = {"qdrant_url": qdrant.url, "qdrant_api_key": qdrant.api_key, "vector_placement": "shared"}
    servers = [Server(tmp_path / name, **chosen).start() for name in ("one", "two")]
    try:
        for server, story in zip(servers, ("The aurelian ferry sank.", "The basilisk ferry sank."), strict=True):
            server.make_key()
            done = server.command("upload", "-", "--title", story, given=story)
            assert done.returncode == 0, done.stderr
        for server, story in zip(servers, ("The aurelian ferry sank.", "The basilisk ferry sank."), strict=True):
            hits = server.json("search", "ferry sank")["data"]
            assert [hit["document"]["title"] for hit in hits] == [story]
    finally:
        for server in servers:
            server.close()
    assert {path.split("/")[2] for _, path, _ in qdrant.requests() if "/points" in path} == {"tidings-shared"}

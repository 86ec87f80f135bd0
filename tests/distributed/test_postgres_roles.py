"""What an operator does with PostgreSQL: the two roles of the container, a dump, and its restoration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations.history import upgrade
from services.engines.postgres import gap_in_wall
from services.ingest.documents import get_document
from services.ingest.submit import submit
from services.models import Document
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import make_scope, text_document
from tests.postgres import Cluster, own_cluster, server_programs
from tests.require import need
from tests.server import ROOT


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    need(server_programs(), "initdb of PostgreSQL was not found; install the server, or put its programs on the PATH")
    with own_cluster() as running:
        run(running, "sh", str(ROOT / "deploy" / "postgres-roles.sh"))
        yield running


def run(cluster: Cluster, *words: str) -> None:
    """Run a command as the container does: programs on the PATH, the server by default, passwords in the environment."""
    environment = {
        **os.environ,
        "PATH": f"{cluster.programs}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "POSTGRES_PASSWORD": "owner's $ecret",
        "POSTGRES_APP_PASSWORD": "app's secret",
    }
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def open_as_two(cluster: Cluster, database: str, folder: Path) -> Runtime:
    place = f"127.0.0.1:{cluster.port}/{database}"
    urls = {name: f"postgresql+psycopg://{role}@{place}" for name, role in ROLES.items()}
    return open_runtime(Settings(data_dir=folder, embedder_model="fake:hash", **urls), with_bell=False)


ROLES = {"database_url": "tidings_app", "database_admin_url": "tidings_owner"}


def test_the_roles_of_the_container_hold_and_a_dump_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    runtime = open_as_two(cluster, "tidings", tmp_path / "data")
    upgrade(runtime.database)
    assert gap_in_wall(runtime.tenant_database, runtime.database) is None
    scopes = [make_scope(runtime, name) for name in ("One", "Two")]
    kept = [submit(scope, text_document("The bank raised rates.")).document.id for scope in scopes]
    runtime.close()

    dump = str(tmp_path / "tidings.dump")
    run(
        cluster,
        "pg_dump",
        "--enable-row-security",
        "--format=custom",
        f"--file={dump}",
        "-U",
        "tidings_owner",
        "tidings",
    )
    run(cluster, "createdb", "-U", "postgres", "--owner=tidings_owner", "restored")
    run(cluster, "pg_restore", "--no-owner", "-U", "tidings_owner", "-d", "restored", dump)

    restored = open_as_two(cluster, "restored", tmp_path / "data")
    upgrade(restored.database)
    assert gap_in_wall(restored.tenant_database, restored.database) is None
    for scope, document_id in zip(scopes, kept, strict=True):
        again = Scope(restored, scope.tenant_id, "usr_test")
        assert get_document(again, document_id).status == "queued"
        with again.read() as tx:
            assert tx.session.query(Document).count() == 1
    restored.close()

"""The doctor against real engines that are set up badly, broken or silent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from migrations.history import upgrade
from services.ingest.index.generations import collection_of
from services.models import Tenant
from services.runtime import open_runtime
from services.settings import Settings
from services.system.doctor import Check, Examination, Finding, finding
from services.system.doctor.broker import broker, queue_round_trip, waiting_work
from services.system.doctor.database import database
from services.system.doctor.folder import data_folder, file_system, file_system_of, secret_files
from services.system.doctor.models import model_server
from services.system.doctor.vectors import vectors, vectors_and_rows
from services.system.looks import look_at_model
from tests.factories import make_scope, store, text_document
from tests.model_server import ModelServer
from tests.postgres import HOW_TO, postgres_answers, scratch_database
from tests.redis_server import free_port, redis_server
from tests.require import need
from tests.silent import silent_server


@pytest.fixture
def examine(tmp_path: Path) -> Iterator[Any]:
    """Run one check under given settings: what it finds, by name."""
    opened = []

    def look(check: Any, *, server_url: str | None = None, **settings: Any) -> dict[str, Finding]:
        given = {"data_dir": tmp_path / "data", "embedder_model": "fake:hash", **settings}
        runtime = open_runtime(Settings(**given), with_bell=False)
        opened.append(runtime)
        found = finding.run(Check("check", check), Examination(runtime.settings, runtime, server_url))
        assert found
        for each in found:
            assert (each.state == "ok") == (not each.fix), each
        return {each.name: each for each in found}

    yield look
    for runtime in opened:
        runtime.close()


# Redis


def test_a_sound_redis_has_nothing_wrong(tmp_path: Path, examine: Any) -> None:
    with redis_server(tmp_path / "redis", appendonly="yes", requirepass="s3cret") as url:
        found = examine(broker, broker_url=url, profile="distributed")
        assert {each.state for each in found.values()} == {"ok"}, found
        assert examine(queue_round_trip, broker_url=url)["queue"].state == "ok"
        with Redis.from_url(url) as client:
            assert not [key for key in client.scan_iter() if b"doctor_" in key]


def test_a_redis_that_throws_away_is_a_failure(tmp_path: Path, examine: Any) -> None:
    options = {"maxmemory": "64mb", "maxmemory_policy": "allkeys-lru"}
    with redis_server(tmp_path / "redis", **options) as url:
        found = examine(broker, broker_url=url)
        assert (found["broker memory"].state, found["broker persistence"].state) == ("fail", "warn")
        assert found["broker memory"].fix.startswith("redis-cli CONFIG SET maxmemory-policy noeviction")
        # The fix mends it.
        with Redis.from_url(url) as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("appendonly", "yes")
        again = examine(broker, broker_url=url)
        assert (again["broker memory"].state, again["broker persistence"].state) == ("ok", "ok")


def test_a_full_redis_and_one_that_cannot_write_are_noticed(tmp_path: Path, examine: Any) -> None:
    with redis_server(tmp_path / "redis") as url, Redis.from_url(url) as client:
        client.set("filler", b"x" * 1_000_000)
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", int(used * 1.01))
        assert examine(broker, broker_url=url)["broker memory"].state == "warn"
        client.config_set("maxmemory", 0)
        # Its folder is gone: the snapshot fails.
        shutil.rmtree(tmp_path / "redis")
        client.bgsave()
        for _ in range(100):
            if client.info("persistence")["rdb_last_bgsave_status"] == "err":
                break
            time.sleep(0.05)
        assert examine(broker, broker_url=url)["broker persistence"].state == "fail"


def test_a_replica_and_a_wrong_password_are_noticed(tmp_path: Path, examine: Any) -> None:
    with redis_server(tmp_path / "one", requirepass="s3cret") as url:
        wrong = url.replace("s3cret", "wr0ng")
        found = examine(broker, broker_url=wrong)
        assert (found["broker"].state, "password" in found["broker"].detail) == ("fail", True)
        assert "wr0ng" not in found["broker"].detail
        with redis_server(tmp_path / "two", replicaof=f"127.0.0.1 {url.rsplit(':', 1)[1].split('/')[0]}") as replica:
            assert examine(broker, broker_url=replica)["broker"].state == "fail"


def test_redis_gone_is_a_failure_with_what_to_do(examine: Any) -> None:
    found = examine(broker, broker_url=f"redis://127.0.0.1:{free_port()}/0")
    assert (found["broker"].state, found["broker"].fix) == ("fail", "Start Redis, or correct TIDINGS_BROKER_URL.")
    assert examine(queue_round_trip, broker_url=f"redis://127.0.0.1:{free_port()}/0")["queue"].state == "fail"


def test_a_crawl_longer_than_the_redelivery_is_noticed(tmp_path: Path, examine: Any) -> None:
    with redis_server(tmp_path / "redis") as url:
        assert examine(broker, broker_url=url, crawl_batch_seconds=7200)["broker redelivery"].state == "warn"


def test_work_that_nobody_takes_is_named_by_queue(examine: Any, tmp_path: Path) -> None:
    from datetime import timedelta

    from services.jobs.jobs import enqueue
    from services.models.base import utc_now

    runtime = open_runtime(Settings(data_dir=tmp_path / "data"), with_bell=False)
    assert examine(waiting_work)["work"].detail == "no tables yet"
    upgrade(runtime.database)
    assert examine(waiting_work)["work"].state == "ok"
    with make_scope(runtime).write() as tx:
        enqueue(tx, "crawl", "src_1", queue="crawl", stage=None).run_after = utc_now() - timedelta(minutes=9)
    found = examine(waiting_work)["work"]
    assert (found.state, "crawl has waited for 9 minutes" in found.detail) == ("warn", True)
    runtime.close()


# PostgreSQL


@pytest.fixture(scope="module")
def careless_postgres() -> Iterator[str]:
    """A PostgreSQL of its own whose settings lose data; its URL."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    need(binaries, "no PostgreSQL server here; install postgresql")
    # The server refuses to run as root.
    before = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # Not in pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="tidings-postgres-"))
    if before:
        shutil.chown(folder, "postgres")
    port, data = free_port(), folder / "data"
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*before, f"{binaries[-1]}/initdb", "-A", "trust", "-U", "postgres", "-D", str(data)], **run)
    loose = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=12 -c listen_addresses=127.0.0.1"
    options = f"-p {port} -k {folder} {loose}"
    control = [*before, f"{binaries[-1]}/pg_ctl", "-D", str(data), "-w"]
    subprocess.run([*control, "-o", options, "start"], **run)
    yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], **run)
    shutil.rmtree(folder)


def test_a_postgres_that_loses_data_is_a_failure_per_setting(careless_postgres: str, tmp_path: Path) -> None:
    runtime = open_runtime(Settings(data_dir=tmp_path / "p", database_url=careless_postgres), with_bell=False)
    on = Examination(runtime.settings, runtime, None)
    found = list(database(on))
    lost = {each.detail.split()[0] for each in found if each.name == "database durability" and each.state == "fail"}
    assert lost == {"fsync", "full_page_writes", "synchronous_commit"}
    by_name = {each.name: each for each in found}
    assert (by_name["database connections"].state, by_name["database clock"].state) == ("warn", "ok")
    assert (by_name["row security"].state, by_name["database"].state) == ("warn", "ok")
    runtime.close()


def test_two_roles_of_a_current_database_are_a_wall(examine: Any) -> None:
    need(postgres_answers(), HOW_TO)
    with scratch_database() as scratch:
        found = examine(database, database_url=scratch.url, database_admin_url=scratch.admin_url)
    assert found["row security"].state == "ok"


def test_a_database_gone_is_a_failure_without_its_password(examine: Any) -> None:
    found = examine(database, database_url=f"postgresql+psycopg://me:s3cret@127.0.0.1:{free_port()}/x")
    assert found["database"].state == "fail"
    assert "s3cret" not in str(found)
    assert (
        examine(waiting_work, database_url=f"postgresql+psycopg://me@127.0.0.1:{free_port()}/x")["work"].state == "ok"
    )


# Qdrant


class FakeQdrant(BaseHTTPRequestHandler):
    """Answers what the doctor asks: no Qdrant server can be had for tests. `key` "" lets everybody in."""

    key = ""
    version = ""
    collection: dict[str, Any] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        if self.key and self.headers.get("api-key") != self.key:
            self.reply(403, {"status": {"error": "forbidden"}})
        elif self.path == "/":
            self.reply(200, {"title": "qdrant", "version": self.version})
        elif self.path == "/collections":
            self.reply(200, {"result": {"collections": [{"name": "ten_1-g1"}]}, "status": "ok", "time": 0})
        else:
            self.reply(200, {"result": self.collection, "status": "ok", "time": 0})

    def reply(self, status: int, body: Any) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def collection(**changed: Any) -> dict[str, Any]:
    params = {"vectors": {"size": 4, "distance": "Cosine"}}
    config = {"params": params, "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000}}
    config |= {
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
        }
    }
    config |= {"wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0}, "strict_mode_config": {"enabled": True}}
    return {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": 5,
        "segments_count": 1,
        "config": config,
        "payload_schema": {},
        **changed,
    }


@pytest.fixture
def qdrant() -> Iterator[Any]:
    servers = []

    def start(key: str = "k3y", version: str = "1.20.1", **changed: Any) -> str:
        handler = type("Handler", (FakeQdrant,), {"key": key, "version": version, "collection": collection(**changed)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_sound_qdrant_has_nothing_wrong(qdrant: Any, examine: Any) -> None:
    found = examine(vectors, qdrant_url=qdrant(), qdrant_api_key="k3y")
    assert {each.state for each in found.values()} == {"ok"}, found


@pytest.mark.parametrize(
    ("server", "key", "name", "state"),
    [
        ({}, "wrong", "vectors", "fail"),
        ({"key": ""}, "k3y", "vectors key", "warn"),
        ({"version": "1.9.0"}, "k3y", "vectors", "warn"),
        ({"status": "red"}, "k3y", "collections", "fail"),
        ({"optimizer_status": {"error": "no space left"}}, "k3y", "collections", "fail"),
        ({"status": "yellow"}, "k3y", "collections", "ok"),
        ({"config": {**collection()["config"], "strict_mode_config": None}}, "k3y", "collections strict mode", "warn"),
    ],
)
def test_what_is_wrong_with_qdrant_is_found(
    qdrant: Any, examine: Any, server: dict[str, Any], key: str, name: str, state: str
) -> None:
    assert examine(vectors, qdrant_url=qdrant(**server), qdrant_api_key=key)[name].state == state


def test_points_that_are_missing_are_found(tmp_path: Path, examine: Any) -> None:
    settings = Settings(data_dir=tmp_path / "data", embedder_model="fake:hash")
    runtime = open_runtime(settings, with_bell=False)
    upgrade(runtime.database)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    scope = make_scope(runtime)
    document = store(scope, text_document("The harbour opened on Monday."))
    found = list(vectors_and_rows(Examination(settings, runtime, None)))
    assert [each.state for each in found] == ["ok"]
    with runtime.session(write=False) as (session, _):
        collection_name = collection_of(session.get_one(Tenant, scope.tenant_id))
    runtime.vectors.delete_documents(collection_name, [document.id])
    found = list(vectors_and_rows(Examination(settings, runtime, None)))
    assert [(each.state, each.fix) for each in found] == [("fail", f"tidings reconcile --tenant {scope.tenant_id}")]
    assert examine(vectors_and_rows, server_url="http://127.0.0.1:1")["vectors and rows"].state == "ok"
    runtime.close()


# Silence


@pytest.mark.parametrize("check", [broker, queue_round_trip, database, vectors])
def test_a_silent_server_does_not_hold_the_doctor(tmp_path: Path, check: Any) -> None:
    with silent_server() as port:
        runtime = open_runtime(
            Settings(
                data_dir=tmp_path / "data",
                broker_url=f"redis://127.0.0.1:{port}/0",
                qdrant_url=f"http://127.0.0.1:{port}",
                database_url=f"postgresql+psycopg://me@127.0.0.1:{port}/x?connect_timeout=3",
            ),
            with_bell=False,
        )
        began = time.monotonic()
        found = finding.run(Check("check", check, seconds=8.0), Examination(runtime.settings, runtime, None))
        assert time.monotonic() - began < 20
        assert [each.state for each in found] == ["fail"]


def test_a_check_that_hangs_or_breaks_is_a_finding(tmp_path: Path) -> None:
    on = Examination(Settings(data_dir=tmp_path), open_runtime(Settings(data_dir=tmp_path)), None)
    release = threading.Event()

    def hangs(_: Examination) -> Iterator[Finding]:
        yield Finding("one", "ok", "first")
        release.wait(20)

    def breaks(_: Examination) -> Iterator[Finding]:
        raise KeyError("s3cret")
        yield

    assert [each.state for each in finding.run(Check("hangs", hangs, seconds=0.2), on)] == ["ok", "fail"]
    release.set()
    (broken,) = finding.run(Check("breaks", breaks), on)
    assert (broken.state, "s3cret" in broken.detail) == ("fail", False)


# The data folder, and the model server


def test_secrets_that_others_can_read_are_a_failure(tmp_path: Path, examine: Any) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "secret.key").write_bytes(b"k")
    (folder / "secret.key").chmod(0o644)
    found = examine(secret_files)["secrets"]
    assert (found.state, found.fix) == ("fail", f"chmod 600 {folder}/secret.key")
    (folder / "secret.key").chmod(0o600)
    assert examine(secret_files)["secrets"].state == "ok"
    folder.chmod(0o755)
    assert examine(data_folder)["data folder"].fix == f"chmod 700 {folder}"


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path, examine: Any) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\nnas:/x /srv/news nfs4 rw 0 0\ntmpfs /srv/news/fast tmpfs rw 0 0\n"
        "//nas/y /srv/my\\040news cifs rw 0 0\n"
    )
    assert file_system_of(Path("/var/tidings"), mounts) == "ext4"
    assert file_system_of(Path("/srv/news/data"), mounts) == "nfs4"
    assert file_system_of(Path("/srv/news/fast/data"), mounts) == "tmpfs"
    assert file_system_of(Path("/srv/my news/data"), mounts) == "cifs"
    assert file_system_of(Path("/srv"), tmp_path / "none") == ""
    examine(file_system)


def test_each_model_server_must_serve_the_model(examine: Any, tmp_path: Path) -> None:
    server = ModelServer()
    try:
        gone = f"http://127.0.0.1:{free_port()}/v1"
        opened = open_runtime(
            Settings(data_dir=tmp_path, llm_url=f"{server.url},{gone}", llm_model="scripted"), with_bell=False
        )
        found = list(model_server(Examination(opened.settings, opened, None)))
        assert [each.state for each in found] == ["ok", "fail", "ok"]
        assert "first words after" in found[-1].detail
        assert look_at_model(opened)[0] == "degraded"
        opened.close()
        assert examine(model_server, llm_url=server.url)["model server"].state == "ok"
        wrong = examine(model_server, llm_url=server.url, llm_model="llama")["model server"]
        assert (wrong.state, "--served-model-name llama" in wrong.fix) == ("fail", True)
    finally:
        server.close()
    assert examine(model_server)["model server"].state == "ok"

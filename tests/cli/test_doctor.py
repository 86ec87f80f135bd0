"""`tidings doctor` as a command: exit codes, JSON, and a bundle without secrets."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import create_engine, text

from cli.bundle import masked
from migrations.history import upgrade
from services.engines.database import open_database
from tests.cli.conftest import Run, run_inside
from tests.redis_server import redis_server
from tests.server import Server, environment_for


def test_a_running_server_is_examined_and_bundled(server: Server, run: Run, tmp_path: Path) -> None:
    bundle, log = tmp_path / "bundle.zip", tmp_path / "tidings.log"
    key = "tdg_AbCdEf0123456789"
    log.write_text("x" * 300_000 + f"\nGET with {key}\nAuthorization: Bearer hunter2\nlast line\n")
    done = run(
        *("--json", "doctor", "--bundle", str(bundle), "--log", str(log)),
        TIDINGS_METRICS_TOKEN="hunter2",
        TIDINGS_QDRANT_API_KEY="hunter2",
    )
    findings = {each["name"]: each for each in json.loads(done.out)}
    assert done.code == 0, done.out
    assert findings["server"]["detail"] == server.url
    assert findings["migrations"]["state"] == "ok"
    with ZipFile(bundle) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert set(parts) == {"doctor.json", "settings.json", "versions.json", "readyz.json", "log.txt"}
    whole = "\n".join(parts.values())
    assert "hunter2" not in whole
    assert key not in whole
    assert parts["log.txt"].endswith("last line\n")
    assert json.loads(parts["settings.json"])["TIDINGS_QDRANT_API_KEY"] == "(set)"
    assert json.loads(parts["versions.json"])["packages"]["fastapi"]


def test_an_address_is_shown_without_its_password(run: Run) -> None:
    shown = run("config", TIDINGS_DATABASE_URL="postgresql+psycopg://me:hunter2@127.0.0.1:1/x").out
    assert "me:***@127" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("text_", "secret"),
    [
        ("redis://:hunter2@host:6379/0", "hunter2"),
        ("postgresql+psycopg://me:hunter2@host/x", "hunter2"),
        ('{"Authorization": "Bearer hunter2"}', "hunter2"),
        ("cookie: tidings_session=hunter2", "hunter2"),
        ("password=hunter2&x=1", "hunter2"),
        ("token tds_0123456789abcdef said", "0123456789abcdef"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text_: str, secret: str) -> None:
    assert secret not in masked(text_)
    assert "***" in masked(text_)


def test_plain_text_is_not_masked() -> None:
    plain = "ok: 3 files at http://127.0.0.1:8787/readyz, 12 tokens"
    assert masked(plain) == plain


def test_one_failure_makes_the_exit_code(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    assert run_inside(environment, ("doctor",)).code == 0
    with redis_server(tmp_path / "redis", maxmemory_policy="allkeys-lru") as url:
        done = run_inside({**environment, "TIDINGS_BROKER_URL": url}, ("doctor",))
    assert done.code == 1
    assert "do: redis-cli CONFIG SET maxmemory-policy noeviction" in done.out


def test_a_database_of_another_version_is_noticed(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    engine = open_database(f"sqlite:///{tmp_path / 'data' / 'tidings.sqlite'}")
    upgrade(engine)
    found = json.loads(run_inside(environment, ("--json", "doctor")).out)
    assert {each["name"]: each["state"] for each in found}["migrations"] == "ok"
    plain = create_engine(f"sqlite:///{tmp_path / 'data' / 'tidings.sqlite'}")
    for revision, state in (("0002", "warn"), ("9999", "fail")):
        with plain.begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        found = json.loads(run_inside(environment, ("--json", "doctor")).out)
        assert {each["name"]: each["state"] for each in found}["migrations"] == state
    plain.dispose()
    engine.dispose()

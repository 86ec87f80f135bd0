"""An application over a temporary data folder, and two organisations that must never see each other."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from services.engines.fakes import HASH_MODEL
from services.models import Base, User
from services.models.base import utc_now
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.tenants import keys, people, tenants
from services.tenants.passwords import hash_password

PASSWORD = "four quiet words here"
ORIGIN = {"Origin": "http://localhost"}


@dataclass(frozen=True)
class Organisation:
    """One tenant with a person of each role and a key of each scope."""

    scope: Scope
    email: str
    user_id: str
    cookie: str
    session_id: str
    reader_cookie: str
    write_key: str
    write_key_id: str
    read_key: str

    def as_session(self) -> dict[str, str]:
        return {"Cookie": f"tidings_session={self.cookie}", **ORIGIN}

    def as_reader(self) -> dict[str, str]:
        return {"Cookie": f"tidings_session={self.reader_cookie}", **ORIGIN}

    def as_key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.write_key}"}

    def as_read_key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.read_key}"}


@cache
def stored_password() -> str:
    return hash_password(PASSWORD)


def make_organisation(runtime: Runtime, name: str) -> Organisation:
    """Make a tenant without the cost of hashing a password for each person."""
    scope = Scope(runtime, tenants.create_tenant(runtime, name).id, "test")
    ids = {}
    for role in ("owner", "reader"):
        ids[role] = f"usr_{role}_{secrets.token_hex(4)}"
        with scope.write() as tx:
            tx.add(
                User(
                    id=ids[role],
                    email=f"{role}@{name}.example",
                    name=f"{name} {role}",
                    password_hash=stored_password(),
                    role=role,
                    created_at=utc_now(),
                )
            )
    cookie, session = people.open_session(scope, ids["owner"])
    reader_cookie, _ = people.open_session(scope, ids["reader"])
    write_row, write_key = keys.create_key(scope, name="writes", access="write")
    _, read_key = keys.create_key(scope, name="reads", access="read")
    return Organisation(
        scope=scope,
        email=f"owner@{name}.example",
        user_id=ids["owner"],
        cookie=cookie,
        session_id=session.id,
        reader_cookie=reader_cookie,
        write_key=write_key,
        write_key_id=write_row.id,
        read_key=read_key,
    )


def open_test_runtime(folder: Path, **settings: object) -> Runtime:
    """A runtime with all tables and the hashing embedder, opened as the service does."""
    runtime = open_runtime(Settings(data_dir=folder, embedder_model=HASH_MODEL, **settings), with_bell=False)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    return runtime


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[list[structlog.typing.EventDict]]:
    """What was logged, kept out of the output."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    opened = open_test_runtime(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def app(runtime: Runtime, tmp_path: Path) -> FastAPI:
    return create_app(runtime, dist=tmp_path / "dist")


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def ours(runtime: Runtime) -> Organisation:
    return make_organisation(runtime, "ours")


@pytest.fixture
def theirs(runtime: Runtime) -> Organisation:
    return make_organisation(runtime, "theirs")


@pytest.fixture
def writer(client: TestClient, runtime: Runtime) -> TestClient:
    """A client with a key that may write."""
    client.headers.update(make_organisation(runtime, "writers").as_key())
    return client


@pytest.fixture
def reader(client: TestClient, runtime: Runtime) -> TestClient:
    """A client with a key that may only read."""
    client.headers.update(make_organisation(runtime, "readers").as_read_key())
    return client

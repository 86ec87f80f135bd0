"""The connection to PostgreSQL is cut around a COMMIT: nobody knows whether it happened, and nothing is lost or doubled."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import create_app
from services.errors import EngineUnavailable
from services.handlers import HANDLERS
from services.jobs import claim
from services.jobs.tick import take_back
from services.models import Job
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.tenants.keys import create_key
from tests.chaos.life import text_of
from tests.chaos.oracle import Expected, violations
from tests.chaos.proxied import proxied, proxy_of
from tests.chaos.proxy import CommitCut, Proxy
from tests.factories import QUEUES, make_scope
from tests.postgres import HOW_TO, Scratch, postgres_answers, scratch_database
from tests.require import need

SETTLE_SECONDS = 30.0
# With TIDINGS_CHAOS_ALL=1 each COMMIT is cut both ways, else every other one each way.
EVERY = os.environ.get("TIDINGS_CHAOS_ALL") == "1"
# The request that was cut, the same one again, and nothing more.
MOST_TRIES = 2


@pytest.fixture(scope="module")
def database() -> Iterator[Scratch]:
    need(postgres_answers(), HOW_TO)
    with scratch_database() as database:
        yield database


@pytest.fixture
def proxy(database: Scratch) -> Iterator[Proxy]:
    proxy = proxy_of(database.url)
    yield proxy
    proxy.close()


@pytest.fixture
def runtime(tmp_path: Path, database: Scratch, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setattr(claim, "FIRST_RETRY_SECONDS", 0.05)
    settings = Settings(
        data_dir=tmp_path / "data",
        embedder_model="fake:hash",
        database_url=proxied(database.url, proxy),
        database_admin_url=proxied(database.admin_url, proxy),
    )
    runtime = open_runtime(settings, with_bell=False)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    yield runtime
    runtime.close()
    database.empty()


class Caller:
    """A client that repeats a request with the same Idempotency-Key when it got no clear answer."""

    def __init__(self, http: TestClient, scope: Scope) -> None:
        _, key = create_key(scope, name="chaos", access="write")
        self.http, self.headers = http, {"Authorization": f"Bearer {key}"}
        self.refused = 0

    def ask(self, method: str, path: str, key: str, **body: str) -> int:
        """The status of the first clear answer."""
        headers = {**self.headers, "Idempotency-Key": key}
        for _ in range(MOST_TRIES):
            answer = self.http.request(method, path, headers=headers, json=body or None)
            if answer.status_code != 503:
                return answer.status_code
            assert answer.json()["code"] == "engine_unavailable"
            self.refused += 1
        raise AssertionError(f"{method} {path} was refused again: {answer.text}")

    def upload(self, word: str) -> None:
        """A text; 200 when the first request stored it and could not say so."""
        status = self.ask("POST", "/v1/documents", word, title=f"Report {word}", text=text_of(word))
        assert status in ((200, 202) if self.refused else (202,))

    def delete(self, word: str) -> None:
        """Remove a text; 404 when the first request removed it and could not say so."""
        found = self.http.get("/v1/documents", headers=self.headers, params={"q": word}).json()["data"]
        status = self.ask("DELETE", f"/v1/documents/{found[0]['id']}", f"no {word}")
        assert status in ((202, 404) if self.refused else (202,))


def work_until_quiet(runtime: Runtime) -> None:
    """What workers do: a queue that could not be worked on is looked at again; here its leases end at once."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        try:
            for queue in QUEUES:
                claim.work(runtime, queue, HANDLERS)
            with runtime.session(write=False) as (session, _):
                if not session.scalars(select(Job.id).where(Job.status.in_(("queued", "running")))).all():
                    return
        except EngineUnavailable:
            take_back(runtime)
            continue
        time.sleep(0.02)
    raise AssertionError("the work did not end")


def scenario(runtime: Runtime, caller: Caller, kept: str, deleted: str) -> None:
    """Upload two, read them, delete one."""
    caller.upload(kept)
    caller.upload(deleted)
    work_until_quiet(runtime)
    caller.delete(deleted)
    work_until_quiet(runtime)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_at_a_commit_nothing_is_lost_and_a_repeated_request_doubles_nothing(
    runtime: Runtime, proxy: Proxy, moment: str
) -> None:
    scope = make_scope(runtime)
    kept, deleted = [], []
    with TestClient(create_app(runtime, dist=runtime.settings.data_dir), base_url="http://localhost") as http:
        for number in count(1 if EVERY or moment == "after" else 2, 1 if EVERY else 2):
            caller = Caller(http, scope)
            cut = proxy.commit_cut = CommitCut(number, answered=moment == "after")
            kept.append(f"canary{number}kept")
            deleted.append(f"canary{number}deleted")
            try:
                scenario(runtime, caller, kept[-1], deleted[-1])
            except AssertionError as error:
                raise AssertionError(f"commit {number}, cut {moment} it: {error}") from error
            finally:
                proxy.commit_cut = None
            if not cut.struck.is_set():
                break
    assert number > 20, "the scenario commits less often than it did"
    assert violations(runtime, {scope.tenant_id: Expected(tuple(kept), tuple(deleted))}, litter=number) == []

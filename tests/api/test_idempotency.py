"""Idempotency-Key: one effect and one answer, for JSON and for uploads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, File, Form, Response, UploadFile
from sqlalchemy import update
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.deps import WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.common import Request, Resource
from services.errors import EngineUnavailable, InvalidInput
from services.models import IdempotencyRecord
from services.models.base import utc_now
from services.runtime import Runtime


class ThingIn(Request):
    name: str
    fail: bool = False


class ThingOut(Resource):
    number: int
    name: str


@dataclass
class Shop:
    """Counts what was really made; `hold` keeps the maker busy."""

    made: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def make(self, name: str) -> Reply:
        self.entered.set()
        assert self.hold.wait(10)
        self.made.append(name)
        return 202, ThingOut(number=len(self.made), name=name)


@pytest.fixture
def shop(app: FastAPI) -> Iterator[Shop]:
    made = Shop()
    made.hold.set()
    router = APIRouter(prefix="/v1/things")

    @router.post("", status_code=202, response_model=ThingOut)
    def things_create(scope: WriteScope, body: ThingIn, once: Idempotent) -> Response:
        def create() -> Reply:
            if body.fail:
                raise InvalidInput("No.")
            return made.make(body.name)

        return once.run(create, scope=scope, body=body)

    @router.post("/file", status_code=202)
    def things_upload(
        scope: WriteScope, once: Idempotent, file: Annotated[UploadFile, File()], title: Annotated[str, Form()] = ""
    ) -> Response:
        content = file.file.read()
        return once.run(lambda: made.make(title), scope=scope, body={"title": title}, content=content)

    app.include_router(router)
    yield made
    made.hold.set()


def post(client: TestClient, who: Any, key: str, **body: Any) -> Any:
    headers = who.as_key() | {"Idempotency-Key": key}
    return client.post("/v1/things", headers=headers, json={"name": "a"} | body)


def test_twenty_parallel_requests_have_one_effect_and_one_answer(client: TestClient, shop: Shop, ours: Any) -> None:
    def patient(_: int) -> Any:
        while (answer := post(client, ours, "k")).status_code == 409:
            assert answer.headers["retry-after"] == "1"
        return answer

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(patient, range(20)))
    assert shop.made == ["a"]
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.content for answer in answers} == {b'{"number":1,"name":"a"}'}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


def test_without_a_key_every_request_counts(client: TestClient, shop: Shop, ours: Any) -> None:
    for _ in range(2):
        client.post("/v1/things", headers=ours.as_key(), json={"name": "a"})
    assert shop.made == ["a", "a"]


def test_another_body_or_address_with_the_same_key_is_refused(client: TestClient, shop: Shop, ours: Any) -> None:
    post(client, ours, "k")
    headers = ours.as_key() | {"Idempotency-Key": "k"}
    upload = client.post("/v1/things/file", headers=headers, files={"file": ("a", b"a")})
    for refusal in (post(client, ours, "k", name="b"), upload):
        assert (refusal.status_code, refusal.json()["code"]) == (422, "idempotency_mismatch")
    assert shop.made == ["a"]


def test_keys_are_not_shared_between_credentials_or_tenants(
    client: TestClient, shop: Shop, ours: Any, theirs: Any
) -> None:
    post(client, ours, "k")
    post(client, theirs, "k", name="b")
    session = ours.as_session() | {"Idempotency-Key": "k"}
    client.post("/v1/things", headers=session, json={"name": "c"})
    assert shop.made == ["a", "b", "c"]


def test_while_the_first_runs_a_repeat_is_told_to_wait(client: TestClient, shop: Shop, ours: Any) -> None:
    shop.hold.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, client, ours, "k")
        assert shop.entered.wait(10)
        repeat = post(client, ours, "k")
        shop.hold.set()
        assert (repeat.status_code, repeat.headers["retry-after"]) == (409, "1")
        assert first.result().status_code == 202


def test_a_failed_request_may_be_tried_again_with_its_key(client: TestClient, shop: Shop, ours: Any) -> None:
    assert post(client, ours, "k", fail=True).status_code == 422
    assert post(client, ours, "k", fail=False).status_code == 202


def age_records(runtime: Runtime, age: timedelta, **values: Any) -> None:
    with runtime.session(write=True) as (session, _):
        session.execute(update(IdempotencyRecord).values(created_at=utc_now() - age, **values))


def test_what_a_crash_left_open_is_taken_over(client: TestClient, runtime: Runtime, shop: Shop, ours: Any) -> None:
    post(client, ours, "k")
    age_records(runtime, timedelta(seconds=60), status=None, response=None)
    assert post(client, ours, "k").status_code == 409
    age_records(runtime, timedelta(seconds=121), status=None, response=None)
    assert post(client, ours, "k").json()["number"] == 2
    assert post(client, ours, "k").json()["number"] == 2


@pytest.mark.parametrize(("commit", "statuses"), [(1, [503, 202]), (2, [202, 202])])
def test_a_commit_that_nobody_confirmed_leaves_no_key_in_use(
    client: TestClient, shop: Shop, ours: Any, monkeypatch: pytest.MonkeyPatch, commit: int, statuses: list[int]
) -> None:
    """The first commit reserves the key; the second one keeps the answer, which is given in any case."""
    post(client, ours, "before")  # what a credential's first use writes
    commits, original = itertools.count(1), Session.commit

    def unconfirmed(session: Session) -> None:
        original(session)
        if next(commits) == commit:
            raise EngineUnavailable("the commit's answer never came")

    monkeypatch.setattr(Session, "commit", unconfirmed)
    assert [post(client, ours, "k").status_code for _ in statuses] == statuses
    assert shop.made == ["a", "a"]


def test_after_a_day_a_key_is_new(client: TestClient, runtime: Runtime, shop: Shop, ours: Any) -> None:
    post(client, ours, "k")
    age_records(runtime, timedelta(hours=24, seconds=1))
    assert post(client, ours, "k").json()["number"] == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ü"])
def test_odd_keys_are_refused(client: TestClient, shop: Shop, ours: Any, key: str) -> None:
    headers = {**ours.as_key(), "Idempotency-Key": key.encode()}
    assert client.post("/v1/things", headers=headers, json={"name": "a"}).status_code == 422
    assert shop.made == []


def test_an_upload_is_recognised_whatever_its_boundary(client: TestClient, shop: Shop, ours: Any) -> None:
    headers = ours.as_key() | {"Idempotency-Key": "k"}

    def upload(content: bytes, title: str = "t") -> Any:
        return client.post("/v1/things/file", headers=headers, files={"file": ("a", content)}, data={"title": title})

    assert upload(b"one").content == upload(b"one").content
    assert upload(b"two").status_code == upload(b"one", "other").status_code == 422
    assert shop.made == ["t"]

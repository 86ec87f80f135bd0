"""API keys and the operator's routes, over HTTP."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from services.models import ApiKey
from services.models.base import utc_now
from services.runtime import Runtime
from services.tenants.operator import operator_token


def make(client: TestClient, who: Any, **body: Any) -> Any:
    return client.post("/v1/api_keys", headers=who.as_session(), json={"name": "k", "scope": "read"} | body)


def test_a_key_is_shown_once_and_stored_as_a_hash(client: TestClient, runtime: Runtime, ours: Any) -> None:
    made = make(client, ours, scope="write").json()
    key = made["key"]
    assert key.startswith("tdg_")
    assert key.endswith(made["last_four"])
    listed = client.get("/v1/api_keys", headers=ours.as_session())
    assert made["id"] in listed.text
    assert key not in listed.text
    with runtime.session(write=False) as (session, _):
        for table in ("api_keys", "idempotency_records"):
            assert key not in repr(session.execute(text(f"SELECT * FROM {table}")).all())
    me = client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert (me["user"], me["credential"], me["scope"]) == (None, "api_key", "write")
    assert me["tenant"]["id"] == ours.scope.tenant_id


def test_a_revoked_key_stops_working_at_once(client: TestClient, ours: Any) -> None:
    made = make(client, ours).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/v1/me", headers=headers).status_code == 200
    assert client.delete(f"/v1/api_keys/{made['id']}", headers=ours.as_session()).status_code == 204
    assert client.get("/v1/me", headers=headers).status_code == 401
    assert client.delete(f"/v1/api_keys/{made['id']}", headers=ours.as_session()).status_code == 204
    listed = client.get("/v1/api_keys", headers=ours.as_session()).json()["data"]
    assert [each["revoked_at"] is not None for each in listed if each["id"] == made["id"]] == [True]


def test_a_key_ends_when_it_expires_even_while_remembered(client: TestClient, runtime: Runtime, ours: Any) -> None:
    assert make(client, ours, expires_at=(utc_now() - timedelta(1)).isoformat()).status_code == 422
    assert make(client, ours, expires_at="2099-01-01T00:00:00").status_code == 422
    made = make(client, ours, expires_at=(utc_now() + timedelta(1)).isoformat()).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/v1/me", headers=headers).status_code == 200
    with runtime.session(write=True) as (session, _):
        session.get_one(ApiKey, made["id"]).expires_at = utc_now() - timedelta(seconds=1)
    runtime.credentials.clear()
    assert client.get("/v1/me", headers=headers).status_code == 401


def test_a_key_cannot_make_keys(client: TestClient, ours: Any) -> None:
    refusal = client.post("/v1/api_keys", headers=ours.as_key(), json={"name": "k", "scope": "read"})
    assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")


def test_two_authorization_headers_are_refused(client: TestClient, ours: Any, theirs: Any) -> None:
    headers = [("Authorization", f"Bearer {ours.write_key}"), ("Authorization", f"Bearer {theirs.write_key}")]
    assert client.get("/v1/me", headers=headers).status_code == 401


def test_the_use_of_a_key_is_noted_once_a_minute(client: TestClient, runtime: Runtime, ours: Any) -> None:
    client.get("/v1/me", headers=ours.as_key())

    def used() -> Any:
        with runtime.session(write=False) as (session, _):
            return session.get_one(ApiKey, ours.write_key_id).last_used_at

    first = used()
    assert first is not None
    runtime.credentials.clear()
    client.get("/v1/me", headers=ours.as_key())
    assert used() == first


def test_keys_are_listed_in_pages_that_cannot_be_forged(client: TestClient, ours: Any, theirs: Any) -> None:
    for number in range(3):
        make(client, ours, name=f"k{number}")
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/api_keys", headers=ours.as_key(), params=query).json()
        seen += [each["name"] for each in page["data"]]
        assert page["total"] == {"value": 5, "relation": "eq"}
        last, cursor = cursor, page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["k2", "k1", "k0", "reads", "writes"]
    for forged in (last + "A", last[:-1], "x", "AAAA", "ü", "a" * 900):
        refusal = client.get("/v1/api_keys", headers=ours.as_key(), params={"cursor": forged})
        assert (refusal.status_code, refusal.json()["code"]) == (422, "bad_cursor")
    foreign = client.get("/v1/api_keys", headers=theirs.as_key(), params={"cursor": last})
    assert foreign.json()["code"] == "bad_cursor"


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1e9", "9" * 30])
def test_odd_limits_are_refused(client: TestClient, ours: Any, limit: str) -> None:
    assert client.get("/v1/api_keys", headers=ours.as_key(), params={"limit": limit}).status_code == 422


# Idempotency-Key where the answer holds a secret


def test_a_repeated_creation_makes_no_second_key(client: TestClient, ours: Any) -> None:
    headers = ours.as_session() | {"Idempotency-Key": "morning-1"}
    body = {"name": "once", "scope": "read"}

    def create(_: int) -> int:
        return client.post("/v1/api_keys", headers=headers, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(8)))
    assert statuses == [201] + [409] * 7
    listed = client.get("/v1/api_keys", headers=ours.as_session()).json()["data"]
    assert [each["name"] for each in listed].count("once") == 1


# The operator


def test_the_operators_token_is_a_file_for_its_owner_alone(client: TestClient, runtime: Runtime) -> None:
    path = runtime.settings.data_dir / "operator.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("tdo_")
    assert operator_token(runtime.settings.data_dir) == path.read_text()


def test_the_operator_makes_tenants_people_and_keys(client: TestClient, runtime: Runtime) -> None:
    headers = {"Authorization": f"Bearer {operator_token(runtime.settings.data_dir)}"}
    tenant = client.post("/v1/admin/tenants", headers=headers, json={"name": "New"}).json()
    root = f"/v1/admin/tenants/{tenant['id']}"
    person = {"email": "Bob@example.org", "name": "Bob", "password": "four quiet words here", "role": "editor"}
    assert client.post(f"{root}/users", headers=headers, json=person).json()["email"] == "bob@example.org"
    assert client.post(f"{root}/users", headers=headers, json=person).status_code == 409
    assert client.post(f"{root}/users", headers=headers, json=person | {"role": "root"}).status_code == 422
    key = client.post(f"{root}/api_keys", headers=headers, json={"name": "k", "scope": "read"}).json()["key"]
    me = client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert me["tenant"] == {"id": tenant["id"], "name": "New"}
    assert tenant in client.get("/v1/admin/tenants", headers=headers).json()["data"]
    nowhere = client.post("/v1/admin/tenants/ten_none/users", headers=headers, json=person)
    assert nowhere.status_code == 404

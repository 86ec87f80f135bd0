"""Set-up, signing in, sessions and the cookie, over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.app import create_app
from services.models import Base, Tenant, User
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.tenants import people

PASSWORD = "four quiet words here"
ORIGIN = {"Origin": "http://localhost"}


def setup_body(token: str, **changes: str) -> dict[str, str]:
    body = {
        "token": token,
        "organisation": "The Daily Example",
        "name": "Ada",
        "email": " Ada@Example.org ",
        "password": PASSWORD,
    }
    return body | changes


def count(runtime: Runtime, table: Any) -> int:
    with runtime.session(write=False) as (session, _):
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_set_up_link_makes_one_signed_in_owner(client: TestClient, runtime: Runtime) -> None:
    assert client.get("/v1/setup").json() == {"needed": True}
    answer = client.post("/v1/setup", json=setup_body(people.issue_setup_token(runtime)))
    assert answer.status_code == 201
    me = client.get("/v1/me").json()
    assert me == answer.json()
    assert (me["user"]["email"], me["user"]["role"]) == ("ada@example.org", "owner")
    assert (me["tenant"]["name"], me["credential"], me["scope"]) == ("The Daily Example", "session", "write")
    assert client.get("/v1/setup").json() == {"needed": False}


def test_a_set_up_link_works_once(client: TestClient, runtime: Runtime) -> None:
    token = people.issue_setup_token(runtime)
    assert client.post("/v1/setup", json=setup_body(token)).status_code == 201
    again = client.post("/v1/setup", json=setup_body(token, email="eve@example.org"))
    assert again.status_code == 409
    assert count(runtime, User) == 1


def test_a_new_start_ends_older_links(client: TestClient, runtime: Runtime) -> None:
    old = people.issue_setup_token(runtime)
    people.issue_setup_token(runtime)
    refusal = client.post("/v1/setup", json=setup_body(old))
    assert (refusal.status_code, refusal.json()["code"]) == (403, "setup_link_invalid")


def test_of_fifty_parallel_set_ups_one_wins(client: TestClient, runtime: Runtime) -> None:
    token = people.issue_setup_token(runtime)
    start = threading.Barrier(50)

    def attempt(number: int) -> int:
        start.wait()
        return client.post("/v1/setup", json=setup_body(token, email=f"user{number}@example.org")).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(attempt, range(50)))
    assert statuses[0] == 201
    assert set(statuses[1:]) <= {403, 409}
    assert (count(runtime, User), count(runtime, Tenant)) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"password": "short"}, "/password"),
        ({"password": "1234567890"}, "/password"),
        ({"password": "Ada@example.org"}, "/password"),
        ({"password": "The Daily Example"}, "/password"),
        ({"password": "x" * 1001}, "/password"),
        ({"email": "nobody"}, "/email"),
        ({"email": "a b@example.org"}, "/email"),
        ({"name": "  "}, "/name"),
        ({"role": "owner"}, "/role"),
        ({"tenant_id": "ten_1"}, "/tenant_id"),
    ],
)
def test_a_refused_set_up_does_not_use_up_the_link(
    client: TestClient, runtime: Runtime, changes: dict[str, str], pointer: str
) -> None:
    token = people.issue_setup_token(runtime)
    refusal = client.post("/v1/setup", json=setup_body(token, **changes))
    assert refusal.status_code == 422
    assert refusal.json()["errors"][0]["pointer"] == pointer
    assert client.post("/v1/setup", json=setup_body(token)).status_code == 201


def test_signing_in_opens_a_new_session_each_time(client: TestClient, ours: Any) -> None:
    body = {"email": ours.email.upper(), "password": PASSWORD}
    fixed = client.post("/v1/auth/login", json=body, headers={"Cookie": "tidings_session=chosen-by-an-attacker"})
    assert fixed.status_code == 200
    first = fixed.cookies["tidings_session"]
    second = client.post("/v1/auth/login", json=body).cookies["tidings_session"]
    assert len({first, second, "chosen-by-an-attacker", ours.cookie}) == 4


def test_unknown_people_and_wrong_passwords_look_the_same(client: TestClient, ours: Any) -> None:
    answers = [
        client.post("/v1/auth/login", json={"email": email, "password": "not the password"})
        for email in (ours.email, "nobody@example.org", "not an address")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({(answer.json()["code"], answer.json()["detail"]) for answer in answers}) == 1


def test_unknown_people_take_as_long_as_wrong_passwords(client: TestClient, ours: Any) -> None:
    def seconds(email: str) -> float:
        started = time.perf_counter()
        client.post("/v1/auth/login", json={"email": email, "password": "not the password"})
        return time.perf_counter() - started

    seconds("warm-up@example.org")
    known = min(seconds(ours.email) for _ in range(5))
    unknown = min(seconds("nobody@example.org") for _ in range(5))
    assert 0.5 < known / unknown < 2


def test_guessing_is_slowed_down_per_account_and_address(client: TestClient, ours: Any) -> None:
    wrong = {"email": ours.email, "password": "not the password"}
    statuses = [client.post("/v1/auth/login", json=wrong).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    blocked = client.post("/v1/auth/login", json={"email": ours.email, "password": PASSWORD})
    assert (blocked.status_code, blocked.json()["code"]) == (429, "rate_limited")
    assert int(blocked.headers["retry-after"]) <= 90
    other = client.post("/v1/auth/login", json={"email": "reader@ours.example", "password": PASSWORD})
    assert other.status_code == 200


def test_another_site_cannot_sign_a_browser_in(client: TestClient, ours: Any) -> None:
    body = {"email": ours.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=body, headers={"Origin": "https://evil.example"}).status_code == 403
    form = client.post("/v1/auth/login", data=body)
    plain = client.post("/v1/auth/login", content=f'{{"email":"{ours.email}"}}', headers={"Content-Type": "text/plain"})
    assert form.status_code == plain.status_code == 422


def test_signing_out_ends_the_session_at_once(client: TestClient, ours: Any) -> None:
    assert client.get("/v1/me", headers=ours.as_session()).status_code == 200
    answer = client.post("/v1/auth/logout", headers=ours.as_session())
    assert answer.status_code == 204
    assert 'tidings_session="";' in answer.headers["set-cookie"]
    assert client.get("/v1/me", headers=ours.as_session()).status_code == 401


def test_a_person_sees_and_ends_only_their_own_sessions(client: TestClient, ours: Any, theirs: Any) -> None:
    login = client.post(
        "/v1/auth/login", json={"email": ours.email, "password": PASSWORD}, headers={"User-Agent": "Phone\x1b[31m"}
    )
    phone = login.cookies["tidings_session"]
    client.cookies.clear()
    listed = client.get("/v1/sessions", headers=ours.as_session()).json()["data"]
    assert [(each["current"], each["user_agent"]) for each in listed] == [(False, "Phone[31m"), (True, "")]
    assert client.delete(f"/v1/sessions/{listed[0]['id']}", headers=ours.as_session()).status_code == 204
    assert client.get("/v1/me", headers={"Cookie": f"tidings_session={phone}"}).status_code == 401
    assert client.delete(f"/v1/sessions/{listed[0]['id']}", headers=ours.as_session()).status_code == 404
    assert client.get("/v1/sessions", headers=ours.as_key()).json()["data"] == []


def test_a_revocation_elsewhere_holds_within_five_seconds(client: TestClient, runtime: Runtime, ours: Any) -> None:
    assert client.get("/v1/me", headers=ours.as_session()).status_code == 200
    other_process = open_runtime(runtime.settings, with_bell=False)
    people.revoke_session(type(ours.scope)(other_process, ours.scope.tenant_id, "x"), ours.user_id, ours.session_id)
    other_process.close()
    assert runtime.credentials.max_age_seconds <= 5
    runtime.credentials.max_age_seconds = 0
    assert client.get("/v1/me", headers=ours.as_session()).status_code == 401


def test_a_disabled_person_is_out(client: TestClient, runtime: Runtime, ours: Any) -> None:
    from services.models.base import utc_now

    with runtime.session(write=True) as (session, _):
        session.get_one(User, ours.user_id).disabled_at = utc_now()
    assert client.get("/v1/me", headers=ours.as_session()).status_code == 401
    refusal = client.post("/v1/auth/login", json={"email": ours.email, "password": PASSWORD})
    assert refusal.json()["code"] == "bad_credentials"


def test_same_origin_needs_no_origin_header_when_the_browser_says_so(client: TestClient, ours: Any) -> None:
    headers = {"Cookie": f"tidings_session={ours.cookie}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/auth/logout", headers=headers).status_code == 204


@pytest.fixture
def https_client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(data_dir=tmp_path / "https", public_url="https://news.example")
    runtime = open_runtime(settings, with_bell=False)
    Base.metadata.create_all(runtime.database)
    with TestClient(create_app(runtime), base_url="https://news.example") as client:
        yield client
    runtime.close()


def test_over_https_the_cookie_is_bound_to_the_host(https_client: TestClient) -> None:
    app: Any = https_client.app
    token = people.issue_setup_token(app.state.runtime)
    answer = https_client.post("/v1/setup", json=setup_body(token))
    name, *flags = [part.strip() for part in answer.headers["set-cookie"].split(";")]
    assert name.startswith("__Host-tidings_session=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(flags)
    assert not [flag for flag in flags if flag.lower().startswith("domain")]
    assert https_client.get("/v1/me").status_code == 200
    assert https_client.get("/v1/me").headers["strict-transport-security"]
    cookie = https_client.cookies["__Host-tidings_session"]
    https_client.cookies.clear()
    # A sister host can set a cookie of the plain name, but not of the __Host- name.
    assert https_client.get("/v1/me", headers={"Cookie": f"tidings_session={cookie}"}).status_code == 401


def test_without_https_the_cookie_is_still_hidden_from_scripts(client: TestClient, ours: Any) -> None:
    answer = client.post("/v1/auth/login", json={"email": ours.email, "password": PASSWORD})
    flags = answer.headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=lax" in flags
    assert "Secure" not in flags


def test_no_hash_or_token_is_ever_answered(app: FastAPI) -> None:
    fields = {
        name
        for schema in app.openapi()["components"]["schemas"].values()
        if schema.get("additionalProperties") is not False
        for name in schema.get("properties", {})
    }
    assert not {"password", "password_hash", "digest", "token", "cache_salt"} & fields

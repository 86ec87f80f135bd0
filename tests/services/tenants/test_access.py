"""From a credential to a principal: remembered briefly, forgotten at once, never mixed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.errors import Unauthenticated
from services.runtime import Runtime
from services.scope import Scope
from services.tenants import access, keys, people, tenants
from services.tenants.operator import operator_token


def person(scope: Scope, email: str, role: people.Role) -> str:
    return people.add_user(scope, email=email, name="N", password="four quiet words", role=role).id


def test_a_key_and_a_session_name_tenant_actor_and_scope(scope: Scope) -> None:
    row, key = keys.create_key(scope, name="k", access="read")
    principal = access.authenticate_bearer(scope.runtime, key)
    assert (principal.tenant_id, principal.actor_id, principal.scope) == (scope.tenant_id, row.id, "read")
    for role, allowed in (("owner", "write"), ("editor", "write"), ("reader", "read")):
        user_id = person(scope, f"{role}@example.org", role)
        token, session = people.open_session(scope, user_id)
        found = access.authenticate_session(scope.runtime, token)
        assert (found.user_id, found.session_id, found.scope) == (user_id, session.id, allowed)


def test_a_token_of_one_kind_is_not_one_of_another(scope: Scope) -> None:
    _, key = keys.create_key(scope, name="k", access="write")
    token, _ = people.open_session(scope, person(scope, "a@example.org", "owner"))
    with pytest.raises(Unauthenticated):
        access.authenticate_session(scope.runtime, key)
    with pytest.raises(Unauthenticated):
        access.authenticate_bearer(scope.runtime, token)


def test_remembered_credentials_of_two_tenants_do_not_mix(runtime: Runtime) -> None:
    scopes = [Scope(runtime, tenants.create_tenant(runtime, name).id, "test") for name in ("a", "b")]
    made = [(scope.tenant_id, keys.create_key(scope, name="k", access="read")[1]) for scope in scopes * 5]
    for _ in range(2):
        for tenant_id, key in made:
            assert access.authenticate_bearer(runtime, key).tenant_id == tenant_id


def test_a_look_up_that_a_revocation_overtook_is_not_remembered(scope: Scope) -> None:
    row, key = keys.create_key(scope, name="k", access="read")
    runtime = scope.runtime
    version = runtime.credentials.version
    late = access.find_key(runtime, row.digest)
    keys.revoke_key(scope, row.id)
    runtime.credentials.put(row.digest, late, version=version)
    with pytest.raises(Unauthenticated):
        access.authenticate_bearer(runtime, key)


def test_processes_that_start_together_agree_on_the_operators_token(tmp_path: Path) -> None:
    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(lambda _: operator_token(tmp_path), range(40)))
    assert len(tokens) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["operator.token"]


def test_an_e_mail_address_belongs_to_one_account_of_the_installation(scope: Scope) -> None:
    from services.errors import Conflict

    person(scope, "a@example.org", "reader")
    other = Scope(scope.runtime, tenants.create_tenant(scope.runtime, "b").id, "test")
    with pytest.raises(Conflict):
        person(other, " A@Example.org", "owner")


def test_ended_sessions_are_cleared_away_at_the_next_sign_in(scope: Scope) -> None:
    from services.models import LoginSession

    user_id = person(scope, "a@example.org", "owner")
    _, old = people.open_session(scope, user_id)
    people.revoke_session(scope, user_id, old.id)
    people.open_session(scope, user_id)
    with scope.read() as tx:
        assert len(tx.session.scalars(tx.select(LoginSession)).all()) == 1

"""Who is asking: from a credential to a Principal.

Look-ups go by HMAC of the credential over a unique index, so neither its value nor its prefix leaks through time, and
the cache key is the full digest. A look-up is remembered for at most five seconds; a revoked one is forgotten at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from services.errors import Unauthenticated
from services.models.base import utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.tenants import repository
from services.tenants.keys import looks_like_key

Access = Literal["read", "write"]
Credential = Literal["session", "api_key"]

TOUCH_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True)
class Principal:
    """Who acts, for which tenant, and how much they may do. `role` is a person's; a key has none.

    `touch_due`: its last use should be noted with `touch`.
    """

    tenant_id: str
    actor_id: str
    scope: Access
    credential: Credential
    expires_at: datetime | None
    user_id: str | None = None
    role: str | None = None
    session_id: str | None = None
    touch_due: bool = False


def authenticate_bearer(runtime: Runtime, token: str) -> Principal:
    """The principal of an API key; raises Unauthenticated. A typo is refused by its checksum, without a look-up."""
    if not looks_like_key(token):
        raise Unauthenticated("This API key is not valid; check that it was copied completely.")
    return authenticate(runtime, "api_key", token)


def authenticate_session(runtime: Runtime, token: str) -> Principal:
    """The principal of a session cookie; raises Unauthenticated."""
    return authenticate(runtime, "session", token)


def authenticate(runtime: Runtime, credential: Credential, token: str) -> Principal:
    """The principal of either credential; raises Unauthenticated."""
    digest = runtime.secrets.digest(credential, token)
    known = remembered(runtime, digest)
    if known is not None:
        return known
    version = runtime.credentials.version
    found = find_session(runtime, digest) if credential == "session" else find_key(runtime, digest)
    if found is None:
        raise Unauthenticated(GONE[credential])
    runtime.credentials.put(digest, replace(found, touch_due=False), version=version)
    return found


GONE: dict[Credential, str] = {
    "session": "Your session has ended; sign in again.",
    "api_key": "This API key is unknown, expired or revoked; create another one under Settings.",
}


def remembered(runtime: Runtime, digest: str) -> Principal | None:
    """A principal that was looked up less than five seconds ago and has not expired since; never waits."""
    known: Principal | None = runtime.credentials.get(digest)
    if known is None or (known.expires_at is not None and known.expires_at <= utc_now()):
        return None
    return known


def recall(runtime: Runtime, credential: Credential, token: str) -> Principal | None:
    """The principal of a credential that was looked up less than five seconds ago; never waits."""
    return remembered(runtime, runtime.secrets.digest(credential, token))


def find_session(runtime: Runtime, digest: str) -> Principal | None:
    """Look a session up across tenants."""
    with runtime.session(write=False) as (session, _):
        found = repository.find_session_by_digest(session, digest)
    if found is None:
        return None
    sign_in, user = found
    return Principal(
        tenant_id=user.tenant_id,
        actor_id=user.id,
        scope="read" if user.role == "reader" else "write",
        credential="session",
        expires_at=sign_in.expires_at,
        user_id=user.id,
        role=user.role,
        session_id=sign_in.id,
        touch_due=sign_in.last_seen_at < utc_now() - TOUCH_INTERVAL,
    )


def find_key(runtime: Runtime, digest: str) -> Principal | None:
    """Look an API key up across tenants."""
    with runtime.session(write=False) as (session, _):
        key = repository.find_key_by_digest(session, digest)
    if key is None:
        return None
    return Principal(
        tenant_id=key.tenant_id,
        actor_id=key.id,
        scope="write" if key.scope == "write" else "read",
        credential="api_key",
        expires_at=key.expires_at,
        touch_due=key.last_used_at is None or key.last_used_at < utc_now() - TOUCH_INTERVAL,
    )


def touch(runtime: Runtime, principal: Principal) -> None:
    """Note when a credential was last used; at most one row changes per minute however often it is called."""
    before = utc_now() - TOUCH_INTERVAL
    with Scope(runtime, principal.tenant_id, principal.actor_id).write() as tx:
        if principal.session_id is not None:
            repository.touch_session(tx, principal.session_id, before=before)
        else:
            repository.touch_key(tx, principal.actor_id, before=before)

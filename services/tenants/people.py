"""People: the first owner's set-up, signing in and out, and the sessions they hold."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from threading import Lock
from typing import Literal

from sqlalchemy.exc import IntegrityError

from services.engines.postgres import lock
from services.errors import BadCredentials, Conflict, FieldError, InvalidInput, NotFound, RateLimited, SetupLinkInvalid
from services.ids import new_id
from services.models import LoginSession, SetupToken, Tenant, User
from services.models.base import utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.tenants import repository
from services.tenants.passwords import check_password, hash_password, verify_password
from services.tenants.tenants import MAKING, OPERATOR, new_tenant

Role = Literal["owner", "editor", "reader"]

# One local part, one @, a domain with a dot or `localhost`; the rest is for the mail server to say.
EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@(?:[^@\s.\x00-\x1f\x7f]+\.)*[^@\s.\x00-\x1f\x7f]+")
MAX_EMAIL_LENGTH = 254
USER_AGENT_LENGTH = 300
SIGN_IN_REFUSAL = "The e-mail address or the password is wrong."
LINK_REFUSAL = "This set-up link was used or is too old. Start Tidings again: it prints a new one."

# One set-up at a time in this process, so that the losers of a race make no expensive hash; the database decides
# between processes.
setting_up = Lock()


# The first owner


def issue_setup_token(runtime: Runtime) -> str:
    """Make the one-time token of the set-up link; every older one ends."""
    token = secrets.token_urlsafe(32)
    row = SetupToken(
        digest=runtime.secrets.digest("setup", token),
        created_at=utc_now(),
        expires_at=utc_now() + timedelta(minutes=runtime.settings.setup_link_minutes),
    )
    with runtime.session(write=True) as (session, _):
        repository.forget_setup_tokens(session)
        session.add(row)
    return token


def setup_needed(runtime: Runtime) -> bool:
    """Whether nobody can sign in yet."""
    with runtime.session(write=False) as (session, _):
        return not repository.any_user_exists(session)


def set_up(
    runtime: Runtime, token: str, *, organisation: str, name: str, email: str, password: str
) -> tuple[Tenant, User]:
    """Make the first tenant and its owner, once: of any number of parallel calls exactly one succeeds.

    Raises: SetupLinkInvalid; Conflict when Tidings is set up already; InvalidInput for the e-mail or password.
    """
    email = normalised_email(email)
    check_password(password, own=(email, name, organisation))
    digest = runtime.secrets.digest("setup", token)
    with setting_up:
        with runtime.session(write=False) as (session, _):
            if repository.any_user_exists(session):
                raise Conflict("Tidings is set up already; sign in.")
            if repository.find_setup_token(session, digest) is None:
                raise SetupLinkInvalid(LINK_REFUSAL)
        tenant = new_tenant(organisation)
        user = new_user(tenant.id, email=email, name=name, password=password, role="owner")
        with runtime.session(write=True) as (session, _):
            # The row of the token is the lock: whoever marks it as used goes on, on PostgreSQL too.
            if not repository.use_setup_token(session, digest):
                raise SetupLinkInvalid(LINK_REFUSAL)
            if repository.any_user_exists(session):
                raise Conflict("Tidings is set up already; sign in.")
            lock(session, MAKING)
            session.add(tenant)
            session.flush()
            repository.copy_takedowns(session, tenant.id, OPERATOR)
            session.add(user)
    return tenant, user


def add_user(scope: Scope, *, email: str, name: str, password: str, role: Role) -> User:
    """Add a person to the tenant; raises InvalidInput, and Conflict when the e-mail address is taken anywhere."""
    email = normalised_email(email)
    check_password(password, own=(email, name))
    user = new_user(scope.tenant_id, email=email, name=name, password=password, role=role)
    try:
        with scope.write() as tx:
            tx.add(user)
    except IntegrityError as error:
        raise Conflict("This e-mail address belongs to an account already.") from error
    return user


def new_user(tenant_id: str, *, email: str, name: str, password: str, role: Role) -> User:
    """A person's row; hashes the password."""
    return User(
        id=new_id("usr"),
        tenant_id=tenant_id,
        email=email,
        name=name.strip(),
        password_hash=hash_password(password),
        role=role,
        created_at=utc_now(),
    )


def normalised_email(email: str) -> str:
    """The address as it is stored and looked up: trimmed, lower case; raises InvalidInput when it cannot be one."""
    address = email.strip().lower()
    if len(address) > MAX_EMAIL_LENGTH or not EMAIL.fullmatch(address):
        reason = "This is not an e-mail address."
        raise InvalidInput(reason, errors=(FieldError("/email", reason),))
    return address


# Signing in and out


def sign_in(
    runtime: Runtime, email: str, password: str, *, user_agent: str = "", address: str = ""
) -> tuple[str, LoginSession, User, Tenant]:
    """Check a password and open a new session; its token is for the cookie and is not stored.

    Unknown address, wrong password and disabled account give the same answer in the same time.
    Raises: BadCredentials; RateLimited after too many failures from this `address`, for this account.
    """
    email = email.strip().lower()[:MAX_EMAIL_LENGTH]
    attempt = begin_attempt(runtime, email, address)
    with runtime.session(write=False) as (session, _):
        found = repository.find_user_by_email(session, email)
    user = None if found is None or found[0].disabled_at is not None else found[0]
    if not verify_password(password, user.password_hash if user else None) or user is None or found is None:
        raise BadCredentials(SIGN_IN_REFUSAL)
    runtime.sign_ins.give_back(attempt)
    token, row = open_session(Scope(runtime, user.tenant_id, user.id), user.id, user_agent=user_agent)
    return token, row, user, found[1]


def begin_attempt(runtime: Runtime, email: str, address: str) -> str:
    """Count an attempt before its password is checked, so that parallel guesses count too; raises RateLimited.

    The key holds no plain e-mail address. An account alone is never locked, only together with an address: else anybody
    could keep somebody out.
    """
    key = runtime.secrets.digest("sign-in", f"{email}\x00{address}")
    allowance = runtime.sign_ins.take(key)
    if not allowance.allowed:
        raise RateLimited(
            "Too many failed sign-ins; wait a few minutes.", retry_after_seconds=allowance.retry_after_seconds
        )
    return key


def open_session(scope: Scope, user_id: str, *, user_agent: str = "") -> tuple[str, LoginSession]:
    """A new session with a new token; never one that the browser brought (no fixation)."""
    token = secrets.token_urlsafe(32)
    now = utc_now()
    row = LoginSession(
        id=new_id("ses"),
        user_id=user_id,
        digest=scope.runtime.secrets.digest("session", token),
        user_agent="".join(character for character in user_agent if character.isprintable())[:USER_AGENT_LENGTH],
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=scope.runtime.settings.session_days),
    )
    with scope.write() as tx:
        repository.forget_old_sessions(tx, user_id)
        tx.add(row)
    return token, row


def list_sessions(scope: Scope, user_id: str) -> Sequence[LoginSession]:
    """The person's live sessions, the latest first."""
    with scope.read() as tx:
        return repository.live_sessions(tx, user_id)


def revoke_session(scope: Scope, user_id: str, session_id: str) -> None:
    """End one of the person's sessions: at once in this process, within five seconds in others; raises NotFound."""
    with scope.write() as tx:
        row = repository.find_session(tx, user_id, session_id)
        if row is None:
            raise NotFound("There is no such session.")
        row.revoked_at = utc_now()
    scope.runtime.credentials.forget(row.digest)


def sign_out(scope: Scope, user_id: str, session_id: str) -> None:
    """End the session that asks; harmless when it ended already."""
    try:
        revoke_session(scope, user_id, session_id)
    except NotFound:
        return


def get_person(scope: Scope, user_id: str | None) -> tuple[User | None, Tenant]:
    """Who acts and where; the user is None for an API key. Raises NotFound when the tenant is gone."""
    with scope.read() as tx:
        user = None if user_id is None else repository.find_user(tx, user_id)
        tenant = repository.find_tenant(tx.session, scope.tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant.")
    return user, tenant

"""The slice's SQL. With `tx` a function sees one tenant; with `session` all of them, by credential or e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from services.ids import new_id
from services.models import ApiKey, IdempotencyRecord, LoginSession, SetupToken, Tenant, Tombstone, User, utc_now
from services.scope import Tx

# Tenants


def find_tenant(session: Session, tenant_id: str) -> Tenant | None:
    """A tenant by id."""
    return session.get(Tenant, tenant_id)


def all_tenants(session: Session) -> Sequence[Tenant]:
    """Every tenant, oldest first."""
    return session.scalars(select(Tenant).order_by(Tenant.created_at, Tenant.id)).all()


def copy_takedowns(session: Session, tenant_id: str, operator: str) -> None:
    """Give a new tenant the operator's take-downs, as the operator worded them: not as a tenant that was first did."""
    domains = select(Tombstone.domain).where(Tombstone.by_operator)
    worded = (
        select(Tombstone).where(Tombstone.by_operator, Tombstone.actor_id == operator).order_by(Tombstone.created_at)
    )
    known = {tombstone.domain: tombstone for tombstone in session.scalars(worded)}
    for domain in session.scalars(domains.distinct()).all():
        reason, at = (known[domain].reason, known[domain].created_at) if domain in known else ("", utc_now())
        own = {"reason": reason, "actor_id": operator, "created_at": at}
        session.add(Tombstone(id=new_id("tmb"), tenant_id=tenant_id, domain=domain, by_operator=True, **own))


# People


def find_user_by_email(session: Session, email: str) -> tuple[User, Tenant] | None:
    """A person and their tenant by normalised e-mail address, over all tenants."""
    row = session.execute(
        select(User, Tenant).join(Tenant, Tenant.id == User.tenant_id).where(User.email == email)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def any_user_exists(session: Session) -> bool:
    """Whether somebody can sign in at all."""
    return session.scalar(select(User.id).limit(1)) is not None


def find_user(tx: Tx, user_id: str) -> User | None:
    """A person of this tenant."""
    return tx.session.scalar(tx.select(User).where(User.id == user_id))


# Set-up tokens


def forget_setup_tokens(session: Session) -> None:
    """Remove all set-up tokens."""
    session.execute(delete(SetupToken))


def find_setup_token(session: Session, digest: str) -> SetupToken | None:
    """A set-up token that was not used and is not too old."""
    return session.scalar(
        select(SetupToken).where(
            SetupToken.digest == digest, SetupToken.used_at.is_(None), SetupToken.expires_at > utc_now()
        )
    )


def use_setup_token(session: Session, digest: str) -> bool:
    """Mark a valid set-up token as used; says whether this call was the one that did."""
    statement = (
        update(SetupToken)
        .where(SetupToken.digest == digest, SetupToken.used_at.is_(None), SetupToken.expires_at > utc_now())
        .values(used_at=utc_now())
    )
    return cast("CursorResult[object]", session.execute(statement)).rowcount == 1


# Sessions


def find_session_by_digest(session: Session, digest: str) -> tuple[LoginSession, User] | None:
    """A live sign-in and its person, over all tenants."""
    row = session.execute(
        select(LoginSession, User)
        .join(User, User.id == LoginSession.user_id)
        .where(
            LoginSession.digest == digest,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > utc_now(),
            User.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def live_sessions(tx: Tx, user_id: str) -> Sequence[LoginSession]:
    """A person's live sign-ins, the latest first."""
    return tx.session.scalars(
        tx.select(LoginSession)
        .where(LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None), LoginSession.expires_at > utc_now())
        .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
    ).all()


def find_session(tx: Tx, user_id: str, session_id: str) -> LoginSession | None:
    """A person's live sign-in."""
    return tx.session.scalar(
        tx.select(LoginSession).where(
            LoginSession.id == session_id, LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None)
        )
    )


def forget_old_sessions(tx: Tx, user_id: str) -> None:
    """Remove a person's sign-ins that ended."""
    tx.session.execute(
        tx.delete(LoginSession).where(
            LoginSession.user_id == user_id,
            (LoginSession.expires_at <= utc_now()) | LoginSession.revoked_at.is_not(None),
        )
    )


def touch_session(tx: Tx, session_id: str, *, before: datetime) -> None:
    """Note that a sign-in was used, unless that was noted after `before`."""
    tx.session.execute(
        tx.update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.last_seen_at < before)
        .values(last_seen_at=utc_now())
    )


# API keys


def find_key_by_digest(session: Session, digest: str) -> ApiKey | None:
    """A live API key, over all tenants."""
    return session.scalar(
        select(ApiKey).where(
            ApiKey.digest == digest,
            ApiKey.revoked_at.is_(None),
            (ApiKey.expires_at.is_(None)) | (ApiKey.expires_at > utc_now()),
        )
    )


def keys_page(tx: Tx, *, limit: int, after: tuple[datetime, str] | None) -> Sequence[ApiKey]:
    """The tenant's API keys, revoked ones too, the latest first."""
    statement = tx.select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc()).limit(limit)
    if after is not None:
        made, key_id = after
        statement = statement.where((ApiKey.created_at < made) | ((ApiKey.created_at == made) & (ApiKey.id < key_id)))
    return tx.session.scalars(statement).all()


def count_keys(tx: Tx) -> int:
    """How many API keys the tenant has, revoked ones too."""
    return tx.session.scalar(tx.select_columns(ApiKey, func.count())) or 0


def find_key(tx: Tx, key_id: str) -> ApiKey | None:
    """An API key of this tenant."""
    return tx.session.scalar(tx.select(ApiKey).where(ApiKey.id == key_id))


def touch_key(tx: Tx, key_id: str, *, before: datetime) -> None:
    """Note that a key was used, unless that was noted after `before`."""
    tx.session.execute(
        tx.update(ApiKey)
        .where(ApiKey.id == key_id, (ApiKey.last_used_at.is_(None)) | (ApiKey.last_used_at < before))
        .values(last_used_at=utc_now())
    )


# Idempotency records


def find_record(tx: Tx, key: str) -> IdempotencyRecord | None:
    """What is known of a creating request."""
    return tx.session.scalar(tx.select(IdempotencyRecord).where(IdempotencyRecord.key == key))


def forget_records(tx: Tx, *, before: datetime) -> None:
    """Remove records that are too old to be honoured."""
    tx.session.execute(tx.delete(IdempotencyRecord).where(IdempotencyRecord.created_at < before))


def take_over_record(tx: Tx, record: IdempotencyRecord) -> bool:
    """Begin a request again whose first run never ended; says whether this call won."""
    statement = (
        tx.update(IdempotencyRecord)
        .where(
            IdempotencyRecord.id == record.id,
            IdempotencyRecord.status.is_(None),
            IdempotencyRecord.created_at == record.created_at,
        )
        .values(created_at=utc_now())
    )
    return cast("CursorResult[object]", tx.session.execute(statement)).rowcount == 1


def finish_record(tx: Tx, record_id: str, *, status: int, response: str | None) -> None:
    """Keep the answer of a request."""
    tx.session.execute(
        tx.update(IdempotencyRecord).where(IdempotencyRecord.id == record_id).values(status=status, response=response)
    )


def drop_record(tx: Tx, record_id: str) -> None:
    """Forget a request that failed, so that it can be tried again."""
    tx.session.execute(tx.delete(IdempotencyRecord).where(IdempotencyRecord.id == record_id))

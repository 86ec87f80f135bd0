"""PostgreSQL: how connections are opened, and how a transaction becomes one tenant's.

A tenant's transaction carries a sealed tenant id that row-level security checks, and writes of one tenant follow each
other as they do on SQLite (docs/adr/0013, 0014).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from services.errors import ConfigurationError

# A person does not wait longer for a lock; nothing in the product needs a longer statement, and migrations lift it. A
# process that hangs in the middle of a transaction must not keep its locks: transactions take milliseconds.
SERVER_OPTIONS = {
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "application_name": "tidings",
    "timezone": "UTC",
}
# Seconds. The socket's own times find a server whose machine vanished: else the kernel waits for a quarter of an hour.
CONNECT_ARGS = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
POOL_WAIT_SECONDS = 10.0
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"
ENTER = "SELECT set_config('tidings.tenant', :claim, true)"


@dataclass(frozen=True)
class Seal:
    """Proves to the database that a transaction is a tenant's: NMAC with SHA-256 (Bellare, Canetti, Krawczyk 1996)."""

    inner: bytes
    outer: bytes

    def claim(self, tenant_id: str) -> str:
        """What `tidings_tenant()` of the migrations accepts: the id and its tag."""
        tag = hashlib.sha256(self.outer + hashlib.sha256(self.inner + tenant_id.encode()).digest())
        return f"{tenant_id}.{tag.hexdigest()}"


def open_postgres(url: URL, connections: int) -> Engine:
    """An engine with at most so many connections; a dead one is noticed and replaced before it is used."""
    options = " ".join(f"-c {name}={value}" for name, value in SERVER_OPTIONS.items())
    pool_size = max(1, connections // 2)
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=connections - pool_size,
        pool_timeout=POOL_WAIT_SECONDS,
        # Errors are logged, and parameters hold articles and the digests of credentials.
        hide_parameters=True,
        connect_args={**CONNECT_ARGS, "options": options},
    )


def read_seal(owner: Engine) -> Seal:
    """The key that the migrations made. Only the owner of the tables may read it.

    Raises: ConfigurationError when the tables are older than row-level security.
    """
    try:
        with owner.connect() as connection:
            inner, outer = connection.execute(text("SELECT inner_key, outer_key FROM tenant_seal")).one()
    except ProgrammingError as error:
        raise ConfigurationError(
            "The database is not current, or TIDINGS_DATABASE_ADMIN_URL is not the role that owns its tables: run "
            "`tidings migrate` with that role."
        ) from error
    return Seal(inner, outer)


def gap_in_wall(tenants: Engine, owner: Engine) -> str | None:
    """Why row-level security would not hold: a sentence that says what to do; None when it holds."""
    if tenants is owner:
        return "One role does all. Make a second one (docs/adr/0014) and set TIDINGS_DATABASE_ADMIN_URL to the tables' owner."
    with tenants.connect() as connection:
        above = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        if connection.scalar(text(above)):
            return "The role in TIDINGS_DATABASE_URL may pass by row-level security; give it neither SUPERUSER nor BYPASSRLS."
        member = "SELECT pg_has_role(current_user, tableowner, 'MEMBER') FROM pg_tables WHERE tablename = 'documents'"
        if connection.scalar(text(member)):
            return (
                "The role in TIDINGS_DATABASE_URL owns the tables, or is a member of the role that does; use another."
            )
    return None


def enter_tenant(session: Session, tenant_id: str, *, seal: Seal | None, write: bool) -> None:
    """Make the transaction this tenant's until it ends; a writer waits here for the tenant's other writers.

    Without a seal only the lock is taken: the role owns the tables and sees all rows.
    """
    if write:
        lock(session, tenant_id)
    if seal is not None:
        session.execute(text(ENTER), {"claim": seal.claim(tenant_id)})


def lock(session: Session, name: str) -> None:
    """Take the one lock of this name until the transaction ends. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(LOCK), {"name": name})

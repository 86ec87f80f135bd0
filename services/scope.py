"""Scope: who acts, for which tenant, with which engines. First argument of every service function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Delete, Select, Update, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from services.models import Tenant, TenantOwned
from services.runtime import Runtime

Row = TypeVar("Row", bound=TenantOwned)
# Stands in prepared statements for the tenant of the transaction that runs them.
TENANT: BindParameter[str] = bindparam("tenant_id")


def prepared(table: type[TenantOwned], *columns: Any) -> Select[Any]:
    """As `Tx.select_columns`, for a statement that is made once and run by `Tx.rows`: making one takes as long as running it."""
    return select(*columns).select_from(table).where(table.tenant_id == TENANT)


def prepared_tenant(*columns: Any) -> Select[Any]:
    """As `prepared`, for columns of the tenant itself."""
    return select(*columns).where(Tenant.id == TENANT)


@dataclass
class Tx:
    """A short transaction of one tenant. Statements start from `select`, `update` or `delete` here, which filter by tenant."""

    session: Session
    tenant_id: str
    queues: list[str] = field(default_factory=list)

    def select(self, table: type[Row]) -> Select[Row]:
        """Rows of this tenant."""
        return select(table).where(table.tenant_id == self.tenant_id)

    def select_columns(self, table: type[TenantOwned], *columns: Any) -> Select[Any]:
        """Columns or aggregates over rows of this tenant."""
        return select(*columns).select_from(table).where(table.tenant_id == self.tenant_id)

    def update(self, table: type[TenantOwned]) -> Update:
        """Change rows of this tenant."""
        return update(table).where(table.tenant_id == self.tenant_id)

    def delete(self, table: type[TenantOwned]) -> Delete:
        """Remove rows of this tenant."""
        return delete(table).where(table.tenant_id == self.tenant_id)

    def rows(self, statement: Select[Any], **values: Any) -> Sequence[Any]:
        """The rows of a statement about columns, in a fifth less time than through the session, which is for entities.

        `values`: what a prepared statement leaves open. What was added in this transaction and not flushed is not among
        the rows.
        """
        return self.session.connection().execute(statement, {**values, TENANT.key: self.tenant_id}).all()

    def entities(self, statement: Select[Any], **values: Any) -> Sequence[Any]:
        """The rows of a prepared statement about one table."""
        return self.session.scalars(statement, {**values, TENANT.key: self.tenant_id}).all()

    def add(self, row: TenantOwned) -> None:
        """Add a row; it becomes this tenant's whatever it said."""
        row.tenant_id = self.tenant_id
        self.session.add(row)

    def add_rows(self, table: type[TenantOwned], rows: Sequence[Mapping[str, Any]]) -> None:
        """Add many plain rows in one statement; they become this tenant's whatever they said."""
        if rows:
            self.session.execute(insert(table), [{**row, "tenant_id": self.tenant_id} for row in rows])

    def ring(self, queue: str) -> None:
        """Ring this queue once after the commit."""
        self.queues.append(queue)


@dataclass(frozen=True)
class Scope:
    """Tenant + actor + runtime. Holds no transaction: open a short one with `read()` or `write()`.

    No model call, HTTP or file parsing happens inside either.
    """

    runtime: Runtime
    tenant_id: str
    actor_id: str

    def give_way(self) -> None:
        """Between two steps of long work, and in no transaction: let other tenants go first while this one floods."""
        self.runtime.turns.give_way(self.tenant_id)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads; never waits for a writer."""
        with self.runtime.session(write=False, tenant_id=self.tenant_id) as (session, _):
            yield Tx(session, self.tenant_id)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits when the block ends well; the queues of new jobs ring after the commit."""
        with self.runtime.session(write=True, tenant_id=self.tenant_id) as (session, queues):
            yield Tx(session, self.tenant_id, queues)

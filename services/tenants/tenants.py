"""Tenants: the organisations of this installation. Only the operator and the set-up make them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from services.engines.postgres import lock
from services.errors import Conflict, NotFound
from services.ids import new_id
from services.models import Tenant
from services.models.base import utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.tenants import repository

OPERATOR = "operator"
# The lock of whoever makes a tenant.
MAKING = "making a tenant"


def create_tenant(runtime: Runtime, name: str) -> Tenant:
    """Make a tenant. Raises Conflict when one of this name exists: operators call tenants by name."""
    tenant = new_tenant(name)
    with runtime.session(write=True) as (session, _):
        lock(session, MAKING)
        if any(known.name == tenant.name for known in repository.all_tenants(session)):
            raise Conflict(f"There is a tenant called {tenant.name!r} already; choose another name.")
        session.add(tenant)
        session.flush()
        repository.copy_takedowns(session, tenant.id, OPERATOR)
    return tenant


def new_tenant(name: str) -> Tenant:
    """A tenant's row, with a fresh salt for its embedding cache."""
    return Tenant(
        id=new_id("ten"), name=name.strip(), generation=1, cache_salt=secrets.token_bytes(16), created_at=utc_now()
    )


def list_tenants(runtime: Runtime) -> Sequence[Tenant]:
    """All tenants, oldest first."""
    with runtime.session(write=False) as (session, _):
        return repository.all_tenants(session)


def settled_tenants(runtime: Runtime) -> Sequence[Tenant]:
    """All tenants when none is just being made: whoever is made later sees what is stored by now."""
    with runtime.session(write=True) as (session, _):
        lock(session, MAKING)
        return repository.all_tenants(session)


def get_tenant(runtime: Runtime, tenant_id: str) -> Tenant:
    """A tenant; raises NotFound."""
    with runtime.session(write=False) as (session, _):
        tenant = repository.find_tenant(session, tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant.")
    return tenant


def operator_scope(runtime: Runtime, tenant_id: str) -> Scope:
    """The operator acting inside a tenant; raises NotFound."""
    return Scope(runtime, get_tenant(runtime, tenant_id).id, OPERATOR)

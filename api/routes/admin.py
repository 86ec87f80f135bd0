"""What the operator of the server may do: tenants, and people and keys in them. Needs the token in the data folder."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import Operator
from api.schemas.common import Page, Total
from api.schemas.tenants import KeyOut, NewKey, OperatorKeyRequest, TenantOut, TenantRequest, UserOut, UserRequest
from services.tenants import keys, people, tenants

router = APIRouter(prefix="/v1/admin/tenants", tags=["Admin"])


@router.get("")
def tenants_list(runtime: Operator) -> Page[TenantOut]:
    """List all tenants, the oldest first."""
    data = [TenantOut.model_validate(row) for row in tenants.list_tenants(runtime)]
    return Page(data=data, total=Total(value=len(data)))


@router.post("", status_code=201)
def tenants_create(runtime: Operator, body: TenantRequest) -> TenantOut:
    """Make a tenant."""
    return TenantOut.model_validate(tenants.create_tenant(runtime, body.name))


@router.post("/{tenant_id}/users", status_code=201)
def tenant_users_create(tenant_id: str, runtime: Operator, body: UserRequest) -> UserOut:
    """Add a person to a tenant."""
    scope = tenants.operator_scope(runtime, tenant_id)
    user = people.add_user(scope, email=body.email, name=body.name, password=body.password, role=body.role)
    return UserOut.model_validate(user)


@router.post("/{tenant_id}/api_keys", status_code=201)
def tenant_api_keys_create(tenant_id: str, runtime: Operator, body: OperatorKeyRequest) -> NewKey:
    """Make a key for a tenant. It is in this answer and nowhere else."""
    scope = tenants.operator_scope(runtime, tenant_id)
    row, key = keys.create_key(scope, name=body.name, access=body.scope)
    return NewKey(**KeyOut.model_validate(row).model_dump(), key=key)

"""What the operator of the server may do: tenants, people and keys in them, their index. Needs the data folder's token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Operator
from api.schemas.common import Cursor, Limit, Page, Total
from api.schemas.jobs import JobOut, SnapshotOut, job_out
from api.schemas.tenants import (
    KeyOut,
    NewKey,
    OperatorKeyRequest,
    TenantOut,
    TenantRequest,
    UserOut,
    UserRequest,
    key_page,
)
from services.ingest.index.reconcile import request_reconcile
from services.ingest.index.reindex import request_reindex
from services.ingest.index.snapshots import list_snapshots, request_restore, request_snapshot
from services.jobs.events import job_progress
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


@router.get("/{tenant_id}/api_keys")
def tenant_api_keys_list(tenant_id: str, runtime: Operator, limit: Limit = 20, cursor: Cursor = None) -> Page[KeyOut]:
    """List a tenant's keys, the latest first, revoked ones too. The keys themselves are never shown."""
    return key_page(keys.list_keys(tenants.operator_scope(runtime, tenant_id), limit=limit, cursor=cursor))


@router.delete("/{tenant_id}/api_keys/{key_id}", status_code=204)
def tenant_api_keys_revoke(tenant_id: str, key_id: str, runtime: Operator) -> None:
    """Revoke a tenant's key; other processes follow within five seconds."""
    keys.revoke_key(tenants.operator_scope(runtime, tenant_id), key_id)


@router.post("/{tenant_id}/reindex", status_code=202)
def tenant_reindex_create(tenant_id: str, runtime: Operator) -> JobOut:
    """Build the tenant's search index anew from its stored texts, while the old one serves."""
    return progress(tenant_id, runtime, request_reindex(tenants.operator_scope(runtime, tenant_id)))


@router.post("/{tenant_id}/reconcile", status_code=202)
def tenant_reconcile_create(tenant_id: str, runtime: Operator) -> JobOut:
    """Compare the tenant's search index with its documents, and mend it."""
    return progress(tenant_id, runtime, request_reconcile(tenants.operator_scope(runtime, tenant_id)))


@router.get("/{tenant_id}/snapshots")
def tenant_snapshots_list(tenant_id: str, runtime: Operator) -> Page[SnapshotOut]:
    """The snapshots of the tenant's index that the Qdrant server keeps, the newest first."""
    found = list_snapshots(tenants.operator_scope(runtime, tenant_id))
    return Page(data=[SnapshotOut.model_validate(one) for one in found], total=Total(value=len(found)))


@router.post("/{tenant_id}/snapshots", status_code=202)
def tenant_snapshots_create(tenant_id: str, runtime: Operator) -> JobOut:
    """Have the Qdrant server make a snapshot of the tenant's index; the newest two are kept."""
    return progress(tenant_id, runtime, request_snapshot(tenants.operator_scope(runtime, tenant_id)))


@router.post("/{tenant_id}/restore", status_code=202)
def tenant_restore_create(tenant_id: str, runtime: Operator) -> JobOut:
    """Put the newest snapshot back, then compare it with the tenant's documents and mend it."""
    return progress(tenant_id, runtime, request_restore(tenants.operator_scope(runtime, tenant_id)))


@router.get("/{tenant_id}/jobs/{job_id}")
def tenant_jobs_get(
    tenant_id: str,
    job_id: str,
    runtime: Operator,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Only steps after the one with this id.")] = 0,
) -> JobOut:
    """How far a job is."""
    return progress(tenant_id, runtime, job_id, after=after)


def progress(tenant_id: str, runtime: Operator, job_id: str, *, after: int = 0) -> JobOut:
    """A job of the tenant and its steps."""
    with tenants.operator_scope(runtime, tenant_id).read() as tx:
        return job_out(*job_progress(tx, job_id, after=after))

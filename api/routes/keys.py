"""API keys: credentials of programs."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import PersonScope, ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.common import Cursor, Limit, Page
from api.schemas.tenants import KeyOut, KeyRequest, NewKey, key_page
from services.tenants import keys

router = APIRouter(prefix="/v1/api_keys", tags=["Keys"])


@router.get("")
def api_keys_list(scope: ReadScope, limit: Limit = 20, cursor: Cursor = None) -> Page[KeyOut]:
    """List the organisation's keys, the latest first, revoked ones too. The keys themselves are never shown."""
    return key_page(keys.list_keys(scope, limit=limit, cursor=cursor))


@router.post("", status_code=201, response_model=NewKey)
def api_keys_create(scope: PersonScope, body: KeyRequest, once: Idempotent) -> Response:
    """Make a key. It is in this answer and nowhere else, so a repeat with the same Idempotency-Key is a 409."""

    def create() -> Reply:
        row, key = keys.create_key(scope, name=body.name, access=body.scope, expires_at=body.expires_at)
        return 201, NewKey(**KeyOut.model_validate(row).model_dump(), key=key)

    return once.run(create, scope=scope, body=body, keep_answer=False)


@router.delete("/{key_id}", status_code=204)
def api_keys_revoke(key_id: str, scope: WriteScope) -> None:
    """Revoke a key; other processes follow within five seconds."""
    keys.revoke_key(scope, key_id)

"""The first start: one owner, made with the one-time link that the terminal prints."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.cookies import set_session_cookie
from api.deps import AppRuntime, check_origin_if_sent
from api.schemas.tenants import Me, SetupRequest, SetupState
from services.scope import Scope
from services.tenants import people

router = APIRouter(prefix="/v1/setup", tags=["Setup"])


@router.get("")
def setup_get(runtime: AppRuntime) -> SetupState:
    """Say whether the first owner still has to be made."""
    return SetupState(needed=people.setup_needed(runtime))


@router.post("", status_code=201)
def setup_create(request: Request, response: Response, runtime: AppRuntime, body: SetupRequest) -> Me:
    """Make the first organisation and its owner, and sign them in. The link's token works once."""
    check_origin_if_sent(request)
    tenant, user = people.set_up(
        runtime,
        body.token,
        organisation=body.organisation,
        name=body.name,
        email=body.email,
        password=body.password,
    )
    agent = request.headers.get("user-agent", "")
    token, _ = people.open_session(Scope(runtime, tenant.id, user.id), user.id, user_agent=agent)
    set_session_cookie(request, response, token)
    return Me.model_validate({"user": user, "tenant": tenant, "credential": "session", "scope": "write"})

"""Signing in and out, who asks, and the sessions of the person who asks."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.cookies import clear_session_cookie, set_session_cookie
from api.deps import AppRuntime, CurrentPrincipal, ReadScope, check_origin_if_sent
from api.schemas.common import Page, Total
from api.schemas.tenants import LoginRequest, Me, SessionOut
from services.errors import NotFound
from services.models import LoginSession
from services.tenants import people

router = APIRouter(prefix="/v1", tags=["Auth"])


@router.post("/auth/login")
def auth_login(request: Request, response: Response, runtime: AppRuntime, body: LoginRequest) -> Me:
    """Sign in: opens a new session and sets its cookie."""
    check_origin_if_sent(request)
    token, _, user, tenant = people.sign_in(
        runtime,
        body.email,
        body.password,
        user_agent=request.headers.get("user-agent", ""),
        address=request.client.host if request.client else "",
    )
    set_session_cookie(request, response, token)
    scope = "read" if user.role == "reader" else "write"
    return Me.model_validate({"user": user, "tenant": tenant, "credential": "session", "scope": scope})


@router.post("/auth/logout", status_code=204)
def auth_logout(request: Request, response: Response, scope: ReadScope, who: CurrentPrincipal) -> None:
    """Sign out: ends the session that asks. An API key has none; for it nothing happens."""
    if who.user_id is not None and who.session_id is not None:
        people.sign_out(scope, who.user_id, who.session_id)
    clear_session_cookie(request, response)


@router.get("/me", operation_id="me_get")
def me_get(scope: ReadScope, who: CurrentPrincipal) -> Me:
    """Say who asks: the person or key, the organisation, and what they may do."""
    user, tenant = people.get_person(scope, who.user_id)
    return Me.model_validate({"user": user, "tenant": tenant, "credential": who.credential, "scope": who.scope})


@router.get("/sessions")
def sessions_list(scope: ReadScope, who: CurrentPrincipal) -> Page[SessionOut]:
    """List the sign-ins of the person who asks; none for an API key."""
    rows = [] if who.user_id is None else people.list_sessions(scope, who.user_id)
    data = [session_out(row, current=row.id == who.session_id) for row in rows]
    return Page(data=data, total=Total(value=len(data)))


@router.delete("/sessions/{session_id}", status_code=204)
def sessions_revoke(session_id: str, scope: ReadScope, who: CurrentPrincipal) -> None:
    """End one of one's own sign-ins; other processes follow within five seconds."""
    if who.user_id is None:
        raise NotFound("There is no such session.")
    people.revoke_session(scope, who.user_id, session_id)


def session_out(row: LoginSession, *, current: bool) -> SessionOut:
    """A sign-in as the API shows it."""
    return SessionOut(
        id=row.id,
        user_agent=row.user_agent,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        current=current,
    )

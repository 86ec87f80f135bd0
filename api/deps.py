"""What routes depend on: who asks, for which tenant, and whether they may.

    def documents_list(scope: ReadScope, ...)      any credential
    def documents_create(scope: WriteScope, ...)   a key with scope `write`, or a person who is not a reader
    def tenants_create(runtime: Operator, ...)     the operator's token from the data folder

These run before a body that the route reads by itself is received, so a stranger cannot make us store one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import BackgroundTasks, Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from services.engines.cache import Allowance, Buckets
from services.errors import BadOrigin, Forbidden, RateLimited, TidingsError, Unauthenticated
from services.runtime import Runtime
from services.scope import Scope
from services.tenants import access
from services.tenants.access import Principal
from services.tenants.operator import is_operator

COOKIE = "tidings_session"
SECURE_COOKIE = "__Host-tidings_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# These describe the credentials in OpenAPI; `principal` reads the headers itself.
api_key_scheme = HTTPBearer(
    scheme_name="api_key", bearerFormat="tdg_...", description="An API key made under Settings.", auto_error=False
)
session_scheme = APIKeyCookie(
    name=COOKIE, scheme_name="session", description="The cookie set by signing in.", auto_error=False
)
operator_scheme = HTTPBearer(
    scheme_name="operator", bearerFormat="tdo_...", description="The token in the data folder.", auto_error=False
)


def runtime_of(connection: HTTPConnection) -> Runtime:
    """The runtime of this application."""
    return cast(Runtime, connection.app.state.runtime)


async def app_runtime(request: Request) -> Runtime:
    """Dependency of public routes: the runtime, without any tenant."""
    return runtime_of(request)


async def principal(
    request: Request,
    background: BackgroundTasks,
    _key: Annotated[object, Security(api_key_scheme)] = None,
    _session: Annotated[object, Security(session_scheme)] = None,
) -> Principal:
    """Who asks, within their rate; a bearer token wins over a cookie.

    Raises: Unauthenticated, BadOrigin, RateLimited.
    """
    found = await identify(request)
    request.state.tenant_id, request.state.actor_id = found.tenant_id, found.actor_id
    spend(request, found)
    if found.touch_due:
        background.add_task(access.touch, runtime_of(request), found)
    request.state.recheck = recheck(request)
    return found


async def identify(request: HTTPConnection) -> Principal:
    """Look the credential up, in a thread unless it is remembered."""
    runtime = runtime_of(request)
    token = bearer_token(request)
    if token is not None:
        known = access.recall(runtime, "api_key", token)
        return known if known is not None else await run_in_threadpool(access.authenticate_bearer, runtime, token)
    cookie = session_cookie(request)
    if cookie is None:
        raise Unauthenticated("Sign in, or send an API key as `Authorization: Bearer tdg_...`.")
    check_origin(request)
    known = access.recall(runtime, "session", cookie)
    return known if known is not None else await run_in_threadpool(access.authenticate_session, runtime, cookie)


async def read_scope(request: Request, who: Annotated[Principal, Depends(principal)]) -> Scope:
    """Dependency of reading routes."""
    return Scope(runtime_of(request), who.tenant_id, who.actor_id)


async def write_scope(request: Request, who: Annotated[Principal, Depends(principal)]) -> Scope:
    """Dependency of changing routes; raises Forbidden for a read-only key or a reader."""
    if who.scope != "write":
        raise Forbidden(
            "This API key may only read; use one with scope `write`."
            if who.credential == "api_key"
            else "Your role may only read; ask an owner to make you an editor."
        )
    return Scope(runtime_of(request), who.tenant_id, who.actor_id)


async def person_scope(
    scope: Annotated[Scope, Depends(write_scope)], who: Annotated[Principal, Depends(principal)]
) -> Scope:
    """Dependency of what only people may do: a key must not be able to outlive its revocation by making others."""
    if who.user_id is None:
        raise Forbidden("Only a signed-in person can do this; an API key cannot.")
    return scope


async def owner_scope(
    scope: Annotated[Scope, Depends(person_scope)], who: Annotated[Principal, Depends(principal)]
) -> Scope:
    """Dependency of what only an owner of the organisation may do; raises Forbidden."""
    if who.role != "owner":
        raise Forbidden("Only an owner of this organisation may do this.")
    return scope


def operator(request: Request, _token: Annotated[object, Security(operator_scheme)] = None) -> Runtime:
    """Dependency of the operator's routes; raises Unauthenticated."""
    token = bearer_token(request)
    if token is None or not is_operator(runtime_of(request).settings.data_dir, token):
        raise Unauthenticated("This needs the operator's token: see the file operator.token in the data folder.")
    request.state.actor_id = "operator"
    return runtime_of(request)


ReadScope = Annotated[Scope, Depends(read_scope)]
WriteScope = Annotated[Scope, Depends(write_scope)]
PersonScope = Annotated[Scope, Depends(person_scope)]
OwnerScope = Annotated[Scope, Depends(owner_scope)]
CurrentPrincipal = Annotated[Principal, Depends(principal)]
AppRuntime = Annotated[Runtime, Depends(app_runtime)]
Operator = Annotated[Runtime, Depends(operator)]


def bearer_token(request: HTTPConnection) -> str | None:
    """The bearer token, or None without an Authorization header; raises Unauthenticated for any other kind or two."""
    given = request.headers.getlist("authorization")
    if not given:
        return None
    kind, _, token = given[0].partition(" ")
    if len(given) > 1 or kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send one header `Authorization: Bearer <key>`.")
    return token.strip()


def session_cookie(request: HTTPConnection) -> str | None:
    """The session cookie under the name that this connection uses; the other name is not looked at."""
    return request.cookies.get(SECURE_COOKIE if is_https(request) else COOKIE)


def is_https(request: HTTPConnection) -> bool:
    """Whether people reach us over HTTPS, directly or through a proxy."""
    return request.url.scheme == "https" or runtime_of(request).settings.public_url.lower().startswith("https://")


def check_origin(request: HTTPConnection) -> None:
    """Refuse a changing request with a cookie that our own pages did not send (CSRF)."""
    if request.scope["method"] in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if origin is None and request.headers.get("sec-fetch-site") == "same-origin":
        return
    if origin is None or not is_own_origin(request, origin):
        raise BadOrigin("Requests with a session cookie must come from this site; programs use an API key.")


def check_origin_if_sent(request: HTTPConnection) -> None:
    """For public changing routes: refuse a browser that another site sent; programs send no Origin."""
    origin = request.headers.get("origin")
    if origin is not None and not is_own_origin(request, origin):
        raise BadOrigin("This must come from this site's own pages.")


def is_own_origin(request: HTTPConnection, origin: str) -> bool:
    """Whether an Origin header names the host that was asked (HostCheck knows it is ours) or the public address."""
    given = urlsplit(origin.lower())
    if given.scheme not in ("http", "https") or not given.netloc:
        return False
    public = urlsplit(runtime_of(request).settings.public_url.lower())
    return given.netloc == request.headers.get("host", "").lower() or (given.scheme, given.netloc) == public[:2]


def spend(request: Request, who: Principal) -> None:
    """Count the request against its credential; the headers tell what is left, in the answer to this request too."""
    buckets = cast(Buckets, request.app.state.rates)
    allowance = buckets.take(who.session_id or who.actor_id)
    request.state.response_headers = rate_headers(allowance, buckets.window_seconds)
    if not allowance.allowed:
        raise RateLimited(
            f"More than {allowance.limit} requests a minute; wait a moment.",
            retry_after_seconds=allowance.retry_after_seconds,
        )


def rate_headers(allowance: Allowance, window_seconds: float) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-10."""
    return {
        "RateLimit-Policy": f'"credential";q={allowance.limit};w={int(window_seconds)}',
        "RateLimit": f'"credential";r={allowance.remaining};t={allowance.reset_seconds}',
    }


def recheck(request: HTTPConnection) -> Callable[[], Awaitable[bool]]:
    """For streams: whether the credential that opened them still holds."""

    async def still_allowed() -> bool:
        try:
            await identify(request)
        except TidingsError:
            return False
        return True

    return still_allowed

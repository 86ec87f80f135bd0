"""Figures for Prometheus. No contract for programs, so it is not in OpenAPI: docs/monitoring.md lists them."""

from __future__ import annotations

import hmac
from typing import cast

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.deps import bearer_token, runtime_of
from services.errors import Unauthenticated
from services.runtime import Runtime
from services.system.figures import Exposition
from services.system.health import Health
from services.tenants.operator import is_operator

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics_get(request: Request) -> Response:
    """The figures of the whole installation. They count all tenants together, so no tenant's credential opens them."""
    text = await anyio.to_thread.run_sync(expose, request, limiter=request.app.state.probes)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def expose(request: Request) -> bytes:
    """The text for whoever may read it. Raises: Unauthenticated."""
    if not may_read(runtime_of(request), bearer_token(request)):
        raise Unauthenticated(
            "Figures need `Authorization: Bearer` with TIDINGS_METRICS_TOKEN or the operator's token; see docs/monitoring.md."
        )
    components = cast(Health, request.app.state.health).components()
    return cast(Exposition, request.app.state.exposition).text(components)


def may_read(runtime: Runtime, token: str | None) -> bool:
    """Whether the figures are open, or this token opens them; compared in constant time."""
    settings = runtime.settings
    if settings.metrics_open:
        return True
    if token is None:
        return False
    own = settings.metrics_token.get_secret_value()
    return (bool(own) and hmac.compare_digest(token.encode(), own.encode())) or is_operator(
        runtime.settings.data_dir, token
    )

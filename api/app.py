"""The gateway: one FastAPI application over one runtime, which its caller opens and closes.

From the outside in: RequestContext (id, headers, log) > HostCheck > BodyGuard > routes, then the web interface.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from api.broadcast import Broadcaster
from api.errors import install_error_handlers
from api.middleware.bodies import MAX_JSON_BYTES, BodyGuard
from api.middleware.context import RequestContext
from api.middleware.hosts import HostCheck
from api.openapi import TAGS, install_openapi
from api.parameters import known_parameters
from api.routes import (
    admin,
    answers,
    auth,
    demo,
    documents,
    events,
    keys,
    library,
    manual,
    metrics,
    pages,
    search,
    setup,
    sources,
    subscriptions,
    system,
    tables,
    threads,
    uploads,
)
from api.routes.desk import exports, feedback, today
from api.routes.rules import retention
from api.sse import StreamSlots
from api.ui import DIST, WebInterface
from services import traces
from services.jobs.events import JobEvents
from services.runtime import Runtime
from services.system.figures import Exposition
from services.system.health import Health
from services.tenants.operator import operator_token
from services.version import VERSION

# Services are synchronous; a slow one must not keep the others waiting for a thread.
THREADS = 200
PROBES = frozenset({"/livez", "/readyz", "/metrics"})
ROUTERS = (
    system.router,
    setup.router,
    auth.router,
    keys.router,
    documents.router,
    tables.router,
    pages.router,
    library.router,
    retention.router,
    uploads.router,
    demo.router,
    events.router,
    sources.router,
    sources.looks,
    subscriptions.router,
    subscriptions.operator_router,
    search.router,
    today.router,
    feedback.router,
    exports.router,
    answers.router,
    threads.router,
    admin.router,
    manual.router,
    metrics.router,
)


def create_app(runtime: Runtime, *, dist: Path = DIST) -> FastAPI:
    """The gateway over a runtime that the caller opened and will close. `dist` holds the built web interface."""
    settings = runtime.settings
    app = FastAPI(
        title="Tidings",
        summary="News intelligence: search, and answers whose every sentence cites its source.",
        version=VERSION,
        openapi_tags=TAGS,
        # The pages of Swagger and Redoc load scripts of third parties, which our policy forbids.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        lifespan=lifespan,
        dependencies=[Depends(known_parameters)],
        telemetry=telemetry(),
        form_limits={"max_fields": 20, "max_files": 1, "max_part_size": MAX_JSON_BYTES},
    )
    app.state.runtime = runtime
    app.state.rates = runtime.buckets("requests", settings.requests_per_minute, 60.0)
    app.state.health = Health(runtime)
    app.state.exposition = Exposition(runtime)
    runtime.shows_figures = True
    app.state.probes = anyio.CapacityLimiter(system.PROBE_THREADS)
    app.state.streams = StreamSlots()
    app.state.broadcaster = Broadcaster(JobEvents(runtime))
    for router in ROUTERS:
        app.include_router(router)
    # Starlette asks `default` after all routes, so a known address with a wrong method stays a 405.
    app.router.default = WebInterface(dist)
    install_error_handlers(app)
    install_openapi(app)
    # The last one added is the outermost.
    app.add_middleware(BodyGuard, settings=settings)
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(RequestContext, https=settings.public_url.startswith("https://"))
    return app


def telemetry() -> TelemetryConfig:
    """A span per request where traces are on. Figures and logs are our own; theirs quote what failed validation."""
    provider = traces.provider()
    config = TelemetryConfig(
        tracing=provider is not None,
        metrics=False,
        logs=False,
        operation_spans=False,
        auto_configure=False,
        exclude=is_probe,
    )
    if provider is not None:
        config["tracer_provider"] = provider
    return config


def is_probe(scope: MutableMapping[str, Any]) -> bool:
    """Whether this is a request that comes every few seconds and says nothing."""
    return scope.get("path") in PROBES


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Raise the number of threads and make the operator's token; the runtime is its opener's to close."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    await anyio.to_thread.run_sync(operator_token, app.state.runtime.settings.data_dir)
    yield
    await app.state.broadcaster.close()


def operation_id(route: APIRoute) -> str:
    """`resource_verb`: the name of the route's function."""
    return route.name

"""The gateway: one FastAPI application over one runtime, which its caller opens and closes.

From the outside in: RequestContext (id, headers, log) > HostCheck > BodyGuard > routes, then the web interface.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.broadcast import Broadcaster
from api.errors import install_error_handlers
from api.middleware.bodies import MAX_JSON_BYTES, BodyGuard
from api.middleware.context import RequestContext
from api.middleware.hosts import HostCheck
from api.openapi import TAGS, install_openapi
from api.routes import (
    admin,
    answers,
    auth,
    documents,
    events,
    keys,
    manual,
    search,
    setup,
    sources,
    subscriptions,
    system,
)
from api.sse import StreamSlots
from api.ui import DIST, WebInterface
from services.engines.cache import TokenBuckets
from services.jobs.events import JobEvents
from services.runtime import Runtime
from services.system.health import Health
from services.tenants.access import operator_token
from services.version import VERSION

# Services are synchronous; a slow one must not keep the others waiting for a thread.
THREADS = 200
ROUTERS = (
    system.router,
    setup.router,
    auth.router,
    keys.router,
    documents.router,
    events.router,
    sources.router,
    sources.looks,
    subscriptions.router,
    subscriptions.operator_router,
    search.router,
    answers.router,
    admin.router,
    manual.router,
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
        form_limits={"max_fields": 20, "max_files": 1, "max_part_size": MAX_JSON_BYTES},
    )
    app.state.runtime = runtime
    app.state.rates = TokenBuckets(settings.requests_per_minute, 60.0)
    app.state.health = Health(runtime)
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

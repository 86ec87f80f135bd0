"""The HTTP side of the stand-in: Qdrant's paths and answers, its API key, and the faults a test may order.

Faults are set with `PUT /faults`, read with `GET /faults`; what was asked lately with `GET /faults/requests`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.qdrant_server.storage import NotFound, Storage, Taken
from tests.qdrant_server.translate import BadRequest, Json

VERSION = "0.0.0-stand-in"
METHODS = ["GET", "PUT", "POST", "DELETE"]
LOOK_SECONDS = 0.02
KEPT_REQUESTS = 5000


@dataclass(frozen=True)
class Faults:
    """What goes wrong. Of upserts, the next so many: `ack_then_drop` answers 200 and stores nothing, `partial` stores
    the first half, `duplicate` stores each point under a second id too, `applied_then_failed` stores and answers 500.

    `stall` holds every request until it is taken back, `slow` adds seconds to each, `down` answers 503.
    """

    stall: bool = False
    down: bool = False
    slow: float = 0.0
    ack_then_drop: int = 0
    partial: int = 0
    duplicate: int = 0
    applied_then_failed: int = 0


class StandIn:
    """One server."""

    def __init__(self, folder: Path, api_key: str) -> None:
        self.storage = Storage(folder, api_key)
        self.api_key = api_key
        self.faults = Faults()
        self.requests: deque[tuple[str, str, Any]] = deque(maxlen=KEPT_REQUESTS)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/faults", self.change_faults, methods=["GET", "PUT"]),
                Route("/faults/requests", self.show_requests),
                Route("/faults/lose", self.lose, methods=["POST"]),
                Route("/{path:path}", self.serve, methods=METHODS),
            ]
        )

    async def change_faults(self, request: Request) -> Response:
        """Set all faults anew; what is not named is none."""
        if request.method == "PUT":
            self.faults = Faults(**await request.json())
        return JSONResponse(asdict(self.faults))

    async def show_requests(self, request: Request) -> Response:
        """Method, path and body of the latest requests."""
        return JSONResponse(list(self.requests))

    async def lose(self, request: Request) -> Response:
        """Take every n-th point of a collection away."""
        wanted = await request.json()
        with self.storage.lock:
            return JSONResponse({"lost": self.storage.lose(wanted["collection"], wanted["every"])})

    async def serve(self, request: Request) -> Response:
        """A request of Qdrant's API, after the faults have had their turn."""
        body = await request.body()
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        while self.faults.stall:
            await asyncio.sleep(LOOK_SECONDS)
        if self.faults.down:
            return refusal(503, "Service unavailable")
        path = request.url.path
        if path in ("/healthz", "/livez", "/readyz"):
            return PlainTextResponse("healthz check passed")
        if self.api_key and not hmac.compare_digest(request.headers.get("api-key", ""), self.api_key):
            return PlainTextResponse("Must provide an API key or an Authorization bearer token", status_code=401)
        try:
            given = json.loads(body) if body else {}
            self.requests.append((request.method, path, given))
            return await run_in_threadpool(self.answer, request.method, path, given)
        except NotFound as error:
            return refusal(404, str(error))
        except Taken as error:
            return refusal(409, str(error))
        except BadRequest as error:
            return refusal(400, str(error))

    def answer(self, method: str, path: str, given: Json) -> Response:
        """Do what is asked, one request at a time."""
        with self.storage.lock:
            if path == "/":
                return JSONResponse({"title": "stand-in for Qdrant, tests only", "version": VERSION})
            if method == "PUT" and path.endswith("/points"):
                return self.upsert(path.split("/")[2], given["points"])
            return JSONResponse({"result": self.result(method, path, given), "status": "ok", "time": 0.0})

    def upsert(self, name: str, points: list[Json]) -> Response:
        """Store points, or one of the lies."""
        fault = next((fault for fault in UPSERT_FAULTS if getattr(self.faults, fault)), None)
        if fault is not None:
            self.faults = replace(self.faults, **{fault: getattr(self.faults, fault) - 1})
        if fault == "ack_then_drop":
            points = []
        elif fault == "partial":
            points = points[: len(points) // 2]
        self.storage.find(name)
        result = self.storage.upsert(name, points, copies=fault == "duplicate")
        if fault == "applied_then_failed":
            return refusal(500, "Service internal error")
        return JSONResponse({"result": result, "status": "ok", "time": 0.0})

    def result(self, method: str, path: str, given: Json) -> Any:
        """The part of Qdrant's API that Tidings uses."""
        for known, pattern, call in CALLS:
            found = re.fullmatch(pattern, path)
            if known == method and found is not None:
                return call(self.storage, *found.groups(), given)
        raise NotFound(f"this stand-in has no {method} {path}")


ONE = "/collections/([^/]+)"
CALLS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "/collections", lambda storage, _: {"collections": [{"name": name} for name in storage.collections]}),
    ("GET", "/aliases", lambda storage, _: storage.list_aliases()),
    ("POST", "/collections/aliases", Storage.change_aliases),
    ("PUT", ONE, Storage.create),
    ("GET", ONE, lambda storage, name, _: storage.info(name)),
    ("DELETE", ONE, lambda storage, name, _: storage.delete(name)),
    ("GET", f"{ONE}/exists", lambda storage, name, _: {"exists": storage.exists(name)}),
    ("GET", f"{ONE}/aliases", lambda storage, name, _: storage.list_aliases(name)),
    ("PUT", f"{ONE}/index", Storage.index),
    ("GET", f"{ONE}/snapshots", lambda storage, name, _: storage.snapshots(name)),
    ("POST", f"{ONE}/snapshots", lambda storage, name, _: storage.snapshot(name)),
    ("PUT", f"{ONE}/snapshots/recover", Storage.recover),
    ("DELETE", f"{ONE}/snapshots/([^/]+)", lambda storage, name, snapshot, _: storage.delete_snapshot(name, snapshot)),
    ("POST", f"{ONE}/points", Storage.retrieve),
    ("POST", f"{ONE}/points/delete", Storage.delete_points),
    ("POST", f"{ONE}/points/count", Storage.count),
    ("POST", f"{ONE}/points/query", Storage.query),
    ("POST", f"{ONE}/points/scroll", Storage.scroll),
)
UPSERT_FAULTS = ("ack_then_drop", "partial", "duplicate", "applied_then_failed")


def refusal(status: int, error: str) -> Response:
    """An error in Qdrant's shape."""
    return JSONResponse({"status": {"error": error}, "time": 0.0}, status_code=status)

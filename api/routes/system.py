"""Whether the server lives, what it is, and how its parts are."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response

from api.deps import AppRuntime, ReadScope
from api.schemas.system import (
    Alive,
    Component,
    DocumentCounts,
    EmbedderStatus,
    Readiness,
    SystemStatus,
    Version,
)
from services.engines.embedder import EmbedderState
from services.system.health import Health, count_documents, overall
from services.version import LICENSE, NAME, VERSION

router = APIRouter(tags=["System"])


@router.get("/livez", operation_id="livez_get")
def livez_get() -> Alive:
    """Say that the process answers; looks at nothing else."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Nothing useful can be done."}})
def readyz_get(request: Request, response: Response) -> Readiness:
    """Say how the parts are. 503 only when nothing useful can be done."""
    readiness = look(request)
    response.status_code = 503 if readiness.status == "down" else 200
    return readiness


@router.get("/v1/version")
def version_get(runtime: AppRuntime) -> Version:
    """Say what runs here and where its source code is (AGPL section 13)."""
    return Version(name=NAME, version=VERSION, source_url=runtime.settings.source_url, license=LICENSE)


@router.get("/v1/system/status")
def system_status_get(request: Request, scope: ReadScope) -> SystemStatus:
    """Say how the parts are and how many of the organisation's documents can be found."""
    readiness = look(request)
    embedder = embedder_status(scope.runtime.__dict__.get("embedder"))
    return SystemStatus(
        status=readiness.status,
        components=readiness.components,
        search_mode="hybrid" if embedder.state == EmbedderState.READY else "keyword",
        documents=DocumentCounts(**count_documents(scope)),
        llm="extractive",
        embedder=embedder,
    )


def look(request: Request) -> Readiness:
    """The parts, by the application's one Health."""
    components = cast(Health, request.app.state.health).components()
    return Readiness(
        status=overall(components), components=[Component.model_validate(component) for component in components]
    )


def embedder_status(embedder: object) -> EmbedderStatus:
    """The model's own word; `off` before anybody opened it."""
    if embedder is None:
        return EmbedderStatus(name="", state="off", detail="The embedding model is not started yet.")
    return EmbedderStatus.model_validate(embedder)

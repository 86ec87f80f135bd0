"""Whether the server lives, what it is, and how its parts are."""

from __future__ import annotations

from typing import cast

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from api.deps import AppRuntime, CurrentPrincipal, OwnerScope, ReadScope
from api.schemas.system import (
    Alive,
    Component,
    DocumentCounts,
    EmbedderStatus,
    LanguageModelStatus,
    LanguageModelTest,
    ModelServer,
    ModelSetting,
    PromptStatus,
    Readiness,
    SystemStatus,
    Version,
)
from services.answer.model import model_state
from services.answer.types import EXTRACTIVE, GENERATED
from services.engines.embedder import EmbedderState
from services.engines.llm.trial import try_model
from services.system.health import Health, count_documents, overall
from services.version import LICENSE, NAME, VERSION

router = APIRouter(tags=["System"])

# Probes have threads of their own: when every other one waits for a server that is silent, they still answer.
PROBE_THREADS = 4
# What those who do not run the organisation read instead of an address.
NOT_REACHABLE = "The model server does not answer."


@router.get("/livez", operation_id="livez_get")
async def livez_get() -> Alive:
    """Say that the process answers; looks at nothing else."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Nothing useful can be done."}})
async def readyz_get(request: Request, response: Response) -> Readiness:
    """Say how the parts are. 503 only when nothing useful can be done."""
    readiness = await anyio.to_thread.run_sync(look, request, limiter=request.app.state.probes)
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
        llm=GENERATED if scope.runtime.llm.connected else EXTRACTIVE,
        embedder=embedder,
    )


@router.get("/v1/system/language_model")
def language_model_get(scope: ReadScope, who: CurrentPrincipal) -> LanguageModelStatus:
    """Say which language model is connected, whether it answers, and how it is asked."""
    state = model_state(scope.runtime)
    owner = who.role == "owner"
    return LanguageModelStatus(
        connected=state.connected,
        may_test=owner,
        servers=[
            ModelServer(
                host=server.host if owner else None,
                model=server.model,
                context=server.context,
                reachable=not server.problem,
                problem=server.problem if owner else server.problem and NOT_REACHABLE,
                fix=server.fix if owner else "",
            )
            for server in state.servers
        ],
        prompt=PromptStatus.model_validate(state.prompt, from_attributes=True),
        settings=[ModelSetting.model_validate(setting, from_attributes=True) for setting in state.settings],
    )


@router.post("/v1/system/language_model/tests")
def language_model_test(scope: OwnerScope) -> LanguageModelTest:
    """Send the language model one short request and say how it went; for owners. It may take 20 seconds."""
    return LanguageModelTest.model_validate(try_model(scope.runtime.llm, scope.tenant_id), from_attributes=True)


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

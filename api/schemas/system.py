"""The state of the server, as the API shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import Moment, Resource

ComponentState = Literal["ready", "warming", "degraded", "down", "off"]
OverallState = Literal["ready", "warming", "degraded", "down"]


class Version(Resource):
    """What runs here, and where its source code is."""

    name: str
    version: str
    source_url: str
    license: str


class Alive(Resource):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Component(Resource):
    """One part of the server. `since` is when this process first saw it in this state."""

    name: str
    state: ComponentState
    detail: str
    since: Moment


class Readiness(Resource):
    """`down`: nothing useful can be done; `degraded` and `warming`: some things work, the details say which."""

    status: OverallState
    components: list[Component]


class DocumentCounts(Resource):
    """How many of the tenant's documents are where."""

    ready: int = Field(ge=0)
    working: int = Field(ge=0)
    failed: int = Field(ge=0)


class EmbedderStatus(Resource):
    """The embedding model."""

    name: str
    state: str
    detail: str


class SystemStatus(Readiness):
    """What a person sees of the server's state."""

    search_mode: Literal["hybrid", "keyword"]
    documents: DocumentCounts
    llm: str
    embedder: EmbedderStatus

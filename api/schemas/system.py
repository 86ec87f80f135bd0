"""The state of the server, as the API shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import Moment, Resource
from services.answer.types import Mode

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
    """One part of the server. `since` is when this process first saw it in this state; `took_ms` is of the last look."""

    name: str
    state: ComponentState
    detail: str
    since: Moment
    took_ms: float = Field(ge=0)


class Readiness(Resource):
    """`down`: nothing useful can be done; `degraded` and `warming`: some things work, the details say which."""

    status: OverallState
    components: list[Component]


class DocumentCounts(Resource):
    """How many of the tenant's documents are where."""

    ready: int = Field(ge=0)
    working: int = Field(ge=0)
    failed: int = Field(ge=0)
    stopped: int = Field(ge=0, description="Paused or cancelled by people.")
    archived: int = Field(ge=0, description="Kept, and out of search and lists.")


class EmbedderStatus(Resource):
    """The embedding model."""

    name: str
    state: str
    detail: str


class SystemStatus(Readiness):
    """What a person sees of the server's state."""

    search_mode: Literal["hybrid", "keyword"]
    documents: DocumentCounts
    llm: Mode = Field(description="How questions can be answered: `generated` when a language model is connected.")
    embedder: EmbedderStatus


class ModelServer(Resource):
    """A language model server. `host` is shown to owners alone; `problem` and `fix` are empty where it answers."""

    host: str | None
    model: str
    context: int | None = Field(description="Tokens it reads and writes at once, where it says so.")
    reachable: bool
    problem: str
    fix: str


class PromptStatus(Resource):
    """The prompt that the model gets. Its examples give way before a passage does, unless the variant was set."""

    variant: Literal["zero-shot", "one-shot", "few-shot"]
    version: int
    why: str = Field(description="What chose the variant.")


class ModelSetting(Resource):
    """A setting in force; `given` when the operator's environment sets it, else it is the default."""

    variable: str
    value: str
    description: str
    given: bool


class LanguageModelStatus(Resource):
    """The language model: which it is, whether it answers, and how it is asked."""

    connected: bool
    may_test: bool = Field(description="Whether whoever asks may make a test.")
    servers: list[ModelServer]
    prompt: PromptStatus
    settings: list[ModelSetting]


class LanguageModelTest(Resource):
    """How a short request to the language model went. Figures are null where there are none."""

    ok: bool
    model: str
    first_token_ms: float | None
    total_ms: float | None
    answer_tokens: int
    tokens_per_second: float | None
    problem: str
    fix: str

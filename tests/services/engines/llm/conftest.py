"""Scripted model servers, and models that speak to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.engines.llm.base import Message, Prompt, Sampling
from services.engines.llm.chat import OpenAiModel
from services.settings import Settings
from tests.model_server import Behaviour, ModelServer

Serve = Callable[..., ModelServer]
Connect = Callable[..., OpenAiModel]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that behave as told."""
    servers: list[ModelServer] = []

    def start(chat: Behaviour | None = None, **options: Any) -> ModelServer:
        servers.append(ModelServer(chat, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Makes a model of some servers."""

    def make(*servers: ModelServer, **settings: Any) -> OpenAiModel:
        urls = ",".join(server.url for server in servers)
        return OpenAiModel(
            Settings(data_dir=tmp_path, llm_url=urls, **settings), lambda tenant_id: f"salt of {tenant_id}"
        )

    return make


def ask(
    text: str = "What happened?", *, tenant_id: str = "ten_1", seconds: float | None = None, **sampling: Any
) -> Prompt:
    """A prompt."""
    return Prompt([Message("user", text)], tenant_id, Sampling(**sampling), seconds)

"""One vLLM that writes and one that embeds, for all tests of this folder. `make test-vllm` makes what they need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.engines.llm.base import Message, Prompt, Sampling
from services.engines.llm.chat import OpenAiModel
from services.settings import Settings
from tests.require import need
from tests.vllm.vllm_server import KEY, VllmServer

HERE = Path(__file__).parent
MOST_AT_ONCE, MOST_QUEUED = 4, 6
# The tiny model's context, and an answer that takes minutes: the tests end long before it does.
CONTEXT, ENDLESS = 16384, 16000
# Cores without bf16 read a prompt as long as the context for longer than anybody would wait.
PATIENT = {"llm_seconds": 400, "llm_silence_seconds": 200}
# A random model likes white space, of which JSON allows any amount.
COMPACT_JSON = '{"backend": "xgrammar", "disable_any_whitespace": true}'

Connect = Callable[..., OpenAiModel]


@pytest.fixture(scope="session")
def environment() -> Path:
    """The environment that has vLLM."""
    folder = Path(os.environ.get("TIDINGS_TEST_VLLM", HERE.parent.parent / ".vllm-venv"))
    need((folder / "bin" / "python").exists(), f"vLLM is not installed in {folder}; run `make test-vllm`")
    return folder


@pytest.fixture(scope="session")
def model_folder(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model."""
    folder = tmp_path_factory.mktemp("tiny")
    subprocess.run([environment / "bin" / "python", HERE / "tiny_model.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def servers(
    environment: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[VllmServer]]:
    """Both servers, started side by side."""
    logs = tmp_path_factory.mktemp("vllm")
    limits = ("--max-num-seqs", str(MOST_AT_ONCE), "--max-num-queued-reqs", str(MOST_QUEUED))
    writes = ("--served-model-name", "tiny", *limits, "--structured-outputs-config", COMPACT_JSON)
    embeds = ("--served-model-name", "tiny-embed", "--runner", "pooling", "--convert", "embed")
    both = [
        VllmServer(environment, model_folder, logs / "writing.log", *writes),
        VllmServer(environment, model_folder, logs / "embedding.log", *embeds),
    ]
    for server in both:
        server.start()
    for server in both:
        server.wait()
    # On a busy machine the first long answer of a fresh vLLM has reached us only after 20 seconds.
    OpenAiModel(Settings(llm_url=both[0].url, llm_api_key=KEY), str).complete(ask(max_tokens=100))
    yield both
    for server in both:
        server.kill()


@pytest.fixture
def vllm(servers: list[VllmServer]) -> VllmServer:
    """The server that writes; started again when the test before killed it."""
    server = servers[0]
    if server.process is None:
        server.start()
    return server.wait()


@pytest.fixture
def embedding_vllm(servers: list[VllmServer]) -> VllmServer:
    """The server that embeds."""
    return servers[1].wait()


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Makes a model of some addresses."""

    def make(*urls: str, **settings: Any) -> OpenAiModel:
        known = {"llm_url": ",".join(urls), "llm_api_key": KEY, "llm_max_tokens": ENDLESS}
        chosen = {**PATIENT, **known, **settings}
        return OpenAiModel(Settings(data_dir=tmp_path, **chosen), lambda tenant_id: f"salt-{tenant_id}")

    return make


def ask(text: str = "What happened?", *, tenant_id: str = "a", seconds: float | None = None, **sampling: Any) -> Prompt:
    """A prompt. At temperature 0 the model only ends at `max_tokens`, the default of which is minutes away."""
    return Prompt([Message("user", text)], tenant_id, Sampling(**sampling), seconds)

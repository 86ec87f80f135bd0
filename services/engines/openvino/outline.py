"""What can be said about a model before it is ready: enough to cut chunks and make the index for keyword search."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.engines.openvino.prepared import (
    PACKAGED_DIMENSIONS,
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    TOKENIZER,
    find_prepared,
    model_name,
    read_meta,
    source_folder,
    weights_sha256,
)
from services.engines.openvino.tokens import TextTokens

# Only embed() cuts, and it has the prepared model's own limit.
ANY_LIMIT = 512


@dataclass(frozen=True)
class Outline:
    """Name, and, where the files are on this machine, vector length and tokenizer."""

    name: str
    dimensions: int | None
    tokens: TextTokens | None


def outline(models: Path, model: str) -> Outline:
    """Read what is there. Cost: hashing the weights (90 MB: 0.1 s). Raises EngineUnavailable for a damaged folder."""
    prepared = find_prepared(models, model)
    if prepared is not None:
        meta = read_meta(prepared)
        return Outline(meta.name, meta.dimensions, TextTokens(prepared / TOKENIZER, meta.max_tokens))
    source = source_folder(model)
    tokens = TextTokens(source / TOKENIZER, ANY_LIMIT) if source and (source / TOKENIZER).is_file() else None
    if model == PACKAGED_MODEL:
        return Outline(model_name(model, PACKAGED_SHA256), PACKAGED_DIMENSIONS, tokens)
    if source is None:
        return Outline(model, None, None)
    return Outline(model_name(model, weights_sha256(source)), dimensions_of(source), tokens)


def dimensions_of(source: Path) -> int | None:
    """Length of a SentenceTransformer folder's vectors: its last dense layer's, else its transformer's, else None."""
    modules = read_json(source / "modules.json")
    paths = [str(module.get("path", "")) for module in modules] if isinstance(modules, list) else [""]
    for path in reversed(paths):
        config = read_json(source / path / "config.json")
        size = config.get("out_features") or config.get("hidden_size") if isinstance(config, dict) else None
        if size:
            return int(size)
    return None


def read_json(path: Path) -> Any:
    """The file's content, or None."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None

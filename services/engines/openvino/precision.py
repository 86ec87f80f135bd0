"""Which precision a graph computes in: measured once per processor by calibrate.py, then remembered in a file."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.engines.openvino.child import Child
from services.engines.openvino.graph import Precision, precisions, processor
from services.engines.openvino.prepared import Meta, bytes_folder
from services.errors import EngineUnavailable

# Least mean cosine between the graph's vectors and those of sentence-transformers. MiniLM: f32 .9999992, bf16 .99998,
# i8 .9994.
MIN_COSINE = 0.999


@dataclass(frozen=True)
class Calibration:
    """The precision to compute in, and why: texts per second of processor time and mean cosine of each candidate."""

    processor: str
    threads: int
    precision: Precision
    texts_per_second: dict[str, float]
    cosine: dict[str, float]


def find_precision(child: Child, models: Path, folder: Path, meta: Meta, threads: int) -> Precision:
    """The precision measured on this processor before, else measured now (10 s); f32 when measuring fails.

    Raises: EngineUnavailable when `child` was stopped.
    """
    if len(precisions()) == 1:
        return "f32"
    known = read_calibration(models, meta, threads)
    if known is not None:
        return known.precision
    try:
        result = child.run(
            *("services.engines.openvino.calibrate", str(folder), str(models), str(threads), "--with-parent"),
            progress=lambda stage, detail: None,
        )
    except EngineUnavailable:
        if child.stopped:
            raise
        return "f32"
    return Calibration(**{key: value for key, value in result.items() if key != "stage"}).precision


def read_calibration(models: Path, meta: Meta, threads: int) -> Calibration | None:
    """What was measured on this processor; None when nothing was, or when the 8-bit copy that it chose is gone."""
    try:
        known = Calibration(**json.loads(record_of(models, meta, threads).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return known if known.precision != "i8" or bytes_folder(models, meta).exists() else None


def write_calibration(models: Path, meta: Meta, calibration: Calibration) -> None:
    """Remember what was measured. Under `preparing`, for one process at a time."""
    record = record_of(models, meta, calibration.threads)
    temporary = record.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(calibration), indent=1))
    temporary.replace(record)


def record_of(models: Path, meta: Meta, threads: int) -> Path:
    """The file that remembers it."""
    return models / f"{meta.fingerprint}.{processor_slug(threads)}.json"


def processor_slug(threads: int) -> str:
    """A short name for this processor, its precisions and the thread count: what a measurement holds for."""
    described: list[Any] = [processor(), platform.machine(), precisions(), threads]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:8]

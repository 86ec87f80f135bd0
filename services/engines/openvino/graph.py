"""The compiled graph: token ids in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from services.engines.openvino.native import load_openvino
from services.engines.openvino.prepared import GRAPH, Meta
from services.engines.openvino.tokens import TokenIds, padded
from services.engines.vectors.base import Vector

# f32 is exact; bf16 rounds the factors of each product; i8 multiplies bytes, with the graph that quantize.py makes.
Precision = Literal["i8", "bf16", "f32"]
# Numbers on their way through an i8 graph that share a scale. 64 are 3 % faster at a mean cosine of .9992 instead of .9994.
ACTIVATION_GROUP = 32


class Graph:
    """One executor of the model. Not for two threads at once: its caller keeps a lock."""

    def __init__(self, model: Any, meta: Meta, *, precision: Precision, threads: int) -> None:
        """Compile. Several graphs made from one `model` share its weights: the second costs 24 MB (MiniLM, Nov 2026).

        Without pinning, because a pinned query thread waits for the core that bulk work or another process holds:
        query p95 during bulk work 7 to 8 ms against 11 ms (bench/embed.py).
        """
        options = {
            "INFERENCE_PRECISION_HINT": "f32" if precision == "i8" else precision,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": ACTIVATION_GROUP if precision == "i8" else 0,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        self._pad_id = meta.pad_id
        self._request = core().compile_model(model, "CPU", options).create_infer_request()

    def embed(self, rows: Sequence[TokenIds]) -> Vector:
        """Unit vectors of one batch, in its order; rows are padded to the longest."""
        width = padded(max(len(row) for row in rows))
        ids = np.full((len(rows), width), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        self._request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        vectors: Vector = self._request.get_output_tensor(0).data.astype(np.float32, copy=True)
        return vectors


@cache
def core() -> Any:
    """The OpenVINO core of this process."""
    return load_openvino().Core()


def read_graph(folder: Path) -> Any:
    """The graph of a prepared folder, not yet compiled; its weights stay in the mapped file."""
    return core().read_model(folder / GRAPH)


def processor() -> str:
    """This processor's name, as OpenVINO knows it."""
    return str(core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


def precisions() -> list[Precision]:
    """What this processor computes in, the exact one first. Which of them are of use is measured (calibrate.py)."""
    able = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    names: dict[Precision, str] = {"f32": "FP32", "bf16": "BF16", "i8": "INT8"}
    return [precision for precision, name in names.items() if name in able]


def agreement(vectors: Vector, reference: Vector) -> float:
    """Mean cosine between unit vectors, row by row; 0 when a number is not finite."""
    cosine = float((vectors * reference).sum(axis=1).mean())
    return cosine if np.isfinite(cosine) else 0.0

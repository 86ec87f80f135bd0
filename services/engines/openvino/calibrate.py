"""Child process: choose the precision for this processor, by the clock and against the reference vectors.

    python -m services.engines.openvino.calibrate <prepared folder> <threads>

Prints one JSON line: stage "done" and the fields of precision.Calibration. A process of its own, because the graph that
loses would leave 100 MB behind in the serving process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from services.engines.openvino.graph import Graph, Precision, agreement, precisions, processor, read_graph
from services.engines.openvino.precision import MIN_COSINE, Calibration
from services.engines.openvino.prepared import REFERENCE, TOKENIZER, read_meta
from services.engines.openvino.reference import reference_texts
from services.engines.openvino.tokens import TextTokens, TokenIds, batches
from services.engines.vectors.base import Vector

SECONDS = 2.0
# bf16 must be clearly faster to be worth its rounding.
MIN_GAIN = 1.1
BATCH_TOKENS = 1024


def calibrate(folder: Path, threads: int) -> Calibration:
    """Time each precision in turns for two seconds in all; bf16 is chosen when it is right and clearly faster."""
    meta = read_meta(folder)
    rows = TextTokens(folder / TOKENIZER, meta.max_tokens).encode(reference_texts())
    reference = np.load(folder / REFERENCE)
    model = read_graph(folder)
    graphs = {precision: Graph(model, meta, precision=precision, threads=threads) for precision in precisions()}
    cosine: dict[str, float] = {
        precision: agreement(embed_all(graph, rows, meta.dimensions), reference) for precision, graph in graphs.items()
    }
    fastest = dict.fromkeys(graphs, float("inf"))
    deadline = time.perf_counter() + SECONDS
    while time.perf_counter() < deadline:
        for precision, graph in graphs.items():
            started = time.perf_counter()
            embed_all(graph, rows, meta.dimensions)
            fastest[precision] = min(fastest[precision], time.perf_counter() - started)
    speeds: dict[str, float] = {precision: round(len(rows) / seconds, 1) for precision, seconds in fastest.items()}
    return Calibration(processor(), threads, choose(speeds, cosine), speeds, cosine)


def choose(speeds: Mapping[str, float], cosine: Mapping[str, float]) -> Precision:
    """bf16 when it agrees with the reference and is clearly faster, else f32."""
    if "bf16" not in speeds or cosine["bf16"] < MIN_COSINE:
        return "f32"
    return "bf16" if speeds["bf16"] >= MIN_GAIN * speeds["f32"] else "f32"


def embed_all(graph: Graph, rows: list[TokenIds], dimensions: int) -> Vector:
    """Vectors of all rows, in their order."""
    vectors = np.zeros((len(rows), dimensions), dtype=np.float32)
    for batch in batches(rows, BATCH_TOKENS):
        vectors[batch] = graph.embed([rows[index] for index in batch])
    return vectors


def main(arguments: list[str]) -> None:
    """Calibrate and report on standard output."""
    result = calibrate(Path(arguments[0]), int(arguments[1]))
    sys.stdout.write(json.dumps({"stage": "done", **asdict(result)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

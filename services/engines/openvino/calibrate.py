"""Child process: choose the precision for this processor, by its time and against the reference vectors.

    python -m services.engines.openvino.calibrate <prepared folder> <models folder> <threads> [--with-parent]

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
from services.engines.openvino.precision import MIN_COSINE, Calibration, read_calibration, write_calibration
from services.engines.openvino.prepared import (
    REFERENCE,
    TOKENIZER,
    Meta,
    bytes_folder,
    preparing,
    put_in_place,
    read_meta,
)
from services.engines.openvino.quantize import quantize
from services.engines.openvino.reference import reference_texts
from services.engines.openvino.tokens import TextTokens, TokenIds, batches
from services.engines.prepare import end_with_parent
from services.engines.vectors.base import Vector

SECONDS = 3.0
# How much faster each precision must be than any more exact one to be worth its rounding.
MIN_GAIN: dict[Precision, float] = {"bf16": 1.1, "i8": 1.2}
BATCH_TOKENS = 1024


def calibrate(folder: Path, models: Path, threads: int) -> Calibration:
    """Time each precision in turns, one process at a time; writes down which to use, and keeps the 8-bit copy if it is that."""
    meta = read_meta(folder)
    with preparing(models) as copy:
        # Of several processes that start at once the first one measures.
        known = read_calibration(models, meta, threads)
        if known is not None:
            return known
        graphs: dict[Precision, Path] = {precision: folder for precision in precisions() if precision != "i8"}
        if "i8" in precisions() and make_copy(folder, copy):
            graphs["i8"] = copy
        calibration = compare(graphs, folder, meta, threads)
        if calibration.precision == "i8":
            put_in_place(copy, bytes_folder(models, meta))
        write_calibration(models, meta, calibration)
    return calibration


def make_copy(folder: Path, copy: Path) -> bool:
    """Make the 8-bit copy, if it can be: not of a graph that has no layers of the usual form, nor where there is no room."""
    try:
        return quantize(folder, copy) > 0
    except Exception as error:
        sys.stderr.write(f"no 8-bit copy: {error}\n")
        return False


def compare(places: Mapping[Precision, Path], folder: Path, meta: Meta, threads: int) -> Calibration:
    """Speed and cosine of each precision, by the folder that its graph is in, and the choice. Takes SECONDS and some."""
    rows = TextTokens(folder / TOKENIZER, meta.max_tokens).encode(reference_texts())
    reference = np.load(folder / REFERENCE)
    read = {place: read_graph(place) for place in set(places.values())}
    graphs = {
        precision: Graph(read[place], meta, precision=precision, threads=threads) for precision, place in places.items()
    }
    cosine: dict[str, float] = {
        precision: agreement(embed_all(graph, rows, meta.dimensions), reference) for precision, graph in graphs.items()
    }
    fastest = dict.fromkeys(graphs, float("inf"))
    deadline = time.perf_counter() + SECONDS
    while time.perf_counter() < deadline:
        for precision, graph in graphs.items():
            # Processor time: beside other work the clock once found a gain of 1.18 where alone there are 1.4.
            started = time.process_time()
            embed_all(graph, rows, meta.dimensions)
            fastest[precision] = min(fastest[precision], time.process_time() - started)
    speeds: dict[str, float] = {precision: round(len(rows) / seconds, 1) for precision, seconds in fastest.items()}
    return Calibration(processor(), threads, choose(speeds, cosine), speeds, cosine)


def choose(speeds: Mapping[str, float], cosine: Mapping[str, float]) -> Precision:
    """The fastest that agrees with the reference, where it is clearly faster than the more exact ones."""
    chosen: Precision = "f32"
    fastest = speeds["f32"]
    for precision, gain in MIN_GAIN.items():
        if cosine.get(precision, 0.0) >= MIN_COSINE:
            chosen = precision if speeds[precision] >= gain * fastest else chosen
            fastest = max(fastest, speeds[precision])
    return chosen


def embed_all(graph: Graph, rows: list[TokenIds], dimensions: int) -> Vector:
    """Vectors of all rows, in their order."""
    vectors = np.zeros((len(rows), dimensions), dtype=np.float32)
    for batch in batches(rows, BATCH_TOKENS):
        vectors[batch] = graph.embed([rows[index] for index in batch])
    return vectors


def main(arguments: list[str]) -> None:
    """Calibrate and report on standard output."""
    if "--with-parent" in arguments:
        end_with_parent()
    folder, models, threads = [argument for argument in arguments if not argument.startswith("--")]
    result = calibrate(Path(folder), Path(models), int(threads))
    sys.stdout.write(json.dumps({"stage": "done", **asdict(result)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

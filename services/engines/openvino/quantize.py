"""Makes the 8-bit copy of a prepared graph, for processors that multiply bytes faster than floats (VNNI, AMX).

The weights of each layer are rounded to 8 bits, in groups with a scale of their own; the engine does the same with what
flows in, as it comes (`DYNAMIC_QUANTIZATION_GROUP_SIZE`), so that nothing is calibrated on texts. OpenVINO recognises
the pattern, convert(weights) * scales, and multiplies the bytes ("weight compression" in its documentation; nncf, which
writes the same pattern, brings 200 MB of packages). Runs in calibrate.py's child only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.engines.openvino.graph import read_graph
from services.engines.openvino.native import load_openvino
from services.engines.openvino.prepared import GRAPH

# Weights that share a scale. Mean cosine to the exact vectors .9994 (MiniLM); one scale per row of weights gives .9981.
WEIGHT_GROUP = 64
MOST = 127


def quantize(folder: Path, target: Path) -> int:
    """Write the copy of a prepared graph to `target`; returns how many layers are in 8 bits, none in an unusual model."""
    model = read_graph(folder)
    layers = [node for node in model.get_ordered_ops() if node.get_type_name() == "MatMul"]
    done = sum(quantize_layer(layer) for layer in layers)
    model.validate_nodes_and_infer_types()
    load_openvino().save_model(model, target / GRAPH, compress_to_fp16=True)
    return done


def quantize_layer(layer: Any) -> bool:
    """Replace a multiplication's weights by 8-bit ones; False where there are none, or not in rows of whole groups."""
    weights = constant(layer.input(1).get_source_output().get_node())
    if (
        weights is None
        or weights.ndim != 2
        or not layer.get_attributes()["transpose_b"]
        or weights.shape[1] % WEIGHT_GROUP
    ):
        return False
    rounded, scales = rounded_to_bytes(weights)
    ops = load_openvino().opset13
    restored = ops.multiply(ops.convert(ops.constant(rounded), "f32"), ops.constant(scales))
    shape = ops.constant(np.array(weights.shape, dtype=np.int64))
    layer.input(1).replace_source_output(ops.reshape(restored, shape, False).output(0))
    return True


def rounded_to_bytes(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows of weights in groups, as bytes (rows, groups, WEIGHT_GROUP) and their scales (rows, groups, 1)."""
    groups = weights.reshape(len(weights), -1, WEIGHT_GROUP)
    scales = np.abs(groups).max(axis=-1, keepdims=True) / MOST
    return np.round(groups / np.where(scales, scales, 1)).astype(np.int8), scales.astype(np.float32)


def constant(node: Any) -> NDArray[np.float32] | None:
    """What a node holds, seen through the conversion from the 16 bits that weights are stored in; None for computed values."""
    while node.get_type_name() == "Convert":
        node = node.input(0).get_source_output().get_node()
    return node.get_data().astype(np.float32) if node.get_type_name() == "Constant" else None

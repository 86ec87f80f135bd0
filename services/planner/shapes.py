"""A model's shape from its `config.json`, and how many parameters a model of that shape has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import InvalidInput

# Families whose layers are: attention with grouped heads, a gated feed-forward network, two norms.
FAMILIES = ("llama", "mistral", "mixtral", "phi3", "qwen2", "qwen3", "qwen3_moe")
BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
# Four-bit formats keep a 16-bit scale and a zero point for each group of weights.
GROUP_SIZE = 128


@dataclass(frozen=True)
class ModelShape:
    """What of a model decides its memory. `linear_parameters` are those that quantisation shrinks.

    `experts` is 1 for a dense model. `bits`: of a linear weight as stored, scales included. `value_bytes`: of any other.
    """

    family: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    experts: int
    context: int
    parameters: int
    linear_parameters: int
    bits: float
    value_bytes: float
    quantised: str

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights as they are stored."""
        return weight_bytes(self, self.bits)


def weight_bytes(shape: ModelShape, bits: float) -> int:
    """Bytes of the weights when linear layers take `bits` for each parameter; embeddings and norms stay as they are."""
    other = shape.parameters - shape.linear_parameters
    return int(shape.linear_parameters * bits / 8 + other * shape.value_bytes)


def four_bits(group_size: int = GROUP_SIZE) -> float:
    """Bits of a weight in AWQ and GPTQ: 4, and a share of its group's scale (16 bits) and zero point (4 bits)."""
    return 4 + (16 + 4) / group_size


def read_shape(path: Path) -> ModelShape:
    """The shape that a model folder or a `config.json` describes.

    Raises: InvalidInput when it is none, or of a family whose parameters cannot be counted from it.
    """
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no {str(file)!r}; give a model's folder or its config.json.") from error
    except (ValueError, OSError) as error:
        raise InvalidInput(f"{str(file)!r} cannot be read as JSON; give a model's config.json.") from error
    if not isinstance(config, dict):
        raise InvalidInput(f"{str(file)!r} is no model's config.json.")
    try:
        return shape_of(config)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InvalidInput(f"{str(file)!r} lacks what tells a model's size ({error}).") from error


def shape_of(config: Mapping[str, Any]) -> ModelShape:
    """The shape that a configuration describes.

    Parameters: vocabulary x hidden for the embedding, once more for the output unless it is tied, a norm of `hidden`,
    and for each layer
      attention    2 x hidden x heads x head_dim + 2 x hidden x kv_heads x head_dim, and biases where the family has them
      feed-forward 3 x hidden x intermediate for each expert, and hidden x experts for the router
      norms        2 x hidden, and 2 x head_dim where queries and keys are normalised (Qwen3)
    """
    family = str(config["model_type"])
    if family not in FAMILIES:
        raise InvalidInput(f"Models of the family {family!r} cannot be planned; known are {', '.join(FAMILIES)}.")
    hidden, layers, heads = (int(config[name]) for name in ("hidden_size", "num_hidden_layers", "num_attention_heads"))
    kv_heads = int(config.get("num_key_value_heads") or heads)
    head_dim = int(config.get("head_dim") or hidden // heads)
    vocabulary = int(config["vocab_size"])
    experts = int(config.get("num_local_experts") or config.get("num_experts") or 1)
    intermediate = int(config.get("moe_intermediate_size") or config["intermediate_size"])

    attention = 2 * hidden * (heads + kv_heads) * head_dim
    router = hidden * experts if experts > 1 else 0
    linear = layers * (attention + experts * 3 * hidden * intermediate)
    norms = 2 * hidden + (2 * head_dim if family.startswith("qwen3") else 0)
    other = layers * (norms + router + biases(config, family, (heads + 2 * kv_heads) * head_dim)) + hidden
    embedding = vocabulary * hidden * (1 if config.get("tie_word_embeddings", False) else 2)
    bits, quantised = stored_bits(config)
    return ModelShape(
        family=family,
        layers=layers,
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocabulary=vocabulary,
        experts=experts,
        context=int(config["max_position_embeddings"]),
        parameters=linear + other + embedding,
        linear_parameters=linear,
        bits=bits,
        value_bytes=value_bytes(config),
        quantised=quantised,
    )


def biases(config: Mapping[str, Any], family: str, outputs: int) -> int:
    """Bias parameters of one layer's attention: Qwen2 always has them on queries, keys and values."""
    if family == "qwen2":
        return outputs
    return outputs + int(config["hidden_size"]) if config.get("attention_bias") else 0


def value_bytes(config: Mapping[str, Any]) -> float:
    """Bytes of a weight that is not quantised."""
    return BYTES.get(str(config.get("dtype") or config.get("torch_dtype")), 2.0)


def stored_bits(config: Mapping[str, Any]) -> tuple[float, str]:
    """Bits of a linear weight as stored, and the name of the quantisation, empty when there is none."""
    quantisation = config.get("quantization_config")
    if not isinstance(quantisation, Mapping):
        return value_bytes(config) * 8, ""
    method = str(quantisation.get("quant_method", "unknown"))
    if method in ("awq", "gptq"):
        group = int(quantisation.get("group_size") or GROUP_SIZE)
        bits = int(quantisation.get("bits", 4))
        return bits + (16 + bits) / (group if group > 0 else int(config["hidden_size"])), method
    if method == "fp8":
        return 8.0, method
    if method == "bitsandbytes":
        return (four_bits(64) if quantisation.get("load_in_4bit") else 8.0), method
    raise InvalidInput(
        f"The quantisation {method!r} cannot be planned; known are awq, gptq, fp8 and bitsandbytes. "
        "Give the unquantised model's config.json with --weights fp8 or int4."
    )

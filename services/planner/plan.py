"""What a model takes on a GPU, whether it fits, and how vLLM is to be started.

    weights      = parameters x bytes (2 in bfloat16; 1 in fp8 and about 0.52 in int4 for the linear layers)
    KV cache     = 2 x layers x kv_heads x head_dim x bytes x tokens        keys and values of every token held
    tokens       = context x concurrency                                    when all are full; vLLM shares what is free
    activations  = tokens of a batch x (4 x hidden + 3 x intermediate) x 2 bytes, and a float for each word of each answer
    runtime      = 1 GiB for the driver's context and captured graphs
    fine-tuning  = weights + 20 bytes x parameters                          Adam: gradient, master copy, two moments, slack

vLLM takes `gpu_memory_utilization` of the card, 0.90 here. Weights and KV cache are exact for the families of shapes.py;
activations and runtime are estimates, of the order of a GiB each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.errors import InvalidInput
from services.planner.cards import BFLOAT16_FROM, FLOAT8_FROM, GIB, Card
from services.planner.shapes import ModelShape, four_bits, weight_bytes

Weights = Literal["stored", "fp8", "int4"]

UTILISATION = 0.90
RUNTIME_BYTES = 1 * GIB
# vLLM's --max-num-batched-tokens; its default for a server is between 2,048 and 8,192 by card.
BATCH_TOKENS = 8192
ACTIVATION_BYTES = 2
FINE_TUNING_BYTES = 20
MOST_GPUS = 8


@dataclass(frozen=True)
class Need:
    """Bytes on each of `gpus` cards."""

    gpus: int
    weights: int
    kv_cache: int
    activations: int
    runtime: int

    @property
    def fixed(self) -> int:
        """Everything but the KV cache."""
        return self.weights + self.activations + self.runtime

    @property
    def total(self) -> int:
        """Everything."""
        return self.fixed + self.kv_cache


@dataclass(frozen=True)
class Plan:
    """The answer. `kv_tokens` is what the cache holds in all on these cards, `full_requests` how many full contexts that is.

    `need` is for one card, or for as many as it takes; `fits` is False when even eight do not hold it.
    """

    shape: ModelShape
    card: Card
    context: int
    concurrency: int
    weights: Weights
    kv_bytes_per_token: int
    need: Need
    fits: bool
    kv_tokens: int
    full_requests: int
    fine_tuning_bytes: int
    flags: tuple[str, ...]
    notes: tuple[str, ...]


def plan_model(
    shape: ModelShape,
    card: Card,
    *,
    context: int | None = None,
    concurrency: int = 8,
    weights: Weights = "stored",
    kv_fp8: bool = False,
) -> Plan:
    """Plan a model on a card. `context` None takes the model's own.

    Raises: InvalidInput when the context is longer than the model's, or a quantised model shall be quantised again.
    """
    context = shape.context if context is None else context
    if not 1 <= context <= shape.context:
        raise InvalidInput(f"The model reads {shape.context} tokens at most; give --context from 1 to that.")
    if weights != "stored" and shape.quantised:
        raise InvalidInput(f"The model is quantised already ({shape.quantised}); leave --weights out.")
    per_token = kv_bytes_per_token(shape, 1 if kv_fp8 else 2)
    usable = int(card.memory_bytes * UTILISATION)
    needs = [needed(shape, gpus, context * concurrency, concurrency, weights, per_token) for gpus in gpu_counts(shape)]
    need = next((each for each in needs if each.total <= usable), needs[-1])
    kv_tokens = room_for_tokens(shape, need, usable, per_token)
    fits = need.total <= usable
    return Plan(
        shape=shape,
        card=card,
        context=context,
        concurrency=concurrency,
        weights=weights,
        kv_bytes_per_token=per_token,
        need=need,
        fits=fits,
        kv_tokens=kv_tokens,
        full_requests=kv_tokens // context,
        fine_tuning_bytes=weight_bytes(shape, shape.bits) + FINE_TUNING_BYTES * shape.parameters,
        flags=flags(card, context, concurrency, need.gpus, weights, kv_fp8) if fits else (),
        notes=notes(shape, card, weights, kv_fp8)
        + alone(need, room_for_tokens(shape, needs[0], usable, per_token) // context),
    )


def kv_bytes_per_token(shape: ModelShape, value_bytes: int) -> int:
    """2 x layers x kv_heads x head_dim x bytes."""
    return 2 * shape.layers * shape.kv_heads * shape.head_dim * value_bytes


def room_for_tokens(shape: ModelShape, need: Need, usable: int, per_token: int) -> int:
    """Tokens that the KV cache holds in what the rest leaves of each card."""
    return max(0, usable - need.fixed) * need.gpus // (per_token * kv_copies(shape, need.gpus))


def needed(shape: ModelShape, gpus: int, tokens: int, concurrency: int, weights: Weights, per_token: int) -> Need:
    """Bytes on each card when the model is spread over `gpus` (tensor parallel)."""
    bits = {"stored": shape.bits, "fp8": 8.0, "int4": four_bits()}[weights]
    active = min(shape.experts, 8) if shape.experts > 1 else 1
    batch = BATCH_TOKENS * (4 * shape.hidden + 3 * shape.intermediate * active // gpus) * ACTIVATION_BYTES
    return Need(
        gpus=gpus,
        weights=weight_bytes(shape, bits) // gpus,
        kv_cache=per_token * tokens * kv_copies(shape, gpus) // gpus,
        activations=batch + concurrency * shape.vocabulary * 4,
        runtime=RUNTIME_BYTES,
    )


def gpu_counts(shape: ModelShape) -> list[int]:
    """Numbers of cards that divide the attention heads evenly, as vLLM wants it."""
    return [gpus for gpus in (1, 2, 4, MOST_GPUS) if shape.heads % gpus == 0]


def kv_copies(shape: ModelShape, gpus: int) -> int:
    """How often each key and value is held: more cards than KV heads hold copies."""
    return max(1, gpus // shape.kv_heads)


def alone(chosen: Need, full_requests: int) -> tuple[str, ...]:
    """What a single card would do where the plan takes several."""
    if chosen.gpus == 1 or full_requests == 0:
        return ()
    return (
        f"One card holds the model and {full_requests} full contexts; with --concurrency {full_requests} it is enough.",
    )


def flags(card: Card, context: int, concurrency: int, gpus: int, weights: Weights, kv_fp8: bool) -> tuple[str, ...]:
    """Arguments of `vllm serve` for this plan. The queue gets a bound: vLLM's own has none, and answers 503 at it."""
    chosen = [
        f"--max-model-len {context}",
        f"--max-num-seqs {concurrency}",
        f"--max-num-queued-reqs {concurrency * 3}",
        f"--gpu-memory-utilization {UTILISATION:.2f}",
    ]
    if gpus > 1:
        chosen.append(f"--tensor-parallel-size {gpus}")
    if weights == "fp8":
        chosen.append("--quantization fp8")
    if kv_fp8:
        chosen.append("--kv-cache-dtype fp8")
    if card.capability is not None and card.capability < BFLOAT16_FROM:
        chosen.append("--dtype half")
    return tuple(chosen)


def notes(shape: ModelShape, card: Card, weights: Weights, kv_fp8: bool) -> tuple[str, ...]:
    """What the numbers do not say."""
    said = []
    if weights == "int4":
        said.append("vLLM does not make four-bit weights itself: serve an AWQ or GPTQ copy of the model.")
    wants_fp8 = weights == "fp8" or kv_fp8 or shape.quantised == "fp8"
    if wants_fp8 and card.capability is not None and card.capability < FLOAT8_FROM:
        said.append(f"The {card.name} has no 8-bit floats in hardware: they save memory there, not time.")
    if shape.experts > 1:
        said.append(f"All {shape.experts} experts of each layer are held, though few work on a word.")
    return tuple(said)

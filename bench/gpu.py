"""What `tidings plan-model` says of a GPU's memory against what PyTorch takes there, and chunks embedded per second.

    python -m bench.gpu [--device cuda] [--configs tests/services/planner/configs]

For each model configuration: a model of random weights in bfloat16 on the card, its weights, the KV cache of some
requests at once and the most that reading a batch of BATCH_TOKENS took beside them, each over the plan's figure; 1 means
as planned. Then one training step with Adam, bytes per parameter, and a MiniLM of random weights on chunks of 180 tokens.
Needs a GPU, torch and transformers, and nothing of Tidings but the planner; `make bench` leaves it out.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, BertConfig

from services.planner.cards import GIB, Card
from services.planner.plan import BATCH_TOKENS, FINE_TUNING_BYTES, plan_model
from services.planner.shapes import read_shape

CONTEXT, REQUESTS = 2048, 4
# Wide enough that the plan never spreads a model over several cards, and new enough for every number format.
ROOMY = Card("any", 1000 * GIB, 9.0)
TRAIN_TOKENS = 256
MINILM = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
CHUNK_TOKENS, CHUNKS, BATCH = 180, 16_384, 256


def taken(device: str) -> int:
    """Bytes that live tensors take on the card."""
    torch.cuda.synchronize(device)
    return torch.cuda.memory_allocated(device)


def most_taken(device: str, work: Any) -> int:
    """The most bytes taken while `work` ran, over those before."""
    before = taken(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def made_up(path: Path) -> Any:
    """A model of this configuration with random weights."""
    config = json.loads(path.read_text())
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), dtype=torch.bfloat16)


def planned_and_real(path: Path, device: str) -> dict[str, Any]:
    """One model: weights, KV cache and activations, real over planned."""
    shape = read_shape(path)
    need = plan_model(shape, ROOMY, context=CONTEXT, concurrency=REQUESTS).need
    before = taken(device)
    with torch.device(device):
        model = made_up(path).eval()
    weights = taken(device) - before
    prompts = torch.randint(0, shape.vocabulary, (REQUESTS, CONTEXT), device=device)
    found: dict[str, Any] = {}

    def read() -> None:
        with torch.inference_mode():
            found["read"] = model(prompts, use_cache=True, logits_to_keep=1)

    read()
    found.clear()
    most = most_taken(device, read)
    layers = found["read"].past_key_values.layers
    cache = sum(tensor.nbytes for layer in layers for tensor in (layer.keys, layer.values))
    batch = BATCH_TOKENS // (REQUESTS * CONTEXT)
    return {
        "parameters": shape.parameters,
        "weights": round(weights / need.weights, 4),
        "kv_cache": round(cache / need.kv_cache, 4),
        "activations": round(batch * (most - cache) / need.activations, 2),
        "weights_gib": round(weights / GIB, 2),
        "kv_cache_gib": round(cache / GIB, 2),
        "activations_gib": round(batch * (most - cache) / GIB, 2),
    }


def training(path: Path, device: str) -> dict[str, Any]:
    """Bytes per parameter of a step with Adam: weights in bfloat16, and in float32 a copy of them and both moments."""
    shape = read_shape(path)
    before = taken(device)
    torch.cuda.reset_peak_memory_stats(device)
    with torch.device(device):
        model = made_up(path)
    copies = [parameter.detach().float() for parameter in model.parameters()]
    adam = torch.optim.AdamW(copies, lr=1e-5)
    tokens = torch.randint(0, shape.vocabulary, (1, TRAIN_TOKENS), device=device)
    for _ in range(2):
        model(tokens, labels=tokens).loss.backward()
        for copy, parameter in zip(copies, model.parameters(), strict=True):
            copy.grad, parameter.grad = None if parameter.grad is None else parameter.grad.float(), None
        adam.step()
        adam.zero_grad()
        with torch.no_grad():
            for copy, parameter in zip(copies, model.parameters(), strict=True):
                parameter.copy_(copy)
    most = torch.cuda.max_memory_allocated(device) - before
    return {
        "bytes_per_parameter": round(most / shape.parameters, 1),
        "planned": shape.bits / 8 + FINE_TUNING_BYTES,
    }


def embedding(device: str) -> dict[str, Any]:
    """Chunks per second of a model of MiniLM's shape, mean pooling and all."""
    model = AutoModel.from_config(BertConfig(**MINILM), dtype=torch.float16).eval().to(device)
    tokens = torch.randint(0, 30_000, (CHUNKS, CHUNK_TOKENS))

    def embed(count: int) -> float:
        began = time.perf_counter()
        with torch.inference_mode():
            for start in range(0, count, BATCH):
                hidden = model(tokens[start : start + BATCH].to(device)).last_hidden_state
                torch.nn.functional.normalize(hidden.mean(1), dim=1).cpu()
        return count / (time.perf_counter() - began)

    embed(4 * BATCH)
    return {"chunks_per_second": round(embed(CHUNKS))}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--configs", type=Path, default=Path("tests/services/planner/configs"))
    parser.add_argument("--largest-gib", type=float, default=60.0)
    options = parser.parse_args()
    report: dict[str, Any] = {"card": torch.cuda.get_device_name(options.device), "models": {}}
    paths = sorted(options.configs.glob("**/*.json"), key=lambda path: read_shape(path).parameters)
    for path in paths:
        shape = read_shape(path)
        if not shape.quantised and shape.weight_bytes < options.largest_gib * GIB:
            report["models"][path.stem] = planned_and_real(path, options.device)
            torch.cuda.empty_cache()
    report["training"] = training(paths[0], options.device)
    report["embedding"] = embedding(options.device)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

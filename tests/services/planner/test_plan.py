"""The planner's arithmetic against models whose sizes are published, and its verdicts at the edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.errors import InvalidInput
from services.planner.cards import GIB, Card, find_card
from services.planner.plan import UTILISATION, kv_bytes_per_token, plan_model
from services.planner.shapes import FAMILIES, ModelShape, read_shape, shape_of

CONFIGS = Path(__file__).parent / "configs"
# The parameter counts that the models' pages state; safetensors' own where the hub shows them.
PARAMETERS = {
    "qwen2.5-0.5b-instruct": 494_032_768,
    "qwen2.5-7b-instruct": 7_615_616_512,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.2-1b": 1_235_814_400,
    "mistral-7b-v0.1": 7_241_732_096,
    "mixtral-8x7b-v0.1": 46_702_792_704,
    "qwen3-8b": 8_190_735_360,
    "qwen3-30b-a3b": 30_532_122_624,
}


def shape(name: str) -> ModelShape:
    return read_shape(CONFIGS / f"{name}.json")


def config(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((CONFIGS / f"{name}.json").read_text())
    return value


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items(), ids=PARAMETERS)
def test_parameters_are_those_of_the_model(name: str, parameters: int) -> None:
    assert shape(name).parameters == parameters


def test_weights_are_as_large_as_the_files_that_hold_them() -> None:
    assert shape("qwen2.5-7b-instruct").weight_bytes == 2 * PARAMETERS["qwen2.5-7b-instruct"]
    # Qwen2.5-7B-Instruct-AWQ: two files of 3.99 and 1.58 GB.
    assert shape("qwen2.5-7b-instruct-awq").weight_bytes == pytest.approx(5.57e9, rel=0.01)


@pytest.mark.parametrize(
    ("name", "kib"),
    [("qwen2.5-0.5b-instruct", 12), ("qwen2.5-7b-instruct", 56), ("llama-3.1-8b", 128), ("mistral-7b-v0.1", 128)],
)
def test_a_tokens_keys_and_values_take_what_is_known(name: str, kib: int) -> None:
    assert kv_bytes_per_token(shape(name), 2) == kib * 1024
    assert kv_bytes_per_token(shape(name), 1) == kib * 512


def test_a_model_without_grouped_heads_keeps_keys_for_each() -> None:
    old = config("llama-3.1-8b")
    del old["num_key_value_heads"]
    assert kv_bytes_per_token(shape_of(old), 2) == 4 * kv_bytes_per_token(shape("llama-3.1-8b"), 2)


def test_the_plan_adds_up() -> None:
    plan = plan_model(shape("llama-3.1-8b"), find_card("A100-80G"), context=8192, concurrency=16)
    assert plan.need.kv_cache == 128 * 1024 * 8192 * 16 == 16 * GIB
    assert plan.need.total == plan.need.weights + plan.need.kv_cache + plan.need.activations + plan.need.runtime
    assert plan.fine_tuning_bytes == 22 * plan.shape.parameters
    room = int(plan.card.memory_bytes * UTILISATION) - plan.need.fixed
    assert plan.kv_tokens * plan.kv_bytes_per_token <= room < (plan.kv_tokens + 1) * plan.kv_bytes_per_token
    assert plan.full_requests >= 16
    assert plan.flags == (
        "--max-model-len 8192",
        "--max-num-seqs 16",
        "--max-num-queued-reqs 48",
        "--gpu-memory-utilization 0.90",
    )


@pytest.mark.parametrize(
    ("name", "card", "gpus"),
    [
        ("qwen2.5-0.5b-instruct", "T4", 1),
        ("qwen2.5-7b-instruct", "L4", 1),
        ("llama-3.1-8b", "T4", 2),
        ("mixtral-8x7b-v0.1", "H100", 2),
        ("mixtral-8x7b-v0.1", "H200", 1),
    ],
)
def test_it_says_how_many_cards_it_takes(name: str, card: str, gpus: int) -> None:
    plan = plan_model(shape(name), find_card(card), context=2048, concurrency=4)
    assert (plan.fits, plan.need.gpus) == (True, gpus)
    assert (f"--tensor-parallel-size {gpus}" in plan.flags) == (gpus > 1)


def test_the_edge_of_a_card_is_where_the_sum_says() -> None:
    small = shape("qwen2.5-0.5b-instruct")
    need = plan_model(small, find_card("H100"), context=4096, concurrency=4).need
    enough = Card("enough", int(need.total / UTILISATION) + 2)
    assert plan_model(small, enough, context=4096, concurrency=4).need.gpus == 1
    assert plan_model(small, Card("short", enough.memory_bytes - 4), context=4096, concurrency=4).need.gpus > 1


def test_a_plan_of_several_cards_says_what_one_would_do() -> None:
    model, card = shape("qwen2.5-7b-instruct"), find_card("L4")
    plan = plan_model(model, card, context=8192, concurrency=16)
    (note,) = plan.notes
    enough = int(note.split("--concurrency ")[1].split()[0])
    assert plan.need.gpus == 2
    assert plan_model(model, card, context=8192, concurrency=enough).need.gpus == 1
    assert plan_model(model, card, context=8192, concurrency=enough + 2).need.gpus == 2


def test_what_no_number_of_cards_holds_does_not_fit() -> None:
    plan = plan_model(shape("mixtral-8x7b-v0.1"), Card("tiny", 8 * GIB), context=2048, concurrency=1)
    assert (plan.fits, plan.flags, plan.full_requests) == (False, (), 0)
    assert plan.need.gpus == 8


def test_eight_bits_halve_the_cache_and_nearly_the_weights() -> None:
    model, card = shape("llama-3.1-8b"), find_card("H100")
    plain = plan_model(model, card, context=8192)
    fp8 = plan_model(model, card, context=8192, weights="fp8", kv_fp8=True)
    assert fp8.need.kv_cache * 2 == plain.need.kv_cache
    assert 0.5 < fp8.need.weights / plain.need.weights < 0.6
    assert {"--quantization fp8", "--kv-cache-dtype fp8"} <= set(fp8.flags)
    assert fp8.notes == ()


def test_more_cards_than_kv_heads_hold_copies() -> None:
    plan = plan_model(shape("qwen2.5-7b-instruct"), Card("small", 8 * GIB), context=4096, concurrency=4)
    assert plan.need.gpus == 4
    assert plan.need.kv_cache * 4 == plan.kv_bytes_per_token * 4096 * 4
    little = shape_of({**config("qwen2.5-7b-instruct"), "num_key_value_heads": 1})
    two = plan_model(little, Card("small", 13 * GIB), context=4096, concurrency=4)
    assert two.need.gpus == 2
    assert two.need.kv_cache == two.kv_bytes_per_token * 4096 * 4


def test_old_cards_get_their_flag_and_their_note() -> None:
    plan = plan_model(shape("qwen2.5-0.5b-instruct"), find_card("t4"), context=2048, kv_fp8=True)
    assert "--dtype half" in plan.flags
    assert "no 8-bit floats" in plan.notes[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "mamba"}, FAMILIES[0]),
        ({"hidden_size": None}, "lacks"),
        ({"num_attention_heads": 0}, "lacks"),
        ({"quantization_config": {"quant_method": "quip"}}, "--weights"),
    ],
)
def test_what_cannot_be_planned_says_why(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**config("qwen2.5-0.5b-instruct"), **change}))
    with pytest.raises(InvalidInput, match=said):
        read_shape(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{", b"\xff"])
def test_what_is_no_config_is_said_to_be(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"config\.json"):
        read_shape(tmp_path)


def test_wrong_wishes_are_refused() -> None:
    card = find_card("L4")
    with pytest.raises(InvalidInput, match="32768"):
        plan_model(shape("qwen2.5-7b-instruct"), card, context=40_000)
    with pytest.raises(InvalidInput, match="quantised already"):
        plan_model(shape("qwen2.5-7b-instruct-awq"), card, context=2048, weights="fp8")
    with pytest.raises(InvalidInput, match="--gpu-gib"):
        find_card("Abacus")

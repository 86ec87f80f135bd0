"""Batches by length, and the estimate that stands in for a tokenizer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.engines.openvino.tokens import batches, padded
from services.engines.token_estimate import estimate_tokens


@given(lengths=st.lists(st.integers(1, 300), max_size=60), budget=st.integers(1, 4000))
def test_each_row_is_in_one_batch_that_keeps_the_budget(lengths: list[int], budget: int) -> None:
    rows = [[0] * length for length in lengths]
    made = list(batches(rows, budget))
    assert sorted(index for batch in made for index in batch) == list(range(len(rows)))
    for batch in made:
        width = padded(max(lengths[index] for index in batch))
        assert len(batch) == 1 or len(batch) * width <= budget


def test_padding_makes_few_shapes() -> None:
    assert len({padded(length) for length in range(1, 257)}) == 20
    assert all(padded(length) >= length for length in range(1, 600))


def test_the_estimate_is_near_and_rather_high() -> None:
    text = "The Bundesbank raised its forecast to 1.8%, citing stronger exports; analysts had expected 1.5%."
    assert 24 <= estimate_tokens(text) <= 45  # MiniLM's tokenizer: 28
    assert estimate_tokens("新聞報道") == 4
    assert estimate_tokens("") == 0

"""Common GPUs: the memory that their driver reports, and what they can compute with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.errors import InvalidInput

MIB, GIB = 2**20, 2**30
# Compute capabilities from which bfloat16 and 8-bit floats are in the hardware.
BFLOAT16_FROM, FLOAT8_FROM = 8.0, 8.9


@dataclass(frozen=True)
class Card:
    """A GPU. `capability` is NVIDIA's compute capability; None when only the memory is known."""

    name: str
    memory_bytes: int
    capability: float | None = None


# MiB as nvidia-smi shows them: less than the name says where error correction or the driver takes some.
CARDS: Mapping[str, Card] = {
    name.lower(): Card(name, mib * MIB, capability)
    for name, mib, capability in (
        ("T4", 15360, 7.5),
        ("V100-32G", 32768, 7.0),
        ("RTX-3090", 24576, 8.6),
        ("RTX-4090", 24564, 8.9),
        ("RTX-5090", 32607, 12.0),
        ("A10", 23028, 8.6),
        ("L4", 23034, 8.9),
        ("A6000", 49140, 8.6),
        ("L40S", 46068, 8.9),
        ("A100-40G", 40960, 8.0),
        ("A100-80G", 81920, 8.0),
        ("H100", 81559, 9.0),
        ("H200", 143771, 9.0),
    )
}


def find_card(name: str) -> Card:
    """A card of the table; raises InvalidInput that names them all."""
    card = CARDS.get(name.lower())
    if card is None:
        known = ", ".join(each.name for each in CARDS.values())
        raise InvalidInput(f"The card {name!r} is not in the table ({known}); give its memory with --gpu-gib.")
    return card

"""Starter packs: short lists of well-known public feeds for a new workspace, as OPML files beside this one.

The addresses are those the publishers announce. They were written down without a network at hand, so none of them was
fetched: adding a pack shows which answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from services.errors import NotFound
from services.sources.formats.opml import Outline, read_opml

# File name and title, in the order they are offered.
TITLES = {
    "world": "World news",
    "business": "Business and economy",
    "technology": "Technology",
    "science": "Science and environment",
    "institutions": "Public institutions",
}


@dataclass(frozen=True)
class Pack:
    """A named list of feeds."""

    name: str
    title: str
    outlines: tuple[Outline, ...]


@cache
def packs() -> tuple[Pack, ...]:
    """All starter packs, in the order they are offered."""
    folder = resources.files("services.sources") / "packs"
    return tuple(
        Pack(
            name,
            title,
            tuple(replace(each, folder=title) for each in read_opml((folder / f"{name}.opml").read_bytes())),
        )
        for name, title in TITLES.items()
    )


def find_pack(name: str) -> Pack:
    """One pack by name. Raises: NotFound."""
    for pack in packs():
        if pack.name == name:
            return pack
    raise NotFound(f"There is no starter pack {name!r}. Choose one of: {', '.join(TITLES)}.")

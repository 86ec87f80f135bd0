"""Trafilatura alone, as others use it: what our reading is measured against."""

from __future__ import annotations

import trafilatura

MODES: dict[str, dict[str, bool]] = {
    "trafilatura precision": {"favor_precision": True},
    "trafilatura standard": {},
}


def read_plainly(content: bytes, url: str | None, mode: str) -> str:
    """The text that trafilatura finds on a page in one of its modes, without comments."""
    return trafilatura.extract(content, url=url, include_comments=False, **MODES[mode]) or ""

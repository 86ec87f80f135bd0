"""Hints as JSON: on the document's row, and on their way to the parser's child process."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.ingest.types import Hints


def hints_json(hints: Hints) -> dict[str, Any]:
    """Hints as they are stored; read again with `stored_hints`."""
    fields = {name: value for name, value in asdict(hints).items() if value}
    if hints.published_at:
        fields["published_at"] = hints.published_at.isoformat()
    return fields


def stored_hints(fields: dict[str, Any]) -> Hints | None:
    """The hints of a stored document; None when nobody gave any."""
    if not fields:
        return None
    published = fields.get("published_at")
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    known["published_at"] = datetime.fromisoformat(published) if published else None
    return Hints(**known)

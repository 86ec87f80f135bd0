"""What a command prints: Rich for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.client import Client, open_client
from services.settings import Settings

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Output:
    """The options of this command."""

    settings: Settings
    as_json: bool
    url: str | None
    key: str | None

    @contextmanager
    def client(self, *, new: bool = False) -> Iterator[Client]:
        """A client of the server in question; `new` lets it begin a data folder."""
        with open_client(self.settings, url=self.url, key=self.key, new=new) as client:
            yield client

    def show(self, value: Any, text: str | Table) -> None:
        """Print a value as JSON, or its text."""
        if self.as_json:
            print_json(value)
        else:
            out.print(text)


def print_json(value: Any) -> None:
    """Print one JSON value, unwrapped and uncoloured."""
    out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False, soft_wrap=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A plain table of escaped cells."""
    made = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(escape(str("" if cell is None else cell)) for cell in row))
    return made


def age(moment: str | None) -> str:
    """How long ago, in the largest unit that fits."""
    if not moment:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"

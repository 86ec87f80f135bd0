"""What a person may choose about a table whose rows are to be documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Column = str | int
Delimiter = Literal[",", ";", "\t", "|"]
Encoding = Literal[
    "utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859-15", "mac-roman", "cp437",
    "shift_jis", "euc-jp", "gb18030", "big5", "euc-kr",
]  # fmt: skip


@dataclass(frozen=True)
class RowOptions:
    """None means: as is likely. `columns`: role to column, by its name or its number from 1; text to a list of them."""

    columns: Mapping[str, Column | list[Column] | None] | None = None
    has_header: bool | None = None
    delimiter: Delimiter | None = None
    encoding: Encoding | None = None
    day_first: bool | None = None

    def wanted(self) -> dict[str, Any]:
        """As JSON, for the parser's child."""
        return asdict(self)

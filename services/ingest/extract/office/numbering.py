"""The numbers and bullets of list paragraphs, which a Word document counts and does not store."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PLACEHOLDER = re.compile(r"%([1-9])")
BULLET = "- "
MAX_LEVELS = 9
ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


class Numbering:
    """Counts the lists of one document, in document order."""

    def __init__(self, part: Any | None) -> None:
        """`part`: the root of the numbering part, if there is one."""
        lists = part if part is not None else ()
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._abstract: dict[str, str] = {}
        self._starts: dict[str, dict[int, int]] = {}
        self._counts: dict[str, list[int]] = defaultdict(lambda: [0] * MAX_LEVELS)
        for element in lists:
            if element.tag == f"{W}abstractNum":
                self._levels[element.get(f"{W}abstractNumId", "")] = dict(map(_level, element.iterchildren(f"{W}lvl")))
            elif element.tag == f"{W}num":
                self._read_list(element)

    def mark(self, list_id: str, level: int) -> str:
        """What stands before the next item of a list: a bullet, a number, or nothing."""
        levels = self._levels.get(self._abstract.get(list_id, ""), {})
        if list_id not in self._abstract or not 0 <= level < MAX_LEVELS:
            return BULLET if list_id != "0" else ""
        counts = self._counts[list_id]
        starts = self._starts[list_id]
        start = starts.get(level, levels.get(level, ("", "", 1))[2])
        counts[level] = counts[level] + 1 if counts[level] else start
        counts[level + 1 :] = [0] * (MAX_LEVELS - level - 1)
        kind, pattern, _ = levels.get(level, ("bullet", "", 1))
        if kind == "none":
            return ""
        if kind == "bullet" or "%" not in pattern:
            return BULLET

        def number(match: re.Match[str]) -> str:
            other = int(match[1]) - 1
            return _numeral(max(counts[other], 1), levels.get(other, ("decimal", "", 1))[0])

        return PLACEHOLDER.sub(number, pattern).strip() + " "

    def _read_list(self, element: Any) -> None:
        list_id = element.get(f"{W}numId", "")
        abstract = element.find(f"{W}abstractNumId")
        self._abstract[list_id] = abstract.get(f"{W}val", "") if abstract is not None else ""
        self._starts[list_id] = {
            int_of(override.get(f"{W}ilvl")): int_of(start.get(f"{W}val"), 1)
            for override in element.iterchildren(f"{W}lvlOverride")
            for start in override.iterchildren(f"{W}startOverride")
        }


def int_of(value: str | None, default: int = 0) -> int:
    """A small whole number of an attribute."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 7 else default


def _level(element: Any) -> tuple[int, tuple[str, str, int]]:
    """Level, and its kind, pattern and first number."""

    def value(tag: str, default: str) -> str:
        child = element.find(f"{W}{tag}")
        return default if child is None else str(child.get(f"{W}val", default))

    level = (value("numFmt", "decimal"), value("lvlText", ""), int_of(value("start", "1"), 1))
    return int_of(element.get(f"{W}ilvl")), level


def _numeral(number: int, kind: str) -> str:
    if kind.endswith("Letter"):
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 5)
        return letter.upper() if kind.startswith("upper") else letter
    if kind.endswith("Roman") and number < 4000:
        numeral = _roman(number)
        return numeral.upper() if kind.startswith("upper") else numeral
    return str(number)


def _roman(number: int) -> str:
    numeral = ""
    for value, sign in ROMAN:
        count, number = divmod(number, value)
        numeral += sign * count
    return numeral

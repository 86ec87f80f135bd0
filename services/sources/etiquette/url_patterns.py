"""Path patterns as robots.txt and TDMRep write them (RFC 9309, 2.2.2 and 2.2.3), and the longest that matches a URL.

`*` stands for any characters, a final `$` for the end. Patterns without `*` are looked up, so their number costs
nothing; those with `*` are tried in order of length under a budget, because a hostile file holds tens of thousands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T")

# RFC 3986: what may stand in a path or query without an escape; `*` and `$` are escaped because patterns mean them.
PLAIN = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!&'()+,;=]*")
KEPT = ":/?[]@!&'()+,;=%"
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
ORIGIN = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# Searches for a part of a pattern that one decision may cost; a search through SCAN characters counts as one more. The
# worst file of 512 KiB stays below 10 ms with it (tests/services/sources/test_robots.py); honest ones take below 1,000.
BUDGET = 15_000
SCAN = 500


class TooCostly(Exception):
    """The patterns with wildcards cost more to try than a decision may. The caller takes the cautious side."""


@dataclass(frozen=True)
class _Wild(Generic[T]):
    length: int
    parts: tuple[str, ...]
    anchored: bool
    value: T


@dataclass
class PatternSet(Generic[T]):
    """Patterns with a value each; `longest` gives the values of those that win for a URL."""

    _prefixes: dict[str, list[T]] = field(default_factory=dict)
    _whole: dict[str, list[T]] = field(default_factory=dict)
    _wild: dict[tuple[int, str, bool], list[T]] = field(default_factory=dict)
    _index: tuple[list[int], list[_Wild[list[T]]]] | None = None

    def add(self, pattern: str, value: T) -> None:
        """Add a pattern as it was written. The same pattern may come with several values."""
        anchored = pattern.endswith("$")
        parts = [normalise_path(part) for part in re.split(r"\*+", pattern.removesuffix("$"))]
        if len(parts) == 1:
            (self._whole if anchored else self._prefixes).setdefault(parts[0], []).append(value)
        else:
            joined = "*".join(parts)
            self._wild.setdefault((len(joined) + anchored, joined, anchored), []).append(value)
        self._index = None

    def longest(self, target: str) -> list[T]:
        """The values of the longest pattern that matches a normalised path with query; empty when none does.

        Patterns of one length give their values together. Raises: TooCostly.
        """
        lengths, wild = self._indexed()
        best, values = -1, list[T]()
        for length in lengths:
            if length <= len(target) and (found := self._prefixes.get(target[:length])):
                best, values = length, list(found)
                break
        if found := self._whole.get(target):
            # The `$` counts as a character of the pattern.
            best, values = len(target) + 1, list(found)
        budget = BUDGET
        for pattern in wild:
            if pattern.length < best:
                break
            cost = _cost_of_match(pattern, target)
            budget -= abs(cost)
            if budget < 0:
                raise TooCostly
            if cost > 0:
                values = [*values, *pattern.value] if pattern.length == best else list(pattern.value)
                best = pattern.length
        return values

    def freeze(self) -> None:
        """Sort the patterns now rather than at the first question."""
        self._indexed()

    def _indexed(self) -> tuple[list[int], list[_Wild[list[T]]]]:
        if self._index is None:
            lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)
            wild = [
                _Wild(length, tuple(joined.split("*")), anchored, values)
                for (length, joined, anchored), values in sorted(self._wild.items(), key=lambda item: -item[0][0])
            ]
            self._index = (lengths, wild)
        return self._index


def _cost_of_match(pattern: _Wild[T], target: str) -> int:
    """What trying a pattern cost: positive when it matched, negative when not.

    Every part is looked for once, leftmost: linear, where a regular expression would go back.
    """
    cost = 1
    first, *middle = pattern.parts
    if not target.startswith(first):
        return -cost
    position = len(first)
    last = middle.pop()
    for part in middle:
        found = target.find(part, position)
        cost += 1 + ((found if found >= 0 else len(target)) - position) // SCAN
        if found < 0:
            return -cost
        position = found + len(part)
    if pattern.anchored:
        return cost if len(target) - len(last) >= position and target.endswith(last) else -cost
    cost += 1 + (len(target) - position) // SCAN
    return cost if target.find(last, position) >= 0 else -cost


def normalise_path(path: str) -> str:
    """One spelling of a path, query or literal part of a pattern, so that they compare by characters."""
    if PLAIN.fullmatch(path):
        return path
    unescaped = ESCAPE.sub(_unreserved, path)
    return quote(unescaped.encode("utf-8", "surrogatepass"), safe=KEPT)


def _unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in UNRESERVED else match[0].upper()


def path_of(url: str) -> str:
    """The normalised path and query of a URL or of a path; `/` when it has none. Fragments never count."""
    path = ORIGIN.sub("", url.partition("#")[0])
    return normalise_path(path if path.startswith("/") else f"/{path}")


def lines_of(text: str) -> Iterator[str]:
    """Lines ended by CR, LF or both, and by nothing else: str.splitlines would break at a form feed or U+2028."""
    yield from re.split(r"\r\n|\r|\n", text)

"""Filters that nothing can pass: a source, tag, folder or the like that no document has, and those that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from services.scope import Scope
from services.search import repository
from services.search.query import FACET_NAMES, Filters
from services.search.types import SearchResult

# How the sentence begins, by facet.
NONE = {
    "source": "No source is called “{}”.",
    "category": "No document is of the category “{}”.",
    "lang": "No document is in the language “{}”.",
    "type": "No document is of the type “{}”.",
    "folder": "No folder is called “{}”.",
    "tag": "No tag is called “{}”.",
}
# Values that are looked through, and those that are named.
KNOWN, NAMED = 500, 8


def explained(scope: Scope, filters: Filters, found: SearchResult) -> SearchResult:
    """What a search found; where that is nothing, its notice says which values of its filters do not exist.

    Cost: nothing where something was found; else a count per value, and one look at the values of such a facet.
    """
    if found.total:
        return found
    notice = " ".join(each for each in (found.notice, *unknown(scope, filters)) if each)
    return replace(found, notice=notice or None)


def unknown(scope: Scope, filters: Filters) -> list[str]:
    """Sentences that say which values of filters do not exist, and which there are."""
    return [sentence for name in FACET_NAMES for sentence in absent(scope, name, getattr(filters, name))]


def absent(scope: Scope, name: str, values: Sequence[str]) -> list[str]:
    """A sentence for each value of a facet that no document has, then one that names those that there are."""
    with scope.read() as tx:
        missing = [
            value for value in values if value and not repository.count_roots(tx, only(name, value).for_rows(tx))
        ]
        known = [value for value, _ in repository.facet(tx, name, (), KNOWN)] if missing else []
    if not missing:
        return []
    near = [each for value in missing for each in get_close_matches(value.lower(), known, n=3)]
    listed = list(dict.fromkeys([*near, *known]))
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    there = f"There are: {', '.join(listed[:NAMED])}{more}." if listed else "There are none yet."
    return [*(NONE[name].format(value) for value in missing), there]


def only(name: str, value: str) -> Filters:
    """The filter that asks for one value of one facet."""
    wanted: dict[str, Any] = {name: (value,)}
    return Filters(**wanted)

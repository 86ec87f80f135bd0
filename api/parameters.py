"""Query parameters that an address does not take are refused: one that is ignored finds everything, or the wrong thing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher

from fastapi import BackgroundTasks, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.deps import operator, principal
from api.openapi import dependency_calls
from services.errors import FieldError, InvalidInput

# Probes and scrapers add parameters of their own to what lies elsewhere.
PREFIX = "/v1/"
# Likeness (2 x characters in common / all characters) from which a name was probably meant: `afer` and `after` have
# 0.89, `langs` and `lang` 0.89, `colour` and `cursor` 0.5.
LEAST_LIKENESS = 0.75
MOST_NAMED = 100


async def known_parameters(request: Request, background: BackgroundTasks) -> None:
    """Dependency of the whole application: raises InvalidInput that names unknown parameters, and those that were meant.

    Who has no credential is told so first, as everywhere.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.url.path.startswith(PREFIX):
        return
    known = list(query_parameters(route.dependant))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        calls = set(dependency_calls(route.dependant))
        if principal in calls:
            await principal(request, background)
        elif operator in calls:
            operator(request)
        errors = tuple(FieldError(f"query/{name[:MOST_NAMED]}", reason(name, known)) for name in unknown)
        raise InvalidInput(f"{errors[0].pointer}: {errors[0].reason}", errors=errors)


def query_parameters(dependant: Dependant) -> Iterator[str]:
    """The names of the query parameters that a route and its dependencies declare."""
    yield from (each.alias for each in dependant.query_params)
    for below in dependant.dependencies:
        yield from query_parameters(below)


def reason(name: str, known: Collection[str]) -> str:
    """Why a parameter is refused, and which one to use instead."""
    meant = nearest(name, known)
    if meant is not None:
        return f"unknown parameter; did you mean {meant}?"
    return f"unknown parameter; there are {', '.join(known)}" if known else "unknown parameter; this address takes none"


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like this one, by itself or in one of its words; None when none is."""
    likeness = {each: max(alike(name.lower(), word) for word in words(each)) for each in known}
    best = max(likeness, key=lambda each: likeness[each], default=None)
    return best if best is not None and likeness[best] >= LEAST_LIKENESS else None


def words(name: str) -> Iterator[str]:
    """A name and the words in it."""
    yield name
    yield from name.split("_")


def alike(given: str, word: str) -> float:
    """How alike two words are, 0 to 1; one that begins with the other is short for it."""
    if given.startswith(word) or (len(given) > 1 and word.startswith(given)):
        return max(LEAST_LIKENESS, SequenceMatcher(None, given, word).ratio())
    return SequenceMatcher(None, given, word).ratio()

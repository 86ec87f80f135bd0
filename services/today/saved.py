"""Searches that people keep under a name, each with how much of what it finds is new to them.

A search belongs to the person, or the API key, that saved it; nobody else in the tenant sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.errors import Conflict, NotFound
from services.ids import new_id
from services.models import SavedSearch, utc_now
from services.scope import Scope
from services.search.exact import narrowed
from services.search.grammar import understand
from services.search.query import Filters, Query, clean_text
from services.search.search import listing, query_vectors, read, retrieve
from services.today import repository

NOT_FOUND = "No such saved search; it may have been deleted."
MOST = 50
# A text with all words of a query has this relevance even when its meaning is far. What fits less is no news: searching
# by meaning always finds something.
LEAST_RELEVANCE = 0.39


@dataclass(frozen=True)
class Kept:
    """A saved search. `new`: documents that it finds and that could not be found when it was last looked at."""

    row: SavedSearch
    new: int


@dataclass(frozen=True)
class Change:
    """What to change of a saved search; None leaves it. `seen`: what it finds now is no longer new."""

    name: str | None = None
    query: str | None = None
    filters: Filters | None = None
    seen: bool = False


def save(scope: Scope, name: str, query: str, filters: Filters) -> Kept:
    """Keep a search. Raises InvalidInput for a query that is too long, Conflict when a person keeps too many."""
    row = SavedSearch(
        id=new_id("sav"),
        actor_id=scope.actor_id,
        name=clean_text(name),
        query=clean_text(query),
        filters=filters.to_json(),
        seen_at=utc_now(),
        created_at=utc_now(),
    )
    with scope.write() as tx:
        if repository.count(tx, scope.actor_id) >= MOST:
            raise Conflict(f"You keep {MOST} searches already; delete one first.")
        tx.add(row)
    return Kept(row, 0)


def list_saved(
    scope: Scope, now: datetime, *, before: str | None = None, limit: int = 20
) -> tuple[Sequence[Kept], int]:
    """The actor's searches after the position `before`, the latest first, and how many they keep.

    `now`: with the reader's zone, where dates in words begin. Cost: a search for each, on what came since it was seen.
    """
    with scope.read() as tx:
        rows = repository.page(tx, scope.actor_id, before, limit)
        total = repository.count(tx, scope.actor_id)
    return [Kept(row, count_new(scope, row, now)) for row in rows], total


def get_saved(scope: Scope, saved_id: str, now: datetime) -> Kept:
    """One of the actor's searches; raises NotFound."""
    with scope.read() as tx:
        row = repository.find(tx, scope.actor_id, saved_id)
        if row is None:
            raise NotFound(NOT_FOUND)
    return Kept(row, count_new(scope, row, now))


def change_saved(scope: Scope, saved_id: str, change: Change, now: datetime) -> Kept:
    """Rename a search, search for something else, or note that it was looked at; raises NotFound."""
    with scope.write() as tx:
        row = repository.find(tx, scope.actor_id, saved_id)
        if row is None:
            raise NotFound(NOT_FOUND)
        if change.name is not None:
            row.name = clean_text(change.name)
        if change.query is not None:
            row.query = clean_text(change.query)
        if change.filters is not None:
            row.filters = change.filters.to_json()
        if change.seen:
            row.seen_at = utc_now()
    return get_saved(scope, saved_id, now)


def delete_saved(scope: Scope, saved_id: str) -> None:
    """Forget one of the actor's searches; raises NotFound."""
    with scope.write() as tx:
        row = repository.find(tx, scope.actor_id, saved_id)
        if row is None:
            raise NotFound(NOT_FOUND)
        repository.remove(tx, row)


def count_new(scope: Scope, row: SavedSearch, now: datetime) -> int:
    """How many documents the search finds that became ready since it was looked at; copies of one text count once."""
    understood = understand(row.query, now)
    filters = Filters.from_json(row.filters).and_also(understood.filters)
    filters = replace(filters, ready_after=row.seen_at)
    with scope.runtime.turns.turn(scope.tenant_id):
        if not understood.text:
            return listing(scope, Query(filters=filters, limit=1), 0.0).total
        [vector], _ = query_vectors(scope.runtime, [understood.text])
        exact, _ = narrowed(scope, filters)
        candidates, _ = retrieve(scope, understood.text, vector, exact)
        with scope.read() as tx:
            candidates = read(tx, candidates)
    fitting = [candidate.document for candidate in candidates if candidate.relevance >= LEAST_RELEVANCE]
    return len({document.original_id or document.id for document in fitting})

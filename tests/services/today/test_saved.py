"""Saved searches: whose they are, and what of what they find is new."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.errors import Conflict, NotFound
from services.models import Document, SavedSearch, utc_now
from services.scope import Scope
from services.search.query import Filters
from services.today import saved
from services.today.heartbeat import heartbeat
from services.today.saved import Change, change_saved, delete_saved, get_saved, list_saved, save
from tests.factories import html_document, make_source, store

NOW = datetime.now(UTC)
FERRY = "The ferry to Tarn sails twice a day in winter.|A ticket for the ferry costs eleven crowns on board."
MUSEUM = "The museum of Orlen shows glass and clocks.|A visit costs four crowns at the gate."


def new_in(scope: Scope, kept: saved.Kept) -> int:
    return get_saved(scope, kept.row.id, NOW).new


def test_only_what_came_after_it_was_looked_at_is_new(scope: Scope) -> None:
    store(scope, html_document("Ferry", FERRY, url="https://a.example/1"))
    kept = save(scope, "Ferries", "ferry tickets", Filters())
    assert new_in(scope, kept) == 0
    store(scope, html_document("Museum", MUSEUM, url="https://b.example/1"))
    assert new_in(scope, kept) == 0
    later = FERRY.replace("eleven", "twelve").replace("twice", "once").replace("winter", "summer")
    store(scope, html_document("Ferry tickets dearer", later, url="https://b.example/2", date="2020-01-01"))
    assert new_in(scope, kept) == 1
    assert change_saved(scope, kept.row.id, Change(seen=True), NOW).new == 0


def test_copies_count_once_and_filters_hold_in_the_query_too(scope: Scope) -> None:
    all_of, one, unwanted = (
        save(scope, name, query, filters)
        for name, query, filters in (
            ("all", "", Filters()),
            ("one outlet", "ferry source:a.example", Filters()),
            ("not it", "ferry", Filters(not_source=("a.example", "b.example"))),
        )
    )
    store(scope, html_document("Ferry", FERRY, url="https://a.example/1"))
    store(scope, html_document("Ferry", FERRY, url="https://b.example/1"))
    assert [new_in(scope, each) for each in (all_of, one, unwanted)] == [1, 1, 0]


def test_a_search_belongs_to_who_saved_it(scope: Scope) -> None:
    kept = save(scope, " Ferries ", "ferry", Filters(lang=("en",), published_after=NOW))
    colleague = replace(scope, actor_id="usr_colleague")
    assert list_saved(colleague, NOW) == ([], 0)
    with pytest.raises(NotFound):
        get_saved(colleague, kept.row.id, NOW)
    with pytest.raises(NotFound):
        change_saved(colleague, kept.row.id, Change(name="Mine"), NOW)
    with pytest.raises(NotFound):
        delete_saved(colleague, kept.row.id)
    changed = change_saved(scope, kept.row.id, Change(name="Boats", query="boat"), NOW).row
    assert (changed.name, changed.query) == ("Boats", "boat")
    assert Filters.from_json(changed.filters) == Filters(lang=("en",), published_after=NOW)
    delete_saved(scope, kept.row.id)
    assert list_saved(scope, NOW) == ([], 0)


def test_nobody_keeps_searches_without_end(scope: Scope) -> None:
    with scope.write() as tx:
        for number in range(saved.MOST):
            tx.add(SavedSearch(id=f"sav_{number}", actor_id=scope.actor_id, name="a", query="", filters={}))
    with pytest.raises(Conflict):
        save(scope, "One more", "", Filters())
    save(replace(scope, actor_id="usr_colleague"), "Theirs", "", Filters())


def test_the_heartbeat_counts_a_day_and_knows_the_latest(scope: Scope) -> None:
    assert heartbeat(scope).latest_at is None
    make_source(scope)
    make_source(scope, url="https://paused.example/feed", paused_at=utc_now())
    old = store(scope, html_document("Museum", MUSEUM, url="https://b.example/1"))
    with scope.write() as tx:
        values = {"first_seen_at": utc_now() - timedelta(days=3)}
        tx.session.execute(tx.update(Document).where(Document.id == old.id).values(**values))
    beat = heartbeat(scope)
    assert (beat.documents, beat.outlets, beat.watched) == (0, 0, 1)
    assert beat.latest_at is not None
    store(scope, html_document("Ferry", FERRY, url="https://a.example/1"))
    now = heartbeat(scope)
    assert (now.documents, now.outlets) == (1, 1)
    assert now.latest_at is not None
    assert now.latest_at > beat.latest_at

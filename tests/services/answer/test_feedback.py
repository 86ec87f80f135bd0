"""Opinions on answers: one per person, theirs to change and take back, gone with the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from services.answer.after.feedback import Opinion, exported_feedback, get_tally, give, list_feedback, take_back
from services.answer.answer import answer, delete_answer, delete_thread, get_answer
from services.answer.types import Done, Question
from services.errors import Forbidden, NotFound
from services.ingest.documents import delete_document
from services.models import User, utc_now
from services.scope import Scope
from tests.factories import do_work, html_document, store

BANK = "The central bank raised interest rates by a quarter point on Monday to slow inflation."


@pytest.fixture
def answered(scope: Scope) -> str:
    """An answer with a source."""
    store(scope, html_document("Rates rise", BANK, url="https://a.example/1"))
    return put(scope)


def put(scope: Scope) -> str:
    done = list(answer(scope, Question("Why did the central bank raise interest rates?")))[-1]
    assert isinstance(done, Done)
    return done.answer_id


def rows(scope: Scope) -> int:
    return list_feedback(scope)[1]


def test_each_person_has_one_opinion_and_may_change_it(scope: Scope, answered: str) -> None:
    colleague = replace(scope, actor_id="usr_colleague")
    give(scope, answered, Opinion("down", ("wrong", "old"), "  Last\x00year's. \ud800 "))
    give(colleague, answered, Opinion("down"))
    tally = give(scope, answered, Opinion("up"))
    assert tally.own is not None
    assert (tally.own.rating, tally.own.reasons, tally.own.comment, tally.up, tally.down) == ("up", [], "", 1, 1)
    take_back(scope, answered)
    take_back(scope, answered)
    assert get_tally(scope, answered) == (None, 0, 1)
    with pytest.raises(NotFound):
        give(scope, "ans_nothing", Opinion("up"))


@pytest.mark.parametrize("way", ["answer", "thread", "document"])
def test_opinions_go_with_the_answer(scope: Scope, answered: str, way: str) -> None:
    give(scope, answered, Opinion("up"))
    whole = get_answer(scope, answered)
    if way == "answer":
        delete_answer(scope, answered)
    elif way == "thread":
        delete_thread(scope, whole.row.thread_id)
    else:
        delete_document(scope, whole.sources[0].document.id)
        do_work(scope.runtime)
    assert rows(scope) == 0


def test_good_and_bad_ones_are_listed_apart(scope: Scope, answered: str) -> None:
    give(scope, answered, Opinion("down", ("old",)))
    give(replace(scope, actor_id="usr_colleague"), answered, Opinion("up"))
    give(scope, put(scope), Opinion("up"))
    expected: tuple[tuple[Literal["up", "down"] | None, int], ...] = (("down", 1), ("up", 2), (None, 3))
    for rating, count in expected:
        found, total = list_feedback(scope, rating=rating)
        assert (len(found), total) == (count, count)
        assert {row.rating for row, _ in found} == ({rating} if rating else {"up", "down"})


def test_owners_read_all_of_it_and_nobody_elses_role_does(scope: Scope, answered: str) -> None:
    give(scope, answered, Opinion("down", ("other",), "=HYPERLINK(1)"))
    for role in ("owner", "editor", "reader"):
        with scope.write() as tx:
            made = {"email": f"{role}@a.example", "name": role, "password_hash": "x", "created_at": utc_now()}
            tx.add(User(id=f"usr_{role}", role=role, **made))
    assert rows(replace(scope, actor_id="usr_owner")) == 1
    for role in ("editor", "reader"):
        with pytest.raises(Forbidden):
            exported_feedback(replace(scope, actor_id=f"usr_{role}"))
    lines = list(exported_feedback(scope))
    assert len(lines) == 2
    assert "'=HYPERLINK(1)" in lines[1]
    assert "Why did the central bank" in lines[1]

"""Copies of one text: which document is the original, and what becomes of the others."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from services.engines.vectors.base import Point
from services.ingest.documents import delete_document, get_document
from services.ingest.submit import submit
from services.models import Document, SignatureBand
from services.runtime import Runtime
from services.scope import Scope
from tests.factories import do_work, make_scope, store
from tests.reprints import REPRINTS, SANCTIONS, Article

FLOOD = Article(
    "Valley under water",
    (
        "Heavy rain flooded the valley on Tuesday and hundreds of families had to leave their homes.",
        "Rescue teams worked through the night with boats and brought the old and the sick to a school.",
        "The river stood higher than in any year since the measuring began, the office for waters said.",
        "The road to the south stays closed until engineers have looked at the bridge near the mill.",
    ),
)


def copies(scope: Scope, count: int, article: Article = SANCTIONS) -> list[Document]:
    """An article and its reprints by other outlets, one after the other."""
    chance = random.Random(1)
    made = [article, *(REPRINTS[kind](chance, article) for kind in ("edit", "wrap", "headline", "cut_tail"))]
    return [store(scope, each.page(f"https://outlet{n}.example/story")) for n, each in enumerate(made[:count])]


def originals(scope: Scope, documents: Sequence[Document]) -> list[str | None]:
    return [get_document(scope, document.id).original_id for document in documents]


def looked_for(scope: Scope) -> set[str]:
    """The documents that are in the bands."""
    with scope.read() as tx:
        return set(tx.session.scalars(tx.select_columns(SignatureBand, SignatureBand.document_id)))


def test_reprints_point_at_the_document_first_seen_and_stay(scope: Scope) -> None:
    first, *others = copies(scope, 5)
    flood = store(scope, FLOOD.page("https://outlet9.example/flood"))
    assert originals(scope, [first, flood]) == [None, None]
    assert originals(scope, others) == [first.id] * 4
    assert {get_document(scope, each.id).status for each in others} == {"ready"}
    assert looked_for(scope) == {first.id, flood.id}


def test_the_same_text_weeks_later_is_a_story_of_its_own(scope: Scope) -> None:
    store(scope, SANCTIONS.page("https://one.example/a", "2026-11-01"))
    within = store(scope, SANCTIONS.page("https://two.example/a", "2026-11-10"))
    later = store(scope, SANCTIONS.page("https://three.example/a", "2026-11-20"))
    assert within.original_id is not None
    assert later.original_id is None


def test_another_number_is_another_story(scope: Scope) -> None:
    store(scope, SANCTIONS.page("https://one.example/a"))
    thirteenth = Article(
        SANCTIONS.title.replace("12th", "13th"), tuple(s.replace("12th", "13th") for s in SANCTIONS.sentences)
    )
    assert store(scope, thirteenth.page("https://two.example/a")).original_id is None


def test_tenants_do_not_share_originals(runtime: Runtime, scope: Scope) -> None:
    copies(scope, 2)
    [theirs] = copies(make_scope(runtime, "Others"), 1)
    assert theirs.original_id is None


def test_deleting_the_original_makes_its_earliest_copy_the_original(scope: Scope) -> None:
    first, second, third, fourth = copies(scope, 4)
    delete_document(scope, first.id)
    assert originals(scope, [second, third, fourth]) == [None, second.id, second.id]
    do_work(scope.runtime)
    assert looked_for(scope) == {second.id}
    again = store(scope, REPRINTS["reorder"](random.Random(2), SANCTIONS).page("https://late.example/story"))
    assert again.original_id == second.id


def test_deleting_copies_and_all_leaves_nothing(scope: Scope) -> None:
    for document in copies(scope, 3):
        delete_document(scope, document.id)
    do_work(scope.runtime)
    assert looked_for(scope) == set()


def test_an_original_that_tells_another_story_now_hands_its_copies_over(scope: Scope) -> None:
    first, second, third = copies(scope, 3)
    store(scope, FLOOD.page("https://outlet0.example/story"))
    assert originals(scope, [first, second, third]) == [None, None, second.id]
    assert looked_for(scope) == {first.id, second.id}


def test_an_original_that_is_only_corrected_stays_the_original(scope: Scope) -> None:
    first, second, third = copies(scope, 3)
    corrected = Article(SANCTIONS.title, (*SANCTIONS.sentences, "This story was corrected on Thursday."))
    store(scope, corrected.page("https://outlet0.example/story"))
    assert originals(scope, [first, second, third]) == [None, first.id, first.id]
    assert looked_for(scope) == {first.id}


def test_a_copy_that_is_read_before_its_original_is_its_copy_in_the_end(scope: Scope) -> None:
    first = submit(scope, SANCTIONS.page("https://one.example/a"), queue="ingest").document
    second = store(scope, REPRINTS["wrap"](random.Random(3), SANCTIONS).page("https://two.example/a"))
    third = store(scope, REPRINTS["edit"](random.Random(3), SANCTIONS).page("https://three.example/a"))
    assert originals(scope, [second, third]) in ([first.id, first.id], [None, second.id])
    do_work(scope.runtime, "ingest")
    assert originals(scope, [first, second, third]) == [None, first.id, first.id]


def test_two_copies_read_at_the_same_moment_make_one_fold(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    first = submit(scope, SANCTIONS.page("https://one.example/a"), queue="ingest").document
    upsert = scope.runtime.vectors.upsert

    def overtake(collection: str, made: Sequence[Point]) -> None:
        monkeypatch.undo()
        store(scope, REPRINTS["wrap"](random.Random(4), SANCTIONS).page("https://two.example/a"))
        upsert(collection, made)

    monkeypatch.setattr(scope.runtime.vectors, "upsert", overtake)
    do_work(scope.runtime, "ingest")
    with scope.read() as tx:
        second = tx.session.scalars(tx.select(Document).where(Document.id != first.id)).one()
    assert originals(scope, [first, second]) == [None, first.id]
    assert looked_for(scope) == {first.id}


def test_a_flood_of_copies_is_looked_for_as_one(scope: Scope) -> None:
    chance = random.Random(5)
    for n in range(60):
        submit(scope, REPRINTS["noise"](chance, FLOOD).page(f"https://copy{n}.example/flood"), queue="ingest")
    while do_work(scope.runtime, "ingest"):
        pass
    with scope.read() as tx:
        roots = tx.session.scalars(tx.select(Document).where(Document.original_id.is_(None))).all()
    assert len(roots) <= 6
    assert looked_for(scope) == {root.id for root in roots}

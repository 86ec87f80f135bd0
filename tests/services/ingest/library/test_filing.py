"""Folders and tags: their one form, where they show, and what is counted."""

from __future__ import annotations

import pytest

from services.errors import InvalidInput, NotFound
from services.ingest.documents import DocumentFilter, delete_document, get_document, list_documents
from services.ingest.library.filing import FolderCount, file_document, list_folders, list_tags
from services.ingest.library.names import MAX_TAGS, clean_folder, clean_tags
from services.ingest.submit import submit
from services.ingest.types import RawDocument
from services.models import DocumentTag
from services.scope import Scope
from tests.factories import do_work, make_scope


def put(scope: Scope, text: str, folder: str = "", *tags: str) -> str:
    return submit(scope, RawDocument(text.encode(), "text/plain", folder=folder, tags=tags)).document.id


def found(scope: Scope, **wanted: tuple[str, ...]) -> set[str]:
    return {row.id for row in list_documents(scope, DocumentFilter(**wanted), limit=100)[0]}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Reports/2026", "Reports/2026"),
        ("/Reports//2026/", "Reports/2026"),
        ("..\\Reports\\.\\2026", "Reports/2026"),
        (" Annual \t reports / 20\u202e26\x00 ", "Annual reports/2026"),
        ("", ""),
        ("/", ""),
    ],
)
def test_a_folder_has_one_form(given: str, kept: str) -> None:
    assert clean_folder(given) == kept


@pytest.mark.parametrize("given", ["x" * 150 + "/" + "y" * 60, "/".join("a" * 11), "/".join(["part"] * 2000)])
def test_a_folder_that_is_too_long_or_too_deep_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        clean_folder(given)


def test_tags_have_one_form_and_one_order() -> None:
    assert clean_tags(["Budget", " two  words ", "budget", "Ärger"]) == ["budget", "two words", "ärger"]
    for wrong in (["a,b"], [" "], ["x" * 61], [str(number) for number in range(MAX_TAGS + 1)]):
        with pytest.raises(InvalidInput):
            clean_tags(wrong)


def test_documents_come_into_a_folder_and_are_found_there_and_above(scope: Scope) -> None:
    deep, above = put(scope, "a", "Reports/2026"), put(scope, "b", "Reports")
    other, none = put(scope, "c", "reports/2026"), put(scope, "d")
    wild = put(scope, "e", "Reports_/2026")
    assert found(scope, folder=("Reports",)) == {deep, above}
    assert found(scope, folder=("Reports/2026",)) == {deep}
    assert found(scope, folder=("reports",)) == {other}
    assert found(scope, folder=("",)) == {none}
    assert found(scope, folder=("Reports_", "")) == {wild, none}
    assert found(scope, folder=("Report",)) == set()


def test_tags_are_alternatives_and_change(scope: Scope) -> None:
    first, second = put(scope, "a", "", "budget", "city"), put(scope, "b", "", "city")
    assert found(scope, tag=("budget",)) == {first}
    assert found(scope, tag=("budget", "city")) == {first, second}
    assert get_document(scope, first).tags == ["budget", "city"]
    changed = file_document(scope, first, tags=["Harbour"], folder="Ports")
    assert (changed.tags, changed.folder) == (["harbour"], "Ports")
    assert found(scope, tag=("budget",)) == set()
    assert found(scope, tag=("harbour",), folder=("Ports",)) == {first}
    assert file_document(scope, first, folder="").tags == ["harbour"]


def test_folders_and_tags_are_counted_until_the_last_document_is_gone(scope: Scope) -> None:
    put(scope, "a", "Reports/2026/May", "budget")
    gone = put(scope, "b", "Reports", "budget", "city")
    put(scope, "c")
    assert list_folders(scope) == [
        FolderCount("", 1, 1),
        FolderCount("Reports", 1, 2),
        FolderCount("Reports/2026", 0, 1),
        FolderCount("Reports/2026/May", 1, 1),
    ]
    assert list_tags(scope) == [("budget", 2), ("city", 1)]
    delete_document(scope, gone)
    assert list_tags(scope) == [("budget", 1)]
    assert FolderCount("Reports", 0, 1) in list_folders(scope)
    do_work(scope.runtime)
    with scope.read() as tx:
        assert [row.tag for row in tx.session.scalars(tx.select(DocumentTag))] == ["budget"]


def test_the_same_bytes_again_stay_where_they_are(scope: Scope) -> None:
    first = put(scope, "a", "Reports", "budget")
    again = submit(scope, RawDocument(b"a", "text/plain", folder="Elsewhere", tags=("city",)))
    assert (again.duplicate, again.document.id, again.document.folder) == (True, first, "Reports")
    assert get_document(scope, first).tags == ["budget"]


def test_nobody_sees_or_changes_anothers_folders_and_tags(scope: Scope) -> None:
    ours = put(scope, "a", "Reports", "budget")
    stranger = make_scope(scope.runtime, "Elsewhere")
    theirs = put(stranger, "a", "Reports/Secret", "budget", "secret")
    assert (found(scope, tag=("budget",)), found(stranger, folder=("Reports",))) == ({ours}, {theirs})
    assert list_tags(scope) == [("budget", 1)]
    assert [each.folder for each in list_folders(scope)] == ["Reports"]
    with pytest.raises(NotFound):
        file_document(scope, theirs, folder="Taken", tags=[])
    assert get_document(stranger, theirs).folder == "Reports/Secret"

"""Deleting a document of any kind: nothing of it is left in rows, files, vectors, caches or answers, looked at or not."""

from __future__ import annotations

import pytest
from sqlalchemy import Row, select

from services.answer.answer import answer, list_answers
from services.answer.types import Cited, Question
from services.errors import NotFound
from services.ingest.documents import delete_document, get_document
from services.ingest.pages.pages import draw_page, find_boxes, list_pages
from services.ingest.types import RawDocument
from services.models import Base
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from tests.every_kind import PHRASE, files
from tests.factories import do_work, store

FILES = files()
WORD = "Varnholm"
# What is left says that something was there and when: ids and stages of jobs.
MARKS = {"jobs", "job_events"}


def rows(scope: Scope) -> dict[str, list[Row[tuple[object, ...]]]]:
    """All that stands in the database, by table."""
    with scope.runtime.session(write=False) as (session, _):
        return {table.name: list(session.execute(select(*table.c)).all()) for table in Base.metadata.sorted_tables}


def telling(scope: Scope, document_id: str) -> set[str]:
    """Tables with a row that holds the document's words, or its id."""
    return {
        name
        for name, found in rows(scope).items()
        for row in found
        if WORD in repr(row) or (document_id in repr(row) and name not in MARKS)
    }


@pytest.mark.parametrize("kind", FILES)
def test_nothing_is_left_of_a_document(scope: Scope, kind: str) -> None:
    runtime, file = scope.runtime, FILES[kind]
    document = store(scope, RawDocument(file.content, filename=file.name))
    assert (document.status, document.type) == ("ready", file.type)
    blob = runtime.blobs.get(document.blob_key)
    events = list(answer(scope, Question("Who sold seven copper lanterns?")))
    assert any(isinstance(event, Cited) for event in events)
    if file.type == "pdf":
        assert list_pages(scope, document.id).pages
        picture = draw_page(scope, document.id, 1, 400).content
        assert find_boxes(scope, document.id, 1, 0, 1000)[1]
    assert {"documents", "answers"} <= telling(scope, document.id)

    delete_document(scope, document.id)
    do_work(runtime)

    for gone in (get_document, list_pages):
        with pytest.raises(NotFound):
            gone(scope, document.id)
    with pytest.raises(NotFound):
        draw_page(scope, document.id, 1, 400)
    assert telling(scope, document.id) == set()
    assert list_answers(scope)[0] == []
    assert search(scope, Query(PHRASE)).hits == []
    assert runtime.vectors.count(f"{scope.tenant_id}-g1", document_id=document.id) == 0
    assert runtime.vector_cache._connect().execute("SELECT count(*) FROM vectors").fetchone() == (0,)
    files_left = [path for path in runtime.settings.data_dir.rglob("*") if path.is_file()]
    assert files_left
    secrets = [PHRASE.encode(), blob] + ([picture] if file.type == "pdf" else [])
    for path in files_left:
        # The log of SQLite is overwritten at its own pace; it lies in the same folder, readable by nobody else.
        if "sqlite-wal" not in path.name:
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret in content], path

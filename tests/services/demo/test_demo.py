"""The demo pack: what it holds, how it comes in, and that it goes out again without a trace."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from services.demo import demo, pack, repository
from services.engines.embedder import EmbedderState
from services.engines.fakes import HASH_MODEL, HashEmbedder
from services.errors import UnsupportedType
from services.ingest.documents import read_text
from services.ingest.extract import detect
from services.ingest.submit import submit
from services.models import Base, Chunk, Document, SignatureBand
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from services.settings import Settings
from tests.factories import do_work, make_scope, store, text_document

NAMED_DAYS = re.compile(
    r"\b((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|January|February|August|September|October|November|December"
    r"|(?:Mon|Diens|Donners|Frei|Sams|Sonn)tags?|Mittwochs?|(?:19|20)\d\d)\b"
)
# What text recognition makes of a scan may differ by a letter from processor to processor.
SCAN = "Letter of dyke warden Ole Tarrant to the Tolme Water Board (scan)"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scope]:
    """A tenant with the demo, read to the end; not to be changed."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("loaded"), embedder_model=HASH_MODEL)
    runtime = open_runtime(settings, with_bell=False)
    Base.metadata.create_all(runtime.database)
    scope = make_scope(runtime)
    demo.load(scope)
    do_work(runtime)
    yield scope
    runtime.close()


def rows(scope: Scope) -> list[Document]:
    with scope.read() as tx:
        return list(tx.session.scalars(tx.select(Document).order_by(Document.first_seen_at, Document.id)))


def by_name(scope: Scope) -> dict[str, Document]:
    return {row.url or row.title: row for row in rows(scope)}


def is_readable(item: pack.Item) -> bool:
    """Whether this version has a reader for a document; a scan shows that only in reading."""
    try:
        detect(item.raw)
    except UnsupportedType:
        return False
    return item.raw.title != SCAN


def test_everything_with_a_reader_becomes_ready(loaded: Scope) -> None:
    names = {item.raw.url or item.raw.title for item in pack.items() if is_readable(item)}
    ready = {row.url or row.title for row in rows(loaded) if row.status == "ready"}
    assert names <= ready
    standing = demo.standing(loaded)
    assert (standing.loaded, standing.working, standing.pack_size) == (True, 0, len(pack.items()))
    assert standing.ready >= 76


def test_articles_are_read_whole(loaded: Scope) -> None:
    found = by_name(loaded)
    for item in pack.items():
        if item.raw.url and item.raw.content_type == "text/html":
            paragraphs = re.findall("<p>(.*)</p>", item.raw.content.decode())
            row = found[item.raw.url]
            plain = read_text(loaded, row.id).text
            assert plain == "\n\n".join(text.replace("&amp;", "&") for text in paragraphs), item.raw.url
            assert row.quality == 1.0


def test_dates_count_back_from_loading(loaded: Scope) -> None:
    dated = [row.published_at for row in rows(loaded) if row.published_at and row.type == "html"]
    today = datetime.now(UTC).date()
    assert max(dated).date() in (today - timedelta(days=1), today - timedelta(days=2))
    assert (max(dated) - min(dated)).days in (12, 13)
    assert {row.published_from for row in rows(loaded) if row.status == "ready"} == {"feed"}


def test_files_take_date_and_category_from_their_hints(loaded: Scope) -> None:
    report = by_name(loaded)["https://region.halvern.example/reports/skarrow-inquiry.pdf"]
    assert (report.category, report.category_from) == ("politics", "source")
    assert report.published_at is not None
    assert (datetime.now(UTC).date() - report.published_at.date()).days in (4, 5)


def test_no_text_names_a_day_that_loading_would_belie() -> None:
    for item in pack.items():
        if item.raw.content_type in ("text/html", "text/csv"):
            named = NAMED_DAYS.findall(item.raw.content.decode())
            assert named == [], item.raw.url


def test_the_word_document_is_whole_and_undated() -> None:
    content = next(item.raw.content for item in pack.items() if (item.raw.filename or "").endswith(".docx"))
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist() if name.endswith((".xml", ".rels"))}
    for part in parts.values():
        ElementTree.fromstring(part)
    assert b"dcterms" not in re.sub(rb'xmlns:\w+="[^"]*"', b"", parts["docProps/core.xml"])


def test_reprints_fold_under_the_agency(loaded: Scope) -> None:
    found = rows(loaded)
    originals = {row.id: row for row in found}
    copies = [(row, originals[row.original_id]) for row in found if row.original_id]
    assert len(copies) == 10
    assert {original.source for _, original in copies} == {"northgatewire.example"}
    assert all(row.title != original.title for row, original in copies)


def test_the_expected_documents_say_what_answers(loaded: Scope) -> None:
    found = by_name(loaded)
    known = {item.raw.url or item.raw.title for item in pack.items()}
    assert len(pack.questions()) == 20
    for question in pack.questions():
        assert set(question.expected) <= known
        ready = [found[name] for name in question.expected if name in found and found[name].status == "ready"]
        if len(ready) == len(question.expected):
            text = " ".join(read_text(loaded, row.id).text for row in ready)
            assert all(words in text for words in question.says), question.text
    assert len(pack.offered()) == 3


def test_loading_twice_brings_nothing_twice(runtime: Runtime) -> None:
    scope = make_scope(runtime)
    demo.load(scope)
    do_work(runtime)
    before = [(row.id, row.version) for row in rows(scope) if row.status == "ready"]
    demo.load(scope)
    do_work(runtime)
    assert [(row.id, row.version) for row in rows(scope) if row.status == "ready"] == before


def test_removing_takes_all_that_came_with_it_and_nothing_else(runtime: Runtime) -> None:
    scope, neighbour = make_scope(runtime), make_scope(runtime)
    own = store(scope, text_document("The harbour of Wexmouth reopens after nine days of strike.", title="Harbour"))
    # What somebody brought before the demo did stays theirs.
    regatta = next(item for item in pack.items() if "regatta" in (item.raw.url or ""))
    brought = submit(scope, regatta.raw).document
    for each in (scope, neighbour):
        demo.load(each)
    do_work(runtime)
    there = demo.standing(neighbour)
    blobs = {row.blob_key for row in rows(scope) if row.source_id == repository.SOURCE_ID}

    assert not demo.remove(scope).loaded
    assert {hit.document.id for hit in search(scope, Query("Kettle Bridge")).hits} <= {own.id, brought.id}
    do_work(runtime)
    assert {row.id for row in rows(scope)} == {own.id, brought.id}
    with scope.read() as tx:
        for table in (Chunk, SignatureBand):
            kept = tx.session.scalars(tx.select_columns(table, table.document_id)).all()
            assert set(kept) <= {own.id, brought.id}
    assert not any((runtime.settings.data_dir / "blobs" / key).exists() for key in blobs)
    assert demo.standing(neighbour) == there
    # And in again: nothing of the deletion stands in the way.
    assert demo.load(scope).working >= 75


def test_it_is_found_by_keyword_while_the_model_is_prepared(runtime: Runtime) -> None:
    embedder = HashEmbedder(ready=False)
    cast("Any", runtime).embedder = embedder
    scope = make_scope(runtime)
    demo.load(scope)
    do_work(runtime, "interactive", "ingest")
    assert demo.standing(scope).ready >= 76
    assert search(scope, Query("women's eight regatta")).mode == "keyword"
    assert "regatta" in search(scope, Query("women's eight regatta")).hits[0].document.title
    embedder.become(EmbedderState.READY)
    do_work(runtime, "maintenance")
    assert all(row.embedded for row in rows(scope) if row.status == "ready")

"""A tenant leaves one installation and comes into another: the same is found, in the same order, with the same scores."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.answer.answer import answer, get_answer, list_answers
from services.answer.types import Question
from services.errors import ArchiveInvalid, QuotaReached
from services.ingest.documents import delete_document, get_document, read_content, read_text
from services.ingest.retention.rules import list_rules
from services.ingest.submit import submit
from services.models import Base, Document, Tenant
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.search.query import Filters, Query
from services.search.search import search
from services.settings import Settings
from services.system.keep.tenant.inward import Imported, import_tenant, open_tenant_archive
from services.system.keep.tenant.outward import export_tenant
from services.tenants.tenants import get_tenant
from tests.factories import do_work, html_document, make_item, make_rule, make_scope, make_source, store, text_document

QUERIES = ("harbour", "ferry late containers", "strike ends", "report 3", "zebra")
Rewrite = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Another installation, always in a folder of its own."""
    values = {
        "data_dir": tmp_path_factory.mktemp("elsewhere"),
        "embedder_model": "fake:hash",
        "database_url": "",
        "database_admin_url": "",
    }
    runtime = open_runtime(Settings(**values), with_bell=False)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def full(elsewhere: Runtime) -> Scope:
    """A tenant there, with documents of several kinds, copies, one deleted, a source and an answer."""
    scope = make_scope(elsewhere, "Port watch")
    for number in range(8):
        words = f"The harbour handled {number * 7} containers in week {number}. The ferry ran late. " * 6
        store(scope, replace(text_document(words, title=f"Report {number}"), folder="Harbour/2026", tags=("port",)))
    story = "The strike at the port ended on Friday after nine days.|Dockers go back to work, the union said. " * 3
    source = make_source(scope)
    for number in (1, 2):
        store(
            scope,
            html_document(
                "Strike ends", story, url=f"https://paper{number}.example.org/strike", date=f"2026-11-2{number}"
            ),
        )
    make_item(scope, source, url="https://news.example.org/one", state="stored")
    delete_document(scope, store(scope, text_document("Nobody may see this again.")).id)
    make_rule(scope, older_than_days=90)
    do_work(elsewhere)
    # What was deleted still counts in the weights of words until the index is rewritten, as it is at an orderly stop.
    elsewhere.vectors.close()
    del elsewhere.vectors
    for _ in answer(scope, Question("When did the strike at the port end?")):
        pass
    return scope


def found(scope: Scope) -> dict[str, list[tuple[float, str, str]]]:
    """Hits by query, best first; those of one score, which go by their ids, by title."""
    pages = {query: search(scope, Query(query, Filters(), limit=20)) for query in QUERIES}
    return {
        query: sorted((-hit.score, hit.document.title, hit.passage.text) for hit in page.hits)
        for query, page in pages.items()
    }


def carry(full: Scope, runtime: Runtime, tenant: Tenant, file: Path) -> Imported:
    if not file.exists():
        export_tenant(full.runtime, get_tenant(full.runtime, full.tenant_id), file, lambda *_: None)
    with open_tenant_archive(file) as archive:
        imported = import_tenant(runtime, tenant, archive, lambda *_: None)
    do_work(runtime)
    return imported


def tenant_of(scope: Scope) -> Tenant:
    return get_tenant(scope.runtime, scope.tenant_id)


def test_elsewhere_the_same_is_found_and_answers_still_open(full: Scope, runtime: Runtime, tmp_path: Path) -> None:
    target = make_scope(runtime, "Port watch")
    imported = carry(full, runtime, tenant_of(target), tmp_path / "file.zip")
    assert imported.documents == 10
    assert imported.vectors
    assert found(target) == found(full)
    assert any(len(hits) > 1 for hits in found(target).values())
    [one], _ = list_answers(target)
    whole = get_answer(target, one.id)
    citations = [citation for sentence in whole.sentences for citation in sentence.citations]
    assert citations
    for citation in citations:
        text = read_text(target, citation.document_id).text
        assert text[citation.start : citation.end] == citation.quote
    document = get_document(target, citations[0].document_id)
    assert read_content(target, document.id)[1] == read_content(full, document.id)[1]
    [rule] = list_rules(target)
    assert (rule.conditions["older_than_days"], rule.is_enabled) == (90, False)
    copies = search(target, Query("strike ends", Filters(), limit=20)).hits[0].copies
    assert copies.count == 1


def test_a_copy_beside_it_has_ids_of_its_own_and_twice_is_once(full: Scope, tmp_path: Path) -> None:
    target = make_scope(full.runtime, "A copy")
    first = carry(full, full.runtime, tenant_of(target), tmp_path / "file.zip")
    assert found(target) == found(full)
    assert len(list_answers(target)[0]) == len(list_answers(full)[0]) == 1
    with target.read() as tx:
        ours = set(tx.session.scalars(tx.select_columns(Document, Document.id)))
    with full.read() as tx:
        theirs = set(tx.session.scalars(tx.select_columns(Document, Document.id)))
    assert len(ours) == first.documents
    assert not ours & theirs
    again = carry(full, full.runtime, tenant_of(target), tmp_path / "file.zip")
    assert (again.documents, again.answers, again.sources) == (0, 0, 0)
    assert again.there_already == first.documents
    assert found(target) == found(full)
    delete_document(target, next(iter(ours)))
    do_work(full.runtime)
    assert found(full) == found(full)


def found_texts(scope: Scope, query: str) -> str:
    return " ".join(hit.passage.text for hit in search(scope, Query(query, Filters(), limit=20)).hits)


def test_a_quota_is_asked_before_anything_is_stored(full: Scope, tmp_path: Path) -> None:
    small = open_runtime(
        Settings(
            data_dir=tmp_path / "small",
            embedder_model="fake:hash",
            max_documents=5,
            database_url="",
            database_admin_url="",
        ),
        with_bell=False,
    )
    Base.metadata.create_all(small.database)
    small.embedder.wait(10)
    target = make_scope(small)
    with pytest.raises(QuotaReached, match="10 documents would come in"):
        carry(full, small, tenant_of(target), tmp_path / "file.zip")
    with target.read() as tx:
        assert tx.session.scalars(tx.select(Document)).all() == []
    assert not list((tmp_path / "small" / "blobs").rglob("doc_*"))
    small.close()


def lines(members: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in members[name].splitlines()]


def put(members: dict[str, bytes], name: str, rows: list[dict[str, Any]]) -> None:
    members[name] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def with_document(**values: Any) -> Rewrite:
    def rewrite(members: dict[str, bytes]) -> None:
        rows = lines(members, "documents.jsonl")
        rows[0].update(values)
        put(members, "documents.jsonl", rows)

    return rewrite


def with_other_bytes(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("files/"))
    members[name] = b"something else"


def with_sourceless_answer(members: dict[str, bytes]) -> None:
    rows = lines(members, "answers.jsonl")
    rows[0]["sentences"] = ["no sentence"]
    put(members, "answers.jsonl", rows)


def with_rule(**values: Any) -> Rewrite:
    def rewrite(members: dict[str, bytes]) -> None:
        rows = lines(members, "retention_rules.jsonl")
        rows[0].update(values)
        put(members, "retention_rules.jsonl", rows)

    return rewrite


HOSTILE = {
    "a script for an address": with_document(url="javascript:alert(1)"),
    "an id that is a path": with_document(id="../../up"),
    "chunks past the text": with_document(chunks=[[0, 10**6, 3]]),
    "chunks that run backwards": with_document(chunks=[[5, 2, 3]]),
    "a page without a number": with_document(pages=[{"start": "x"}]),
    "a time without a zone": with_document(first_seen_at="2026-11-27T09:00:00"),
    "a title that is none": with_document(title={"a": 1}),
    "a type too long": with_document(type="x" * 300),
    "a rule that takes everything": with_rule(conditions={}),
    "a rule of unknown conditions": with_rule(conditions={"anything": 1}),
    "a rule that does something else": with_rule(action="publish"),
    "other bytes": with_other_bytes,
    "an answer of nothing": with_sourceless_answer,
    "a stranger": lambda members: members.update({"evil.sh": b"rm"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_stranger_changed_is_refused_before_anything_is_stored(
    full: Scope, runtime: Runtime, tmp_path: Path, name: str
) -> None:
    export_tenant(full.runtime, tenant_of(full), tmp_path / "file.zip", lambda *_: None)
    with zipfile.ZipFile(tmp_path / "file.zip") as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    manifest = members.pop("manifest.json")
    del members["SHA256SUMS"]
    HOSTILE[name](members)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {each}\n" for each, content in members.items())
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for each, content in {**members, "SHA256SUMS": sums.encode(), "manifest.json": manifest}.items():
            archive.writestr(each, content)
    target = make_scope(runtime)
    with pytest.raises(ArchiveInvalid):
        carry(full, runtime, tenant_of(target), tmp_path / "evil.zip")
    with target.read() as tx:
        assert tx.session.scalars(tx.select(Document)).all() == []


def test_what_waited_is_read_where_it_comes_in(full: Scope, runtime: Runtime, tmp_path: Path) -> None:
    submit(full, text_document("This one still waits to be read."))
    target = make_scope(runtime, "Port watch")
    carry(full, runtime, tenant_of(target), tmp_path / "file.zip")
    assert "This one still waits" in found_texts(target, "still waits to be read")

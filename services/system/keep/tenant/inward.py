"""A tenant out of a file: checked as a whole, then taken in some documents at a time, each slice in one transaction.

Ids stay where they are free, and are made from the tenant and the old id where another tenant has them, so that taking the
same file in twice, or again after a kill, finds what is there. A document whose bytes the tenant has already stays as it
is. Vectors go to the embedding cache and from there to the index, by the job that embeds any document.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from services.engines.vector_cache import STORED, Remembered
from services.errors import ArchiveInvalid, QuotaReached, TakenDown
from services.ids import ALPHABET
from services.ingest.hints import without_password
from services.ingest.library.repository import set_tags
from services.ingest.pipeline import EMBED_JOB, indexed_text
from services.ingest.repository import add_bands, by_hash, find_many, room
from services.ingest.sameness import bands_of
from services.ingest.submit import BULK, blob_key, job_of, quota_words, restart
from services.ingest.tombstones import refuse_taken_down
from services.ingest.types import ROWS
from services.jobs.jobs import enqueue
from services.models import (
    Answer,
    AnswerSource,
    Chunk,
    CrawlItem,
    Document,
    RetentionRule,
    SiteRule,
    Source,
    Tenant,
    Tombstone,
    utc_now,
)
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.system import repository
from services.system.keep.archive import ArchiveReader, Tell
from services.system.keep.tenant.form import (
    DOCUMENTS,
    KIND,
    LAYOUT,
    MEMBERS,
    TABLES,
    VECTORS,
    check_rule,
    chunk_rows,
    cited,
    document_values,
    file_member,
    renamed,
    row_values,
    text_member,
)

IMPORT = "import"
Line = TypeVar("Line")
SOURCES = "sources.jsonl"
SLICE = 50
# Of a vector of 16-bit floats, whose length was 1.
NORM_TOLERANCE = 0.01
# Read to their end, with all that is known of them; others are read anew from their bytes.
WHOLE = ("ready", "archived")
ENDED = ("failed", "cancelled")


@dataclass
class Imported:
    """What came in, and what did not: there already, in a domain that was taken down, or without bytes or text."""

    documents: int = 0
    there_already: int = 0
    taken_down: int = 0
    unreadable: int = 0
    answers: int = 0
    sources: int = 0
    vectors: int = 0
    # What everything is called here, by its name in the archive; and the documents that did not come in.
    names: dict[str, str] = field(default_factory=dict, repr=False)
    left_out: set[str] = field(default_factory=set, repr=False)

    def counts(self) -> dict[str, int]:
        """For people."""
        return {name: value for name, value in self.__dict__.items() if isinstance(value, int)}


def open_tenant_archive(file: Path) -> ArchiveReader:
    """A tenant's archive that was looked at; raises ArchiveInvalid. Without a seal, since other programs may write one."""
    return ArchiveReader(file, kind=KIND, layout=LAYOUT, allowed=MEMBERS)


def import_tenant(runtime: Runtime, tenant: Tenant, archive: ArchiveReader, tell: Tell) -> Imported:
    """Take everything in that the tenant has not yet. Idempotent. Nothing is stored before all of the archive was checked.

    Raises: ArchiveInvalid; QuotaReached when there are more documents than the tenant may have; EngineUnavailable.
    """
    archive.verify(tell, sealed=False)
    check_lines(archive)
    scope, imported = Scope(runtime, tenant.id, IMPORT), Imported()
    runtime.blobs.demand_room(archive.total_bytes)
    known = plan(scope, archive, imported)
    done, total = 0, len(imported.names)
    take_table(scope, archive, SOURCES, imported)
    for some in sliced(with_vectors(runtime, archive)):
        take_documents(scope, tenant, archive, [each for each in some if each[0]["id"] not in known], imported)
        done += len(some)
        tell("Importing", done, total)
    for name in TABLES.keys() - {SOURCES}:
        take_table(scope, archive, name, imported)
    return imported


def check_lines(archive: ArchiveReader) -> None:
    """Raises ArchiveInvalid when any line is not what it should be."""
    if DOCUMENTS not in archive.sums:
        raise ArchiveInvalid(f"{archive.file.name} lacks {DOCUMENTS}.")
    for line in archive.rows(DOCUMENTS):
        values = document_values(line)
        if (file := file_member(values["id"])) in archive.sums:
            # A table's hash is of its bytes and of how it is read.
            if values["type"] != ROWS and values["content_hash"] != archive.sums[file]:
                raise ArchiveInvalid(f"The bytes of document {values['id']} are not those that its line names.")
            values["byte_count"] = archive.size_of(file)
        text = text_of(archive, values["id"])
        chunk_rows(line.get("chunks", ()), text or "")
    for name, table in TABLES.items():
        for line in archive.rows(name) if name in archive.sums else ():
            values = row_values(table, line)
            if table is Answer:
                cited(values.get("sentences", ()), values.get("sources", ()))
            elif table is RetentionRule:
                check_rule(values)


def plan(scope: Scope, archive: ArchiveReader, imported: Imported) -> set[str]:
    """Decide under which id each document is stored; returns those of the archive's ids that are there already.

    Raises QuotaReached.
    """
    known: set[str] = set()
    new = 0
    for some in sliced(archive.rows(DOCUMENTS)):
        ids = [line["id"] for line in some]
        with scope.read() as tx:
            stored = by_hash(tx, [line["content_hash"] for line in some])
            own = find_many(tx, [mapped(scope.tenant_id, each) for each in ids] + ids)
        with scope.runtime.session(write=False) as (session, _):
            owners = repository.owners(session, Document, ids)
        for line in some:
            id_ = line["id"]
            same = stored.get(line["content_hash"])
            here = own.get(id_) or own.get(mapped(scope.tenant_id, id_))
            if same is not None or here is not None:
                known.add(id_)
                imported.there_already += 1
                imported.names[id_] = (same or here or Document()).id
            else:
                imported.names[id_] = mapped(scope.tenant_id, id_) if id_ in owners else id_
                new += line.get("source_id") is None
    most = scope.runtime.settings.max_documents
    with scope.read() as tx:
        if new > room(tx, most):
            raise QuotaReached(f"{new:,} documents would come in. {quota_words(most)}")
    return known


def take_documents(
    scope: Scope,
    tenant: Tenant,
    archive: ArchiveReader,
    lines: list[tuple[dict[str, Any], bytes | None]],
    imported: Imported,
) -> None:
    """Store some documents: blobs and vectors first, then rows and jobs in one transaction."""
    made: list[tuple[str, Document, list[dict[str, int]]]] = []
    for line, vectors in lines:
        document = document_of(scope, archive, line, imported)
        if document is None:
            imported.unreadable += 1
            imported.left_out.add(line["id"])
            continue
        spans = chunk_rows(line.get("chunks", ()), document.text or "") if document.status in WHOLE else []
        document.chunk_count = len(spans)
        imported.vectors += remember(scope.runtime, tenant, document, spans, vectors)
        made.append((line["id"], document, spans))
    gone: list[str] = []
    with scope.write() as tx:
        for old, document, spans in made:
            try:
                if document.canonical_url:
                    refuse_taken_down(tx, document.canonical_url)
            except TakenDown:
                imported.taken_down += 1
                imported.left_out.add(old)
                gone.append(document.blob_key)
                continue
            store_document(tx, document, spans)
            imported.documents += 1
    for key in filter(None, gone):
        scope.runtime.blobs.delete(key)


def document_of(scope: Scope, archive: ArchiveReader, line: Mapping[str, Any], imported: Imported) -> Document | None:
    """The row of a document with its blob stored; None when too little came with it to read or show it."""
    values = document_values(line)
    old, file, names = values["id"], file_member(values["id"]), imported.names
    for name in ("parent_id", "original_id", "source_id"):
        values[name] = names.get(str(values.get(name)), values.get(name))
    document = Document(**{"status": "queued", **values, "id": names[old], "text": text_of(archive, old)})
    document.hints, document.embedded, document.blob_key = without_password(document.hints or {}), False, ""
    is_read = document.status in ENDED or document.type == ROWS or document.text is not None
    if file in archive.sums:
        settings = scope.runtime.settings
        content = archive.content(file, max(settings.max_upload_bytes, settings.max_page_bytes))
        document.byte_count, document.blob_key = len(content), blob_key(scope.tenant_id, document.id)
        scope.runtime.blobs.put(document.blob_key, content)
    elif not is_read:
        return None
    if document.status not in (*WHOLE, *ENDED) or not is_read:
        document.text, document.bookmark, document.pages, document.pages_read = None, {}, [], 0
        restart(document)
    elif document.status in WHOLE:
        document.ready_at = utc_now()
    return document


def store_document(tx: Tx, document: Document, spans: list[dict[str, int]]) -> None:
    """Write a document's rows, and the job that makes it searchable."""
    tags, signature = list(document.tags or ()), document.signature
    tx.add(document)
    tx.session.flush()
    set_tags(tx, document, tags)
    where = {"document_id": document.id, "version": document.version}
    tx.add_rows(Chunk, [{**where, **span} for span in spans])
    if signature is not None and document.original_id is None and document.status == "ready":
        add_bands(tx, document.id, bands_of(signature))
    if document.status == "ready" and spans:
        enqueue(tx, EMBED_JOB, document.id, queue="maintenance", stage=None)
    elif document.status == "queued":
        enqueue(tx, job_of(document), document.id, queue=BULK)


def take_table(scope: Scope, archive: ArchiveReader, name: str, imported: Imported) -> None:
    """Store the rows of one of the other tables, those that are there already aside."""
    table = TABLES[name]
    for some in sliced(archive.rows(name) if name in archive.sums else ()):
        rows = [row_values(table, line) for line in some]
        ids = [row["id"] for row in rows]
        with scope.runtime.session(write=False) as (session, _):
            owners = repository.owners(session, table, [*ids, *(mapped(scope.tenant_id, each) for each in ids)])
        with scope.write() as tx:
            for row in rows:
                old = row["id"]
                new = old if owners.get(old) in (None, scope.tenant_id) else mapped(scope.tenant_id, old)
                imported.names[old] = new
                if owners.get(new) != scope.tenant_id:
                    KEEPERS[name](tx, {**row, "id": new}, old, imported)


def keep_rule(tx: Tx, row: dict[str, Any], old: str, imported: Imported) -> None:
    """Store how pages of a domain are read, unless the tenant says so already."""
    if tx.session.scalar(tx.select(SiteRule).where(SiteRule.domain == row["domain"])) is None:
        tx.add(SiteRule(**row))


def keep_retention(tx: Tx, row: dict[str, Any], old: str, imported: Imported) -> None:
    """Store a retention rule, switched off: it was not written with what is here in mind."""
    tx.add(RetentionRule(**{**row, "is_enabled": False}))


def keep_tombstone(tx: Tx, row: dict[str, Any], old: str, imported: Imported) -> None:
    """Store that a domain was taken down; here it is the tenant's own word."""
    if tx.session.scalar(tx.select(Tombstone).where(Tombstone.domain == row["domain"])) is None:
        tx.add(Tombstone(**{**row, "by_operator": False}))


def keep_source(tx: Tx, row: dict[str, Any], old: str, imported: Imported) -> None:
    """Store a source, paused, so that two installations do not visit one site; one of the same address stands for it."""
    same = tx.session.scalar(tx.select(Source).where(Source.url_digest == row["url_digest"]))
    if same is not None:
        imported.names[old] = same.id
        return
    tx.add(Source(**{**row, "paused_at": row.get("paused_at") or utc_now()}))
    imported.sources += 1


def keep_item(tx: Tx, row: dict[str, Any], old: str, imported: Imported) -> None:
    """Store what a source showed, so that it is not fetched once more."""
    row = {**renamed(row, imported.names), "id": row["id"]}
    same = tx.select(CrawlItem).where(CrawlItem.source_id == row["source_id"], CrawlItem.identity == row["identity"])
    if tx.session.scalar(same) is None:
        tx.add(CrawlItem(**row))


def keep_answer(tx: Tx, row: dict[str, Any], old: str, imported: Imported) -> None:
    """Store an answer all of whose documents are here, under their names here."""
    named = cited(row.get("sentences", ()), row.get("sources", ()))
    if not named <= imported.names.keys() - imported.left_out:
        return
    names = dict(imported.names)
    if row["id"] != old:
        names[row["thread_id"]] = mapped(tx.tenant_id, row["thread_id"])
    tx.add(Answer(**{**renamed(row, names), "id": row["id"]}))
    tx.add_rows(AnswerSource, [{"answer_id": row["id"], "document_id": names[each]} for each in sorted(named)])
    imported.answers += 1


KEEPERS = {
    SOURCES: keep_source,
    "crawl_items.jsonl": keep_item,
    "site_rules.jsonl": keep_rule,
    "tombstones.jsonl": keep_tombstone,
    "retention_rules.jsonl": keep_retention,
    "answers.jsonl": keep_answer,
}


def with_vectors(runtime: Runtime, archive: ArchiveReader) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """The lines of documents with their vectors, where these are of the model that is used here and in the same order."""
    is_ours = archive.manifest.get("model") == runtime.embedder.name and VECTORS in archive.sums
    vectors = archive.rows(VECTORS) if is_ours else iter(())
    following = next(vectors, None)
    for line in archive.rows(DOCUMENTS):
        if following is None or following.get("document_id") != line["id"]:
            yield line, None
            continue
        try:
            yield line, base64.b64decode(str(following.get("vectors")), validate=True)
        except ValueError:
            yield line, None
        following = next(vectors, None)


def remember(
    runtime: Runtime, tenant: Tenant, document: Document, spans: list[dict[str, int]], packed: bytes | None
) -> int:
    """Put a document's vectors into the embedding cache; returns how many. What does not fit is embedded anew instead."""
    dimensions = runtime.embedder.dimensions
    if packed is None or len(packed) != len(spans) * dimensions * np.dtype(STORED).itemsize:
        return 0
    vectors = np.frombuffer(packed, dtype=STORED).reshape(len(spans), dimensions)
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    if not np.isfinite(lengths).all() or np.abs(lengths - 1).max(initial=0) > NORM_TOLERANCE:
        return 0
    text = document.text or ""
    texts = [indexed_text(document.title, text[span["start"] : span["end"]]) for span in spans]
    keys = [runtime.vector_cache.key(tenant.cache_salt, runtime.embedder.name, each) for each in texts]
    runtime.vector_cache.put_many(
        [Remembered(key, vector, document.id, document.version) for key, vector in zip(keys, vectors, strict=True)]
    )
    return len(spans)


def text_of(archive: ArchiveReader, document_id: str) -> str | None:
    """A document's text, None when it has none. Raises ArchiveInvalid."""
    name = text_member(document_id)
    if name not in archive.sums:
        return None
    try:
        return b"".join(archive.blocks(name)).decode()
    except UnicodeDecodeError as error:
        raise ArchiveInvalid(f"{name!r} is no UTF-8.") from error


def mapped(tenant_id: str, old: str) -> str:
    """The id that something has in this tenant when another one has its own: always the same."""
    prefix = old.partition("_")[0]
    number = int.from_bytes(hashlib.sha256(f"{tenant_id}\0{old}".encode()).digest()[:17])
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def sliced(rows: Iterable[Line]) -> Iterator[list[Line]]:
    """Rows, some at a time."""
    remaining = iter(rows)
    return iter(lambda: list(islice(remaining, SLICE)), [])

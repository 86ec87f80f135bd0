"""The invariants: what must hold when nothing is left to do, whatever happened before."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from services.engines.vectors.base import StoredPoint, collection_name
from services.ingest import repository
from services.ingest.pipeline import indexed_text
from services.ingest.sweep import sweep_blobs
from services.models import (
    AnswerSource,
    Chunk,
    CrawlItem,
    CrawlRun,
    Document,
    IdempotencyRecord,
    Job,
    SignatureBand,
    Tenant,
    TenantOwned,
    Upload,
)
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.search.query import Query
from services.search.search import search
from services.tenants.tenants import list_tenants

TERMINAL = {"succeeded", "partial", "failed"}


@dataclass(frozen=True)
class Expected:
    """Words that one document each must hold, and words that none may. `or_failed`: a document may also have failed."""

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    or_failed: bool = False


def violations(runtime: Runtime, expected: dict[str, Expected], *, litter: int = 0) -> list[str]:
    """Everything that is wrong, as sentences. `litter`: blobs without a row that killed uploads may have left."""
    found = list(blob_violations(runtime, litter))
    for tenant in list_tenants(runtime):
        scope = Scope(runtime, tenant.id, "oracle")
        for check in (document_violations, point_violations, row_violations, job_violations, crawl_violations):
            found += [f"{tenant.name}: {wrong}" for wrong in check(scope)]
        found += [f"{tenant.name}: {wrong}" for wrong in search_violations(scope, expected.get(tenant.id, Expected()))]
    return found + list(cache_violations(runtime))


def document_violations(scope: Scope) -> Iterator[str]:
    """Every document is ready, or failed with a reason."""
    for document in documents(scope):
        if document.status not in {"ready", "failed"}:
            yield f"{document.id} is {document.status} though nothing is left to do"
        if document.status == "failed" and not document.error_code:
            yield f"{document.id} failed without a reason"
    urls = Counter(document.canonical_url for document in documents(scope) if document.canonical_url)
    yield from (f"{url} is stored {count} times" for url, count in urls.items() if count > 1)


def point_violations(scope: Scope) -> Iterator[str]:
    """Points = chunk rows = chunk_count of each ready document, of its version, each with a vector, and no others."""
    held: Counter[tuple[str, int]] = Counter()
    for point in points(scope):
        if point.is_stray:
            yield f"stray point {point.id}"
        held[point.document_id, point.version] += 1
    with scope.read() as tx:
        rows = Counter((chunk.document_id, chunk.version) for chunk in tx.session.scalars(tx.select(Chunk)))
        collection = live_collection(tx)
    ready = {
        (document.id, document.version): document.chunk_count
        for document in documents(scope)
        if document.status == "ready" and document.chunk_count
    }
    failed = {document.id for document in documents(scope) if document.status == "failed"}
    yield from (f"{key}: {rows[key]} chunk rows of {count}" for key, count in ready.items() if rows[key] != count)
    yield from (f"{key}: {held[key]} points of {count}" for key, count in ready.items() if held[key] != count)
    # What a failed document has in the index is not shown, overwritten by the next try, and removed with it.
    yield from (f"{key}: orphan points" for key in held if key not in ready and key[0] not in failed)
    yield from (f"{key}: orphan chunk rows" for key in rows if key not in ready and key[0] not in failed)
    lacking = [point.id for page in scope.runtime.vectors.scan(collection, without_vector=True) for point in page]
    if lacking:
        yield f"{len(lacking)} points without vector"


def row_violations(scope: Scope) -> Iterator[str]:
    """No row speaks of a document that is not there."""
    known = {document.id for document in documents(scope)}
    with scope.read() as tx:
        for table in (SignatureBand, AnswerSource):
            for document_id in set(tx.session.scalars(tx.select_columns(table, table.document_id))) - known:
                yield f"{table.__tablename__} still names {document_id}"
        uploaded = set(tx.session.scalars(tx.select_columns(Upload, Upload.document_id))) - known - {None}
        yield from (f"an upload still names {document_id}" for document_id in uploaded)
        for original in set(tx.session.scalars(tx.select_columns(Document, Document.original_id))) - known - {None}:
            yield f"a copy of {original}, which is gone"
        answers = tx.session.scalars(tx.select_columns(IdempotencyRecord, IdempotencyRecord.response)).all()
        purged = set(tx.session.scalars(tx.select_columns(Job, Job.subject_id).where(Job.name == "purge"))) - known
    # A stored answer to an upload may name its document; one to a question may not quote it.
    quoting = [answer for answer in answers if answer and '"citations"' in answer]
    yield from (f"a stored answer quotes {gone}" for gone in purged if any(gone in answer for answer in quoting))


def job_violations(scope: Scope) -> Iterator[str]:
    """No job is open, tries are bounded, and a failed one is seen on its document."""
    failed = {document.id for document in documents(scope) if document.status == "failed"}
    with scope.read() as tx:
        jobs = tx.session.scalars(tx.select(Job)).all()
        later = {job.subject_id for job in jobs if job.status == "done"}
    for job in jobs:
        if job.status in {"queued", "running"}:
            yield f"job {job.name} of {job.subject_id} is {job.status}"
        if job.name == "ingest" and job.attempts > scope.runtime.settings.job_attempts + 1:
            yield f"job {job.id} was tried {job.attempts} times"
        if job.status == "failed" and job.subject_id not in failed and job.subject_id not in later:
            yield f"job {job.name} of {job.subject_id} failed unseen"


def crawl_violations(scope: Scope) -> Iterator[str]:
    """Each URL has ended with a document or a reason, and each run has an end."""
    known = {document.id for document in documents(scope)}
    with scope.read() as tx:
        items = tx.session.scalars(tx.select(CrawlItem)).all()
        runs = tx.session.scalars(tx.select(CrawlRun)).all()
    for item in items:
        if item.state == "pending" or (item.state not in {"stored", "unchanged"} and not item.reason):
            yield f"{item.url} is {item.state} ({item.reason})"
        if item.state == "stored" and item.document_id not in known:
            yield f"{item.url} is stored, and its document is not there"
    yield from (f"run {run.id} is {run.status}" for run in runs if run.status not in TERMINAL)


def is_confused(scope: Scope, word: str, title: str) -> bool:
    """Whether the hash embedder, whose 64 dimensions are few for hundreds of words, takes one of a title for this word."""
    own, *others = scope.runtime.embedder.embed([word, *title.split()])
    return any((own == other).all() for other in others)


def search_violations(scope: Scope, expected: Expected) -> Iterator[str]:
    """Each present word leads to exactly one document, at the first place; an absent one leads nowhere."""
    failed = [document for document in documents(scope) if document.status == "failed"]
    for word in expected.present:
        hits = [hit.document.title for hit in search(scope, Query(word, limit=100, fold=False)).hits]
        told = [hit for hit in hits if word in hit.split()]
        visibly_failed = expected.or_failed and any(word in document.title.split() for document in failed)
        first = next((hit for hit in hits if hit in told or not is_confused(scope, word, hit)), None)
        if not visibly_failed and (len(told) != 1 or first != told[0]):
            yield f"{word} found {len(told)} times, first hit {hits[:1]}"
    for word in expected.absent:
        hits = [hit.document.title for hit in search(scope, Query(word, limit=100, fold=False)).hits]
        if any(word in hit.split() for hit in hits):
            yield f"{word} is found after its deletion"


def blob_violations(runtime: Runtime, litter: int) -> Iterator[str]:
    """A blob per document and no other, after the sweep; before it at most `litter` more, and no half-written file."""
    keys = set(runtime.blobs.keys_older_than(-1.0))
    with runtime.session(write=False) as (session, _):
        known = set(session.scalars(select(Document.blob_key)))
        unfinished = session.scalars(select(Upload).where(Upload.document_id.is_(None))).all()
    yield from (f"upload {upload.id} is unfinished" for upload in unfinished)
    yield from (f"blob {key} is missing" for key in known - keys)
    if len(keys - known) > litter:
        yield f"{len(keys - known)} blobs without a document, of {litter} that a killed upload may leave"
    sweep_blobs(runtime, older_than_seconds=-1.0)
    if set(runtime.blobs.keys_older_than(-1.0)) != known & keys:
        yield "the sweep left blobs without a document, or removed others"


def cache_violations(runtime: Runtime) -> Iterator[str]:
    """The cache of vectors knows no text that is not in a document now."""
    allowed = set()
    for tenant in list_tenants(runtime):
        scope = Scope(runtime, tenant.id, "oracle")
        allowed |= {
            runtime.vector_cache.key(tenant.cache_salt, runtime.embedder.name, text) for text in chunk_texts(scope)
        }
    file = runtime.settings.data_dir / "cache" / "vectors.sqlite"
    if not file.exists():
        return
    connection = sqlite3.connect(file)
    keys = {bytes(key) for (key,) in connection.execute("SELECT key FROM vectors")}
    connection.close()
    if keys - allowed:
        yield f"the cache holds {len(keys - allowed)} vectors of texts that are gone"


def chunk_texts(scope: Scope) -> Iterator[str]:
    """What was embedded of the tenant's ready documents."""
    with scope.read() as tx:
        texts = dict(tx.session.execute(tx.select_columns(Document, Document.id, Document.text)).all())
        titles = {document.id: document.title for document in tx.session.scalars(tx.select(Document))}
        for chunk in tx.session.scalars(tx.select(Chunk)):
            yield indexed_text(titles[chunk.document_id], (texts[chunk.document_id] or "")[chunk.start : chunk.end])


def documents(scope: Scope) -> list[Document]:
    """Every document row of the tenant, those being deleted too."""
    with scope.read() as tx:
        return list(tx.session.scalars(tx.select(Document)))


def points(scope: Scope) -> list[StoredPoint]:
    """Every point of the tenant's live collection."""
    with scope.read() as tx:
        collection = live_collection(tx)
    return [point for page in scope.runtime.vectors.scan(collection) for point in page]


def live_collection(tx: Tx) -> str:
    """The tenant's collection that is searched."""
    tenant = repository.tenant(tx)
    return collection_name(tenant.id, tenant.generation)


def digest(scope: Scope) -> str:
    """SHA-256 over a tenant's rows and points: equal as long as nobody touched it."""
    seen = [f"point {point.id} {point.version}" for point in points(scope)]
    tables: list[type[TenantOwned]] = [Document, Chunk, SignatureBand, Job, AnswerSource]
    with scope.read() as tx:
        for table in tables:
            columns = table.__table__.columns  # type: ignore[attr-defined]
            seen += [f"{table.__name__} {tuple(row)}" for row in tx.session.execute(tx.select_columns(table, *columns))]
        tenant = tx.session.get_one(Tenant, scope.tenant_id)
        seen.append(f"tenant {tenant.name} {tenant.generation}")
    return hashlib.sha256("\n".join(sorted(seen)).encode()).hexdigest()

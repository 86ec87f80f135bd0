"""One document from bytes to searchable: extract, chunk, embed together, index, ready.

Work is done in batches outside transactions and recorded in short ones, each document by itself: a bad file fails
alone. Everything can run twice: points and chunk rows of a version overwrite themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from textwrap import shorten
from time import perf_counter

import numpy as np

from services.engines.embedder import EmbedderState, Lane
from services.engines.vectors.base import Point, Vector
from services.errors import EngineUnavailable, TidingsError
from services.ingest import repository
from services.ingest.assess import assess
from services.ingest.chunk import chunk
from services.ingest.dedup import examine, fold
from services.ingest.extract.sandbox import Sandbox
from services.ingest.hints import stored_hints
from services.ingest.submit import INGEST_JOB
from services.ingest.types import Article, ChunkSpan, RawDocument, Selectors
from services.jobs.claim import Batch, Claimed
from services.jobs.jobs import enqueue
from services.models import Chunk, Document, Tenant, utc_now
from services.scope import Scope, Tx

EMBED_JOB = "embed"
# How long keyword-only documents wait before asking again whether the model is there.
MODEL_WAIT_SECONDS = 3.0
# Chunks per call of the model, 1 to 2 s: how long a stop waits, and what a kill costs, since each slice is remembered.
EMBED_SLICE = 128
TITLE_CHARACTERS = 90


@dataclass
class Work:
    """One document on its way. `row` is a snapshot; the row of record is read again before the end."""

    job: Claimed
    row: Document
    article: Article | None = None
    spans: list[ChunkSpan] = field(default_factory=list)
    vectors: list[Vector | None] = field(default_factory=list)
    milliseconds: dict[str, int] = field(default_factory=dict)


def ingest_documents(batch: Batch) -> None:
    """Take a batch of accepted documents to `ready`, or to `failed` with a reason, each by itself."""
    scope = batch.scope
    tenant, works = begin(batch)
    tell(batch, works, "extracting")
    read = [work for work in works if attempt(batch, work, partial(extract_one, batch, work))]
    tell(batch, read, "chunking")
    chunked = [work for work in read if attempt(batch, work, partial(chunk_one, batch, work))]
    with_model = scope.runtime.embedder.state is EmbedderState.READY
    if with_model:
        tell(batch, chunked, "embedding")
        embed_together(batch, tenant, chunked)
    else:
        for work in chunked:
            work.vectors = [None] * len(work.spans)
    tell(batch, chunked, "indexing")
    scope.runtime.vectors.ensure(collection_of(tenant), scope.runtime.embedder.dimensions)
    for work in chunked:
        attempt(batch, work, partial(index_one, batch, work, tenant, with_model))


def embed_documents(batch: Batch) -> None:
    """Give keyword-only documents their dense vectors, once the model is ready."""
    scope = batch.scope
    if scope.runtime.embedder.state is not EmbedderState.READY:
        with scope.write() as tx:
            for job in batch.jobs:
                batch.defer(tx, job, MODEL_WAIT_SECONDS)
        return
    with scope.read() as tx:
        tenant = repository.tenant(tx)
        rows = repository.find_many(tx, [job.subject_id for job in batch.jobs], with_text=True)
        works = [stored_work(tx, job, rows[job.subject_id]) for job in batch.jobs if is_ready(rows.get(job.subject_id))]
    # What a killed try may have stored for documents that were purged since.
    gone = [job.subject_id for job in batch.jobs if job.subject_id not in rows]
    scope.runtime.vectors.delete_documents(collection_of(tenant), gone)
    embed_together(batch, tenant, works)
    for work in works:
        scope.runtime.vectors.upsert(collection_of(tenant), points_of(work, work.row))
    with scope.write() as tx:
        current = {work.job.job_id: repository.current(tx, work.row) for work in works}
        for work in works:
            document = current[work.job.job_id]
            if document is not None:
                document.embedded = True
    for work in works:
        if current[work.job.job_id] is None:
            leave_nothing(scope, tenant, work)
    with scope.write() as tx:
        for job in batch.jobs:
            batch.done(tx, job)


def purge_documents(batch: Batch) -> None:
    """Remove deleted documents from vectors, cache, blobs and rows, in that order: the row goes last."""
    scope = batch.scope
    runtime = scope.runtime
    with scope.read() as tx:
        tenant = repository.tenant(tx)
        rows = repository.find_many(tx, [job.subject_id for job in batch.jobs], with_text=True)
        works = [stored_work(tx, job, rows[job.subject_id]) for job in batch.jobs if job.subject_id in rows]
    runtime.vectors.delete_documents(collection_of(tenant), [job.subject_id for job in batch.jobs])
    for work in works:
        runtime.vector_cache.forget(cache_keys(scope, tenant, work))
        runtime.blobs.delete(work.row.blob_key)
    for job in batch.jobs:
        with scope.write() as tx:
            repository.remove(tx, job.subject_id)
            batch.done(tx, job)


def mark_failed(tx: Tx, job: Claimed, code: str, detail: str) -> None:
    """Show a final failure on the document, unless that is a newer version by now, which has a job of its own."""
    document = repository.find(tx, job.subject_id)
    if document is not None and document.status != "ready" and not repository.is_waiting(tx, document.id, INGEST_JOB):
        document.status = document.stage = "failed"
        document.error_code, document.error_detail = code, detail


def begin(batch: Batch) -> tuple[Tenant, list[Work]]:
    """Mark the batch's documents as processing.

    Jobs whose document is gone end here, with nothing left behind, and so do those whose work another one did: a
    document that is ready must not leave the search for being read again.
    """
    scope = batch.scope
    gone: list[Claimed] = []
    works: list[Work] = []
    with scope.write() as tx:
        tenant = repository.tenant(tx)
        rows = repository.find_many(tx, [job.subject_id for job in batch.jobs])
        for job in batch.jobs:
            row = rows.get(job.subject_id)
            if row is None or row.status == "deleting":
                gone.append(job)
                continue
            if row.status == "ready":
                batch.done(tx, job)
                continue
            row.status = "processing"
            works.append(Work(job, row))
    if gone:
        scope.runtime.vectors.delete_documents(collection_of(tenant), [job.subject_id for job in gone])
        with scope.write() as tx:
            for job in gone:
                batch.done(tx, job)
    return tenant, works


def attempt(batch: Batch, work: Work, step: Callable[[], None]) -> bool:
    """Do one step for one document; an error ends that document's try and nobody else's."""
    batch.go_on()
    try:
        step()
    except TidingsError as error:
        # What fails because the process is stopping is not the document's fault.
        batch.go_on()
        batch.fail(work.job, error)
        return False
    return True


def tell(batch: Batch, works: Sequence[Work], stage: str) -> None:
    """Record a stage for several documents in one transaction."""
    batch.go_on()
    ids = [work.row.id for work in works]
    with batch.scope.write() as tx:
        moved = tx.update(Document).where(Document.id.in_(ids), Document.status == "processing")
        tx.session.execute(moved.values(stage=stage))
        for work in works:
            batch.event(tx, work.job, stage, milliseconds=dict(work.milliseconds))


def extract_one(batch: Batch, work: Work) -> None:
    """Read the bytes in the parser's child process."""
    runtime, row = batch.scope.runtime, work.row
    started = perf_counter()
    raw = RawDocument(
        content=runtime.blobs.get(row.blob_key),
        content_type=row.content_type,
        url=row.url,
        filename=row.filename,
        title=row.title or None,
        fetched_at=row.fetched_at,
        source_id=row.source_id,
        hints=stored_hints(row.hints),
        selectors=selectors_for(batch.scope, row),
    )
    sandbox = runtime.keep(f"sandbox/{lane_of(batch)}", lambda: Sandbox(runtime.settings))
    work.article = assess(sandbox.extract(raw, row.type))
    work.milliseconds["extracting"] = round((perf_counter() - started) * 1000)


def selectors_for(scope: Scope, row: Document) -> Selectors | None:
    """How the tenant wants pages of this domain to be read."""
    if row.url is None:
        return None
    with scope.read() as tx:
        rule = repository.site_rule(tx, row.source)
        return Selectors(rule.content, rule.remove, rule.title, rule.authors, rule.published) if rule else None


def chunk_one(batch: Batch, work: Work) -> None:
    """Cut the text into chunks with exact spans."""
    article = article_of(work)
    runtime = batch.scope.runtime
    started = perf_counter()
    work.spans = chunk(article.text, article.language, runtime.settings.chunk_tokens, runtime.embedder.count_tokens)
    work.milliseconds["chunking"] = round((perf_counter() - started) * 1000)


def embed_together(batch: Batch, tenant: Tenant, works: Sequence[Work]) -> None:
    """Embed the chunks of all documents together, EMBED_SLICE at a time, taking known vectors from the cache."""
    runtime, started = batch.scope.runtime, perf_counter()
    texts = [indexed_text(title_of(work), span.text) for work in works for span in work.spans]
    keys = [runtime.vector_cache.key(tenant.cache_salt, runtime.embedder.name, text) for text in texts]
    known = runtime.vector_cache.get_many(keys)
    missing = [index for index, key in enumerate(keys) if key not in known]
    for start in range(0, len(missing), EMBED_SLICE):
        batch.go_on()
        part = missing[start : start + EMBED_SLICE]
        fresh = runtime.embedder.embed([texts[index] for index in part], lane=lane_of(batch))
        if not np.isfinite(fresh).all():
            raise EngineUnavailable("The embedding model gave invalid numbers; run `tidings doctor`.")
        new = {keys[index]: fresh[position] for position, index in enumerate(part)}
        runtime.vector_cache.put_many(new)
        known.update(new)
    elapsed = round((perf_counter() - started) * 1000)
    position = 0
    for work in works:
        count = len(work.spans)
        work.vectors = [known[key] for key in keys[position : position + count]]
        work.milliseconds["embedding"] = elapsed
        position += count


def index_one(batch: Batch, work: Work, tenant: Tenant, with_model: bool) -> None:
    """Store the points, check their number, then write text, chunks and `ready` in one transaction."""
    scope, row = batch.scope, work.row
    vectors, collection = scope.runtime.vectors, collection_of(tenant)
    started = perf_counter()
    points = points_of(work, row)
    examined = examine(scope, row, title_of(work), article_of(work))
    vectors.upsert(collection, points)
    # Only older ones: another worker may have stored a newer version meanwhile.
    vectors.delete_documents(collection, [row.id], before_version=row.version)
    stored = vectors.count(collection, document_id=row.id)
    if stored < len(points):
        raise EngineUnavailable(f"The index holds {stored} of {len(points)} chunks; trying again.")
    work.milliseconds["indexing"] = round((perf_counter() - started) * 1000)
    with scope.write() as tx:
        document = repository.current(tx, row)
        if document is not None:
            record_ready(tx, document, work, with_model)
            fold(tx, document, examined)
            batch.event(tx, work.job, "ready", chunk_count=len(points), milliseconds=dict(work.milliseconds))
            batch.done(tx, work.job)
    if document is None:
        leave_nothing(scope, tenant, work)
        with scope.write() as tx:
            batch.done(tx, work.job)


def leave_nothing(scope: Scope, tenant: Tenant, work: Work) -> None:
    """Take back what was stored for a document that was deleted or replaced while it was worked on; idempotent."""
    scope.runtime.vector_cache.forget(cache_keys(scope, tenant, work))
    with scope.read() as tx:
        document = repository.find(tx, work.row.id)
    newer = document.version if document is not None else None
    scope.runtime.vectors.delete_documents(collection_of(tenant), [work.row.id], before_version=newer)


def record_ready(tx: Tx, document: Document, work: Work, with_model: bool) -> None:
    """Write what was read onto the row of record."""
    article = article_of(work)
    document.title = title_of(work)
    document.text = article.text
    document.authors = list(article.authors)
    document.published_at, document.published_from = article.published_at, article.published_from
    document.published_offset = article.published_offset
    document.language, document.section = article.language, article.section
    document.category, document.category_from = article.category, article.category_from
    document.image_url, document.partial = article.image_url, document.partial or article.partial
    document.quality, document.quality_reasons = article.quality, list(article.quality_reasons)
    document.pages = [{"number": page.number, "start": page.start, "end": page.end} for page in article.pages]
    document.status = document.stage = "ready"
    document.error_code = document.error_detail = None
    document.ready_at, document.chunk_count, document.embedded = utc_now(), len(work.spans), with_model
    rows = [
        Chunk(
            document_id=document.id,
            version=document.version,
            ordinal=span.ordinal,
            start=span.start,
            end=span.end,
            token_count=span.token_count,
        )
        for span in work.spans
    ]
    repository.replace_chunks(tx, document.id, rows)
    if not with_model:
        enqueue(tx, EMBED_JOB, document.id, queue="maintenance", stage=None)


def points_of(work: Work, row: Document) -> list[Point]:
    """The points of a document's chunks."""
    article = work.article
    language = article.language if article else row.language
    published_at = article.published_at if article else row.published_at
    return [
        Point(
            document_id=row.id,
            version=row.version,
            ordinal=span.ordinal,
            text=indexed_text(title_of(work), span.text),
            language=language,
            vector=vector,
            source=row.source,
            type=row.type,
            category=article.category if article else row.category,
            dated_at=published_at or row.first_seen_at,
        )
        for span, vector in zip(work.spans, work.vectors, strict=True)
    ]


def stored_work(tx: Tx, job: Claimed, row: Document) -> Work:
    """A document as it stands in the database, ready to be embedded again."""
    text = row.text or ""
    spans = [
        ChunkSpan(chunk.ordinal, chunk.start, chunk.end, text[chunk.start : chunk.end], chunk.token_count)
        for chunk in repository.chunks(tx, row.id, row.version)
    ]
    return Work(job, row, spans=spans)


def article_of(work: Work) -> Article:
    """The article of a document that was read."""
    if work.article is None:
        raise RuntimeError("the document was not read yet")
    return work.article


def title_of(work: Work) -> str:
    """The title a person gave, else the one that was read, else the file name."""
    read = work.article.title if work.article else ""
    return work.row.title or read or work.row.filename or first_line(work.article)


def cache_keys(scope: Scope, tenant: Tenant, work: Work) -> list[bytes]:
    """Under which keys the vectors of a document's chunks are remembered."""
    runtime = scope.runtime
    texts = [indexed_text(title_of(work), span.text) for span in work.spans]
    return [runtime.vector_cache.key(tenant.cache_salt, runtime.embedder.name, text) for text in texts]


def is_ready(row: Document | None) -> bool:
    """Whether there is such a document, and it was read."""
    return row is not None and row.status == "ready"


def first_line(article: Article | None) -> str:
    """What to call a text that nobody named: how it begins."""
    line = article.text.split("\n", 1)[0] if article else ""
    return shorten(line, TITLE_CHARACTERS, placeholder=" …") or "Untitled"


def indexed_text(title: str, text: str) -> str:
    """What is embedded and matched by keyword: a chunk with its document's title. Citations use the bare chunk."""
    return f"{title}\n{text}"


def collection_of(tenant: Tenant) -> str:
    """The tenant's live collection. Made by the server from its own ids, never from a request."""
    return f"{tenant.id}-g{tenant.generation}"


def lane_of(batch: Batch) -> Lane:
    """Interactive jobs are embedded before bulk ones."""
    return Lane.INTERACTIVE if batch.queue == "interactive" else Lane.BULK

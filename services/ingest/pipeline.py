"""One document from bytes to searchable: extract, chunk, embed together, index, ready.

Work is done in batches outside transactions and recorded in short ones, each document by itself: a bad file fails
alone. Everything can run twice: points and chunk rows of a version overwrite themselves. A long PDF comes in parts, each
of them searchable once it is recorded: the same way as often as there are parts, with the job put back in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter

import numpy as np

from services.engines.embedder import EmbedderState, Lane
from services.engines.vector_cache import Remembered, as_remembered
from services.engines.vectors.base import Point
from services.errors import EngineBroken, ParseFailed, TidingsError
from services.ingest import repository
from services.ingest.assess import assess
from services.ingest.chunk import chunk
from services.ingest.dedup import examine, fold
from services.ingest.extract import SCAN, is_misnamed
from services.ingest.extract.sandbox import Sandbox
from services.ingest.hints import PASSWORD, SEALED_FOR, hinted, stored_hints, without_password
from services.ingest.index.generations import Targets, ensure, keep, look, remove, targets
from services.ingest.library import repository as library
from services.ingest.library.work import Unwanted, Work, leave_nothing, set_aside, tell, waited
from services.ingest.parts.bookmarks import begun, check_progress, joined, with_reason
from services.ingest.parts.record import chunks_before, holds_all, record_part, record_ready
from services.ingest.submit import BULK, INGEST_JOB, INTERACTIVE
from services.ingest.types import Article, Bookmark, ChunkSpan, RawDocument, Selectors
from services.jobs.claim import Batch, Claimed
from services.jobs.jobs import enqueue
from services.metrics import EMBEDDED_CHUNKS, EMBEDDING_SECONDS, STAGE_SECONDS
from services.models import Document, Tenant
from services.scope import Scope, Tx
from services.traces import span

EMBED_JOB = "embed"
# How long keyword-only documents wait before asking again whether the model is there.
MODEL_WAIT_SECONDS = 3.0
# Chunks per call of the model, 1 to 2 s: how long a stop waits, and what a kill costs, since each slice is remembered.
EMBED_SLICE = 128
# Pages to recognise, some seconds each, that a person's file may have before it gives way to those of others.
MOST_INTERACTIVE_PICTURES = 3


def ingest_documents(batch: Batch) -> None:
    """Take a batch of accepted documents to `ready`, or to `failed` with a reason, each by itself."""
    scope = batch.scope
    tenant, works = begin(batch)
    works = tell(batch, works, "extracting")
    read = [work for work in works if attempt(batch, work, partial(extract_one, batch, work)) and work.article]
    read = tell(batch, read, "chunking")
    chunked = [work for work in read if attempt(batch, work, partial(chunk_one, batch, work))]
    with_model = scope.runtime.embedder.state is EmbedderState.READY
    if with_model:
        chunked = keep_wanted(batch, tenant, tell(batch, chunked, "embedding"))
    else:
        for work in chunked:
            work.vectors = [None] * len(work.spans)
    chunked = tell(batch, chunked, "indexing")
    aims = look(scope)
    collections = ensure(scope, aims)
    for work in chunked:
        attempt(batch, work, partial(index_one, batch, work, with_model, aims=aims, collections=collections))


def embed_documents(batch: Batch) -> None:
    """Give keyword-only documents their dense vectors, once the model is ready."""
    scope = batch.scope
    if scope.runtime.embedder.state is not EmbedderState.READY:
        with scope.write() as tx:
            for job in batch.jobs:
                batch.defer(tx, job, MODEL_WAIT_SECONDS)
        return
    with scope.read() as tx:
        tenant, aims = repository.tenant(tx), targets(tx)
        rows = repository.find_many(tx, [job.subject_id for job in batch.jobs], with_text=True)
        works = [stored_work(tx, job, rows[job.subject_id]) for job in batch.jobs if is_ready(rows.get(job.subject_id))]
    # What a killed try may have stored for documents that were purged since.
    remove(scope, aims.all, [job.subject_id for job in batch.jobs if job.subject_id not in rows])
    collections = ensure(scope, aims)
    works = keep_wanted(batch, tenant, works)
    stored = [work for work in works if attempt(batch, work, partial(keep_again, batch, work, collections))]
    with scope.write() as tx:
        current = {work.job.job_id: repository.current(tx, work.row) for work in stored}
        for document in current.values():
            if document is not None:
                document.embedded = True
    for work in stored:
        if current[work.job.job_id] is None:
            leave_nothing(scope, work)
    with scope.write() as tx:
        moved = targets(tx) != aims
        for job in list(batch.open.values()):
            # A generation was begun or finished meanwhile: once more, into that.
            batch.defer(tx, job, 0) if moved else batch.done(tx, job)


def keep_again(batch: Batch, work: Work, collections: Sequence[str]) -> None:
    """Store the points of a document that was read before."""
    keep(batch.scope, collections, work.row.id, points_of(work, work.row))


def purge_documents(batch: Batch) -> None:
    """Remove deleted documents from vectors, cache, blobs and rows, in that order: the row goes last."""
    purge(batch.scope, [job.subject_id for job in batch.jobs])
    for job in batch.jobs:
        with batch.scope.write() as tx:
            repository.remove(tx, job.subject_id)
            batch.done(tx, job)


def purge(scope: Scope, ids: Sequence[str]) -> None:
    """Remove deleted documents from vectors, cache and blobs; idempotent."""
    with scope.read() as tx:
        aims, rows = targets(tx), repository.find_many(tx, ids)
    remove(scope, aims.all, ids)
    scope.runtime.vector_cache.forget(ids)
    for row in rows.values():
        scope.runtime.blobs.delete(row.blob_key)


def mark_failed(tx: Tx, job: Claimed, code: str, detail: str) -> None:
    """Show a final failure on the document, unless that is a newer version by now, which has a job of its own."""
    document = repository.find(tx, job.subject_id)
    if (
        document is not None
        and document.status in ("queued", "processing")
        and not repository.is_waiting(tx, document.id, INGEST_JOB)
    ):
        document.status = document.stage = "failed"
        document.error_code, document.error_detail = code, detail
        document.hints = without_password(document.hints)


def begin(batch: Batch) -> tuple[Tenant, list[Work]]:
    """Mark the batch's documents as processing.

    Jobs whose document is gone or cancelled end here, with nothing left behind, and so do those whose work another one
    did: a document that is ready must not leave the search for being read again. Those of paused ones are put aside.
    """
    scope = batch.scope
    gone: list[Claimed] = []
    cancelled: list[Work] = []
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
            elif row.status == "paused":
                batch.pause(tx, job)
            elif row.status == "cancelled":
                cancelled.append(Work(job, row))
            else:
                row.status = "processing"
                works.append(Work(job, row, begun(row) or Bookmark(), milliseconds=waited(job, row)))
    for work in cancelled:
        leave_nothing(scope, work)
        with scope.write() as tx:
            batch.cancel(tx, work.job)
    if gone:
        ids = [job.subject_id for job in gone]
        remove(scope, look(scope).all, ids)
        scope.runtime.vector_cache.forget(ids)
        with scope.write() as tx:
            for job in gone:
                batch.done(tx, job)
    return tenant, works


def attempt(batch: Batch, work: Work, step: Callable[[], None]) -> bool:
    """Do one step for one document; an error ends that document's try and nobody else's."""
    batch.go_on()
    try:
        with work.job.in_log():
            step()
    except Unwanted:
        set_aside(batch, work)
        return False
    except TidingsError as error:
        # What fails because the process is stopping is not the document's fault.
        batch.go_on()
        batch.fail(work.job, error)
        return False
    return True


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
        password=runtime.secrets.unseal(SEALED_FOR, row.hints[PASSWORD]) if PASSWORD in row.hints else None,
        bookmark=begun(row),
    )
    sandbox = runtime.keep(f"sandbox/{lane_of(batch)}", lambda: Sandbox(runtime.settings))
    with span("extract", document_id=row.id, bytes=row.byte_count):
        article = sandbox.extract(raw, row.type)
        work.milliseconds["extracting"] = milliseconds("extracting", started)
        if batch.queue == INTERACTIVE and len(article.pictures) > MOST_INTERACTIVE_PICTURES:
            leave_to_bulk(batch, work, article.page_count or 0)
            return
        article = recognise_text(batch, work, raw, article) if article.pictures else article
    check_progress(raw.bookmark, article)
    if work.start.page:
        with batch.scope.read() as tx:
            article = joined(repository.find_many(tx, [row.id], with_text=True)[row.id], article)
    if is_misnamed(row.filename, row.type):
        article = with_reason(article, "misnamed")
    work.article = assess(article if row.type == "html" else hinted(article, raw.hints))


def leave_to_bulk(batch: Batch, work: Work, count: int) -> None:
    """Hand a long scan to the bulk queue, so that nobody's file waits for it."""
    with batch.scope.write() as tx:
        batch.event(tx, work.job, "ocr", page=0, of=count)
        batch.defer(tx, work.job, 0, queue=BULK)
        tx.ring(BULK)


def recognise_text(batch: Batch, work: Work, raw: RawDocument, article: Article) -> Article:
    """The article with the text of pages that are pictures, which takes seconds per page; events `ocr` tell which.

    When recognition fails, what was read without it stays, if there is any.
    """
    runtime = batch.scope.runtime
    sandbox = runtime.keep(f"ocr/{lane_of(batch)}", lambda: Sandbox(runtime.settings, duty="recognise"))

    def progress(page: int, count: int) -> None:
        batch.go_on()
        work.ocr = {"page": page, "of": count}
        with batch.scope.write() as tx:
            if not library.move_on(tx, work.row, "ocr", work.stages("ocr")):
                raise Unwanted
            batch.event(tx, work.job, "ocr", page=page, of=count)

    started = perf_counter()
    try:
        return sandbox.extract(raw, SCAN, progress)
    except ParseFailed:
        if not article.text and not work.start.position:
            raise
        return with_reason(article, "ocr_failed")
    finally:
        work.milliseconds["ocr"] = round((perf_counter() - started) * 1000)


def milliseconds(stage: str, started: float) -> int:
    """How long a stage took; counted too."""
    seconds = perf_counter() - started
    STAGE_SECONDS.labels(stage).observe(seconds)
    return round(seconds * 1000)


def selectors_for(scope: Scope, row: Document) -> Selectors | None:
    """How the tenant wants pages of this domain to be read."""
    if row.url is None:
        return None
    with scope.read() as tx:
        rule = repository.site_rule(tx, row.source)
        return Selectors(rule.content, rule.remove, rule.title, rule.authors, rule.published) if rule else None


def chunk_one(batch: Batch, work: Work) -> None:
    """Cut the text that is new into chunks with exact spans."""
    article, offset = work.read, work.start.position
    settings, count_tokens = batch.scope.runtime.settings, batch.scope.runtime.embedder.count_tokens
    started = perf_counter()
    spans = chunk(article.text[offset:], article.language, settings.chunk_tokens, count_tokens)
    work.spans = [
        replace(span, ordinal=span.ordinal + chunks_before(work), start=span.start + offset, end=span.end + offset)
        for span in spans
    ]
    work.milliseconds["chunking"] = milliseconds("chunking", started)


def embed_together(batch: Batch, tenant: Tenant, works: Sequence[Work]) -> list[Work]:
    """Embed the chunks of all documents together, EMBED_SLICE at a time, taking known vectors from the cache.

    Returns those that have all their vectors: the others are not wanted any more.
    """
    runtime, started = batch.scope.runtime, perf_counter()
    texts = [indexed_text(work.title, span.text) for work in works for span in work.spans]
    owners = [work.row for work in works for _ in work.spans]
    keys = [runtime.vector_cache.key(tenant.cache_salt, runtime.embedder.name, text) for text in texts]
    known = runtime.vector_cache.get_many(keys)
    missing = [index for index, key in enumerate(keys) if key not in known]
    EMBEDDED_CHUNKS.labels("cache").inc(len(keys) - len(missing))
    for start in range(0, len(missing), EMBED_SLICE):
        batch.go_on()
        part = missing[start : start + EMBED_SLICE]
        with batch.scope.read() as tx:
            unwanted = library.unwanted(tx, [work.row for work in works])
        part = [index for index in part if owners[index].id not in unwanted]
        if not part:
            continue
        asked = perf_counter()
        with span("embed", chunks=len(part)):
            fresh = runtime.embedder.embed([texts[index] for index in part], lane=lane_of(batch))
        EMBEDDING_SECONDS.inc(perf_counter() - asked)
        EMBEDDED_CHUNKS.labels("model").inc(len(part))
        if not np.isfinite(fresh).all():
            raise EngineBroken("The embedding model gave invalid numbers; run `tidings doctor`.")
        new = [
            Remembered(keys[index], vector, owners[index].id, owners[index].version)
            for index, vector in zip(part, fresh, strict=True)
        ]
        runtime.vector_cache.put_many(new)
        known.update(zip((each.key for each in new), as_remembered(fresh), strict=True))
    elapsed = milliseconds("embedding", started)
    position, complete = 0, []
    for work in works:
        own = keys[position : position + len(work.spans)]
        position += len(own)
        if all(key in known for key in own):
            work.vectors = [known[key] for key in own]
            work.milliseconds["embedding"] = elapsed
            complete.append(work)
    return complete


def keep_wanted(batch: Batch, tenant: Tenant, works: Sequence[Work]) -> list[Work]:
    """Embed; the jobs of those that nobody wants any more are ended."""
    embedded = embed_together(batch, tenant, works)
    for work in works:
        if work not in embedded:
            set_aside(batch, work)
    return embedded


def index_one(batch: Batch, work: Work, with_model: bool, *, aims: Targets, collections: Sequence[str]) -> None:
    """Store the points, check their number, then write text, chunks and `ready` in one transaction, or how far it is."""
    scope, row, is_part = batch.scope, work.row, work.read.bookmark is not None
    started = perf_counter()
    points = points_of(work, row)
    examined = None if is_part else examine(scope, row, work.title, work.read)
    with span("index", document_id=row.id, points=len(points)):
        keep(scope, collections, row.id, points)
    if row.version > 1:
        scope.runtime.vector_cache.forget([row.id], before_version=row.version)
    embedded = with_model and (row.embedded or not work.start.page)
    complete = embedded and (not work.start.page or holds_all(scope, aims, work))
    work.milliseconds["indexing"] = milliseconds("indexing", started)
    with scope.write() as tx:
        document = repository.current(tx, row)
        moved = targets(tx) != aims
        is_wanted = document is not None and document.status != "paused"
        if document is not None and is_wanted and examined is not None:
            # A generation begun or finished meanwhile lacks this document: the job below brings it there.
            record_ready(tx, document, work, embedded)
            if moved or not complete:
                enqueue(tx, EMBED_JOB, document.id, queue="maintenance", stage=None)
            fold(tx, document, examined)
            batch.event(tx, work.job, "ready", chunk_count=document.chunk_count, milliseconds=dict(work.milliseconds))
            batch.done(tx, work.job)
        elif document is not None and is_wanted and moved:
            # This part once more, into that generation too.
            batch.defer(tx, work.job, 0)
        elif document is not None and is_wanted:
            record_part(tx, document, work, embedded)
            batch.event(tx, work.job, "searchable", page=document.pages_read, of=document.page_count)
            batch.go_on_later(tx, work.job, queue=BULK)
    if not is_wanted:
        set_aside(batch, work)


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
            text=indexed_text(work.title, span.text),
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


def is_ready(row: Document | None) -> bool:
    """Whether there is such a document, and it was read."""
    return row is not None and row.status == "ready"


def indexed_text(title: str, text: str) -> str:
    """What is embedded and matched by keyword: a chunk with its document's title. Citations use the bare chunk."""
    return f"{title}\n{text}"


def lane_of(batch: Batch) -> Lane:
    """Interactive jobs are embedded before bulk ones."""
    return Lane.INTERACTIVE if batch.queue == "interactive" else Lane.BULK

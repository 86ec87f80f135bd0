"""What was read of a document, written onto its row: all of it, or how far it is."""

from __future__ import annotations

from typing import Any

from services.ingest import repository
from services.ingest.dedup import release
from services.ingest.extract.messages import bookmark_json
from services.ingest.hints import without_password
from services.ingest.index.generations import Targets
from services.ingest.library.work import Work
from services.ingest.types import PageSpan
from services.models import Chunk, Document, utc_now
from services.scope import Scope, Tx


def record_ready(tx: Tx, document: Document, work: Work, embedded: bool) -> None:
    """Write a document that was read to its end."""
    record(tx, document, work, embedded)
    document.status = document.stage = "ready"
    document.stages = work.stages()
    document.error_code = document.error_detail = None
    document.hints = without_password(document.hints)
    document.ready_at = utc_now()


def record_part(tx: Tx, document: Document, work: Work, embedded: bool) -> None:
    """Write what was read of a document so far: searchable from this commit on."""
    if document.version > 1 and not work.start.page:
        # It is no copy, and no original, of what its former version repeated.
        release(tx, document)
        document.signature = None
    record(tx, document, work, embedded)
    document.stage = "extracting"


def record(tx: Tx, document: Document, work: Work, embedded: bool) -> None:
    """Write what was read onto the row of record, and the chunks of what is new."""
    article = work.read
    document.title = work.title
    document.text = article.text
    document.authors = list(article.authors)
    document.published_at, document.published_from = article.published_at, article.published_from
    document.published_offset = article.published_offset
    document.language, document.section = article.language, article.section
    document.category, document.category_from = article.category, article.category_from
    document.image_url, document.partial = article.image_url, document.partial or article.partial
    document.quality, document.quality_reasons = article.quality, list(article.quality_reasons)
    before = document.pages if work.start.page else []
    document.pages = [*before, *(page_json(page) for page in article.pages)]
    document.page_count = article.page_count
    document.pages_read = article.bookmark.page if article.bookmark else article.page_count or 0
    document.bookmark = bookmark_json(article.bookmark) if article.bookmark else {}
    document.chunk_count, document.embedded = chunks_before(work) + len(work.spans), embedded
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
    if work.start.page:
        repository.add_chunks(tx, rows)
    else:
        repository.replace_chunks(tx, document.id, rows)


def chunks_before(work: Work) -> int:
    """How many chunks the parts before have."""
    return work.row.chunk_count if work.start.page else 0


def page_json(page: PageSpan) -> dict[str, Any]:
    """A page's span as it is stored; with what is known of its picture when it was recognised."""
    span = {"number": page.number, "start": page.start, "end": page.end}
    if page.confidence is None:
        return span
    return {**span, "confidence": page.confidence, "turn": page.turn, "words": page.words}


def holds_all(scope: Scope, aims: Targets, work: Work) -> bool:
    """Whether the index holds the points of the parts before too."""
    total = chunks_before(work) + len(work.spans)
    return all(scope.runtime.vectors.count(each, document_id=work.row.id) >= total for each in aims.all)

"""The door of ingest: bytes become a document row and a job, once, whoever brings them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError

from services.errors import Conflict, InvalidInput, QuotaReached, TooLarge
from services.ids import new_id
from services.ingest import repository
from services.ingest.extract import detect, media_type
from services.ingest.hints import PASSWORD, SEALED_FOR, hints_json
from services.ingest.library import repository as library
from services.ingest.library.names import clean_folder, clean_line, clean_name, clean_tags
from services.ingest.rights import rights_of, shows_less, stricter_of
from services.ingest.tombstones import refuse_taken_down
from services.ingest.types import NO_AI, NOARCHIVE, ROWS, RawDocument, Rights
from services.ingest.urls import normalise_url, registrable_domain
from services.jobs.jobs import enqueue
from services.models import Document, utc_now
from services.scope import Scope, Tx

INGEST_JOB, ROWS_JOB = "ingest", "rows"
UPLOAD_SOURCE = "upload"
# What a new version takes from its submission.
REPLACED = (
    "type",
    "content_type",
    "filename",
    "url",
    "canonical_url",
    "source",
    "family",
    "hints",
    "partial",
    "content_hash",
    "byte_count",
    "fetched_at",
    "title",
)


INTERACTIVE, BULK = "interactive", "ingest"
# Nobody watches the seventeenth of a heap of files: the rest is done as bulk work, which gives way to other people.
MOST_INTERACTIVE = 16
# What ended without being read and can be tried again.
RETRIABLE = ("failed", "cancelled")


@dataclass(frozen=True)
class Submission:
    """The stored document, whether its bytes were there already, and the blob it no longer needs."""

    document: Document
    duplicate: bool
    obsolete_blob: str | None = None


def submit(scope: Scope, raw: RawDocument, *, queue: str = INTERACTIVE) -> Submission:
    """Accept a raw document: blob first, then document row and job row in one transaction. Idempotent.

    The same bytes are one document, which stays in its folder; one that failed or was cancelled is tried again. New bytes
    behind a known URL are its next version. After a return nothing is lost.
    Raises: InvalidInput for a folder or tags that cannot be; EmptyFile, UnsupportedType, TooLarge, TakenDown,
    QuotaReached; EngineUnavailable when the disk is full or the tenant asks too much at once; Conflict for a page that a
    person brings and its publisher reserves.
    """
    limit = scope.runtime.settings.max_upload_bytes
    if len(raw.content) > limit:
        raise TooLarge(
            f"The file has {len(raw.content) / 2**20:.1f} MiB; the limit is {limit / 2**20:.0f} MiB. Split it or raise the limit."
        )
    started = perf_counter()
    document = new_document(raw, detect(raw))
    document.stages = [{"stage": "checking", "milliseconds": round((perf_counter() - started) * 1000)}]
    if raw.password:
        seal_password(scope, document, raw.password)
    return accept(scope, document, raw.content, queue=queue)


def accept(scope: Scope, document: Document, content: bytes, *, queue: str) -> Submission:
    """Store a new document's bytes, then its row and its job, unless it is there already. Raises as `submit`."""
    with scope.runtime.turns.turn(scope.tenant_id):
        return stored_once(scope, document, content, queue)


def stored_once(scope: Scope, document: Document, content: bytes, queue: str) -> Submission:
    """As `accept`, in the turn of the tenant."""
    with scope.read() as tx:
        stored = repository.find_by_hash(tx, document.content_hash)
    if stored is not None and not is_tried_again(stored, document) and not changes_rights(stored, document):
        return Submission(stored, duplicate=True)
    key = blob_key(scope.tenant_id, document.id)
    scope.runtime.blobs.put(key, content)
    try:
        with scope.write() as tx:
            submission = store(tx, document, queue, most_documents=scope.runtime.settings.max_documents)
    except (Conflict, QuotaReached):
        scope.runtime.blobs.delete(key)
        raise
    except IntegrityError:
        # Another process stored the same bytes between the look and the insert.
        with scope.read() as tx:
            stored = repository.find_by_hash(tx, document.content_hash)
        if stored is None:
            raise
        submission = Submission(stored, duplicate=True, obsolete_blob=key)
    if submission.obsolete_blob:
        scope.runtime.blobs.delete(submission.obsolete_blob)
    return submission


def submit_url(scope: Scope, url: str, *, folder: str = "", tags: Sequence[str] = ()) -> Submission:
    """Fetch one page through the egress guard and submit it.

    Nobody reads its rights here: what a visit of a source read of them stays.
    Raises: EgressDenied, FetchFailed, TooLarge, TakenDown, and what `submit` raises.
    """
    settings = scope.runtime.settings
    with scope.read() as tx:
        refuse_taken_down(tx, url)
    page = scope.runtime.egress.fetch(url, max_bytes=settings.max_page_bytes, timeout_seconds=settings.fetch_seconds)
    content_type = page.headers.get("content-type")
    raw = RawDocument(page.content, content_type, url=page.final_url, fetched_at=utc_now())
    return submit(scope, replace(raw, folder=folder, tags=tuple(tags)))


def submit_text(
    scope: Scope, text: str, title: str | None, *, folder: str = "", tags: Sequence[str] = ()
) -> Submission:
    """Submit text that a person pasted."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "The text holds broken characters (lone surrogates); paste it again as plain text."
        ) from error
    raw = RawDocument(content, "text/plain", title=title, folder=folder, tags=tuple(tags))
    return submit(scope, raw)


def store(tx: Tx, document: Document, queue: str, *, most_documents: int = 0) -> Submission:
    """Insert, revive or update, and enqueue; inside one write transaction. Raises as `submit` does.

    `most_documents`: how many a tenant may bring in, 0 for as many as it likes.
    """
    if queue == INTERACTIVE and repository.waits_for_many(tx, INTERACTIVE, MOST_INTERACTIVE):
        queue = BULK
    if document.canonical_url:
        refuse_taken_down(tx, document.canonical_url)
    stored = repository.find_by_hash(tx, document.content_hash)
    if stored is not None and not is_tried_again(stored, document):
        if changes_rights(stored, document):
            take_rights(tx, stored, document)
        return Submission(stored, duplicate=True, obsolete_blob=blob_key(tx.tenant_id, document.id))
    if stored is None and document.canonical_url:
        stored = repository.find_by_url(tx, document.canonical_url)
    if stored is None:
        if document.source_id is None and repository.room(tx, most_documents) < 1:
            raise QuotaReached(quota_words(most_documents))
        tx.add(document)
        document.blob_key = blob_key(tx.tenant_id, document.id)
        tx.session.flush()
        library.set_tags(tx, document, document.tags)
        enqueue(tx, job_of(document), document.id, queue=queue)
        return Submission(document, duplicate=False)
    take_rights(tx, stored, document)
    if document.canonical_url and document.source_id is None and stored.source_id is not None:
        keep_for_source(stored, document)
    for name in REPLACED:
        setattr(stored, name, getattr(document, name))
    obsolete, stored.blob_key = stored.blob_key, blob_key(tx.tenant_id, document.id)
    stored.version += 1
    stored.page_count, stored.pages_read, stored.bookmark = None, 0, {}
    # Whoever brought it first: two sources that show one story do not take it from each other.
    stored.source_id = stored.source_id or document.source_id
    library.end_waiting(tx, stored.id, job_of(stored))
    restart(stored)
    stored.stages = document.stages
    enqueue(tx, job_of(stored), stored.id, queue=queue)
    return Submission(stored, duplicate=False, obsolete_blob=obsolete)


def job_of(document: Document) -> str:
    """The job that reads a document."""
    return ROWS_JOB if document.type == ROWS else INGEST_JOB


def quota_words(most: int) -> str:
    """Why nothing more is taken in, and what helps."""
    return f"There are {most:,} documents, as many as there may be. Delete some, or ask the operator for more."


def is_tried_again(stored: Document, new: Document) -> bool:
    """Whether bytes that are there already are to be read again. What a person cancelled, no crawl takes up."""
    return stored.status in RETRIABLE and (stored.status == "failed" or new.source_id is None)


def keep_for_source(stored: Document, new: Document) -> None:
    """A person brings a page that a source brought before: it stays the source's. Raises Conflict when it is reserved."""
    if stored.partial and {NOARCHIVE, NO_AI} & set(stored.directives):
        raise Conflict("The publisher does not allow keeping this page; what its feed said of it is kept.")
    new.source_id, new.hints = stored.source_id, stored.hints


def changes_rights(stored: Document, new: Document) -> bool:
    """Whether a page that came again says something else about what is allowed with it."""
    same_page = stored.canonical_url is not None and stored.canonical_url == new.canonical_url
    return same_page and rights_now(stored, new) != rights_of(stored)


def rights_now(stored: Document, new: Document) -> Rights:
    """What a visit of a source says; without one nobody read the page's rights, and what was said before stays."""
    return rights_of(new) if new.source_id is not None else stricter_of(rights_of(stored), rights_of(new))


def take_rights(tx: Tx, stored: Document, new: Document) -> None:
    """Write a submission's rights onto the row; answers that show more than they allow are forgotten."""
    rights = rights_now(stored, new)
    if shows_less(rights, rights_of(stored)):
        repository.forget_in_answers(tx, stored.id)
    stored.directives = list(rights.directives)
    stored.max_snippet, stored.expires_at = rights.max_snippet, rights.expires_at


def restart(document: Document) -> None:
    """Put a document back at the start of its way."""
    document.status, document.stage = "queued", "received"
    document.error_code = document.error_detail = None
    document.stages = []


def seal_password(scope: Scope, document: Document, password: str) -> None:
    """Keep a password on the row, encrypted, until the document was read or has failed."""
    document.hints = {**document.hints, PASSWORD: scope.runtime.secrets.seal(SEALED_FOR, password)}


def new_document(raw: RawDocument, type_: str) -> Document:
    """The row of a raw document, before it is read."""
    canonical = normalise_url(raw.url) if raw.url else None
    host = (urlsplit(canonical).hostname or "") if canonical else ""
    host = host.removeprefix("www.")
    return Document(
        id=new_id("doc"),
        version=1,
        type=type_,
        content_type=media_type(type_, raw.content),
        filename=clean_name(raw.filename) if raw.filename else None,
        url=raw.url,
        canonical_url=canonical,
        source=host or UPLOAD_SOURCE,
        source_id=raw.source_id,
        family=registrable_domain(host) if host else UPLOAD_SOURCE,
        hints=hints_json(raw.hints) if raw.hints else {},
        directives=list(raw.rights.directives),
        max_snippet=raw.rights.max_snippet,
        expires_at=raw.rights.expires_at,
        partial=raw.partial,
        content_hash=hashlib.sha256(raw.content).hexdigest(),
        byte_count=len(raw.content),
        fetched_at=raw.fetched_at or utc_now(),
        title=clean_line(raw.title) if raw.title else "",
        folder=clean_folder(raw.folder),
        tags=clean_tags(raw.tags),
        status="queued",
        stage="received",
        blob_key="",
    )


def blob_key(tenant_id: str, document_id: str) -> str:
    """Where a submission's bytes lie. Not named by content: two documents never share a blob, so purging one is safe."""
    return f"{tenant_id}/{document_id}"

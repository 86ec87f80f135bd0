"""The door of ingest: bytes become a document row and a job, once, whoever brings them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError

from services.errors import Conflict, InvalidInput, TooLarge
from services.ids import new_id
from services.ingest import repository
from services.ingest.extract import detect
from services.ingest.hints import hints_json
from services.ingest.rights import rights_of, shows_less, stricter_of
from services.ingest.tombstones import refuse_taken_down
from services.ingest.types import NO_AI, NOARCHIVE, TYPES, RawDocument, Rights
from services.ingest.urls import normalise_url, registrable_domain
from services.jobs.jobs import enqueue
from services.models import Document, utc_now
from services.scope import Scope, Tx

INGEST_JOB = "ingest"
MAX_NAME = 200
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


@dataclass(frozen=True)
class Submission:
    """The stored document, whether its bytes were there already, and the blob it no longer needs."""

    document: Document
    duplicate: bool
    obsolete_blob: str | None = None


def submit(scope: Scope, raw: RawDocument, *, queue: str = "interactive") -> Submission:
    """Accept a raw document: blob first, then document row and job row in one transaction. Idempotent.

    The same bytes are one document; a failed one is tried again. New bytes behind a known URL are its next version.
    Raises: EmptyFile, UnsupportedType, TooLarge, TakenDown; EngineUnavailable when the disk is full; Conflict for a page
    that a person brings and its publisher reserves. After a return nothing is lost.
    """
    limit = scope.runtime.settings.max_upload_bytes
    if len(raw.content) > limit:
        raise TooLarge(
            f"The file has {len(raw.content) / 2**20:.1f} MiB; the limit is {limit / 2**20:.0f} MiB. Split it or raise the limit."
        )
    document = new_document(raw, detect(raw))
    with scope.read() as tx:
        stored = repository.find_by_hash(tx, document.content_hash)
    if stored is not None and stored.status != "failed" and not changes_rights(stored, document):
        return Submission(stored, duplicate=True)
    key = blob_key(scope.tenant_id, document.id)
    scope.runtime.blobs.put(key, raw.content)
    try:
        with scope.write() as tx:
            submission = store(tx, document, queue)
    except Conflict:
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


def submit_url(scope: Scope, url: str) -> Submission:
    """Fetch one page through the egress guard and submit it.

    Nobody reads its rights here: what a visit of a source read of them stays.
    Raises: EgressDenied, FetchFailed, TooLarge, TakenDown, and what `submit` raises.
    """
    settings = scope.runtime.settings
    with scope.read() as tx:
        refuse_taken_down(tx, url)
    page = scope.runtime.egress.fetch(url, max_bytes=settings.max_page_bytes, timeout_seconds=settings.fetch_seconds)
    content_type = page.headers.get("content-type")
    return submit(
        scope, RawDocument(content=page.content, content_type=content_type, url=page.final_url, fetched_at=utc_now())
    )


def submit_text(scope: Scope, text: str, title: str | None) -> Submission:
    """Submit text that a person pasted."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "The text holds broken characters (lone surrogates); paste it again as plain text."
        ) from error
    return submit(scope, RawDocument(content=content, content_type="text/plain", title=title))


def store(tx: Tx, document: Document, queue: str) -> Submission:
    """Insert, revive or update, and enqueue; inside one write transaction. Raises TakenDown, Conflict as `submit` does."""
    if document.canonical_url:
        refuse_taken_down(tx, document.canonical_url)
    stored = repository.find_by_hash(tx, document.content_hash)
    if stored is not None and stored.status != "failed":
        if changes_rights(stored, document):
            take_rights(tx, stored, document)
        return Submission(stored, duplicate=True, obsolete_blob=blob_key(tx.tenant_id, document.id))
    if stored is None and document.canonical_url:
        stored = repository.find_by_url(tx, document.canonical_url)
    if stored is None:
        tx.add(document)
        document.blob_key = blob_key(tx.tenant_id, document.id)
        tx.session.flush()
        enqueue(tx, INGEST_JOB, document.id, queue=queue)
        return Submission(document, duplicate=False)
    take_rights(tx, stored, document)
    if document.canonical_url and document.source_id is None and stored.source_id is not None:
        keep_for_source(stored, document)
    for name in REPLACED:
        setattr(stored, name, getattr(document, name))
    obsolete, stored.blob_key = stored.blob_key, blob_key(tx.tenant_id, document.id)
    stored.version += 1
    # Whoever brought it first: two sources that show one story do not take it from each other.
    stored.source_id = stored.source_id or document.source_id
    restart(stored)
    enqueue(tx, INGEST_JOB, stored.id, queue=queue)
    return Submission(stored, duplicate=False, obsolete_blob=obsolete)


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


def new_document(raw: RawDocument, type_: str) -> Document:
    """The row of a raw document, before it is read."""
    canonical = normalise_url(raw.url) if raw.url else None
    host = (urlsplit(canonical).hostname or "") if canonical else ""
    host = host.removeprefix("www.")
    return Document(
        id=new_id("doc"),
        version=1,
        type=type_,
        content_type=TYPES[type_],
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
        status="queued",
        stage="received",
        blob_key="",
    )


def blob_key(tenant_id: str, document_id: str) -> str:
    """Where a submission's bytes lie. Not named by content: two documents never share a blob, so purging one is safe."""
    return f"{tenant_id}/{document_id}"


def clean_name(name: str) -> str:
    """A file name fit to show: its last path part, cleaned."""
    return clean_line(name.replace("\\", "/").rsplit("/", 1)[-1])


def clean_line(text: str) -> str:
    """One line fit to show: no control, format or direction characters, at most MAX_NAME characters."""
    kept = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in kept if character.isprintable()).split())[:MAX_NAME]

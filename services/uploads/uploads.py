"""One file in parts: begin, append, and at the last byte `submit`, as if it had come in one request.

Each append is a blob of its own, stored before the row says so: whichever gateway takes the next one finds what came so
far, a crash loses at most the append that was under way, and two that cross cannot mix.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.engines.disk import FULL_BYTES
from services.errors import (
    ChecksumMismatch,
    Conflict,
    EmptyFile,
    InvalidInput,
    NotFound,
    OffsetMismatch,
    TooLarge,
    UnsupportedType,
)
from services.ids import new_id
from services.ingest.hints import SEALED_FOR
from services.ingest.library.names import clean_folder, clean_line, clean_name, clean_tags
from services.ingest.submit import submit
from services.ingest.types import RawDocument
from services.models import Upload, utc_now
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.tenants.tenants import list_tenants
from services.uploads import repository

SWEEPER = "sweep"
# How long an upload waits for its next part.
KEPT = timedelta(days=1)
# Unfinished uploads of a tenant.
MOST_OPEN = 64
MAX_APPEND_BYTES = 8 * 2**20
# So many appends at most, or few more: each is a blob.
MOST_APPENDS = 1000
# Rows removed in one transaction.
SLICE = 100
UNKNOWN = "No such upload; it may be finished, abandoned, or older than a day. Begin it again."


@dataclass(frozen=True)
class NewUpload:
    """What is going to be sent. `sha256`: of the whole file, in hexadecimal digits; checked at the end if given."""

    byte_count: int
    filename: str
    title: str | None = None
    content_type: str | None = None
    password: str | None = field(default=None, repr=False)
    sha256: str | None = None
    folder: str = ""
    tags: Sequence[str] = ()


def begin(scope: Scope, new: NewUpload) -> Upload:
    """Announce a file; its bytes come with `append`.

    Raises: EmptyFile, TooLarge; InvalidInput for a folder or tags that cannot be; EngineUnavailable where the disk has no
    room for it beside those under way; Conflict when too many are.
    """
    runtime = scope.runtime
    limit = runtime.settings.max_upload_bytes
    if new.byte_count == 0:
        raise EmptyFile("The file is empty. Choose one that has text in it.")
    if new.byte_count > limit:
        raise TooLarge(
            f"The file has {new.byte_count / 2**20:.1f} MiB; the limit is {limit / 2**20:.0f} MiB. Split it or raise the limit."
        )
    upload = Upload(
        id=new_id("upl"),
        filename=clean_name(new.filename) or "file",
        title=clean_line(new.title) if new.title else None,
        content_type=new.content_type,
        password=runtime.secrets.seal(SEALED_FOR, new.password) if new.password else None,
        byte_count=new.byte_count,
        sha256=new.sha256.lower() if new.sha256 else None,
        folder=clean_folder(new.folder),
        tags=clean_tags(new.tags),
        expires_at=utc_now() + KEPT,
    )
    with scope.write() as tx:
        count, outstanding = repository.outstanding(tx)
        if count >= MOST_OPEN:
            raise Conflict(f"{count} uploads are unfinished; finish or abandon some of them first.")
        # The parts, and at the end the whole.
        runtime.blobs.demand_room(FULL_BYTES + outstanding + 2 * new.byte_count)
        tx.add(upload)
    return upload


def get_upload(scope: Scope, upload_id: str) -> Upload:
    """An upload and how far it is; raises NotFound."""
    with scope.read() as tx:
        upload = repository.find(tx, upload_id)
    if upload is None:
        raise NotFound(UNKNOWN)
    return upload


def list_unfinished(scope: Scope) -> list[Upload]:
    """The tenant's unfinished uploads, the latest first."""
    with scope.read() as tx:
        return list(repository.unfinished(tx, MOST_OPEN))


def least_append_bytes(upload: Upload) -> int:
    """What an append must bring, unless it is the last."""
    return max(1, upload.byte_count // MOST_APPENDS)


def append(scope: Scope, upload_id: str, offset: int, content: bytes) -> Upload:
    """Add the bytes that begin at `offset`, all or none of them; the last ones make the upload a document.

    Sent again after an answer that was lost, an append is refused with OffsetMismatch and has no effect; an empty one at
    the end finishes what a crash left unfinished.
    Raises: NotFound, OffsetMismatch, InvalidInput, TooLarge, EngineUnavailable; at the end also ChecksumMismatch and what
    `submit` raises: then the upload is gone.
    """
    upload = get_upload(scope, upload_id)
    check_append(upload, offset, len(content))
    if content:
        key = f"{scope.tenant_id}/{upload.id}.{secrets.token_hex(4)}"
        scope.runtime.blobs.put(key, content)
        try:
            with scope.write() as tx:
                upload = take(tx, upload_id, offset, key, len(content))
        except (NotFound, OffsetMismatch):
            # Nothing else: a commit that failed may have been one.
            scope.runtime.blobs.delete(key)
            raise
    return finish(scope, upload) if upload.received == upload.byte_count else upload


def check_append(upload: Upload, offset: int, size: int) -> None:
    """Whether an append fits. Raises OffsetMismatch, TooLarge, InvalidInput."""
    if offset != upload.received:
        raise OffsetMismatch(
            f"The upload goes on at byte {upload.received}, not at {offset}; send the rest from there."
        )
    if offset + size > upload.byte_count:
        raise InvalidInput(f"The upload was announced with {upload.byte_count} bytes; these are more.")
    if size > MAX_APPEND_BYTES:
        raise TooLarge(f"Send at most {MAX_APPEND_BYTES // 2**20} MiB at a time.")
    least = least_append_bytes(upload)
    if offset + size < upload.byte_count and size < least:
        raise InvalidInput(f"Send at least {least} bytes at a time, unless they are the last.")


def take(tx: Tx, upload_id: str, offset: int, key: str, size: int) -> Upload:
    """Record a stored append, if no other one was faster. Writes of a tenant follow each other."""
    upload = repository.find(tx, upload_id)
    if upload is None:
        raise NotFound(UNKNOWN)
    check_append(upload, offset, size)
    upload.received += size
    upload.segments = [*upload.segments, {"key": key, "size": size}]
    upload.expires_at = utc_now() + KEPT
    return upload


def finish(scope: Scope, upload: Upload) -> Upload:
    """Make a document of an upload whose bytes are all there; idempotent. The parts are removed."""
    if upload.document_id is not None:
        return upload
    blobs = scope.runtime.blobs
    try:
        content = b"".join(blobs.get(segment["key"]) for segment in upload.segments)
    except NotFound:
        # Another request finished it meanwhile, and removed the parts.
        other = get_upload(scope, upload.id)
        if other.document_id is None:
            raise
        return other
    if upload.sha256 is not None and hashlib.sha256(content).hexdigest() != upload.sha256:
        abandon(scope, upload.id)
        raise ChecksumMismatch("What arrived is not the file that was announced: its SHA-256 differs. Send it again.")
    password = scope.runtime.secrets.unseal(SEALED_FOR, upload.password) if upload.password else None
    raw = RawDocument(
        content,
        upload.content_type,
        filename=upload.filename,
        title=upload.title,
        password=password,
        folder=upload.folder,
        tags=tuple(upload.tags),
    )
    try:
        submission = submit(scope, raw)
    except (InvalidInput, UnsupportedType, TooLarge):
        abandon(scope, upload.id)
        raise
    with scope.write() as tx:
        finished = repository.find(tx, upload.id)
        if finished is None:
            raise NotFound(UNKNOWN)
        if finished.document_id is None:
            finished.document_id, finished.duplicate = submission.document.id, submission.duplicate
        finished.segments, finished.password = [], None
    remove_parts(scope.runtime, upload)
    return finished


def abandon(scope: Scope, upload_id: str) -> None:
    """Forget an upload and what came of it. A document that it became stays. Raises NotFound."""
    with scope.write() as tx:
        upload = repository.find(tx, upload_id)
        if upload is None:
            raise NotFound(UNKNOWN)
        tx.session.delete(upload)
    remove_parts(scope.runtime, upload)


def remove_parts(runtime: Runtime, upload: Upload) -> None:
    """Remove the blobs of an upload whose row does not name them any more."""
    for segment in upload.segments:
        runtime.blobs.delete(segment["key"])


def sweep_uploads(runtime: Runtime) -> int:
    """Forget uploads past their time, with what came of them; returns how many. Safe at any time."""
    removed = 0
    for tenant in list_tenants(runtime):
        scope = Scope(runtime, tenant.id, SWEEPER)
        with scope.read() as tx:
            found = repository.expired(tx, 1)
        while found:
            with scope.write() as tx:
                found = repository.expired(tx, SLICE)
                for upload in found:
                    tx.session.delete(upload)
            for upload in found:
                remove_parts(runtime, upload)
            removed += len(found)
    return removed

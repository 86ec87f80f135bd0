"""Files sent in parts: they go on anywhere, end as a document once, and leave nothing when they are given up."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.engines import disk
from services.errors import (
    ChecksumMismatch,
    Conflict,
    EmptyFile,
    EngineUnavailable,
    InvalidInput,
    NotFound,
    OffsetMismatch,
    TooLarge,
    UnsupportedType,
)
from services.ingest.documents import delete_document, get_document, read_content
from services.ingest.hints import SEALED_FOR
from services.ingest.submit import submit
from services.ingest.sweep import sweep_blobs
from services.ingest.types import RawDocument
from services.models import Document, Upload, utc_now
from services.runtime import open_runtime
from services.scope import Scope
from services.uploads import uploads
from services.uploads.uploads import NewUpload, abandon, append, begin, get_upload, list_unfinished, sweep_uploads
from tests.factories import do_work, make_scope

CONTENT = b"The harbour of Rotterdam was closed on Friday because of a storm. " * 200


def announced(scope: Scope, content: bytes = CONTENT, **more: str) -> Upload:
    return begin(scope, NewUpload(byte_count=len(content), filename="harbour.txt", **more))


def parts_of(content: bytes, size: int = 5000) -> Iterator[tuple[int, bytes]]:
    for offset in range(0, len(content), size):
        yield offset, content[offset : offset + size]


def sent(scope: Scope, upload: Upload, content: bytes = CONTENT) -> Upload:
    for offset, part in parts_of(content):
        upload = append(scope, upload.id, offset, part)
    return upload


def blobs(scope: Scope) -> set[str]:
    return set(scope.runtime.blobs.keys_older_than(-1.0))


def test_the_parts_become_one_document_like_any_other(scope: Scope) -> None:
    upload = sent(scope, announced(scope, title="Storm", sha256=hashlib.sha256(CONTENT).hexdigest().upper()))
    assert upload.document_id is not None
    assert not upload.duplicate
    do_work(scope.runtime)
    document, content = read_content(scope, upload.document_id)
    assert (document.status, document.title, document.filename) == ("ready", "Storm", "harbour.txt")
    assert content == CONTENT
    assert blobs(scope) == {document.blob_key}
    assert list_unfinished(scope) == []


def test_it_goes_on_in_another_process(scope: Scope) -> None:
    upload = announced(scope)
    first, *rest = parts_of(CONTENT)
    append(scope, upload.id, *first)
    other = open_runtime(scope.runtime.settings, with_bell=False)
    elsewhere = Scope(other, scope.tenant_id, scope.actor_id)
    assert [found.received for found in list_unfinished(elsewhere)] == [5000]
    for offset, part in rest:
        upload = append(elsewhere, upload.id, offset, part)
    other.close()
    assert read_content(scope, upload.document_id or "")[1] == CONTENT


@pytest.mark.parametrize("offset", [0, 4999, 5001, 10000])
def test_a_part_that_does_not_begin_where_it_goes_on_is_refused_and_has_no_effect(scope: Scope, offset: int) -> None:
    upload = announced(scope)
    append(scope, upload.id, 0, CONTENT[:5000])
    before = blobs(scope)
    with pytest.raises(OffsetMismatch, match="5000"):
        append(scope, upload.id, offset, CONTENT[offset : offset + 2000])
    assert get_upload(scope, upload.id).received == 5000
    assert blobs(scope) == before


def test_of_two_that_send_the_same_part_at_once_one_is_taken(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw that the upload goes on there, and both stored their bytes."""
    upload = announced(scope)
    put = scope.runtime.blobs.put

    def crossed(key: str, content: bytes) -> None:
        put(key, content)
        monkeypatch.undo()
        append(scope, upload.id, 0, CONTENT[:6000])

    monkeypatch.setattr(scope.runtime.blobs, "put", crossed)
    with pytest.raises(OffsetMismatch):
        append(scope, upload.id, 0, b"x" * 7000)
    done = append(scope, upload.id, 6000, CONTENT[6000:])
    document = get_document(scope, done.document_id or "")
    assert read_content(scope, document.id)[1] == CONTENT
    assert blobs(scope) == {document.blob_key}


def test_many_at_once_end_as_one_document(scope: Scope) -> None:
    upload = announced(scope)
    append(scope, upload.id, 0, CONTENT[:5000])
    done: list[str | None] = []

    def finish_it() -> None:
        try:
            done.append(append(scope, upload.id, 5000, CONTENT[5000:]).document_id)
        except OffsetMismatch:
            done.append(append(scope, upload.id, len(CONTENT), b"").document_id)

    threads = [threading.Thread(target=finish_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scope.read() as tx:
        documents = tx.session.scalars(tx.select(Document)).all()
    assert done == [documents[0].id] * 6
    assert len(documents) == 1
    assert blobs(scope) == {documents[0].blob_key}


@pytest.mark.parametrize("stored", [False, True], ids=["before the document is stored", "after it is stored"])
def test_killed_at_the_end_it_is_finished_by_asking_again(
    scope: Scope, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    class Killed(BaseException):
        """What no handler catches."""

    def die(given: Scope, raw: RawDocument) -> None:
        if stored:
            submit(given, raw)
        raise Killed

    upload = announced(scope)
    monkeypatch.setattr(uploads, "submit", die)
    with pytest.raises(Killed):
        append(scope, upload.id, 0, CONTENT)
    monkeypatch.undo()
    known = get_upload(scope, upload.id)
    assert (known.received, known.document_id) == (len(CONTENT), None)
    assert [each.id for each in list_unfinished(scope)] == [upload.id]
    done = append(scope, upload.id, len(CONTENT), b"")
    with scope.read() as tx:
        assert [row.id for row in tx.session.scalars(tx.select(Document))] == [done.document_id]
    assert append(scope, upload.id, len(CONTENT), b"").document_id == done.document_id
    assert len(blobs(scope)) == 1


def test_bytes_that_are_stored_already_are_one_document(scope: Scope) -> None:
    known = submit(scope, RawDocument(CONTENT, filename="known.txt")).document
    upload = sent(scope, announced(scope))
    assert (upload.document_id, upload.duplicate) == (known.id, True)
    assert blobs(scope) == {known.blob_key}


def test_other_bytes_than_were_announced_are_refused_and_forgotten(scope: Scope) -> None:
    upload = announced(scope, sha256=hashlib.sha256(b"something else").hexdigest())
    with pytest.raises(ChecksumMismatch):
        sent(scope, upload)
    with pytest.raises(NotFound):
        get_upload(scope, upload.id)
    assert blobs(scope) == set()


def test_what_tidings_does_not_read_is_refused_and_forgotten(scope: Scope) -> None:
    picture = b"GIF89a" + bytes(5000)
    upload = announced(scope, picture)
    with pytest.raises(UnsupportedType):
        sent(scope, upload, picture)
    with pytest.raises(NotFound):
        get_upload(scope, upload.id)
    assert blobs(scope) == set()


def test_what_cannot_be_taken_is_refused_before_a_byte_is_sent(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmptyFile):
        announced(scope, b"")
    with pytest.raises(TooLarge, match="50 MiB"):
        begin(scope, NewUpload(byte_count=50 * 2**20 + 1, filename="large.pdf"))
    begin(scope, NewUpload(byte_count=40 * 2**20, filename="first.pdf"))
    usage = disk.shutil.disk_usage
    room = 100 * disk.MIB + 60 * disk.MIB
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: usage(path)._replace(free=room))
    with pytest.raises(EngineUnavailable, match="full"):
        begin(scope, NewUpload(byte_count=15 * 2**20, filename="second.pdf"))
    assert begin(scope, NewUpload(byte_count=9 * 2**20, filename="small.pdf")).received == 0


def test_unfinished_ones_are_bounded(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_OPEN", 2)
    first = announced(scope)
    announced(scope)
    with pytest.raises(Conflict, match="abandon"):
        announced(scope)
    assert announced(make_scope(scope.runtime, "Others")).received == 0
    abandon(scope, first.id)
    assert announced(scope).received == 0


def test_parts_have_a_size(scope: Scope) -> None:
    upload = begin(scope, NewUpload(byte_count=30 * 2**20, filename="large.pdf"))
    with pytest.raises(InvalidInput, match="at least 31457"):
        append(scope, upload.id, 0, bytes(1000))
    with pytest.raises(TooLarge):
        append(scope, upload.id, 0, bytes(8 * 2**20 + 1))
    small = announced(scope)
    with pytest.raises(InvalidInput, match="announced"):
        append(scope, small.id, 0, CONTENT + b"x")
    assert blobs(scope) == set()


def test_given_up_nothing_is_left(scope: Scope) -> None:
    upload = announced(scope)
    append(scope, upload.id, 0, CONTENT[:5000])
    abandon(scope, upload.id)
    assert blobs(scope) == set()
    with pytest.raises(NotFound):
        append(scope, upload.id, 5000, CONTENT[5000:])
    with pytest.raises(NotFound):
        abandon(scope, upload.id)


def test_after_a_day_without_a_part_it_is_swept(scope: Scope) -> None:
    old, young = announced(scope), announced(scope)
    for upload in (old, young):
        append(scope, upload.id, 0, CONTENT[:5000])
    finished = sent(scope, announced(scope))
    with scope.write() as tx:
        for row in tx.session.scalars(tx.select(Upload).where(Upload.id.in_((old.id, finished.id)))):
            row.expires_at = utc_now() - timedelta(seconds=1)
    with pytest.raises(NotFound):
        append(scope, old.id, 5000, CONTENT[5000:])
    assert sweep_uploads(scope.runtime) == 2
    assert sweep_uploads(scope.runtime) == 0
    kept = {segment["key"] for segment in get_upload(scope, young.id).segments}
    assert blobs(scope) == kept | {get_document(scope, finished.document_id or "").blob_key}


def test_the_sweep_of_blobs_leaves_the_parts_of_unfinished_uploads(scope: Scope) -> None:
    upload = announced(scope)
    append(scope, upload.id, 0, CONTENT[:5000])
    scope.runtime.blobs.put(f"{scope.tenant_id}/{upload.id}.litter", b"of a request that was killed")
    assert sweep_blobs(scope.runtime, older_than_seconds=-1.0) == 1
    append(scope, upload.id, 5000, CONTENT[5000:])


def test_a_deleted_document_leaves_no_name_in_its_upload(scope: Scope) -> None:
    upload = sent(scope, announced(scope))
    delete_document(scope, upload.document_id or "")
    with pytest.raises(NotFound):
        get_upload(scope, upload.id)
    do_work(scope.runtime)
    assert blobs(scope) == set()
    with scope.read() as tx:
        assert tx.session.scalars(tx.select(Upload)).all() == []


def test_a_password_is_sealed_and_forgotten(scope: Scope) -> None:
    upload = announced(scope, password="open-sesame-7")
    assert "open-sesame-7" not in str(upload.password)
    assert scope.runtime.secrets.unseal(SEALED_FOR, str(upload.password)) == "open-sesame-7"
    assert sent(scope, upload).password is None

"""The password of an encrypted PDF: it opens the document, is kept sealed until then, and is forgotten after."""

from __future__ import annotations

import pytest

from services.ingest import repository
from services.ingest.documents import get_document, read_text
from services.ingest.hints import PASSWORD, SEALED_FOR
from services.ingest.submit import submit
from services.ingest.types import Hints, RawDocument
from services.scope import Scope
from tests.factories import do_work
from tests.services.ingest.extract.prints import printed, pymupdf

WORD = "open-sesame-7"


@pytest.fixture(scope="module")
def locked() -> bytes:
    """A PDF that opens with WORD."""
    with pymupdf.open(stream=printed(["The ferry ran late on Tuesday."]), filetype="pdf") as document:
        return bytes(document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=WORD, owner_pw="other"))


def hints(scope: Scope, document_id: str) -> dict[str, object]:
    with scope.read() as tx:
        return dict(repository.find_many(tx, [document_id])[document_id].hints)


def test_the_right_one_opens_the_document_and_is_forgotten(scope: Scope, locked: bytes) -> None:
    raw = RawDocument(locked, filename="locked.pdf", hints=Hints(title="Ferry"), password=WORD)
    document = submit(scope, raw).document
    kept = hints(scope, document.id)
    assert WORD not in str(kept)
    assert WORD not in repr(raw)
    assert scope.runtime.secrets.unseal(SEALED_FOR, str(kept[PASSWORD])) == WORD
    do_work(scope.runtime, "interactive")
    assert read_text(scope, document.id).text == "The ferry ran late on Tuesday."
    assert hints(scope, document.id) == {"title": "Ferry"}


def test_a_wrong_one_fails_and_is_forgotten_and_the_right_one_helps_later(scope: Scope, locked: bytes) -> None:
    document = submit(scope, RawDocument(locked, filename="locked.pdf", password="wrong")).document
    do_work(scope.runtime, "interactive")
    failed = get_document(scope, document.id)
    assert (failed.status, failed.error_code) == ("failed", "encrypted")
    assert "right one" in (failed.error_detail or "")
    assert hints(scope, document.id) == {}
    again = submit(scope, RawDocument(locked, filename="locked.pdf", password=WORD)).document
    do_work(scope.runtime, "interactive")
    assert again.id == document.id
    assert get_document(scope, document.id).status == "ready"


def test_what_another_installation_sealed_opens_nothing(scope: Scope) -> None:
    sealed = scope.runtime.secrets.seal("something else", WORD)
    assert scope.runtime.secrets.unseal(SEALED_FOR, sealed) is None

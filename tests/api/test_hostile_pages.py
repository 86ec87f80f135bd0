"""Broken and hostile PDFs whose pages somebody wants to see: a picture or a refusal, within the limits, and the server lives on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.ids import new_id
from services.ingest.pages import pages
from services.models import Document, utc_now
from tests.services.ingest.extract.prints import printed
from tests.services.ingest.extract.test_hostile_pdfs import HOSTILE, hostile

# Starting children on a busy machine; a look itself is ended by its own clock.
MARGIN_SECONDS = 60


def stored(scope: Any, content: bytes) -> str:
    """A PDF as if it had been read: what it looks like is asked for the first time."""
    document_id = new_id("doc")
    key = f"{scope.tenant_id}/{document_id}"
    scope.runtime.blobs.put(key, content)
    with scope.write() as tx:
        tx.add(
            Document(
                id=document_id,
                type="pdf",
                content_type="application/pdf",
                source="upload",
                content_hash=document_id,
                byte_count=len(content),
                blob_key=key,
                title="hostile",
                text="Readable words.",
                pages=[{"number": 1, "start": 0, "end": 15}],
                status="ready",
                stage="ready",
                first_seen_at=utc_now(),
            )
        )
    return document_id


def check(client: TestClient, ours: Any, content: bytes) -> None:
    address = f"/v1/documents/{stored(ours.scope, content)}/pages"
    for path in ("", "/1/image", "/1/boxes"):
        started = time.monotonic()
        answer = client.get(address + path, headers=ours.as_key())
        assert time.monotonic() - started < pages.LOOK_SECONDS + MARGIN_SECONDS
        assert answer.status_code in ((200, 404, 422) if path else (200,)), answer.text
        if path == "/1/image" and answer.status_code == 200:
            assert answer.content[8:12] == b"WEBP"


@pytest.fixture(autouse=True)
def short_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LOOK_SECONDS", 4)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_is_a_picture_or_a_refusal(client: TestClient, ours: Any, name: str) -> None:
    check(client, ours, hostile(name))


def test_malformed_files_leave_the_server_well(client: TestClient, ours: Any, shared_data: Path) -> None:
    files = sorted((shared_data / "documents" / "malformed").glob("*.pdf"))
    assert files
    for file in files:
        check(client, ours, file.read_bytes())
    whole = stored(ours.scope, printed(["The ferry ran late."]))
    assert client.get(f"/v1/documents/{whole}/pages/1/image", headers=ours.as_key()).status_code == 200

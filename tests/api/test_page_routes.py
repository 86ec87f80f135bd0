"""The pages of PDFs through the API: what there is, pictures that browsers ask for again, boxes, and who is refused."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from services.ingest.pages.pages import PLACES, Desk
from services.ingest.types import NOSNIPPET, RawDocument, Rights
from services.models import Document
from services.runtime import Runtime
from tests.factories import do_work, store
from tests.services.ingest.extract.prints import is_boxed, known_places, printed, pymupdf, scanned, spans_of_words

PARAGRAPHS = ["The council voted on Tuesday to build a bridge.", "The ferry ran late on Monday."]
SCANNED = "The harbour was closed. It opens again on Friday."


def send(client: TestClient, content: bytes, filename: str = "report.pdf", **fields: str) -> str:
    made = client.post("/v1/documents", files={"file": (filename, content)}, data=fields)
    assert made.status_code == 202, made.text
    return f"/v1/documents/{made.json()['id']}"


def two_pages() -> bytes:
    """A printed page and a scanned one that lies on its side."""
    with pymupdf.open(stream=printed(PARAGRAPHS), filetype="pdf") as document:
        with pymupdf.open(stream=scanned(printed([SCANNED]), turn=90), filetype="pdf") as scan:
            document.insert_pdf(scan)
        document.new_page()
        return bytes(document.tobytes())


def test_pages_are_listed_with_their_spans_and_confidence(writer: TestClient, runtime: Runtime) -> None:
    address = send(writer, two_pages())
    assert writer.get(f"{address}/pages").status_code == 409
    do_work(runtime)
    text = writer.get(f"{address}/text").json()["text"]
    found = writer.get(f"{address}/pages").json()
    assert found["problem"] is None
    printed_page, scanned_page, empty = found["pages"]
    assert [page["kind"] for page in found["pages"]] == ["digital", "ocr", "digital"]
    assert text[printed_page["start"] : printed_page["end"]] == "\n\n".join(PARAGRAPHS)
    assert text[scanned_page["start"] : scanned_page["end"]] == SCANNED
    assert scanned_page["confidence"] > 0.9
    # As it is shown: turned upright.
    assert (scanned_page["width"], scanned_page["height"]) == (595, 842)
    assert (empty["number"], empty["start"], empty["width"]) == (3, None, 595)


def test_a_page_is_a_picture_that_a_browser_need_not_fetch_twice(writer: TestClient, runtime: Runtime) -> None:
    address = send(writer, two_pages())
    do_work(runtime)
    first = writer.get(f"{address}/pages/1/image", params={"width": 400})
    assert (first.status_code, first.headers["content-type"]) == (200, "image/webp")
    assert first.headers["cache-control"] == "private, no-cache"
    assert Image.open(BytesIO(first.content)).size == (400, 567)
    again = writer.get(f"{address}/pages/1/image?width=400", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = writer.get(f"{address}/pages/2/image?width=400", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert writer.get(f"{address}/pages/4/image").json()["code"] == "not_found"
    for wrong in ("0/image", "x/image", "1/image?width=99999", "1/boxes?start=-1"):
        assert writer.get(f"{address}/pages/{wrong}").status_code == 422


def test_boxes_lie_over_the_words_of_a_span(writer: TestClient, runtime: Runtime) -> None:
    address = send(writer, two_pages())
    do_work(runtime)
    text = writer.get(f"{address}/text").json()["text"]
    known = known_places(PARAGRAPHS)
    words = spans_of_words("\n\n".join(PARAGRAPHS), known)
    start = text.index("ferry ran")
    found = writer.get(f"{address}/pages/1/boxes", params={"start": start, "end": start + len("ferry ran")}).json()
    inside = [part for first, last, parts in words if start <= first and last <= start + 9 for part in parts]
    boxes = [type("Box", (), box) for box in found["boxes"]]
    assert len(boxes) == 1
    assert is_boxed(boxes, inside, [word for word in known if word not in inside])
    harbour = text.index("harbour")
    on_scan = writer.get(f"{address}/pages/2/boxes", params={"start": harbour, "end": harbour + 7}).json()["boxes"]
    assert len(on_scan) == 1
    assert 0 < on_scan[0]["x0"] < on_scan[0]["x1"] < 0.4
    assert writer.get(f"{address}/pages/1/boxes", params={"start": harbour, "end": harbour + 7}).json()["boxes"] == []
    assert writer.get(f"{address}/pages/3/boxes").json()["boxes"] == []


def test_other_documents_have_no_pages(writer: TestClient, runtime: Runtime) -> None:
    address = send(writer, b"A plain text of some words.", "note.txt")
    do_work(runtime)
    assert writer.get(f"{address}/pages").json()["pages"] == []
    assert writer.get(f"{address}/pages/1/image").status_code == 404
    assert writer.get(f"{address}/pages/1/boxes").status_code == 404


def test_a_locked_pdf_says_that_only_its_text_is_there(writer: TestClient, runtime: Runtime) -> None:
    with pymupdf.open(stream=printed(PARAGRAPHS), filetype="pdf") as document:
        locked = bytes(document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="open", owner_pw="other"))
    address = send(writer, locked, password="open")
    do_work(runtime)
    found = writer.get(f"{address}/pages").json()
    assert found["problem"]["code"] == "encrypted"
    assert "not kept" in found["problem"]["detail"]
    assert [(page["number"], page["width"]) for page in found["pages"]] == [(1, None)]
    refused = writer.get(f"{address}/pages/1/image")
    assert (refused.status_code, refused.json()["code"]) == (422, "parse_failed")
    assert "not kept" in refused.json()["detail"]


def test_pages_are_gone_with_their_document(writer: TestClient, runtime: Runtime) -> None:
    address = send(writer, two_pages())
    do_work(runtime)
    mark = writer.get(f"{address}/pages/1/image").headers["etag"]
    writer.delete(address)
    for path in ("/pages", "/pages/1/image", "/pages/1/boxes"):
        assert writer.get(address + path, headers={"If-None-Match": mark}).status_code == 404


def test_pages_whose_publisher_withholds_the_text_are_not_shown(client: TestClient, ours: Any) -> None:
    document: Document = store(
        ours.scope,
        RawDocument(
            printed(PARAGRAPHS), url="https://news.example.org/report.pdf", rights=Rights(directives=(NOSNIPPET,))
        ),
    )
    for path in ("", "/1/image", "/1/boxes"):
        refused = client.get(f"/v1/documents/{document.id}/pages{path}", headers=ours.as_key())
        assert (refused.status_code, refused.json()["code"]) == (403, "text_withheld")


def test_too_many_pages_at_once_are_told_when_to_come_back(
    writer: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = send(writer, printed(PARAGRAPHS))
    do_work(runtime)
    desk = runtime.keep("pages", lambda: Desk(runtime.settings))
    leave, seated = threading.Event(), threading.Barrier(PLACES + 1)

    def sit(tenant_id: str) -> None:
        with desk.seat(tenant_id):
            seated.wait(30)
            leave.wait(30)

    sitting = [threading.Thread(target=sit, args=(f"ten_{number}",)) for number in range(PLACES)]
    for thread in sitting:
        thread.start()
    seated.wait(30)
    monkeypatch.setattr(desk._turns, "_most_waiting", 0)
    refused = writer.get(f"{address}/pages/1/image")
    leave.set()
    for thread in sitting:
        thread.join()
    assert (refused.status_code, refused.json()["code"]) == (503, "engine_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    monkeypatch.undo()
    assert writer.get(f"{address}/pages/1/image").status_code == 200

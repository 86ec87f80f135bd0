"""Bringing documents in over HTTP: types, limits, addresses, and what the reader gets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.runtime import Runtime
from tests.factories import do_work


@pytest.fixture
def canary() -> Iterator[tuple[int, list[Any]]]:
    """A listener on this machine that counts who connects."""
    met: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    connection, address = listener.accept()
                except TimeoutError:
                    continue
                met.append(address)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield listener.getsockname()[1], met
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "user@127.0.0.1",
    ],
)
def test_private_addresses_are_refused_before_any_connection(
    writer: TestClient, canary: tuple[int, list[Any]], address: str
) -> None:
    port, met = canary
    response = writer.post("/v1/documents", json={"url": f"http://{address}:{port}/"})
    assert (response.status_code, response.json()["code"]) == (422, "egress_denied")
    assert met == []


@pytest.mark.parametrize(
    "body", [{}, {"url": "https://a.example", "text": "both"}, {"text": "x", "tenant_id": "ten_1"}, []]
)
def test_bodies_that_say_neither_or_more_are_refused(writer: TestClient, body: Any) -> None:
    response = writer.post("/v1/documents", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_an_empty_text_and_an_empty_file_are_refused(writer: TestClient) -> None:
    text = writer.post("/v1/documents", json={"text": " \n "})
    file = writer.post("/v1/documents", files={"file": ("a.txt", b"")})
    assert {text.json()["code"], file.json()["code"]} == {"empty_file"}


def test_unread_types_answer_415_with_those_that_are_read(writer: TestClient) -> None:
    response = writer.post("/v1/documents", files={"file": ("a.xlsx", b"PK\x03\x04" + bytes(200))})
    assert response.status_code == 415
    assert "pdf" in response.json()["detail"]


def test_a_document_goes_in_and_comes_out(writer: TestClient, runtime: Runtime) -> None:
    content = b"Grain prices rose.\n\nThe harvest was late in the north."
    made = writer.post("/v1/documents", files={"file": ('grain; "x".txt', content)}, data={"title": "Grain"})
    assert (made.status_code, made.json()["status"], made.json()["duplicate"]) == (202, "queued", False)
    address = f"/v1/documents/{made.json()['id']}"
    assert writer.get(f"{address}/text").status_code == 409
    do_work(runtime)
    ready = writer.get(address).json()
    assert (ready["status"], ready["title"], ready["language"], ready["source"]) == ("ready", "Grain", "en", "upload")
    text = writer.get(f"{address}/text").json()
    assert text["text"][slice(*[text["chunks"][0][edge] for edge in ("start", "end")])].startswith("Grain prices rose.")
    original = writer.get(f"{address}/content")
    assert original.content == content
    assert original.headers["content-disposition"].startswith("attachment;")
    assert original.headers["x-content-type-options"] == "nosniff"
    again = writer.post("/v1/documents", files={"file": ("other.txt", content)})
    assert (again.status_code, again.json()["id"], again.json()["duplicate"]) == (200, ready["id"], True)


def test_deleting_answers_at_once_and_ends_everything(writer: TestClient, runtime: Runtime) -> None:
    made = writer.post("/v1/documents", json={"text": "A secret that must go away soon."}).json()
    do_work(runtime)
    assert writer.delete(f"/v1/documents/{made['id']}").json() == {"id": made["id"], "status": "deleting"}
    for path in ("", "/text", "/content", "/events"):
        assert writer.get(f"/v1/documents/{made['id']}{path}").status_code == 404
    assert writer.get("/v1/search", params={"q": "secret"}).json()["data"] == []
    assert writer.get("/v1/documents").json()["total"]["value"] == 0


def test_only_failed_documents_can_be_tried_again(writer: TestClient, runtime: Runtime) -> None:
    broken = writer.post("/v1/documents", files={"file": ("b.pdf", b"%PDF-1.4 nothing")}).json()
    assert writer.post(f"/v1/documents/{broken['id']}/retry").status_code == 409
    do_work(runtime)
    failed = writer.get(f"/v1/documents/{broken['id']}").json()
    assert failed["status"] == "failed"
    assert failed["error"]["detail"]
    assert writer.post(f"/v1/documents/{broken['id']}/retry").status_code == 202


def test_a_read_key_cannot_write(reader: TestClient) -> None:
    response = reader.post("/v1/documents", json={"text": "no"})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_outside_the_calendar_are_refused(writer: TestClient, moment: str) -> None:
    response = writer.get("/v1/search", params={"published_after": moment})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_deleted_words_are_not_replayed(writer: TestClient, runtime: Runtime) -> None:
    made = writer.post(
        "/v1/documents", json={"text": "The harbour master resigned on Friday evening.", "title": "Harbour"}
    ).json()
    do_work(runtime)
    ask = {"question": "Who resigned on Friday?", "stream": False}
    once = {"Idempotency-Key": "ask-1"}
    first = writer.post("/v1/answers", json=ask, headers=once)
    assert "harbour master" in first.text
    assert writer.post("/v1/answers", json=ask, headers=once).json() == first.json()
    writer.delete(f"/v1/documents/{made['id']}")
    again = writer.post("/v1/answers", json=ask, headers=once)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "harbour master" not in again.text

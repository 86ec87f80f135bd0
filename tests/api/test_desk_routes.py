"""Exports, feedback, follow-ups and saved searches through the API."""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from starlette.testclient import TestClient

from tests.factories import html_document, store

BANK = "The central bank raised interest rates by a quarter point on Monday to slow inflation."


def asked(client: TestClient, who: Any) -> Any:
    store(who.scope, html_document("Rates rise", BANK, url="https://a.example/1"))
    body = {"question": "Why did the central bank raise interest rates?", "stream": False}
    return client.post("/v1/answers", headers=who.as_key(), json=body).json()


def test_an_answer_and_its_thread_are_files(client: TestClient, ours: Any) -> None:
    answer = asked(client, ours)
    for address in (f"/v1/answers/{answer['id']}/export", f"/v1/threads/{answer['thread_id']}/export"):
        markdown = client.get(address, headers=ours.as_read_key())
        assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
        name = 'attachment; filename="tidings-why-did-the-central-bank-raise-interest-rates.md"'
        assert markdown.headers["content-disposition"] == name
        assert BANK in markdown.text
        file = client.get(address, headers=ours.as_read_key(), params={"format": "docx"})
        assert BANK in [paragraph.text for paragraph in Document(io.BytesIO(file.content)).paragraphs]
    assert client.get(address, headers=ours.as_key(), params={"format": "pdf"}).status_code == 422


def test_readers_judge_answers_and_owners_read_it(client: TestClient, ours: Any) -> None:
    address = f"/v1/answers/{asked(client, ours)['id']}/feedback"
    given = client.put(address, headers=ours.as_reader(), json={"rating": "down", "reasons": ["old", "old"]})
    assert given.json()["own"]["reasons"] == ["old"]
    assert client.get(address, headers=ours.as_session()).json() == {"own": None, "up": 0, "down": 1}
    assert client.put(address, headers=ours.as_key(), json={"rating": "down", "reasons": ["silly"]}).status_code == 422
    assert client.get("/v1/answer_feedback", headers=ours.as_reader()).status_code == 403
    (listed,) = client.get("/v1/answer_feedback", headers=ours.as_session()).json()["data"]
    assert (listed["rating"], listed["question"]) == ("down", "Why did the central bank raise interest rates?")
    assert "down,old" in client.get("/v1/answer_feedback/export", headers=ours.as_session()).text
    assert client.delete(address, headers=ours.as_reader()).status_code == 204
    assert client.get("/v1/answer_feedback", headers=ours.as_session()).json()["total"]["value"] == 0


def test_the_newest_stories_are_quoted_exactly(client: TestClient, ours: Any) -> None:
    asked(client, ours)
    found = client.get("/v1/briefing", headers=ours.as_reader()).json()
    (story,) = found["stories"]
    assert (story["sentence"], story["outlets"], found["documents"]) == (BANK, 0, 1)
    text = client.get(f"/v1/documents/{story['document']['id']}/text", headers=ours.as_reader()).json()["text"]
    assert text[story["start"] : story["end"]] == BANK
    assert client.get("/v1/briefing", headers=ours.as_key(), params={"uploads": "perhaps"}).status_code == 422


def test_feedback_is_listed_by_rating_with_a_cursor_of_its_own(client: TestClient, ours: Any) -> None:
    address = f"/v1/answers/{asked(client, ours)['id']}/feedback"
    client.put(address, headers=ours.as_reader(), json={"rating": "down"})
    client.put(address, headers=ours.as_session(), json={"rating": "down"})
    client.put(address, headers=ours.as_key(), json={"rating": "up"})
    page = client.get("/v1/answer_feedback", headers=ours.as_key(), params={"rating": "down", "limit": 1}).json()
    assert page["total"]["value"] == 2
    more = {"limit": 1, "cursor": page["next_cursor"]}
    listed = client.get("/v1/answer_feedback", headers=ours.as_key(), params={"rating": "down", **more}).json()["data"]
    assert [each["rating"] for each in listed] == ["down"]
    assert listed[0]["id"] != page["data"][0]["id"]
    refused = client.get("/v1/answer_feedback", headers=ours.as_key(), params={"rating": "up", **more})
    assert refused.json()["code"] == "bad_cursor"


def test_a_saved_search_keeps_what_was_searched(client: TestClient, ours: Any) -> None:
    body = {"name": "Rates", "query": "rates -holiday", "filters": {"lang": ["en"], "not_source": ["upload"]}}
    made = client.post("/v1/saved_searches", headers=ours.as_reader(), json=body).json()
    assert {name: made["filters"][name] for name in ("lang", "not_source")} == body["filters"]
    address = f"/v1/saved_searches/{made['id']}"
    asked(client, ours)
    assert client.get(address, headers=ours.as_reader()).json()["new"] == 1
    assert client.patch(address, headers=ours.as_reader(), json={"seen": True}).json()["new"] == 0
    assert client.get(address, headers=ours.as_session()).status_code == 404
    assert client.post("/v1/saved_searches", headers=ours.as_key(), json={"name": "  "}).status_code == 422
    assert client.get("/v1/heartbeat", headers=ours.as_reader()).json()["documents"] == 1


def test_a_question_is_taken_apart_before_it_is_asked(client: TestClient, ours: Any) -> None:
    q = "What did it cost last week? source:a.example -ferry"
    question = client.get("/v1/understood", headers=ours.as_key(), params={"q": q, "question": "true"}).json()
    assert question["words"] == "What did it cost last week?"
    assert [(part["kind"], part["excluded"]) for part in question["parts"]] == [("source", False), ("phrase", True)]
    query = client.get("/v1/understood", headers=ours.as_key(), params={"q": q}).json()
    assert [part["kind"] for part in query["parts"]] == ["date", "source", "phrase"]

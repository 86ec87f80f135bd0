"""Searching over HTTP: the grammar of queries, counts of what they find, suggestions, and files of results."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from services.models import Document
from services.runtime import Runtime
from services.search.export import harmless
from tests.factories import html_document, store, text_document


@pytest.fixture
def stocked(client: TestClient, runtime: Runtime, ours: Any) -> TestClient:
    """Two pages and a note."""
    runtime.embedder.wait(10)
    pages = {
        "=HYPERLINK(1)": ("The harbour strike ended, the union said.", "https://one.example/strike"),
        "Ferries, again": ("The ferries left the harbour. No strike was in sight.", "https://two.example/ferries"),
    }
    for title, (body, url) in pages.items():
        store(ours.scope, html_document(title, body, url=url, date="2026-11-20"))
    store(ours.scope, text_document("A note on the strike fund.", title="Note"))
    client.headers.update(ours.as_key())
    return client


def test_the_query_holds_filters_and_says_which(stocked: TestClient) -> None:
    query = 'strike source:one.example -ferries "harbour strike" since 2026'
    page = stocked.post("/v1/search", json={"query": query}).json()
    assert [hit["document"]["title"] for hit in page["data"]] == ["=HYPERLINK(1)"]
    assert [(part["kind"], part["value"], part["excluded"]) for part in page["parts"]] == [
        ("source", "one.example", False),
        ("phrase", "ferries", True),
        ("phrase", "harbour strike", False),
        ("date", "since 2026", False),
    ]
    assert page["parts"][0]["without"] == 'strike -ferries "harbour strike" since 2026'
    assert page["words"] == "strike harbour strike"
    assert page["parts"][3]["after"] == "2026-01-01T00:00:00Z"
    assert stocked.get("/v1/search", params={"q": query}).json()["parts"] == page["parts"]


def test_days_in_a_query_are_those_of_the_reader(stocked: TestClient) -> None:
    [part] = stocked.get("/v1/search", params={"q": "yesterday", "utc_offset": 330}).json()["parts"]
    after = datetime.fromisoformat(part["after"]).astimezone(UTC)
    assert (after + timedelta(minutes=330)).strftime("%H:%M") == "00:00"
    assert stocked.get("/v1/search", params={"utc_offset": 2000}).status_code == 422


@pytest.mark.parametrize("query", ["strike", "strike type:html", "-ferries", ""])
def test_counts_are_the_same_by_address_and_by_body_and_add_up(stocked: TestClient, query: str) -> None:
    hits = stocked.get("/v1/search", params={"q": query}).json()["data"]
    for what in ("facets", "histogram"):
        by_body = stocked.post(f"/v1/{what}", json={"query": query}).json()
        assert stocked.get(f"/v1/{what}", params={"q": query}).json() == by_body
        assert by_body["total"] == {"value": len(hits), "relation": "eq"}
    facets = stocked.get("/v1/facets", params={"q": query}).json()
    assert sum(each["count"] for each in facets["source"]) == len(hits)
    bars = stocked.get("/v1/histogram", params={"q": query, "interval": "day"}).json()
    assert bars["earlier"] + sum(each["count"] for each in bars["bins"]) == len(hits)


def test_a_suggestion_is_of_our_own_words(stocked: TestClient, theirs: Any) -> None:
    assert stocked.get("/v1/suggestions", params={"q": "harbuor"}).json() == {"query": "harbour"}
    assert stocked.get("/v1/suggestions", params={"q": "harbour"}).json() == {"query": None}
    foreign = stocked.get("/v1/suggestions", params={"q": "harbuor"}, headers=theirs.as_key())
    assert foreign.json() == {"query": None}


def test_a_spreadsheet_computes_nothing_of_what_it_gets(stocked: TestClient) -> None:
    answer = stocked.get("/v1/search/export", params={"q": "strike", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="tidings-strike-')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["title"] for row in rows} == {"'=HYPERLINK(1)", "Ferries, again", "Note"}
    assert {row["source"] for row in rows} == {"one.example", "two.example", "upload"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_whatever_begins_a_formula_is_marked_as_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_results_are_written_as_json_and_rss(stocked: TestClient) -> None:
    answer = stocked.get("/v1/search/export", params={"q": "harbour source:two.example", "format": "json"})
    [row] = json.loads(answer.text)
    assert (row["title"], row["link"]) == ("Ferries, again", "https://two.example/ferries")
    feed = ElementTree.fromstring(stocked.get("/v1/search/export", params={"format": "rss"}).text)
    assert {item.findtext("title") for item in feed.iter("item")} == {"=HYPERLINK(1)", "Ferries, again", "Note"}
    assert json.loads(stocked.get("/v1/search/export", params={"q": "type:pdf", "format": "json"}).text) == []


def test_a_file_holds_no_excerpt_that_its_publisher_does_not_allow(stocked: TestClient, ours: Any) -> None:
    with ours.scope.write() as tx:
        tx.session.execute(tx.update(Document).where(Document.source == "one.example").values(directives=["nosnippet"]))
        tx.session.execute(tx.update(Document).where(Document.source == "two.example").values(max_snippet=12))
    rows = json.loads(stocked.get("/v1/search/export", params={"q": "harbour", "format": "json"}).text)
    passages = {row["source"]: row["passage"] for row in rows}
    assert passages["one.example"] == ""
    assert 0 < len(passages["two.example"]) <= 12

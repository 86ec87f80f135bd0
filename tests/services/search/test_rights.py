"""What publishers allow holds wherever text is found, shown, read or quoted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.answer.answer import answer, get_answer
from services.answer.types import Accepted, Question
from services.errors import NotFound, TextWithheld
from services.ingest.documents import DocumentFilter, get_document, list_documents, read_content, read_text
from services.ingest.rights import cut_at_word
from services.ingest.submit import submit
from services.ingest.sweep import sweep_expired
from services.ingest.types import NO_AI, NOSNIPPET, RawDocument, Rights
from services.models import Document, utc_now
from services.scope import Scope
from services.search.counts import facets
from services.search.query import Filters, Query
from services.search.search import search
from tests.factories import do_work

STORY = "The harbour of Rotterdam was closed on Monday because of a strike by pilots. Ships waited outside in the fog."


def stored(scope: Scope, rights: Rights, text: str = STORY) -> Document:
    raw = RawDocument(content=text.encode(), content_type="text/plain", title="Harbour closed", rights=rights)
    document = submit(scope, raw).document
    do_work(scope.runtime)
    return get_document(scope, document.id)


def answered(scope: Scope) -> tuple[list[str], list[str]]:
    """The sentences of an answer about the strike, and the texts of its sources."""
    answer_id = next(
        e.answer_id
        for e in list(answer(scope, Question("Why was the harbour of Rotterdam closed?")))
        if isinstance(e, Accepted)
    )
    _, sentences, sources = get_answer(scope, answer_id)
    return [sentence.text for sentence in sentences], [source.text for source in sources]


def test_without_limits_it_is_found_read_and_quoted(scope: Scope) -> None:
    document = stored(scope, Rights())
    [hit] = search(scope, Query("harbour strike")).hits
    assert (hit.withheld, bool(hit.passage.text)) == (False, True)
    assert read_text(scope, document.id).text == STORY
    assert answered(scope)[0]


@pytest.mark.parametrize("rights", [Rights((NOSNIPPET,)), Rights(max_snippet=0)])
@pytest.mark.parametrize("text", ["harbour strike", ""])
def test_a_text_that_may_not_be_shown_is_found_and_nowhere_shown(scope: Scope, rights: Rights, text: str) -> None:
    document = stored(scope, rights)
    [hit] = search(scope, Query(text)).hits
    assert hit.withheld
    assert (hit.passage.text, hit.passage.highlights, hit.more_passages) == ("", (), ())
    assert (hit.passage.start, hit.passage.end) == (0, 0)
    for read in (read_text, read_content):
        with pytest.raises(TextWithheld, match="original page"):
            read(scope, document.id)
    assert answered(scope) == ([], [])


def test_a_snippet_is_cut_at_a_word_everywhere(scope: Scope) -> None:
    document = stored(scope, Rights(max_snippet=40))
    for text in ("pilots strike", ""):
        [hit] = search(scope, Query(text)).hits
        assert not hit.withheld
        assert 0 < len(hit.passage.text) <= 40
        assert hit.passage.end - hit.passage.start == len(hit.passage.text)
        assert all(span.end <= len(hit.passage.text) for span in hit.passage.highlights)
        assert hit.more_passages == ()
    read = read_text(scope, document.id)
    assert read.text == "The harbour of Rotterdam was closed on"
    assert all(chunk.end <= len(read.text) for chunk in read.chunks)
    sentences, sources = answered(scope)
    assert all(len(sentence) <= 40 for sentence in sentences)
    assert all(len(source) <= 40 for source in sources)


def test_a_reserved_text_is_found_and_shown_and_never_answers(scope: Scope) -> None:
    document = stored(scope, Rights((NO_AI,)))
    [hit] = search(scope, Query("harbour strike")).hits
    assert hit.passage.text
    assert read_text(scope, document.id).text == STORY
    assert answered(scope) == ([], [])


def test_an_expired_document_is_gone_before_it_is_deleted(scope: Scope) -> None:
    document = stored(scope, Rights(expires_at=utc_now() + timedelta(days=1)))
    assert search(scope, Query("harbour")).total == 1
    sentences, _ = answered(scope)
    assert sentences
    with scope.write() as tx:
        # Later than the search above: each statement looks at the clock when it runs.
        tx.session.execute(tx.update(Document).where(Document.id == document.id).values(expires_at=utc_now()))
    assert search(scope, Query("harbour strike")).total == search(scope, Query("")).total == 0
    assert facets(scope, Filters()).values["source"] == []
    assert answered(scope) == ([], [])
    assert list_documents(scope, DocumentFilter())[1] == 0
    for read in (get_document, read_text, read_content):
        with pytest.raises(NotFound):
            read(scope, document.id)


def test_the_sweep_deletes_what_expired_and_nothing_else(scope: Scope) -> None:
    kept = stored(scope, Rights(expires_at=utc_now() + timedelta(days=1)))
    over = stored(scope, Rights(), f"{STORY} It was a long day.")
    with scope.write() as tx:
        past = utc_now() - timedelta(seconds=1)
        tx.session.execute(tx.update(Document).where(Document.id == over.id).values(expires_at=past))
    assert sweep_expired(scope.runtime) == 1
    assert sweep_expired(scope.runtime) == 0
    do_work(scope.runtime)
    with scope.read() as tx:
        assert [row.id for row in tx.session.scalars(tx.select(Document))] == [kept.id]


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("one two three", None, "one two three"),
        ("one two three", 7, "one two"),
        ("one two three", 9, "one two"),
        ("onetwothree", 4, ""),
        ("one two", 7, "one two"),
        ("one two", 0, ""),
    ],
)
def test_cutting_ends_with_a_whole_word(text: str, limit: int | None, expected: str) -> None:
    assert cut_at_word(text, limit) == expected

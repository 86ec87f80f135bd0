"""Answering a question from the tenant's documents: sources first, then sentences, each with checked citations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from time import perf_counter

from services.answer import context, repository
from services.answer.cite import cite, holds
from services.answer.extractive import select_sentences
from services.answer.types import (
    Accepted,
    AnswerEvent,
    Citation,
    Cited,
    Delta,
    Done,
    Question,
    Sentence,
    Source,
    Sources,
    Step,
    Usage,
)
from services.engines.embedder import Lane
from services.errors import InvalidInput, NotFound
from services.ids import new_id
from services.ingest.rights import cut_at_word, may_answer, shown_characters
from services.models import Answer, AnswerSource, Document, utc_now
from services.scope import Scope
from services.search.query import clean_text
from services.search.repository import pages as load_pages
from services.search.search import Candidate, milliseconds, query_vector, retrieve

EXTRACTIVE = "extractive"
NOT_FOUND = "No such answer; it may have been deleted, or a document it quotes was."


def answer(scope: Scope, question: Question) -> Iterator[AnswerEvent]:
    """Answer a question; yields events in the order of types.py. Closing the iterator stops the work.

    The answer is stored when it is complete. Raises: InvalidInput for an empty or too long question, before any event.
    """
    text = clean_text(question.text)
    if not text:
        raise InvalidInput("The question is empty; write what you want to know.")
    return run(scope, question, text)


def run(scope: Scope, question: Question, text: str) -> Iterator[AnswerEvent]:
    """The events of one answer."""
    started = perf_counter()
    answer_id = new_id("ans")
    yield Accepted(answer_id)
    vector, notice = query_vector(scope.runtime, text)
    candidates, _ = retrieve(scope, text, vector, question.filters)
    groups = context.choose(candidates, question.max_sources)
    with scope.read() as tx:
        pages = load_pages(tx, [group[0].chunk.document.id for group in groups])
    sources = context.number(groups, pages)
    detail = f"{len(sources)} sources from {len(candidates)} passages" + (f". {notice}" if notice else "")
    yield Step("search", detail, milliseconds(started))
    yield Sources(tuple(sources))

    reading = perf_counter()
    sentences: list[Sentence] = []
    for sentence in extract(scope, text, groups, sources, pages, with_model=vector is not None):
        yield Delta(len(sentences), sentence.text)
        yield Cited(len(sentences), sentence.citations)
        sentences.append(sentence)
    yield Step("select", f"{len(sentences)} sentences answer the question", milliseconds(reading))
    usage = {"mode": EXTRACTIVE, "source_count": len(sources), "took_ms": milliseconds(started)}
    yield Usage(usage)
    created_at = store(scope, answer_id, question, text, sentences, sources, usage)
    yield Done(answer_id, created_at)


def extract(
    scope: Scope,
    text: str,
    groups: Sequence[Sequence[Candidate]],
    sources: Sequence[Source],
    pages: dict[str, list[dict[str, int]]],
    *,
    with_model: bool,
) -> list[Sentence]:
    """Key sentences whose quotes stand in the documents now; one that no longer does is left out."""
    embedder = scope.runtime.embedder
    choices = select_sentences(
        groups, text, (lambda texts: embedder.embed(texts, lane=Lane.INTERACTIVE)) if with_model else None
    )
    cited = [
        cite(choice, sources[choice.source_index], pages[sources[choice.source_index].document.id])
        for choice in choices
    ]
    with scope.read() as tx:
        texts = repository.ready_texts(tx, [citation.document_id for citation in cited])
    return [
        Sentence(choice.text, (citation,))
        for choice, citation in zip(choices, cited, strict=True)
        if holds(citation, texts)
    ]


def store(
    scope: Scope,
    answer_id: str,
    question: Question,
    text: str,
    sentences: Sequence[Sentence],
    sources: Sequence[Source],
    usage: dict[str, object],
) -> datetime:
    """Keep the answer, without sources that were deleted meanwhile; returns when it was made."""
    created_at = utc_now()
    with scope.write() as tx:
        live = repository.documents(tx, [source.document.id for source in sources])
        kept = [sentence for sentence in sentences if all(c.document_id in live for c in sentence.citations)]
        row = Answer(
            id=answer_id,
            actor_id=scope.actor_id,
            question=text,
            filters=question.filters.to_json(),
            status="done" if kept else "no_sources",
            mode=EXTRACTIVE,
            sentences=[asdict(sentence) for sentence in kept],
            sources=[source_json(source) for source in sources if source.document.id in live],
            usage=usage,
            created_at=created_at,
        )
        tx.add(row)
        for document_id in live:
            tx.add(AnswerSource(answer_id=answer_id, document_id=document_id))
    return created_at


def source_json(source: Source) -> dict[str, object]:
    """A source as it is stored: where it points, not the document's own fields."""
    return {
        "number": source.number,
        "document_id": source.document.id,
        "start": source.start,
        "end": source.end,
        "text": source.text,
        "page": source.page,
    }


def get_answer(scope: Scope, answer_id: str) -> tuple[Answer, list[Sentence], list[Source]]:
    """A stored answer with its sentences and its sources' documents; raises NotFound."""
    with scope.read() as tx:
        row = repository.find(tx, answer_id)
        if row is None:
            raise NotFound(NOT_FOUND)
        live = repository.documents(tx, [source["document_id"] for source in row.sources])
    live = {document_id: document for document_id, document in live.items() if may_answer(document)}
    sources = [
        Source(s["number"], document, s["start"], min(s["end"], s["start"] + len(text)), text, s["page"])
        for s in row.sources
        if (document := live.get(s["document_id"]))
        for text in (cut_at_word(s["text"], shown_characters(document)),)
    ]
    sentences = [
        Sentence(s["text"], tuple(Citation(**c) for c in s["citations"]))
        for s in row.sentences
        if all(may_quote(live.get(c["document_id"]), c["quote"]) for c in s["citations"])
    ]
    return row, sentences, sources


def may_quote(document: Document | None, quote: str) -> bool:
    """Whether a document that answers may rest on may still be quoted at this length."""
    return document is not None and len(cut_at_word(quote, shown_characters(document))) == len(quote)


def list_answers(
    scope: Scope, *, before: tuple[datetime, str] | None = None, limit: int = 20
) -> tuple[Sequence[Answer], int]:
    """Earlier answers, newest first, after the position `before`, and how many there are."""
    with scope.read() as tx:
        return repository.page(tx, before, limit)


def delete_answer(scope: Scope, answer_id: str) -> None:
    """Delete an answer; raises NotFound."""
    with scope.write() as tx:
        row = repository.find(tx, answer_id)
        if row is None:
            raise NotFound(NOT_FOUND)
        repository.remove(tx, row)

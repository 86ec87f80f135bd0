"""Answering a question from the tenant's documents: sources first, then sentences, each with checked citations."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Any

import numpy as np

from services.answer import context, repository
from services.answer.abstain import unsaid, unsaid_names
from services.answer.cite import cite, holds, weigh
from services.answer.claims.ground import Embed, Support
from services.answer.conflicts import Pair, differences
from services.answer.extractive import select_sentences
from services.answer.generate import Written, write
from services.answer.quotes.arrange import arrange
from services.answer.quotes.corrections import outdated
from services.answer.record import Record
from services.answer.rewrite import Conversation, in_full
from services.answer.sampling import sampling_for
from services.answer.types import (
    EXTRACTIVE,
    GENERATED,
    RUNNING,
    STOPPED,
    SUPPORTED,
    Accepted,
    AnswerEvent,
    Citation,
    Cited,
    Conflict,
    Conflicts,
    Delta,
    Done,
    Generation,
    Question,
    Sentence,
    Side,
    Source,
    Sources,
    Step,
    ThreadSummary,
    Usage,
    Whole,
)
from services.engines.embedder import EmbedderState, Lane
from services.engines.llm.base import Cancellation
from services.engines.vectors.base import Vector
from services.errors import EngineUnavailable, InvalidInput, ModelCancelled, NotFound, PromptTooLong
from services.ids import new_id
from services.ingest.rights import cut_at_word, may_answer, shown_characters
from services.metrics import ANSWER_SECONDS
from services.models import Answer, Document
from services.scope import Scope, Tx
from services.search.absent import unknown
from services.search.followup import joined
from services.search.grammar import understand
from services.search.query import MAX_QUERY_CHARACTERS, Filters
from services.search.repository import paged_documents
from services.search.search import Candidate, milliseconds, query_vectors, read, retrieve, retrieve_in_context
from services.traces import span

NOT_FOUND = "No such answer; it may have been deleted, or a document it quotes was."
NO_THREAD = "No such thread; its answers may have been deleted. Ask without thread_id to begin a new one."
# Questions of a thread that a new one may lean on.
LOOKED_BACK = 6
# Answers of a thread that are shown, the last ones.
MOST_IN_THREAD = 100


def answer(scope: Scope, question: Question, cancel: Cancellation | None = None) -> Iterator[AnswerEvent]:
    """Answer a question; yields events in the order of types.py. Closing the iterator stops the work.

    `cancel` stops it too, from another thread and while the language model is waited for; so does `stop`, from any process.
    Filters inside the question narrow what it is answered from, and are no part of it. Raises, before any event:
    InvalidInput for an empty or too long question, or for generation values beyond what is allowed; NotFound for a thread
    that is not there.
    """
    understood = understand(question.text, question.now, marked=True)
    text = understood.text
    if not text:
        raise InvalidInput("The question is empty; write what you want to know.")
    if question.mode == EXTRACTIVE and question.generation != Generation():
        raise InvalidInput("Values for the language model need the mode `generated`.")
    sampling_for(scope.runtime.settings, question.generation)
    question = replace(question, filters=question.filters.and_also(understood.filters))
    talk = Conversation()
    if question.thread_id is not None:
        with scope.read() as tx:
            talk = conversation(tx, question.thread_id)
        if not talk.before:
            raise NotFound(NO_THREAD)
    asked = joined(text, talk.before)[-MAX_QUERY_CHARACTERS:]
    record = Record(scope, new_id("ans"), question.thread_id or new_id("thr"), question, text, asked)
    return run(record, talk, cancel or Cancellation())


def conversation(tx: Tx, thread_id: str) -> Conversation:
    """The last questions of a thread, and what may still be shown of its last answer."""
    rows = repository.thread(tx, thread_id, LOOKED_BACK)
    said = whole(tx, rows[-1:])[0].sentences if rows else []
    return Conversation([row.question for row in rows], " ".join(sentence.text for sentence in said))


def run(record: Record, talk: Conversation, cancel: Cancellation) -> Iterator[AnswerEvent]:
    """The events of one answer, each noted in its record before anybody sees it."""
    started = perf_counter()
    if record.grows:
        record.begin()
    yield Accepted(record.answer_id, record.thread_id, record.text, record.question.filters)
    try:
        with record.watched(cancel) if record.grows else nullcontext():
            for event in write_answer(record, talk, cancel, started):
                record.note(event)
                yield event
    except ModelCancelled:
        record.usage = {"mode": GENERATED, "took_ms": milliseconds(started)}
        stop(record.scope, record.answer_id)
        yield Usage(record.usage)
    except BaseException:
        # Closed, or broken: nobody writes it any more.
        if record.grows:
            stop(record.scope, record.answer_id)
        raise
    finished_at = record.finish()
    ANSWER_SECONDS.labels(record.usage["mode"]).observe(perf_counter() - started)
    yield Done(record.answer_id, finished_at)


def write_answer(record: Record, talk: Conversation, cancel: Cancellation, started: float) -> Iterator[AnswerEvent]:
    """Find the sources, then let the model or the rules answer from them; all events but the first and the last."""
    put_in_full(record, talk, cancel)
    scope, question, text, asked = record.scope, record.question, record.text, record.asked
    # Not one span around all: a generator may be resumed by another thread, and a span belongs to one.
    with span("answer: find"), scope.runtime.turns.turn(scope.tenant_id):
        candidates, by_meaning, notice = find(scope, text, asked, question.filters)
    with scope.read() as tx:
        # What was removed or replaced since it was found is no source.
        chosen = read(tx, context.choose(candidates, question.max_sources))
        documents = paged_documents(tx, {candidate.document.id for candidate in chosen})
    groups = context.fitting([candidate for candidate in chosen if candidate.document.id in documents])
    sources = context.number(groups, documents)
    detail = f"{len(sources)} sources from {len(candidates)} passages" + (f". {notice}" if notice else "")
    if asked != text:
        yield Step("question", f"Read with what was asked before: {asked}", 0.0)
    yield Step("search", detail, milliseconds(started))
    yield Sources(tuple(sources))

    reading = context.Reading(text, asked, groups, sources)
    written_at = perf_counter()
    wanted = question.mode == GENERATED
    embed = embedding(scope)
    count, figures, said = (yield from generated(record, reading, embed, cancel)) if wanted else (0, {}, "")
    if wanted:
        yield Step("write", said, milliseconds(written_at))
    mode = GENERATED if count else EXTRACTIVE
    pairs = compared(scope, reading, embed) if by_meaning else []
    chosen_at = perf_counter()
    if mode == EXTRACTIVE:
        with span("answer: select", sources=len(sources)):
            sentences = extract(scope, reading, embed if by_meaning else None, pairs)
        for index, sentence in enumerate(sentences):
            yield Delta(index, sentence.text)
            yield Cited(index, sentence.citations)
            count += 1
        yield Step("select", f"{count} sentences answer the question", milliseconds(chosen_at))
    if count and (conflicts := contradicting(scope, reading, pairs)):
        yield Conflicts(tuple(conflicts), tuple(sources))
    figures |= lacking(scope, question.filters, reading, count)
    if mode == EXTRACTIVE:
        # Quotes are borne by themselves; what the model wrote before them in vain still counts.
        figures["claims"] = {**figures.get("claims", dict.fromkeys(Support, 0)), Support.SUPPORTED: count}
    usage = {"mode": mode, "source_count": len(sources), "took_ms": milliseconds(started), **figures}
    if question.mode != mode:
        usage["fallback"] = said
    yield Usage(usage)


def lacking(scope: Scope, filters: Filters, reading: context.Reading, count: int) -> dict[str, Any]:
    """Words of the question that no source holds; without a source, the values of its filters that nothing has."""
    if not reading.sources:
        absent = unknown(scope, filters)
        return {"notice": " ".join(absent)} if absent else {}
    texts = [f"{each.document.title}\n{each.chunk.text}" for group in reading.groups for each in group]
    missing = (unsaid_names if count else unsaid)(reading.question, texts)
    return {"unsaid": missing} if missing else {}


def put_in_full(record: Record, talk: Conversation, cancel: Cancellation) -> None:
    """A question that leans on those before it, which rules have joined with them, as the model puts it, where it may write."""
    if record.asked == record.text or record.question.mode == EXTRACTIVE:
        return
    runtime = record.scope.runtime
    seconds = runtime.settings.llm_rewrite_seconds
    if rewritten := in_full(runtime.llm, record.text, talk, seconds, record.scope.tenant_id, cancel):
        record.asked, record.made = rewritten[0], {"rewrite": rewritten[1]}


def find(scope: Scope, text: str, asked: str, filters: Filters) -> tuple[list[Candidate], bool, str | None]:
    """What fits the question best, whether meaning was looked at, and a notice for people where it was not."""
    vectors, notice = query_vectors(scope.runtime, list(dict.fromkeys((text, asked))))
    if asked == text:
        candidates, _ = retrieve(scope, text, vectors[0], filters)
    else:
        candidates = retrieve_in_context(scope, (text, asked), vectors, filters)
    return candidates, vectors[0] is not None, notice


def generated(
    record: Record, reading: context.Reading, embed: Embed, cancel: Cancellation
) -> Generator[Delta | Cited, None, tuple[int, dict[str, Any], str]]:
    """What the language model writes and its passages bear, sentence by sentence.

    Returns how many sentences there are, figures for the usage and one sentence on how it went. No sentences when there is
    no model, when it fails or is too slow, or when nothing it wrote holds. One that breaks off keeps what it wrote.
    """
    if not reading.sources:
        return 0, {}, "No source fits, so there was nothing to write from."
    scope, runtime = record.scope, record.scope.runtime
    by_meaning = embed if runtime.embedder.state is EmbedderState.READY else None
    claims = dict.fromkeys(Support, 0)
    count = 0
    writing = write(runtime.llm, reading, runtime.settings, record.question.generation, scope.tenant_id, cancel)
    try:
        while True:
            written = next(writing)
            weighed, _ = weigh([written], reading, by_meaning)
            for sentence in still_holding(scope, weighed):
                yield Delta(count, sentence.text)
                yield Cited(count, sentence.citations, sentence.support)
                claims[Support(sentence.support)] += 1
                count += 1
    except StopIteration as ended:
        done: Written = ended.value
    except ModelCancelled:
        raise
    except (EngineUnavailable, PromptTooLong) as error:
        return count, {"cut_short": error.detail} if count else {}, error.detail
    if count:
        record.made |= done.made
    dropped = done.dropped_count + done.kept_count - count
    figures = {
        "dropped_count": dropped,
        # What was not shown counts as unsupported, whatever the reason.
        "claims": {**claims, Support.UNSUPPORTED: dropped},
        "prompt_tokens": done.finished.prompt_tokens,
        "answer_tokens": done.finished.answer_tokens,
    }
    return count, figures, f"{count} sentences hold, {dropped} were left out"


def extract(scope: Scope, reading: context.Reading, embed: Embed | None, pairs: Sequence[Pair] = ()) -> list[Sentence]:
    """Key sentences whose quotes stand in the documents now; one that no longer does is left out.

    `pairs`: where the sources differ, of which the later one is shown first.
    """
    with scope.runtime.turns.turn(scope.tenant_id):
        choices = select_sentences(reading.sentences, list(dict.fromkeys((reading.put, reading.question))), embed)
        old = outdated(choices, reading.sentences, pairs)
        choices = arrange(choices, [choice for choice, _ in reading.sentences], reading.put, old)
    sources = reading.sources
    cited = [cite(choice, sources[choice.source_index]) for choice in choices]
    found = [Sentence(choice.text, (citation,)) for choice, citation in zip(choices, cited, strict=True)]
    return still_holding(scope, found)


def embedding(scope: Scope) -> Embed:
    """The model, for somebody who waits: each text is embedded once, for as long as what is given here lives."""
    known: dict[str, Vector] = {}

    def embed(texts: Sequence[str]) -> Vector:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            scope.give_way()
            known.update(zip(new, scope.runtime.embedder.embed(new, lane=Lane.INTERACTIVE), strict=True))
        return np.array([known[text] for text in texts])

    return embed


def compared(scope: Scope, reading: context.Reading, embed: Embed) -> list[Pair]:
    """Where the sources differ on what was asked for."""
    with span("answer: conflicts"), scope.runtime.turns.turn(scope.tenant_id):
        return differences(reading.sentences, reading.question, embed)


def contradicting(scope: Scope, reading: context.Reading, pairs: Sequence[Pair]) -> list[Conflict]:
    """These differences with their quotes, the later one first, as far as both stand in the documents now."""
    dates = {choice: candidate.document.dated_at for choice, candidate in reading.sentences}
    found = []
    for pair in pairs:
        one, other = (
            Side(each.value, cite(each.choice, reading.sources[each.choice.source_index]))
            for each in sorted((pair.one, pair.other), key=lambda side: dates[side.choice], reverse=True)
        )
        if len(still_holding(scope, [Sentence(each.value, (each.citation,)) for each in (one, other)])) == 2:
            found.append(Conflict(pair.about, (one, other)))
    return found


def still_holding(scope: Scope, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences all of whose quotes stand in the documents as they are now."""
    with scope.read() as tx:
        texts = repository.ready_texts(tx, [c.document_id for sentence in sentences for c in sentence.citations])
    return [sentence for sentence in sentences if all(holds(citation, texts) for citation in sentence.citations)]


def stop(scope: Scope, answer_id: str) -> Whole:
    """Stop an answer that is being written, wherever that is: what was written stays. One that is complete is left alone.

    Whoever writes it sees it within record.LOOK_SECONDS and ends the model's request. Raises NotFound.
    """
    with scope.write() as tx:
        row = repository.find(tx, answer_id)
        if row is None:
            raise NotFound(NOT_FOUND)
        if row.status == RUNNING:
            row.status, row.running_until = STOPPED, None
    return get_answer(scope, answer_id)


def get_answer(scope: Scope, answer_id: str) -> Whole:
    """A stored answer; raises NotFound."""
    with scope.read() as tx:
        row = repository.find(tx, answer_id)
        if row is None:
            raise NotFound(NOT_FOUND)
        return whole(tx, [row])[0]


def whole(tx: Tx, rows: Sequence[Answer]) -> list[Whole]:
    """Stored answers with their sentences and their sources' documents, without what may no longer be quoted."""
    live = repository.documents(tx, list({source["document_id"] for row in rows for source in row.sources}))
    live = {document_id: document for document_id, document in live.items() if may_answer(document)}
    return [Whole(row, sentences_of(row, live), sources_of(row, live)) for row in rows]


def sources_of(row: Answer, live: Mapping[str, Document]) -> list[Source]:
    """The sources of an answer that are still there."""
    return [
        Source(s["number"], document, s["start"], min(s["end"], s["start"] + len(text)), text, s["page"])
        for s in row.sources
        if (document := live.get(s["document_id"]))
        for text in (cut_at_word(s["text"], shown_characters(document)),)
    ]


def sentences_of(row: Answer, live: Mapping[str, Document]) -> list[Sentence]:
    """The sentences of an answer all of whose quotes may still be shown."""
    return [
        Sentence(s["text"], tuple(Citation(**c) for c in s["citations"]), s.get("support", SUPPORTED))
        for s in row.sentences
        if all(may_quote(live.get(c["document_id"]), c["quote"]) for c in s["citations"])
    ]


def conflicts_of(answer: Whole) -> list[Conflict]:
    """Where the sources of an answer contradict each other, as far as both may still be quoted."""
    live = {source.document.id: source.document for source in answer.sources}
    stored = [
        Conflict(row["about"], tuple(Side(side["value"], Citation(**side["citation"])) for side in row["sides"]))
        for row in answer.row.conflicts
    ]
    return [
        conflict
        for conflict in stored
        if all(may_quote(live.get(c.document_id), c.quote) for c in (side.citation for side in conflict.sides))
    ]


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


def get_thread(scope: Scope, thread_id: str) -> list[Whole]:
    """The answers of a thread, in the order in which they were asked; raises NotFound."""
    with scope.read() as tx:
        rows = repository.thread(tx, thread_id, MOST_IN_THREAD)
        if not rows:
            raise NotFound(NO_THREAD)
        return whole(tx, rows)


def list_threads(
    scope: Scope, *, before: tuple[datetime, str] | None = None, limit: int = 20
) -> tuple[list[ThreadSummary], int]:
    """Threads, the one that was last asked in first, after the position `before`, and how many there are."""
    with scope.read() as tx:
        return repository.threads(tx, before, limit)


def delete_thread(scope: Scope, thread_id: str) -> None:
    """Delete a thread with all its answers; raises NotFound."""
    with scope.write() as tx:
        if not repository.remove_thread(tx, thread_id):
            raise NotFound(NO_THREAD)

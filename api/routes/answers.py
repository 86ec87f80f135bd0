"""Answers: ask, as a stream or whole; earlier answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.answers import AnswerCreate, AnswerResource, AnswerSummary, answer_resource, answer_summary, event_data
from api.schemas.common import Cursor, Limit, Page, Total
from api.sse import StreamEvent, event_stream
from services.answer import answer as answers
from services.answer.follow import Seen, follow
from services.answer.types import AnswerEvent, Done
from services.cursors import decode_cursor, encode_cursor
from services.scope import Scope

router = APIRouter(prefix="/v1/answers", tags=["Answers"])

LIST = "answers"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AnswerResource,
        "description": "The answer; with `stream` true the events accepted, step, sources, delta, citation, conflicts, usage, done or error.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


@router.post("", response_model=AnswerResource, responses=STREAM)
async def answers_create(request: Request, scope: ReadScope, body: AnswerCreate, once: Idempotent) -> Response:
    """Answer a question from the stored documents; every sentence cites the exact span it comes from."""
    if body.stream:
        events = await run_in_threadpool(answers.answer, scope, body.to_question())
        # Who leaves may come back; who has enough of it says so (answers_cancel).
        return event_stream(stream(scope, events, Seen()), request, goes_on=True)
    return await run_in_threadpool(lambda: once.run(lambda: whole(scope, body), scope=scope, body=body))


@router.get("")
def answers_list(scope: ReadScope, limit: Limit = 20, cursor: Cursor = None) -> Page[AnswerSummary]:
    """List earlier questions, the latest first."""
    before = None
    if cursor is not None:
        moment, answer_id = decode_cursor(scope, LIST, cursor, length=2)
        before = (datetime.fromisoformat(moment), answer_id)
    rows, total = answers.list_answers(scope, before=before, limit=limit)
    next_cursor = (
        encode_cursor(scope, LIST, (rows[-1].created_at.isoformat(), rows[-1].id)) if len(rows) == limit else None
    )
    return Page(data=[answer_summary(row) for row in rows], next_cursor=next_cursor, total=Total(value=total))


@router.get("/{answer_id}")
def answers_get(answer_id: str, scope: ReadScope) -> AnswerResource:
    """An earlier answer, as it was given."""
    return answer_resource(answers.get_answer(scope, answer_id))


@router.get("/{answer_id}/events", response_class=Response, responses=EVENTS)
async def answers_events(
    answer_id: str, request: Request, scope: ReadScope, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Follow an answer that is being written: what came after `Last-Event-ID`, else all of it, to its end."""
    await run_in_threadpool(answers.get_answer, scope, answer_id)
    left, seen = threading.Event(), Seen.read(last_event_id)
    return event_stream(stream(scope, follow(scope, answer_id, seen, left), seen), request, cancel=left)


@router.post("/{answer_id}/cancel")
def answers_cancel(answer_id: str, scope: ReadScope) -> AnswerResource:
    """Stop an answer that is being written: the model's request ends, what was written stays. Can be repeated."""
    return answer_resource(answers.stop(scope, answer_id))


@router.delete("/{answer_id}", status_code=204)
def answers_delete(answer_id: str, scope: WriteScope) -> None:
    """Delete an answer."""
    answers.delete_answer(scope, answer_id)


def whole(scope: Scope, body: AnswerCreate) -> Reply:
    """Run a question to its end and read the stored answer."""
    for event in answers.answer(scope, body.to_question()):
        if isinstance(event, Done):
            return 200, answer_resource(answers.get_answer(scope, event.answer_id))
    raise RuntimeError("the answer never ended")


def stream(scope: Scope, events: Iterator[AnswerEvent], seen: Seen) -> Iterator[StreamEvent]:
    """The events on the wire, each with how much was seen by then; the last one brings the stored answer."""
    for event in events:
        seen = seen.after(event)
        name, data = event_data(event)
        if isinstance(event, Done):
            data = {"answer": answer_resource(answers.get_answer(scope, event.answer_id)).model_dump(mode="json")}
        yield StreamEvent(name, data, str(seen))

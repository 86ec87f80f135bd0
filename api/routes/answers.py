"""Answers: ask, as a stream or whole; earlier answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.answers import AnswerCreate, AnswerResource, AnswerSummary, answer_resource, event_data
from api.schemas.common import Cursor, Limit, Page, Total
from api.sse import StreamEvent, event_stream
from services.answer import answer as answers
from services.answer.types import AnswerEvent, Done
from services.cursors import decode_cursor, encode_cursor
from services.scope import Scope

router = APIRouter(prefix="/v1/answers", tags=["Answers"])

LIST = "answers"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AnswerResource,
        "description": "The answer; with `stream` true the events accepted, step, sources, delta, citation, usage, done or error.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.post("", response_model=AnswerResource, responses=STREAM)
async def answers_create(request: Request, scope: ReadScope, body: AnswerCreate, once: Idempotent) -> Response:
    """Answer a question from the stored documents; every sentence cites the exact span it comes from."""
    if body.stream:
        events = await run_in_threadpool(answers.answer, scope, body.to_question())
        return event_stream(stream(scope, events), request)
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
    return Page(
        data=[AnswerSummary.model_validate(row) for row in rows], next_cursor=next_cursor, total=Total(value=total)
    )


@router.get("/{answer_id}")
def answers_get(answer_id: str, scope: ReadScope) -> AnswerResource:
    """An earlier answer, as it was given."""
    return answer_resource(*answers.get_answer(scope, answer_id))


@router.delete("/{answer_id}", status_code=204)
def answers_delete(answer_id: str, scope: WriteScope) -> None:
    """Delete an answer."""
    answers.delete_answer(scope, answer_id)


def whole(scope: Scope, body: AnswerCreate) -> Reply:
    """Run a question to its end and read the stored answer."""
    for event in answers.answer(scope, body.to_question()):
        if isinstance(event, Done):
            return 200, answer_resource(*answers.get_answer(scope, event.answer_id))
    raise RuntimeError("the answer never ended")


def stream(scope: Scope, events: Iterator[AnswerEvent]) -> Iterator[StreamEvent]:
    """The events on the wire; the last one brings the stored answer."""
    for number, event in enumerate(events, start=1):
        name, data = event_data(event)
        if isinstance(event, Done):
            data = {"answer": answer_resource(*answers.get_answer(scope, event.answer_id)).model_dump(mode="json")}
        yield StreamEvent(name, data, number)

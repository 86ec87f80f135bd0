"""Threads: questions that were asked one after the other, each of which may lean on those before it."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from api.deps import ReadScope, WriteScope
from api.schemas.answers import ThreadAnswers, ThreadResource, answer_resource
from api.schemas.common import Cursor, Limit, Page, Total
from services.answer import answer as answers
from services.cursors import decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/threads", tags=["Answers"])

LIST = "threads"


@router.get("")
def threads_list(scope: ReadScope, limit: Limit = 20, cursor: Cursor = None) -> Page[ThreadResource]:
    """List threads, the one that was last asked in first."""
    before = None
    if cursor is not None:
        moment, thread_id = decode_cursor(scope, LIST, cursor, length=2)
        before = (datetime.fromisoformat(moment), thread_id)
    found, total = answers.list_threads(scope, before=before, limit=limit)
    next_cursor = (
        encode_cursor(scope, LIST, (found[-1].latest_at.isoformat(), found[-1].id)) if len(found) == limit else None
    )
    return Page(
        data=[ThreadResource.model_validate(each, from_attributes=True) for each in found],
        next_cursor=next_cursor,
        total=Total(value=total),
    )


@router.get("/{thread_id}")
def threads_get(thread_id: str, scope: ReadScope) -> ThreadAnswers:
    """A thread with its answers."""
    found = answers.get_thread(scope, thread_id)
    return ThreadAnswers(id=thread_id, answers=[answer_resource(each) for each in found])


@router.delete("/{thread_id}", status_code=204)
def threads_delete(thread_id: str, scope: WriteScope) -> None:
    """Delete a thread with all its answers."""
    answers.delete_thread(scope, thread_id)

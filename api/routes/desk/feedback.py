"""What people think of answers: theirs to give, change and take back; for owners to read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.deps import ReadScope, WriteScope
from api.schemas.common import Cursor, Limit, Page, Total
from api.schemas.desk import FeedbackGive, FeedbackResource, TallyResource, feedback_resource, tally_resource
from services.answer.after import feedback
from services.answer.after.feedback import Rating
from services.cursors import decode_cursor, encode_cursor
from services.models import utc_now

router = APIRouter(prefix="/v1", tags=["Answers"])

LIST = "answer_feedback"


@router.get("/answers/{answer_id}/feedback")
def feedback_get(answer_id: str, scope: ReadScope) -> TallyResource:
    """Your own opinion on an answer, and how many there are."""
    return tally_resource(feedback.get_tally(scope, answer_id))


@router.put("/answers/{answer_id}/feedback")
def feedback_give(answer_id: str, scope: ReadScope, body: FeedbackGive) -> TallyResource:
    """Say what you think of an answer, instead of what you said before."""
    return tally_resource(feedback.give(scope, answer_id, body.to_opinion()))


@router.delete("/answers/{answer_id}/feedback", status_code=204)
def feedback_delete(answer_id: str, scope: ReadScope) -> None:
    """Take back what you said of an answer."""
    feedback.take_back(scope, answer_id)


@router.get("/answer_feedback")
def feedback_list(
    scope: WriteScope,
    rating: Annotated[Rating | None, Query(description="Only these; both when it is left out.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[FeedbackResource]:
    """List what people said of answers, the latest first; for owners, and keys that write."""
    before = None
    name = f"{LIST}/{rating or 'all'}"
    if cursor is not None:
        at, feedback_id = decode_cursor(scope, name, cursor, length=2)
        before = (datetime.fromisoformat(at), feedback_id)
    found, total = feedback.list_feedback(scope, rating=rating, before=before, limit=limit)
    next_cursor = None
    if len(found) == limit:
        last = found[-1][0]
        next_cursor = encode_cursor(scope, name, (last.updated_at.isoformat(), last.id))
    data = [feedback_resource(row, answer) for row, answer in found]
    return Page(data=data, next_cursor=next_cursor, total=Total(value=total))


@router.get(
    "/answer_feedback/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def feedback_export(scope: WriteScope) -> StreamingResponse:
    """All that people said of answers, as CSV."""
    headers = {"Content-Disposition": f'attachment; filename="tidings-feedback-{utc_now():%F}.csv"'}
    lines = feedback.exported_feedback(scope)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

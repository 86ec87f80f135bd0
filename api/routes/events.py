"""Progress as it happens: the tenant's documents, or one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.broadcast import broadcast_stream, last_event_id
from api.deps import ReadScope
from api.schemas.documents import StageEvent, stage_event
from api.sse import StreamEvent
from services.errors import NotFound
from services.ingest.documents import document_events, get_document
from services.jobs.events import Event
from services.scope import Scope

router = APIRouter(prefix="/v1", tags=["Events"])

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named `stage`; their data is a StageEvent. Last-Event-ID resumes.",
        "content": {"text/event-stream": {"itemSchema": {"$ref": "#/components/schemas/StageEvent"}}},
        "model": StageEvent,
    }
}
ENDS = {"ready", "failed", "deleting"}


@router.get("/events", responses=STREAM, response_class=Response)
async def events_stream(request: Request, scope: ReadScope) -> Response:
    """Every step of the tenant's documents, live."""
    broadcaster = request.app.state.broadcaster
    return broadcast_stream(
        broadcaster, tenant_id=scope.tenant_id, last_event_id=last_event_id(request), render=renderer(scope)
    )


@router.get("/documents/{document_id}/events", responses=STREAM, response_class=Response)
async def document_events_stream(document_id: str, request: Request, scope: ReadScope) -> Response:
    """Every step of one document: those so far, then live until it is ready or failed."""
    after = last_event_id(request)
    past = await run_in_threadpool(document_events, scope, document_id, after=after or 0)
    render = renderer(scope)
    head = [await run_in_threadpool(render, event) for event in past]
    seen = past[-1].id if past else after or 0

    def one(event: Event) -> StreamEvent | None:
        return render(event) if event.subject_id == document_id and event.id > seen else None

    return broadcast_stream(
        request.app.state.broadcaster,
        tenant_id=scope.tenant_id,
        last_event_id=seen,
        render=one,
        ends=lambda event: event.subject_id == document_id and event.id > seen and event.stage in ENDS,
        head=[event for event in head if event is not None],
    )


def renderer(scope: Scope) -> Callable[[Event], StreamEvent]:
    """Shows an event with its document as it is now."""

    def render(event: Event) -> StreamEvent:
        try:
            document = get_document(scope, event.subject_id)
        except NotFound:
            document = None
        return StreamEvent("stage", stage_event(event, document), event.id)

    return render

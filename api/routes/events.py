"""Progress as it happens: the tenant's documents, one of them, or the visits to a source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.broadcast import broadcast_stream, last_event_id
from api.deps import ReadScope
from api.schemas.documents import StageEvent, stage_event
from api.schemas.sources import LogEvent
from api.sse import StreamEvent
from services.errors import NotFound
from services.ingest.documents import document_events, get_document, row_outcomes
from services.jobs.events import Event
from services.scope import Scope
from services.sources.sources import source_events

router = APIRouter(prefix="/v1", tags=["Events"])

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named `stage`; their data is a StageEvent. Last-Event-ID resumes.",
        "content": {"text/event-stream": {"itemSchema": {"$ref": "#/components/schemas/StageEvent"}}},
        "model": StageEvent,
    }
}
ENDS = {"ready", "failed", "cancelled", "deleting"}
LOG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named `log`; their data is a LogEvent. Last-Event-ID resumes.",
        "content": {"text/event-stream": {"itemSchema": {"$ref": "#/components/schemas/LogEvent"}}},
        "model": LogEvent,
    }
}


@router.get("/events", responses=STREAM, response_class=Response)
async def events_stream(request: Request, scope: ReadScope) -> Response:
    """Every step of the tenant's documents, live."""
    broadcaster = request.app.state.broadcaster
    return broadcast_stream(
        broadcaster, tenant_id=scope.tenant_id, last_event_id=last_event_id(request), render=renderer(scope)
    )


@router.get("/documents/{document_id}/events", responses=STREAM, response_class=Response)
async def document_events_stream(document_id: str, request: Request, scope: ReadScope) -> Response:
    """Every step of one document: those so far, then live until it is ready, failed or cancelled."""
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


@router.get("/sources/{source_id}/events", responses=LOG, response_class=Response)
async def source_events_stream(source_id: str, request: Request, scope: ReadScope) -> Response:
    """The log of a source: its steps of the last 24 hours, at most the latest 200, then live."""
    after = last_event_id(request)
    past = await run_in_threadpool(source_events, scope, source_id, after=after or 0)
    seen = past[-1].id if past else after or 0

    def one(event: Event) -> StreamEvent | None:
        return log_event(event) if event.subject_id == source_id and event.id > seen else None

    return broadcast_stream(
        request.app.state.broadcaster,
        tenant_id=scope.tenant_id,
        last_event_id=seen,
        render=one,
        head=[log_event(event) for event in past],
    )


def log_event(event: Event) -> StreamEvent:
    """One step of a crawl, for the stream."""
    detail = {name: value for name, value in event.detail.items() if isinstance(value, str | int | float | None)}
    body = LogEvent(job_id=event.job_id, source_id=event.subject_id, at=event.at, stage=event.stage, detail=detail)
    return StreamEvent("log", body, event.id)


def renderer(scope: Scope) -> Callable[[Event], StreamEvent | None]:
    """Shows a document's event with the document as it is now; steps of other things are not for this stream."""

    def render(event: Event) -> StreamEvent | None:
        if not event.subject_id.startswith("doc_"):
            return None
        try:
            document = get_document(scope, event.subject_id)
        except NotFound:
            return StreamEvent("stage", stage_event(event, None, {}), event.id)
        return StreamEvent("stage", stage_event(event, document, row_outcomes(scope, [document])), event.id)

    return render

"""Sources: look at an address, subscribe, crawl now, and see how each fares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Response

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.common import Cursor, Limit, Page, Total
from api.schemas.sources import (
    DayCount,
    DiscoverRequest,
    Discovery,
    ItemResource,
    ItemState,
    Kind,
    RunAccepted,
    RunResource,
    SourceChange,
    SourceCreate,
    SourceHealth,
    SourceOut,
)
from services.cursors import decode_cursor, encode_cursor
from services.errors import InvalidInput
from services.models import CrawlItem, CrawlRun, Document, Source
from services.scope import Scope
from services.sources import health, sources
from services.sources.discover import discover
from services.sources.jobs import request_crawl
from services.sources.sources import NewSource, SourceFilter

router = APIRouter(prefix="/v1/sources", tags=["Sources"])
looks = APIRouter(prefix="/v1", tags=["Sources"])

STATES = frozenset(get_args(ItemState))


@router.get("")
def sources_list(
    scope: ReadScope,
    folder: Annotated[str | None, Query(max_length=100)] = None,
    kind: Annotated[Kind | None, Query()] = None,
    paused: Annotated[bool | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=300, description="Words of the title or address.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[SourceOut]:
    """List sources by title, each with how it fares."""
    wanted = SourceFilter(folder=folder, kind=kind, paused=paused, words=q)
    name = f"sources/{wanted}"
    after = None
    if cursor is not None:
        title, source_id = decode_cursor(scope, name, cursor, length=2)
        after = (title, source_id)
    rows, last, total = sources.list_sources(scope, wanted, after=after, limit=limit)
    next_cursor = encode_cursor(scope, name, last) if len(rows) == limit else None
    return Page(data=source_resources(scope, rows), next_cursor=next_cursor, total=Total(value=total))


@router.post(
    "",
    status_code=201,
    response_model=SourceOut,
    responses={200: {"model": SourceOut, "description": "This address is a source already."}},
)
def sources_create(scope: WriteScope, body: SourceCreate, once: Idempotent) -> Response:
    """Add a source. It is visited at once; 200: the address was a source already."""

    def create() -> Reply:
        row, known = sources.add_source(scope, chosen(scope, body))
        resource = source_resources(scope, [row])[0].model_copy(update={"duplicate": known})
        return (200 if known else 201), resource

    return once.run(create, scope=scope, body=body)


@looks.post("/discoveries")
def sources_discover(scope: WriteScope, body: DiscoverRequest) -> Discovery:
    """Look at an address: what can be subscribed to there, with a preview of each. Nothing is stored."""
    return Discovery.model_validate(discover(scope, body.url))


@router.get("/{source_id}")
def sources_get(source_id: str, scope: ReadScope) -> SourceOut:
    """One source and how it fares."""
    return source_resources(scope, [sources.get_source(scope, source_id)])[0]


@router.patch("/{source_id}")
def sources_change(source_id: str, scope: WriteScope, body: SourceChange) -> SourceOut:
    """Rename, group, pause or resume a source, or note a licence; fields that are left out stay."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    return source_resources(scope, [sources.change_source(scope, source_id, changes)])[0]


@router.delete("/{source_id}", status_code=204)
def sources_delete(
    source_id: str,
    scope: WriteScope,
    documents: Annotated[bool, Query(description="Delete the documents it brought, too.")] = False,
) -> None:
    """Remove a source and its log. Its documents stay unless asked for."""
    sources.remove_source(scope, source_id, with_documents=documents)


@router.post("/{source_id}/run", status_code=202, response_model=RunAccepted)
def sources_run(source_id: str, scope: WriteScope, once: Idempotent) -> Response:
    """Visit a source now, before its turn; follow it by its events."""

    def run() -> Reply:
        return 202, RunAccepted(source_id=source_id, job_id=request_crawl(scope, source_id))

    return once.run(run, scope=scope)


@router.get("/{source_id}/health")
def sources_health(source_id: str, scope: ReadScope) -> SourceHealth:
    """The figures of a source: what became of its URLs, how much it brings and how fast, and alarms."""
    found = health.health(scope, source_id)
    return SourceHealth(
        source_id=source_id,
        status=found.summary.status,
        status_detail=found.summary.detail,
        counts=found.counts,
        days=[DayCount(day=day.isoformat(), count=count) for day, count in found.days],
        extraction_share=found.extraction_share,
        duplicate_share=found.duplicate_share,
        delay_median_seconds=found.delay_median_seconds,
        delay_p95_seconds=found.delay_p95_seconds,
        alarms=found.alarms,
    )


@router.get("/{source_id}/items")
def source_items_list(
    source_id: str,
    scope: ReadScope,
    state: Annotated[ItemState | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[ItemResource]:
    """The URLs a source showed, the latest first: each is in exactly one state."""
    name = f"items/{source_id}/{state}"
    rows, total = sources.list_items(scope, source_id, state=state, before=position(scope, name, cursor), limit=limit)
    last = rows[-1][0] if len(rows) == limit else None
    next_cursor = encode_cursor(scope, name, (last.first_seen_at.isoformat(), last.id)) if last else None
    return Page(data=[item_resource(*row) for row in rows], next_cursor=next_cursor, total=Total(value=total))


@router.get("/{source_id}/runs")
def source_runs_list(source_id: str, scope: ReadScope, limit: Limit = 20, cursor: Cursor = None) -> Page[RunResource]:
    """The visits to a source, the latest first."""
    name = f"runs/{source_id}"
    rows, total = sources.list_runs(scope, source_id, before=position(scope, name, cursor), limit=limit)
    next_cursor = (
        encode_cursor(scope, name, (rows[-1].started_at.isoformat(), rows[-1].id)) if len(rows) == limit else None
    )
    return Page(data=[run_resource(row) for row in rows], next_cursor=next_cursor, total=Total(value=total))


def chosen(scope: Scope, body: SourceCreate) -> NewSource:
    """The source that a request means; without a kind, the most fitting one that is found at its address."""
    if body.kind is not None:
        return NewSource(body.url, body.kind, body.title or "", None, body.folder, body.category)
    found = discover(scope, body.url)
    allowed = [candidate for candidate in found.candidates if candidate.robots.allowed]
    if not allowed:
        refused = [candidate.robots.detail for candidate in found.candidates[:1]]
        raise InvalidInput(" ".join([*refused, *found.notes]))
    best = allowed[0]
    return NewSource(best.url, best.kind, body.title or best.title, best.site_url, body.folder, body.category)


def source_resources(scope: Scope, rows: Sequence[Source]) -> list[SourceOut]:
    """The API's view of sources."""
    found = health.summaries(scope, rows)
    names = SourceOut.model_fields.keys() - {
        "paused", "status", "status_detail", "items_per_day", "document_count", "duplicate",
    }  # fmt: skip
    return [
        SourceOut(
            **{name: getattr(row, name) for name in names},
            paused=row.paused_at is not None,
            status=found[row.id].status,
            status_detail=found[row.id].detail,
            items_per_day=found[row.id].items_per_day,
            document_count=found[row.id].document_count,
        )
        for row in rows
    ]


def item_resource(item: CrawlItem, document: Document | None, state: str) -> ItemResource:
    """The API's view of a URL that a source showed; a failed document's reason is its."""
    failed = document is not None and document.status == "failed"
    if document is None and item.state == "stored":
        item.reason, item.detail = "removed", "Its document was deleted since."
    return ItemResource(
        id=item.id,
        url=item.url,
        title=(document.title if document else "") or item.url,
        state=state,
        reason=document.error_code if document and failed else item.reason,
        detail=document.error_detail if document and failed else item.detail,
        document_id=document.id if document else None,
        published_at=(document.published_at if document else None) or item.published_at,
        first_seen_at=item.first_seen_at,
        fetched_at=item.fetched_at,
    )


def run_resource(run: CrawlRun) -> RunResource:
    """The API's view of a visit; of its counts those of states, which add up to the URLs it showed."""
    fields = {name: getattr(run, name) for name in RunResource.model_fields if name != "counts"}
    fields["http_status"] = run.http_status or None
    return RunResource(**fields, counts={state: count for state, count in run.counts.items() if state in STATES})


def position(scope: Scope, name: str, cursor: str | None) -> tuple[datetime, str] | None:
    """Where a page of a list by time begins."""
    if cursor is None:
        return None
    moment, row_id = decode_cursor(scope, name, cursor, length=2)
    return datetime.fromisoformat(moment), row_id

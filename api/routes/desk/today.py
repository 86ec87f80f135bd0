"""What the first page shows beside the newest documents: how news comes in, and the searches that a person keeps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import ReadScope
from api.idempotency import Idempotent, Reply
from api.schemas.common import Cursor, Limit, Page, Total
from api.schemas.search import UtcOffset, reader_time
from api.schemas.today import (
    BriefingResource,
    HeartbeatResource,
    SavedSearchChange,
    SavedSearchCreate,
    SavedSearchResource,
    briefing_resource,
    saved_resource,
)
from services.cursors import decode_cursor, encode_cursor
from services.today import saved
from services.today.briefing import briefing
from services.today.heartbeat import heartbeat

router = APIRouter(prefix="/v1", tags=["Today"])

LIST = "saved_searches"
Offset = Annotated[UtcOffset, Query()]


@router.get("/heartbeat")
def heartbeat_get(scope: ReadScope) -> HeartbeatResource:
    """How much news came in within a day, and when the latest did."""
    return HeartbeatResource.model_validate(heartbeat(scope))


@router.get("/briefing")
def briefing_get(
    scope: ReadScope,
    uploads: Annotated[bool, Query(description="Of what people uploaded, too, not only of outlets.")] = False,
) -> BriefingResource:
    """The newest stories in a sentence each, word for word, with where it stands."""
    return briefing_resource(briefing(scope, uploads=uploads))


@router.get("/saved_searches")
def saved_searches_list(
    scope: ReadScope, utc_offset: Offset = 0, limit: Limit = 20, cursor: Cursor = None
) -> Page[SavedSearchResource]:
    """List the searches that you keep, the latest first, each with how much is new in it."""
    before = None if cursor is None else decode_cursor(scope, LIST, cursor, length=1)[0]
    found, total = saved.list_saved(scope, reader_time(utc_offset), before=before, limit=limit)
    next_cursor = encode_cursor(scope, LIST, (found[-1].row.id,)) if len(found) == limit else None
    return Page(data=[saved_resource(each) for each in found], next_cursor=next_cursor, total=Total(value=total))


@router.post("/saved_searches", status_code=201, response_model=SavedSearchResource)
def saved_searches_create(scope: ReadScope, body: SavedSearchCreate, once: Idempotent) -> Response:
    """Keep a search under a name. What it finds now is not new."""

    def create() -> Reply:
        return 201, saved_resource(saved.save(scope, body.name, body.query, body.filters.to_filters()))

    return once.run(create, scope=scope, body=body)


@router.get("/saved_searches/{saved_search_id}")
def saved_searches_get(saved_search_id: str, scope: ReadScope, utc_offset: Offset = 0) -> SavedSearchResource:
    """One of your saved searches."""
    return saved_resource(saved.get_saved(scope, saved_search_id, reader_time(utc_offset)))


@router.patch("/saved_searches/{saved_search_id}")
def saved_searches_update(
    saved_search_id: str, scope: ReadScope, body: SavedSearchChange, utc_offset: Offset = 0
) -> SavedSearchResource:
    """Rename a saved search, search for something else, or note that you looked at what it finds."""
    return saved_resource(saved.change_saved(scope, saved_search_id, body.to_change(), reader_time(utc_offset)))


@router.delete("/saved_searches/{saved_search_id}", status_code=204)
def saved_searches_delete(saved_search_id: str, scope: ReadScope) -> None:
    """Forget a saved search."""
    saved.delete_saved(scope, saved_search_id)

"""The library: folders, tags, steering what is being read, and actions on many documents."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.routes.documents import shown
from api.schemas.common import Page, Total
from api.schemas.documents import DocumentResource
from api.schemas.library import (
    ActionResult,
    DocumentAction,
    DocumentRetry,
    DocumentUpdate,
    FolderResource,
    TagResource,
    action_result,
)
from services.cursors import decode_cursor, encode_cursor
from services.ingest.hints import SEALED_FOR
from services.ingest.library import filing, steer
from services.ingest.library.bulk import act_on, act_on_filter
from services.scope import Scope

router = APIRouter(prefix="/v1", tags=["Library"])

WITHOUT_PASSWORD = DocumentRetry(password=None)


@router.patch("/documents/{document_id}")
def documents_update(document_id: str, body: DocumentUpdate, scope: WriteScope) -> DocumentResource:
    """Move a document to a folder and set its tags. A search knows of it at once."""
    return shown(scope, filing.file_document(scope, document_id, folder=body.folder, tags=body.tags))


@router.post("/documents/{document_id}/retry", status_code=202, response_model=DocumentResource)
def documents_retry(
    document_id: str, scope: WriteScope, once: Idempotent, body: DocumentRetry = WITHOUT_PASSWORD
) -> Response:
    """Try a failed or cancelled document again, an encrypted PDF with its password."""
    word = body.password
    # The digest of a request is kept for a day: with a plain hash in it, a short password could be guessed.
    told = {"password": scope.runtime.secrets.digest(SEALED_FOR, word)} if word else {}
    return once.run(
        lambda: (202, shown(scope, steer.retry_document(scope, document_id, password=word))),
        scope=scope,
        body=told,
    )


@router.post("/documents/{document_id}/cancel", response_model=DocumentResource)
def documents_cancel(document_id: str, scope: WriteScope, once: Idempotent) -> Response:
    """Stop reading a document for good. It stays, visibly cancelled, until it is tried again or deleted."""
    return once.run(lambda: (200, shown(scope, steer.cancel_document(scope, document_id))), scope=scope)


@router.post("/documents/{document_id}/pause", response_model=DocumentResource)
def documents_pause(document_id: str, scope: WriteScope, once: Idempotent) -> Response:
    """Stop reading a document until it is resumed."""
    return once.run(lambda: (200, shown(scope, steer.pause_document(scope, document_id))), scope=scope)


@router.post("/documents/{document_id}/resume", response_model=DocumentResource)
def documents_resume(document_id: str, scope: WriteScope, once: Idempotent) -> Response:
    """Go on reading a paused document."""
    return once.run(lambda: (200, shown(scope, steer.resume_document(scope, document_id))), scope=scope)


@router.post("/document_actions", response_model=ActionResult)
def document_actions_create(body: DocumentAction, scope: WriteScope, once: Idempotent) -> Response:
    """Delete, move, tag, untag, retry, cancel, pause or resume many documents. Each is told of by itself."""
    return once.run(lambda: act(scope, body), scope=scope, body=body)


@router.get("/folders")
def folders_list(scope: ReadScope) -> Page[FolderResource]:
    """All folders, in order of their parts, with how many documents lie in them."""
    found = [FolderResource.model_validate(each) for each in filing.list_folders(scope)]
    return Page(data=found, total=Total(value=len(found)))


@router.get("/tags")
def tags_list(scope: ReadScope) -> Page[TagResource]:
    """All tags, in order of the alphabet, with how many documents have them."""
    found = [TagResource(tag=tag, count=count) for tag, count in filing.list_tags(scope)]
    return Page(data=found, total=Total(value=len(found)))


def act(scope: Scope, body: DocumentAction) -> Reply:
    """Do what is asked; the cursor of a filter holds only for the same action and filter."""
    if body.filter is None:
        return 200, action_result(act_on(scope, body.ids or [], body.to_order()), None)
    wanted, order = body.filter.to_filter(), body.to_order()
    name = f"actions/{order}/{wanted}"
    before = None
    if body.cursor is not None:
        moment, document_id = decode_cursor(scope, name, body.cursor, length=2)
        before = (datetime.fromisoformat(moment), document_id)
    outcomes, last = act_on_filter(scope, wanted, order, before=before)
    return 200, action_result(outcomes, encode_cursor(scope, name, (last[0].isoformat(), last[1])) if last else None)

"""Documents: bring them in, list, read, retry, delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.common import Cursor, Limit, Page, Total
from api.schemas.documents import (
    MAX_TITLE,
    Deleted,
    DocumentCreate,
    DocumentResource,
    DocumentText,
    DocumentType,
    Status,
    document_resource,
)
from services.cursors import decode_cursor, encode_cursor
from services.errors import EmptyFile, FieldError, InvalidInput, UnsupportedType
from services.ingest import documents
from services.ingest.documents import DocumentFilter
from services.ingest.submit import Submission, submit, submit_text, submit_url
from services.ingest.types import RawDocument
from services.scope import Scope

router = APIRouter(prefix="/v1/documents", tags=["Documents"])

FORM_FIELDS = {"file", "title"}
CREATE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/DocumentCreate"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "HTML, Markdown, PDF or plain text.",
                        },
                        "title": {"type": "string", "maxLength": MAX_TITLE},
                    },
                }
            },
        },
    }
}


@router.post(
    "",
    status_code=202,
    response_model=DocumentResource,
    responses={200: {"model": DocumentResource, "description": "These bytes are stored already."}},
    openapi_extra=CREATE_BODY,
)
async def documents_create(request: Request, scope: WriteScope, once: Idempotent) -> Response:
    """Bring in a file, a text or a web page. 202: accepted, follow its events; 200: the same bytes are stored already."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        filename, content, title = await read_form(request)
        raw = RawDocument(content=content, filename=filename, title=title)
        fields = {"filename": filename, "title": title}
        work = reply(lambda: submit(scope, raw))
        return await run_in_threadpool(lambda: once.run(work, scope=scope, body=fields, content=content))
    if kind != "application/json":
        raise UnsupportedType("Send multipart/form-data with a `file`, or JSON with `url` or `text`.")
    body = await read_json(request)
    work = reply(lambda: create_from(scope, body))
    return await run_in_threadpool(lambda: once.run(work, scope=scope, body=body))


@router.get("")
def documents_list(
    scope: ReadScope,
    status: Annotated[Status | None, Query()] = None,
    type: Annotated[DocumentType | None, Query()] = None,
    source: Annotated[str | None, Query(max_length=300)] = None,
    q: Annotated[str | None, Query(max_length=300, description="Words of the title or file name.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[DocumentResource]:
    """List documents, the latest first."""
    wanted = DocumentFilter(status=status, type=type, source=source, words=q)
    name = f"documents/{wanted}"
    before = None
    if cursor is not None:
        moment, document_id = decode_cursor(scope, name, cursor, length=2)
        before = (datetime.fromisoformat(moment), document_id)
    rows, total = documents.list_documents(scope, wanted, before=before, limit=limit)
    next_cursor = None
    if len(rows) == limit:
        next_cursor = encode_cursor(scope, name, (rows[-1].first_seen_at.isoformat(), rows[-1].id))
    return Page(data=[document_resource(row) for row in rows], next_cursor=next_cursor, total=Total(value=total))


@router.get("/{document_id}")
def documents_get(document_id: str, scope: ReadScope) -> DocumentResource:
    """One document and where it stands."""
    return document_resource(documents.get_document(scope, document_id))


@router.delete("/{document_id}", status_code=202)
def documents_delete(document_id: str, scope: WriteScope) -> Deleted:
    """Delete a document. It is gone from every read at once; its remains are purged within seconds."""
    documents.delete_document(scope, document_id)
    return Deleted(id=document_id)


@router.post("/{document_id}/retry", status_code=202, response_model=DocumentResource)
def documents_retry(document_id: str, scope: WriteScope, once: Idempotent) -> Response:
    """Try a failed document again."""
    return once.run(lambda: (202, document_resource(documents.retry_document(scope, document_id))), scope=scope)


@router.get("/{document_id}/text")
def documents_text(document_id: str, scope: ReadScope) -> DocumentText:
    """The text that was read, with the spans of its pages and chunks."""
    read = documents.read_text(scope, document_id)
    return DocumentText.model_validate(
        {
            "document_id": document_id,
            "version": read.document.version,
            "text": read.text,
            "pages": read.document.pages,
            "chunks": [{"ordinal": chunk.ordinal, "start": chunk.start, "end": chunk.end} for chunk in read.chunks],
        }
    )


@router.get(
    "/{document_id}/content",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def documents_content(document_id: str, scope: ReadScope) -> Response:
    """The original bytes, always as a download: nothing of a document is ever run in our pages."""
    row, content = documents.read_content(scope, document_id)
    name = row.filename or f"{row.id}.{row.type}"
    plain = "".join(
        character if (character.isascii() and character.isalnum()) or character in "._- " else "_" for character in name
    )
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def create_from(scope: Scope, body: DocumentCreate) -> Submission:
    """Store a page or a text."""
    if body.url is not None:
        return submit_url(scope, body.url)
    if not (body.text or "").strip():
        raise EmptyFile("The text is empty; paste something to store.")
    return submit_text(scope, body.text or "", body.title)


def reply(work: Callable[[], Submission]) -> Callable[[], Reply]:
    """The answer to a submission."""

    def run() -> Reply:
        made = work()
        return (200 if made.duplicate else 202), document_resource(made.document, duplicate=made.duplicate)

    return run


async def read_json(request: Request) -> DocumentCreate:
    """The JSON body; raises the same refusal as a declared body would."""
    try:
        return DocumentCreate.model_validate_json(await request.body())
    except ValidationError as error:
        details = [
            {**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False, include_context=False)
        ]
        raise RequestValidationError(details) from error


async def read_form(request: Request) -> tuple[str, bytes, str | None]:
    """File name, bytes and title of a form with one file."""
    async with request.form(max_files=1, max_fields=len(FORM_FIELDS), max_part_size=64 * 1024) as form:
        if unknown := set(form) - FORM_FIELDS:
            raise InvalidInput(
                "The form has a field we do not know.", errors=(FieldError(f"/{min(unknown)[:100]}", "unknown field"),)
            )
        file, title = form.get("file"), form.get("title")
        if not isinstance(file, UploadFile):
            raise InvalidInput("The form has no file.", errors=(FieldError("/file", "a file is required"),))
        if title is not None and not isinstance(title, str):
            raise InvalidInput("The title is not text.", errors=(FieldError("/title", "must be text"),))
        if len(title or "") > MAX_TITLE:
            reason = f"must have at most {MAX_TITLE} characters"
            raise InvalidInput("The title is too long.", errors=(FieldError("/title", reason),))
        return file.filename or "file", await file.read(), title or None

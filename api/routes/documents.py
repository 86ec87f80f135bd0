"""Documents: bring them in, list, read, delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.schemas.common import Cursor, Limit, Page, Total
from api.schemas.documents import (
    MAX_PASSWORD,
    MAX_TITLE,
    Deleted,
    DocumentCreate,
    DocumentResource,
    DocumentText,
    DocumentType,
    Status,
    document_resource,
)
from api.schemas.search import MAX_VALUES
from api.schemas.tables import MAX_OPTIONS, TableOptions
from services.cursors import decode_cursor, encode_cursor
from services.errors import EmptyFile, FieldError, InvalidInput, UnsupportedType
from services.ingest import documents
from services.ingest.documents import DocumentFilter
from services.ingest.library.names import MAX_FOLDER, MAX_TAGS
from services.ingest.rows.remove import delete_with_rows
from services.ingest.rows.submit import submit_rows
from services.ingest.submit import Submission, submit, submit_text, submit_url
from services.ingest.types import ROW_MEDIA, RawDocument
from services.models import Document
from services.scope import Scope

router = APIRouter(prefix="/v1/documents", tags=["Documents"])

FORM_FIELDS = {"file", "title", "password", "options", "folder", "tags"}
OPTIONS_FIELD = {
    "type": "string",
    "maxLength": MAX_OPTIONS,
    "contentMediaType": "application/json",
    "contentSchema": {"$ref": "#/components/schemas/TableOptions"},
    "description": "Of a table: whether it is taken as a sheet or row by row, and its columns; TableOptions as JSON.",
}
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
                            "description": "PDF, DOCX, PNG, JPEG, TIFF, CSV, HTML, Markdown or plain text.",
                        },
                        "title": {"type": "string", "maxLength": MAX_TITLE},
                        "password": {
                            "type": "string",
                            "maxLength": MAX_PASSWORD,
                            "description": "Opens an encrypted PDF; kept, encrypted, until it was read or has failed.",
                        },
                        "options": OPTIONS_FIELD,
                        "folder": {
                            "type": "string",
                            "maxLength": MAX_FOLDER,
                            "description": "Where to put it, a path such as `Reports/2026`.",
                        },
                        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": MAX_TAGS},
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
        raw, options = await read_form(request, FORM_FIELDS)
        fields = {"filename": raw.filename, "title": raw.title, "folder": raw.folder, "tags": list(raw.tags)}
        if options is not None:
            fields["options"] = options.model_dump_json()
        work = reply(scope, lambda: take_file(scope, raw, options))
        return await run_in_threadpool(lambda: once.run(work, scope=scope, body=fields, content=raw.content))
    if kind != "application/json":
        raise UnsupportedType("Send multipart/form-data with a `file`, or JSON with `url` or `text`.")
    body = await read_json(request)
    work = reply(scope, lambda: create_from(scope, body))
    return await run_in_threadpool(lambda: once.run(work, scope=scope, body=body))


@router.get("")
def documents_list(  # noqa: PLR0913
    scope: ReadScope,
    status: Annotated[list[Status] | None, Query(max_length=MAX_VALUES)] = None,
    type: Annotated[DocumentType | None, Query()] = None,
    source: Annotated[str | None, Query(max_length=300)] = None,
    q: Annotated[str | None, Query(max_length=300, description="Words of the title or file name.")] = None,
    parent_id: Annotated[str | None, Query(max_length=40, description="The table whose rows to list.")] = None,
    folder: Annotated[
        list[str] | None,
        Query(max_length=MAX_VALUES, description="With the folders below; empty for documents in none."),
    ] = None,
    tag: Annotated[list[str] | None, Query(max_length=MAX_VALUES)] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[DocumentResource]:
    """List documents, the latest first. Repeat a name for alternatives."""
    wanted = DocumentFilter(
        status=tuple(status or ()),
        type=type,
        source=source,
        words=q,
        parent_id=parent_id,
        folder=tuple(folder or ()),
        tag=tuple(tag or ()),
    )
    name = f"documents/{wanted}"
    before = None
    if cursor is not None:
        moment, document_id = decode_cursor(scope, name, cursor, length=2)
        before = (datetime.fromisoformat(moment), document_id)
    rows, total = documents.list_documents(scope, wanted, before=before, limit=limit)
    next_cursor = None
    if len(rows) == limit:
        next_cursor = encode_cursor(scope, name, (rows[-1].first_seen_at.isoformat(), rows[-1].id))
    outcomes = documents.row_outcomes(scope, rows)
    data = [document_resource(row, outcomes=outcomes) for row in rows]
    return Page(data=data, next_cursor=next_cursor, total=Total(value=total))


@router.get("/{document_id}")
def documents_get(document_id: str, scope: ReadScope) -> DocumentResource:
    """One document and where it stands."""
    return shown(scope, documents.get_document(scope, document_id))


@router.delete("/{document_id}", status_code=202)
def documents_delete(
    document_id: str,
    scope: WriteScope,
    rows: Annotated[bool, Query(description="Delete the rows of a table with it.")] = False,
) -> Deleted:
    """Delete a document. It is gone from every read at once; its remains are purged within seconds."""
    if rows:
        delete_with_rows(scope, document_id)
    else:
        documents.delete_document(scope, document_id)
    return Deleted(id=document_id)


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
    name = row.filename or f"{row.id}.{'json' if row.content_type == ROW_MEDIA else row.type}"
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
        return submit_url(scope, body.url, folder=body.folder, tags=body.tags)
    if not (body.text or "").strip():
        raise EmptyFile("The text is empty; paste something to store.")
    return submit_text(scope, body.text or "", body.title, folder=body.folder, tags=body.tags)


def take_file(scope: Scope, raw: RawDocument, options: TableOptions | None) -> Submission:
    """Store a file as one document, or a table row by row."""
    if options is None or options.mode == "sheet":
        return submit(scope, raw)
    return submit_rows(scope, raw, options.for_rows())


def shown(scope: Scope, row: Document, *, duplicate: bool = False) -> DocumentResource:
    """A document, a table with how its rows stand, and why it is tried again."""
    outcomes, again = documents.row_outcomes(scope, [row]), documents.trying_again(scope, row)
    return document_resource(row, duplicate=duplicate, outcomes=outcomes, retrying=again)


def reply(scope: Scope, work: Callable[[], Submission]) -> Callable[[], Reply]:
    """The answer to a submission."""

    def run() -> Reply:
        made = work()
        return (200 if made.duplicate else 202), shown(scope, made.document, duplicate=made.duplicate)

    return run


async def read_json(request: Request) -> DocumentCreate:
    """The JSON body; raises the same refusal as a declared body would."""
    try:
        return DocumentCreate.model_validate_json(await request.body())
    except ValidationError as error:
        raise refusal(error, "body") from error


def refusal(error: ValidationError, *place: str) -> RequestValidationError:
    """What is wrong with JSON that we validate ourselves, as FastAPI says it of a body."""
    found = error.errors(include_url=False, include_context=False)
    return RequestValidationError([{**each, "loc": (*place, *each["loc"])} for each in found])


async def read_form(request: Request, known: set[str]) -> tuple[RawDocument, TableOptions | None]:
    """The document of a form with one file, and what was chosen about it."""
    most_fields = len(known) + (MAX_TAGS if "tags" in known else 0)
    async with request.form(max_files=1, max_fields=most_fields, max_part_size=64 * 1024) as form:
        if unknown := set(form) - known:
            raise InvalidInput(
                "The form has a field we do not know.", errors=(FieldError(f"/{min(unknown)[:100]}", "unknown field"),)
            )
        if len(form.getlist("tags")) > MAX_TAGS:
            raise InvalidInput("Too many tags.", errors=(FieldError("/tags", f"at most {MAX_TAGS} tags"),))
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInput("The form has no file.", errors=(FieldError("/file", "a file is required"),))
        title, password = text_of(form, "title", MAX_TITLE), text_of(form, "password", MAX_PASSWORD)
        options = text_of(form, "options", MAX_OPTIONS)
        raw = RawDocument(
            await file.read(),
            filename=file.filename or "file",
            title=title,
            password=password,
            folder=text_of(form, "folder", MAX_FOLDER) or "",
            tags=tuple(tag for tag in form.getlist("tags") if isinstance(tag, str) and tag),
        )
    return raw, None if options is None else read_options(options)


def read_options(text: str) -> TableOptions:
    """The options of a table; raises the same refusal as a declared body would."""
    try:
        return TableOptions.model_validate_json(text)
    except ValidationError as error:
        raise refusal(error, "body", "options") from error


def text_of(form: FormData, name: str, most: int) -> str | None:
    """A field that is text of at most so many characters; None when it is empty or not there."""
    value = form.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"The {name} is not text.", errors=(FieldError(f"/{name}", "must be text"),))
    if len(value or "") > most:
        reason = f"must have at most {most} characters"
        raise InvalidInput(f"The {name} is too long.", errors=(FieldError(f"/{name}", reason),))
    return value or None

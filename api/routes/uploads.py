"""Resumable uploads: announce a file, send it in parts, ask how far it is, go on, give it up.

The requests about an upload are those of draft-ietf-httpbis-resumable-upload (docs/adr/0022).
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent, Reply, json_response
from api.middleware.bodies import PARTIAL_UPLOAD
from api.schemas.common import Page, Total
from api.schemas.uploads import UploadCreate, UploadResource, upload_resource
from services.errors import FieldError, InvalidInput, UnsupportedType
from services.ingest.documents import get_document
from services.models import Upload
from services.scope import Scope
from services.uploads import uploads
from services.uploads.uploads import KEPT, MAX_APPEND_BYTES, NewUpload, least_append_bytes

router = APIRouter(prefix="/v1/uploads", tags=["Documents"])

# The draft's structured-field booleans.
YES, NO = "?1", "?0"
PART_BODY = {
    "requestBody": {
        "required": True,
        "content": {PARTIAL_UPLOAD: {"schema": {"type": "string", "format": "binary"}}},
    }
}
UploadOffset = Annotated[
    str | None, Header(alias="Upload-Offset", description="Where these bytes begin; required.", max_length=20)
]


@router.post(
    "", status_code=201, response_model=UploadResource, responses={201: {"description": "Send its bytes with PATCH."}}
)
def uploads_create(scope: WriteScope, body: UploadCreate, once: Idempotent) -> Response:
    """Announce a file that is sent in parts. For large files: a broken connection costs one part."""

    def create() -> Reply:
        new = NewUpload(
            byte_count=body.size,
            filename=body.filename,
            title=body.title,
            content_type=body.content_type,
            password=body.password,
            sha256=body.sha256,
            folder=body.folder,
            tags=body.tags,
        )
        return 201, upload_resource(uploads.begin(scope, new))

    response = once.run(create, scope=scope, body=body)
    response.headers["Location"] = f"{router.prefix}/{json.loads(bytes(response.body))['id']}"
    return response


@router.get("")
def uploads_list(scope: ReadScope) -> Page[UploadResource]:
    """List unfinished uploads, the latest first."""
    rows = uploads.list_unfinished(scope)
    return Page(data=[upload_resource(row) for row in rows], total=Total(value=len(rows)))


@router.get("/{upload_id}")
def uploads_get(upload_id: str, scope: ReadScope, response: Response) -> UploadResource:
    """One upload and how far it is, also in the headers that HEAD answers alone: Upload-Offset and Upload-Complete."""
    upload = uploads.get_upload(scope, upload_id)
    response.headers.update(progress_headers(scope, upload))
    return with_document(scope, upload)


@router.head("/{upload_id}", include_in_schema=False)
def uploads_head(upload_id: str, scope: ReadScope) -> Response:
    """How far an upload is, in headers."""
    return Response(status_code=204, headers=progress_headers(scope, uploads.get_upload(scope, upload_id)))


@router.patch(
    "/{upload_id}",
    response_model=UploadResource,
    responses={202: {"model": UploadResource, "description": "That was the last part: the document is accepted."}},
    openapi_extra=PART_BODY,
)
async def uploads_append(
    upload_id: str, request: Request, scope: WriteScope, upload_offset: UploadOffset = None
) -> Response:
    """Send the next part. 409 says that the upload goes on elsewhere; 200 at the end, that the bytes are stored already."""
    await run_in_threadpool(uploads.get_upload, scope, upload_id)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != PARTIAL_UPLOAD:
        raise UnsupportedType(f"Send the bytes of a part as {PARTIAL_UPLOAD}.")
    offset = read_offset(upload_offset)
    content = await request.body()
    upload = await run_in_threadpool(uploads.append, scope, upload_id, offset, content)
    status = 202 if upload.document_id is not None and not upload.duplicate else 200
    response = json_response(status, await run_in_threadpool(with_document, scope, upload))
    response.headers.update(progress_headers(scope, upload))
    return response


@router.delete("/{upload_id}", status_code=204)
def uploads_delete(upload_id: str, scope: WriteScope) -> None:
    """Give an upload up; what arrived is removed. A document that it became stays."""
    uploads.abandon(scope, upload_id)


def with_document(scope: Scope, upload: Upload) -> UploadResource:
    """An upload with the document that it became. Raises NotFound when that was deleted since."""
    document = get_document(scope, upload.document_id) if upload.document_id is not None else None
    return upload_resource(upload, document)


def read_offset(value: str | None) -> int:
    """The Upload-Offset of a part. Raises InvalidInput."""
    if value is None or not (value.isascii() and value.isdigit()):
        raise InvalidInput(
            "Say where the part begins with the header Upload-Offset.",
            errors=(FieldError("header/Upload-Offset", "a number of bytes is required"),),
        )
    return int(value)


def progress_headers(scope: Scope, upload: Upload) -> dict[str, Any]:
    """The draft's headers about an upload. They change with each part, so nobody may keep them."""
    limits = {
        "max-size": scope.runtime.settings.max_upload_bytes,
        "max-append-size": MAX_APPEND_BYTES,
        "min-append-size": least_append_bytes(upload),
        "max-age": int(KEPT.total_seconds()),
    }
    return {
        "Upload-Offset": str(upload.received),
        "Upload-Length": str(upload.byte_count),
        "Upload-Complete": YES if upload.document_id is not None else NO,
        "Upload-Limit": ", ".join(f"{name}={value}" for name, value in limits.items()),
        "Cache-Control": "no-store",
    }

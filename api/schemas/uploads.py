"""Resumable uploads as the API shows them."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Request, Resource
from api.schemas.documents import MAX_PASSWORD, MAX_TITLE, DocumentResource, document_resource
from services.ingest.library.names import MAX_FOLDER, MAX_TAGS
from services.models import Document, Upload
from services.uploads.uploads import MAX_APPEND_BYTES, least_append_bytes


class UploadCreate(Request):
    """A file that is going to be sent in parts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"size": 31457280, "filename": "report.pdf"}]})
    size: int = Field(ge=0, lt=2**53, description="Bytes of the whole file.")
    filename: str = Field(min_length=1, max_length=1000)
    title: str | None = Field(None, max_length=MAX_TITLE)
    folder: str = Field("", max_length=MAX_FOLDER, description="Where to put it, a path such as `Reports/2026`.")
    tags: list[str] = Field(default_factory=list, max_length=MAX_TAGS)
    content_type: str | None = Field(None, max_length=100, pattern=r"^[\x20-\x7e]+$", description="Its media type.")
    password: str | None = Field(
        None,
        max_length=MAX_PASSWORD,
        description="Opens an encrypted document; kept, encrypted, until it was read or has failed.",
    )
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-fA-F]{64}$", description="Of the whole file; compared when all of it is there."
    )


class UploadResource(Resource):
    """An upload and how far it is. `document` is there once it is complete."""

    id: str
    filename: str
    folder: str
    tags: list[str]
    size: int
    offset: int = Field(description="Bytes that arrived: where the next part begins.")
    complete: bool
    min_append_size: int = Field(description="Least bytes of a part that is not the last.")
    max_append_size: int = Field(description="Most bytes of a part.")
    sha256: str | None
    created_at: Moment
    expires_at: Moment = Field(description="When it is forgotten, unless something arrives.")
    document: DocumentResource | None


def upload_resource(row: Upload, document: Document | None = None) -> UploadResource:
    """The API's view of a row, with the document that it became."""
    return UploadResource(
        id=row.id,
        filename=row.filename,
        folder=row.folder,
        tags=row.tags,
        size=row.byte_count,
        offset=row.received,
        complete=row.document_id is not None,
        min_append_size=least_append_bytes(row),
        max_append_size=MAX_APPEND_BYTES,
        sha256=row.sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        document=document_resource(document, duplicate=row.duplicate) if document else None,
    )

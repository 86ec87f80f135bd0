"""Tables, before they are added."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.deps import WriteScope
from api.routes.documents import OPTIONS_FIELD, read_form
from api.schemas.tables import TablePreview, table_preview
from services.errors import UnsupportedType
from services.ingest.rows.options import RowOptions
from services.ingest.rows.preview import survey

router = APIRouter(prefix="/v1/tables", tags=["Documents"])

FORM_FIELDS = {"file", "options"}
PREVIEW_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "CSV, TSV and their kin."},
                        "options": OPTIONS_FIELD,
                    },
                }
            }
        },
    }
}


@router.post("/preview", response_model=TablePreview, openapi_extra=PREVIEW_BODY)
async def tables_preview(request: Request, scope: WriteScope) -> TablePreview:
    """Look at a table before it is added: its columns, and the documents that its rows would be. Nothing is stored."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedType("Send multipart/form-data with a `file`.")
    raw, options = await read_form(request, FORM_FIELDS)
    wanted = options.for_rows() if options is not None else RowOptions()
    return table_preview(await run_in_threadpool(survey, scope, raw, wanted))

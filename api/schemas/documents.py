"""Documents as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from api.schemas.common import Moment, Request, Resource
from api.schemas.tables import TableProgress, table_progress
from services.ingest.library.names import MAX_FOLDER, MAX_TAGS
from services.jobs.events import Event
from services.models import Document

DocumentType = Literal["csv", "docx", "html", "image", "markdown", "pdf", "rows", "text"]
Status = Literal["queued", "processing", "paused", "ready", "failed", "cancelled", "archived", "deleting"]
Category = Literal[
    "world", "politics", "business", "technology", "science", "health", "environment", "sport", "culture", "society",
    "crime", "opinion",
]  # fmt: skip
MAX_TEXT = 900_000
MAX_TITLE = 500
MAX_PASSWORD = 500


class DocumentCreate(Request):
    """A web page to fetch, or text to store; a file goes as multipart/form-data instead."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.org/news/1"}, {"text": "The bank raised rates.", "title": "Note"}]
        }
    )
    url: str | None = Field(None, min_length=1, max_length=8000, description="Address of a public web page or file.")
    text: str | None = Field(None, max_length=MAX_TEXT, description="Plain text or Markdown.")
    title: str | None = Field(None, max_length=MAX_TITLE)
    folder: str = Field("", max_length=MAX_FOLDER, description="Where to put it, a path such as `Reports/2026`.")
    tags: list[str] = Field(default_factory=list, max_length=MAX_TAGS)

    @model_validator(mode="after")
    def one_of_both(self) -> DocumentCreate:
        """Exactly one of `url` and `text` is given."""
        if (self.url is None) == (self.text is None):
            raise ValueError("give either url or text")
        return self


class Failure(Resource):
    """Why a document could not be read."""

    code: str
    detail: str


class StageTime(Resource):
    """One step of reading a document. `milliseconds` is null while it lasts; `page` and `of` count recognised pages."""

    stage: str = Field(description="checking, waiting, extracting, ocr, chunking, embedding, indexing.")
    milliseconds: int | None = None
    page: int | None = None
    of: int | None = None


class DocumentCard(Resource):
    """A document in a result row."""

    id: str
    type: DocumentType
    title: str
    source: str
    url: str | None
    authors: list[str]
    published_at: Moment | None
    published_from: str | None = Field(
        description="Where the date came from: json-ld, meta, time-tag, url, text, pdf-info, docx-core, feed, column, fetched."
    )
    published_offset: int | None = Field(description="The publisher's time zone, minutes east of UTC.")
    first_seen_at: Moment
    language: str | None
    category: Category | None
    image_url: str | None
    partial: bool = Field(description="Only part of the story is there, as before a paywall.")
    directives: list[str] = Field(description="What its publisher asks for: noarchive, nosnippet, no_ai.")
    family: str = Field(description="The publisher: editions of one newsroom share it.")
    original_id: str | None = Field(description="The document first seen with this text, when this one is a copy.")
    folder: str = Field(description="Where people put it, a path; empty for none.")
    tags: list[str]


class DocumentResource(DocumentCard):
    """A stored document and where it stands. `error` says why a failed one failed and what to do."""

    content_type: str
    filename: str | None
    fetched_at: Moment
    section: str | None
    category_from: str | None
    source_id: str | None
    max_snippet: int | None = Field(description="Most characters of its text that may be shown at a time.")
    expires_at: Moment | None = Field(description="When its publisher wants it gone.")
    quality: float | None
    quality_reasons: list[str]
    byte_count: int
    chunk_count: int
    page_count: int | None = Field(description="Pages of a PDF that are read; null until its first pages were.")
    pages_read: int = Field(description="Pages that can be searched; a long PDF gets searchable in parts.")
    version: int
    status: Status
    stage: str
    stages: list[StageTime] = Field(description="The steps of its last try so far, with the time that each took.")
    error: Failure | None
    retrying: Failure | None = Field(
        None, description="Why its last try ended, while it waits for the next one; null in lists and in events."
    )
    ready_at: Moment | None
    parent_id: str | None = Field(description="The table that this document is a row of.")
    row_number: int | None = Field(description="Which row of it, from 1, header and empty rows not counted.")
    rows: TableProgress | None = Field(description="How far a table is whose rows become documents (type `rows`).")
    duplicate: bool = Field(False, description="True when this upload's bytes were stored already.")


def document_resource(
    row: Document,
    *,
    duplicate: bool = False,
    outcomes: Mapping[str, Mapping[str, int]] | None = None,
    retrying: tuple[str, str] | None = None,
) -> DocumentResource:
    """The API's view of a row. `outcomes`: of tables, their rows by status (documents.row_outcomes); `retrying`: as
    documents.trying_again has it."""
    error = Failure(code=row.error_code, detail=row.error_detail or "") if row.error_code else None
    fields = {
        name: getattr(row, name)
        for name in DocumentResource.model_fields
        if name not in {"error", "retrying", "duplicate", "title", "rows"}
    }
    rows = table_progress(row, (outcomes or {}).get(row.id, {}))
    again = Failure(code=retrying[0], detail=retrying[1]) if retrying else None
    own = {"title": shown_title(row), "error": error, "retrying": again, "duplicate": duplicate, "rows": rows}
    return DocumentResource(**fields, **own)


def document_card(row: Document) -> DocumentCard:
    """The API's short view of a row."""
    fields = {name: getattr(row, name) for name in DocumentCard.model_fields if name != "title"}
    return DocumentCard(**fields, title=shown_title(row))


def shown_title(row: Document) -> str:
    """What to call a document, also before it was read."""
    return row.title or row.filename or row.url or "Untitled"


class TextSpan(Resource):
    """Characters [start, end), counted in Unicode code points."""

    start: int
    end: int


class PageSpan(TextSpan):
    """The characters of one page of a PDF."""

    number: int
    confidence: float | None = Field(None, description="How sure text recognition was, 0 to 1; null for printed text.")


class ChunkSpan(TextSpan):
    """The characters of one chunk."""

    ordinal: int


class DocumentText(Resource):
    """A document's text for the reader. Offsets count Unicode code points."""

    document_id: str
    version: int
    text: str
    pages: list[PageSpan]
    chunks: list[ChunkSpan]


class Deleted(Resource):
    """The document is gone from every read; its remains are being purged."""

    id: str
    status: Literal["deleting"] = "deleting"


class StageEvent(Resource):
    """One step of a document's way. `document` is null when it is gone."""

    job_id: str
    document_id: str
    at: Moment
    stage: str
    detail: dict[str, Any]
    document: DocumentResource | None


def stage_event(event: Event, row: Document | None, outcomes: Mapping[str, Mapping[str, int]]) -> StageEvent:
    """The API's view of an event and its document's present state; `outcomes` as in document_resource."""
    return StageEvent(
        job_id=event.job_id,
        document_id=event.subject_id,
        at=event.at,
        stage=event.stage,
        detail=event.detail,
        document=document_resource(row, outcomes=outcomes) if row else None,
    )

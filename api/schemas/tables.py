"""Tables: what may be chosen about one, what it is like, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from api.schemas.common import Moment, Request, Resource
from services.ingest.rows.options import Delimiter, Encoding, RowOptions
from services.ingest.rows.preview import Survey
from services.ingest.rows.progress import progress_of
from services.models import Document

Mode = Literal["sheet", "rows"]
Role = Literal["title", "text", "date", "url", "author", "source", "language"]
MAX_OPTIONS = 20_000
MAX_COLUMNS, MAX_COLUMN_NAME, MAX_TEXTS = 10_000, 300, 20


def one_column(value: Any) -> str | int:
    """A column's name or number; one refusal for all that is neither, where a union would give one for each."""
    by_number = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COLUMNS
    if by_number or (isinstance(value, str) and 1 <= len(value) <= MAX_COLUMN_NAME):
        found: str | int = value
        return found
    raise ValueError(f"must be a column's name, or its number from 1 to {MAX_COLUMNS}")


def some_columns(value: Any) -> Any:
    """One column stands for a list of one."""
    return value if isinstance(value, list) else [value]


GIVEN = Annotated[int, Field(ge=1, le=MAX_COLUMNS)] | Annotated[str, Field(min_length=1, max_length=MAX_COLUMN_NAME)]
Column = Annotated[str | int, BeforeValidator(one_column, json_schema_input_type=GIVEN)]
Texts = Annotated[list[Column], Field(min_length=1, max_length=MAX_TEXTS)]


class TableColumns(Request):
    """Which column is what: by its name, or its number from 1. Several text columns become paragraphs."""

    text: Annotated[Texts, BeforeValidator(some_columns, json_schema_input_type=GIVEN | Texts)]
    title: Column | None = None
    date: Column | None = None
    url: Column | None = None
    author: Column | None = None
    source: Column | None = None
    language: Column | None = None


class TableOptions(Request):
    """How to take a table: `sheet` as one document, `rows` as a document per row. What is left out is guessed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"mode": "rows", "columns": {"title": "headline", "text": ["lead", "body"], "date": "published"}}
            ]
        }
    )
    mode: Mode
    columns: TableColumns | None = Field(None, description="Null: those that are likely.")
    has_header: StrictBool | None = Field(None, description="Whether the first row names the columns.")
    delimiter: Delimiter | None = None
    encoding: Encoding | None = None
    day_first: StrictBool | None = Field(None, description="Whether 03/04/2026 is in April.")

    @model_validator(mode="after")
    def sheets_have_no_columns(self) -> TableOptions:
        """A sheet is read whole."""
        if self.mode == "sheet" and self.model_fields_set - {"mode"}:
            raise ValueError("a sheet is read whole: leave out all but the mode")
        return self

    def for_rows(self) -> RowOptions:
        """As the service takes them."""
        fields = self.model_dump(exclude={"mode"})
        return RowOptions(**fields)


class TableColumn(Resource):
    """A column, with some of its values. `name` is empty in a table without header; `role`: what it is likely to be."""

    number: int
    name: str
    role: Role | None
    samples: list[str]


class RowDocument(Resource):
    """A row as a document. `text` is its beginning, and empty when the row would be left out."""

    row: int
    title: str
    text: str
    published_at: Moment | None
    date: str = Field(description="What the date's cell says, when it is no date.")
    url: str
    author: str
    source: str
    language: str


class TableWarning(Resource):
    """Something about `count` rows, the first of which is `row`, where `value` stands."""

    code: Literal["ragged", "no_text", "no_date", "ambiguous_date", "no_url"]
    count: int
    row: int
    value: str


class ChosenColumns(Resource):
    """Numbers of columns, from 1."""

    text: list[int]
    title: int | None
    date: int | None
    url: int | None
    author: int | None
    source: int | None
    language: int | None


class ChosenOptions(Resource):
    """Options in force. Send them as they are, or changed, with the upload (`mode`: rows)."""

    columns: ChosenColumns
    has_header: bool
    delimiter: str
    encoding: str
    day_first: bool


class TablePreview(Resource):
    """What a table is like and what its rows would become; nothing was stored.

    `row_count` counts rows that hold something; when not `is_complete` there are more than may be taken, or `problem`
    says why the table cannot be read to its end. `mode`: what is likely to be wanted.
    """

    mode: Mode
    options: ChosenOptions
    encoding_confidence: float = Field(description="How sure the encoding is, 0 to 1.")
    row_count: int
    is_complete: bool
    problem: str
    column_count: int
    columns: list[TableColumn] = Field(description="The first 100.")
    sample: list[list[str]] = Field(description="Cells of the first rows, cut short.")
    documents: list[RowDocument] = Field(description="The first three rows as documents.")
    warnings: list[TableWarning]


class SkippedRows(Resource):
    """Rows that became no document: why, how many, and the first of them."""

    reason: Literal["no_text", "taken_down"]
    count: int
    row: int


class TableProgress(Resource):
    """How far a table is. `taken` of `total` rows were looked at: added, duplicates of what was here, or skipped.

    `reading`, `paused`, `ready`, `failed` and `cancelled` count the added ones that stand so; those deleted since are in
    none of them.
    """

    total: int
    taken: int
    added: int
    duplicates: int
    skipped: list[SkippedRows]
    reading: int
    paused: int
    ready: int
    failed: int
    cancelled: int


def table_preview(survey: Survey) -> TablePreview:
    """The API's view of a survey."""
    plan = survey.plan
    single = {role: number_of(getattr(plan, role)) for role in ("title", "date", "url", "author", "source", "language")}
    columns = ChosenColumns(text=[column + 1 for column in plan.text], **single)
    return TablePreview(
        mode="rows" if survey.by_rows and plan.text else "sheet",
        options=ChosenOptions(
            columns=columns,
            has_header=plan.has_header,
            delimiter=plan.delimiter,
            encoding=plan.encoding,
            day_first=plan.day_first,
        ),
        encoding_confidence=survey.confidence,
        row_count=survey.row_count,
        is_complete=survey.is_complete,
        problem=survey.problem,
        column_count=survey.column_count,
        columns=[TableColumn.model_validate(column) for column in survey.columns],
        sample=[list(row) for row in survey.sample],
        documents=[RowDocument.model_validate({**record.__dict__, "row": record.number}) for record in survey.records],
        warnings=[TableWarning.model_validate(warned) for warned in survey.warnings],
    )


def number_of(column: int | None) -> int | None:
    """A position as people count."""
    return None if column is None else column + 1


def table_progress(row: Document, outcomes: Mapping[str, int]) -> TableProgress | None:
    """How far a table is; None for a document that is none. `outcomes`: its rows by status."""
    if row.rows is None:
        return None
    progress = progress_of(row.rows)
    skipped: list[Any] = [
        {"reason": reason, "count": count, "row": progress.first_skipped[reason]}
        for reason, count in progress.skipped.items()
    ]
    return TableProgress(
        total=progress.total,
        taken=progress.taken,
        added=progress.added,
        duplicates=progress.duplicates,
        skipped=skipped,
        reading=outcomes.get("queued", 0) + outcomes.get("processing", 0),
        paused=outcomes.get("paused", 0),
        ready=outcomes.get("ready", 0),
        failed=outcomes.get("failed", 0),
        cancelled=outcomes.get("cancelled", 0),
    )

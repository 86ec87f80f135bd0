"""What a table is like and what its rows would become, read in the parser's child; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

from services.errors import EngineUnavailable, FieldError, InvalidInput, ParseFailed, TooLarge, UnsupportedType
from services.ingest.extract import detect
from services.ingest.extract.records.answers import SURVEY
from services.ingest.extract.records.record import ROLES, Plan, Record, plan_of, read_record
from services.ingest.extract.sandbox import Sandbox
from services.ingest.rows.options import RowOptions
from services.ingest.types import RawDocument
from services.scope import Scope

# Somebody waits for the answer: 45 MB took 9 s on two cores under a load of 10.
PREVIEW_SECONDS = 30
# Previews that wait for their turn in the one child; more are asked to come again.
MOST_WAITING = 8
WARNINGS = {"ragged", "no_text", "no_date", "ambiguous_date", "no_url"}
READ_AS_TABLES = {"csv", "text", "markdown"}


@dataclass(frozen=True)
class Column:
    """A column: `number` from 1, `name` empty in a table without header, the role it is likely to have."""

    number: int
    name: str
    role: str | None
    samples: Sequence[str]


@dataclass(frozen=True)
class Warned:
    """Something about `count` rows; the first of them is `row`, where `value` stands.

    `code`: one of WARNINGS.
    """

    code: str
    count: int
    row: int
    value: str


@dataclass(frozen=True)
class Survey:
    """A table before it is taken. `row_count` counts rows that hold something, up to the limit if not `is_complete`.

    `plan`: how it would be read. `problem`: why it cannot be read to its end. `errors`: options that do not fit, by name.
    """

    type: str
    plan: Plan
    confidence: float
    row_count: int
    is_complete: bool
    by_rows: bool
    columns: Sequence[Column]
    column_count: int
    sample: Sequence[Sequence[str]]
    records: Sequence[Record]
    warnings: Sequence[Warned]
    problem: str
    errors: Sequence[tuple[str, str]]


def survey(scope: Scope, raw: RawDocument, options: RowOptions) -> Survey:
    """Look at a table. Cost: one pass over the file.

    Raises: EmptyFile, TooLarge, UnsupportedType for what is no table, InvalidInput for columns that are not there,
    ParseFailed, EngineUnavailable when many look.
    """
    runtime = scope.runtime
    limit = runtime.settings.max_upload_bytes
    if len(raw.content) > limit:
        raise TooLarge(
            f"The file has {len(raw.content) / 2**20:.1f} MiB; the limit is {limit / 2**20:.0f} MiB. Split it."
        )
    type_ = detect(raw)
    if type_ not in READ_AS_TABLES:
        raise UnsupportedType(f"This is no table ({type_}); only CSV and its kin have rows.")
    looker = runtime.keep(
        "sandbox/tables", lambda: Looker(runtime.settings.model_copy(update={"parse_seconds": PREVIEW_SECONDS}))
    )
    max_rows = runtime.settings.max_table_rows
    answer = looker.ask(raw.content, options.wanted(), max_rows)
    try:
        found = read_survey(type_, answer)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ParseFailed("parser_crash", "The table could not be read. Try saving it anew.") from error
    if found.errors:
        role, reason = found.errors[0]
        wrong = tuple(FieldError(f"/options/columns/{each}", why) for each, why in found.errors)
        raise InvalidInput(f"The column for {role} does not fit: {reason}.", errors=wrong)
    return found


class Looker:
    """The child that surveys tables, and who waits for it."""

    def __init__(self, settings: Any) -> None:
        self._sandbox = Sandbox(settings)
        self._places = BoundedSemaphore(MOST_WAITING)

    def ask(self, content: bytes, wanted: dict[str, Any], max_rows: int) -> Any:
        """The child's answer, not checked yet. Raises as `survey`."""
        with self._place(), closing(self._sandbox.answers(SURVEY, content, wanted=wanted, max_rows=max_rows)) as told:
            # All are taken: a child that is left in the middle is ended.
            answers = list(told)
        return answers[0].get("survey") if answers else None

    def close(self) -> None:
        """End the child."""
        self._sandbox.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise EngineUnavailable("Many tables are being looked at; try again in a moment.", retry_after_seconds=2)
        try:
            yield
        finally:
            self._places.release()


def read_survey(type_: str, answer: Any) -> Survey:
    """Rebuild what the child found. Raises ValueError and its kin when it is not what a survey is."""
    roles = {int(column): str(role) for column, role in answer["roles"].items()}
    if not set(roles.values()) <= set(ROLES) or not {warning[0] for warning in answer["warnings"]} <= WARNINGS:
        raise ValueError("a role or warning that there is not")
    return Survey(
        type=type_,
        plan=plan_of(answer["plan"]),
        confidence=float(answer["confidence"]),
        row_count=int(answer["row_count"]),
        is_complete=bool(answer["is_complete"]),
        by_rows=bool(answer["by_rows"]),
        columns=[
            Column(
                int(each["number"]),
                str(each["name"]),
                roles.get(int(each["number"]) - 1),
                list(map(str, each["samples"])),
            )
            for each in answer["columns"]
        ],
        column_count=int(answer["column_count"]),
        sample=[list(map(str, row)) for row in answer["sample"]],
        records=[read_record(each) for each in answer["documents"]],
        warnings=[
            Warned(str(code), int(count), int(row), str(value)) for code, count, row, value in answer["warnings"]
        ],
        problem=str(answer["problem"]),
        errors=[(str(role), str(reason)) for role, reason in answer["errors"]],
    )

"""The shapes that all of the API shares: strict requests, plain answers, lists and problems."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

Item = TypeVar("Item")

# How a time begins (RFC 3339, section 5.6); Pydantic reads the rest.
WRITTEN_OUT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")


def to_utc(moment: datetime) -> datetime:
    """A moment in UTC; one without a zone is refused, since guessing it would be wrong for somebody."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, such as 2026-11-22T08:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time must lie between the years 1 and 9999 in UTC") from error


def written_out(value: Any) -> Any:
    """A time as text, or a datetime of ours; Pydantic would take a number as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and WRITTEN_OUT.match(value)):
        return value
    raise ValueError("must be a time such as 2026-11-22T08:00:00Z")


def rfc3339(moment: datetime) -> str:
    """Such as `2026-11-22T08:00:00.123456Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    BeforeValidator(written_out),
    AfterValidator(to_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
# What a page of a list may hold, and where it goes on.
Limit = Annotated[int, Query(ge=1, le=100, description="Most entries to return.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next_cursor` of the page before; nothing else is valid here.")
]


class Request(BaseModel):
    """Base of every request body: a field we do not know is refused, never ignored; text is trimmed by no one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Resource(BaseModel):
    """Base of every answer: nulls are explicit."""

    model_config = ConfigDict(from_attributes=True)


class Total(Resource):
    """How many entries there are; `approx` when counting all of them would cost too much."""

    value: int = Field(ge=0)
    relation: Literal["eq", "approx"] = "eq"


class Page(Resource, Generic[Item]):
    """One page of a list. `next_cursor` is null on the last page."""

    data: list[Item]
    next_cursor: str | None = None
    total: Total | None = None
    took_ms: float | None = None


class ProblemField(Resource):
    """One wrong field of the request."""

    pointer: str = Field(description="JSON pointer into the body, or place and name of a parameter.")
    reason: str


class Problem(Resource):
    """A refusal, as in RFC 9457. `code` is stable; `detail` is a sentence for people that says what to do next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/docs/errors#not_found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "There is no such document.",
                    "code": "not_found",
                    "request_id": "req_01kah4x6m5q0t3v8w9y2z7c1e4",
                    "errors": [],
                    "retry_after": None,
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[ProblemField]
    retry_after: int | None = Field(
        description="Seconds to wait before trying again; null where waiting does not help."
    )

"""Every refusal leaves the API in one shape: RFC 9457 problem+json with a stable code and the request's id.

Nothing of the request is echoed: neither values that failed validation nor the message of an unexpected exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path
from starlette.types import Scope as AsgiScope

from services.errors import FieldError, RateLimited, TidingsError
from services.logs import trace_of

log = structlog.get_logger("tidings.api")

PROBLEM_TYPE = "application/problem+json"
# Where the meaning of a code is explained; RFC 9457 section 3.1.1 allows a relative reference.
TYPE_PREFIX = "/docs/errors#"
MAX_FIELD_ERRORS = 20
# How long somebody who asks too much waits for the refusal. It holds a connection, no thread.
REFUSAL_SECONDS = 0.25

# Refusals that HTTP itself gives, before any of our code is asked: status -> code, title, what to do.
HTTP_REFUSALS: Mapping[int, tuple[str, str, str]] = {
    400: ("bad_request", "Bad request", "The request could not be read; check its headers and body."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    405: ("method_not_allowed", "Method not allowed", "This address does not take that method; see /openapi.json."),
    408: ("request_timeout", "Request timeout", "The request's body came too slowly; send it again."),
    413: ("too_large", "Too large", "The request is larger than this server accepts."),
    414: ("uri_too_long", "Address too long", "Use the POST form of this request for long parameters."),
    415: (
        "unsupported_type",
        "Unsupported media type",
        "Send application/json or multipart/form-data, not compressed.",
    ),
    422: ("invalid_input", "Invalid input", "The request's body cannot be accepted."),
}
INTERNAL_DETAIL = "Something went wrong on our side. Try again; if it persists, give the operator this request's id."


class HttpRefusal(HTTPException):
    """A refusal by the HTTP layer with its own code and sentence, where the table's general one says too little."""

    def __init__(self, status: int, code: str, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(status_code=status, detail=detail)
        self.code = code
        self.errors = tuple(errors)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every exception of this application with a problem."""
    app.add_exception_handler(TidingsError, handle)
    app.add_exception_handler(HTTPException, handle)
    app.add_exception_handler(RequestValidationError, handle)


async def handle(request: Request, error: Exception) -> Response:
    """The problem response for an exception."""
    if isinstance(error, RateLimited):
        # Who asks again at once, whatever Retry-After says, would else keep a processor busy with refusals.
        await asyncio.sleep(REFUSAL_SECONDS)
    response = problem_response(request.scope, error)
    if response.status_code == 405:
        response.headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    return response


def allowed_methods(request: Request) -> set[str]:
    """Every method of an address (RFC 9110, section 15.5.6); the router names those of one route only."""
    return {
        method
        for context in iter_route_contexts(request.app.routes)
        if context.path is not None and compile_path(context.path)[0].match(request.scope["path"])
        for method in context.methods or ()
    }


def problem_response(scope: AsgiScope, error: BaseException) -> Response:
    """The problem response for an exception, from anywhere that has the ASGI scope."""
    problem = problem_of(error, request_id_of(scope))
    headers = dict(getattr(error, "headers", None) or {}) if isinstance(error, HTTPException) else {}
    if problem["retry_after"] is not None:
        headers["Retry-After"] = str(problem["retry_after"])
    if problem["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tidings"'
    return JSONResponse(problem, status_code=problem["status"], headers=headers, media_type=PROBLEM_TYPE)


def problem_of(error: BaseException, request_id: str) -> dict[str, Any]:
    """The problem object for an exception. An unexpected one is logged here, with its trace, and not described."""
    if isinstance(error, TidingsError):
        if error.status >= 500:
            log.error("refused", code=error.code, detail=error.detail, trace=trace_of(error))
        return problem(
            request_id, error.status, error.code, error.title, error.detail, error.errors, error.retry_after_seconds
        )
    if isinstance(error, RequestValidationError):
        code, title, _ = HTTP_REFUSALS[422]
        errors = field_errors(error)
        detail = f"{errors[0].pointer or 'The request'}: {errors[0].reason}" if errors else "The request is not valid."
        return problem(request_id, 422, code, title, detail, errors)
    if isinstance(error, HTTPException):
        code, title, detail = HTTP_REFUSALS.get(
            error.status_code, ("http_error", "Request refused", "Request refused.")
        )
        if isinstance(error, HttpRefusal):
            code, detail = error.code, error.detail
        return problem(request_id, error.status_code, code, title, detail, getattr(error, "errors", ()))
    log.error("unexpected failure", trace=trace_of(error))
    return problem(request_id, 500, TidingsError.code, TidingsError.title, INTERNAL_DETAIL)


def problem(
    request_id: str,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    retry_after: int | None = None,
) -> dict[str, Any]:
    """The members of a problem, in the order of the schema."""
    return {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        "errors": [{"pointer": each.pointer, "reason": each.reason} for each in errors[:MAX_FIELD_ERRORS]],
        "retry_after": retry_after,
    }


def field_errors(error: RequestValidationError) -> list[FieldError]:
    """Where a request failed validation. Pydantic's messages are kept, the values that failed are not."""
    return [FieldError(pointer_of(each["loc"]), reason_of(each)) for each in error.errors()[:MAX_FIELD_ERRORS]]


def reason_of(error: Mapping[str, Any]) -> str:
    """Pydantic's sentence, without the prefix it gives to our own validators' messages."""
    return str(error["msg"]).removeprefix("Value error, ")[:300]


def pointer_of(location: Sequence[int | str]) -> str:
    """A JSON pointer (RFC 6901) into the body; a parameter's place and name otherwise, such as `query/limit`."""
    if location and location[0] == "body":
        return "".join("/" + str(part)[:100].replace("~", "~0").replace("/", "~1") for part in location[1:])
    return "/".join(str(part)[:100] for part in location)


def request_id_of(scope: AsgiScope) -> str:
    """The id of the request, given by the outermost middleware."""
    return str(scope.get("state", {}).get("request_id", ""))


def not_found() -> NoReturn:
    """Refuse an address that has no route."""
    raise HTTPException(404)

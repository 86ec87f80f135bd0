"""The OpenAPI document: FastAPI's, with the one problem shape on every operation and the access each one needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from api.deps import operator, principal, write_scope
from api.errors import PROBLEM_TYPE
from api.schemas.common import Problem
from api.schemas.documents import DocumentCreate
from api.schemas.tables import TableOptions

Access = Literal["public", "read", "write", "operator"]

TAGS = [
    {"name": "Setup", "description": "The first owner."},
    {"name": "Auth", "description": "Signing in and out; who asks."},
    {"name": "Keys", "description": "Credentials of programs."},
    {"name": "Documents", "description": "Everything stored: uploads, texts, pages."},
    {"name": "Library", "description": "Folders, tags, and what can be done with documents, one or many."},
    {
        "name": "Retention",
        "description": "What is kept for how long: rules that archive or delete, every night or at once.",
    },
    {"name": "Demo", "description": "Invented news to look around with: in and out again."},
    {"name": "Sources", "description": "What is crawled: feeds, sitemaps and sites, and how each fares."},
    {"name": "Search", "description": "Finding passages and documents."},
    {"name": "Today", "description": "How news comes in, and searches that people keep."},
    {"name": "Answers", "description": "Answers whose every sentence cites its source."},
    {"name": "Events", "description": "Progress, as it happens."},
    {"name": "System", "description": "The state of the server."},
    {"name": "Admin", "description": "What the operator of the server may do."},
]
# Models that FastAPI does not see: the problem, the body of a route that reads two content types, and JSON in a form.
UNDECLARED: tuple[type[BaseModel], ...] = (Problem, DocumentCreate, TableOptions)
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
REFUSALS = {
    "400": "The request could not be read.",
    "401": "No credential, or one that does not hold.",
    "403": "The credential does not allow this.",
    "404": "Unknown, deleted, or another organisation's.",
    "409": "The state does not allow this now.",
    "413": "The request is too large.",
    "415": "The body's type or encoding is not read.",
    "422": "The request cannot be accepted; `errors` says why.",
    "429": "Too many requests; see Retry-After.",
    "503": "Something it needs is away; see Retry-After.",
}


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` give the finished document."""
    plain = app.openapi
    finished: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        document = plain()
        if finished.get("of") is not document:
            finish(document, app)
            finished["of"] = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def finish(document: dict[str, Any], app: FastAPI) -> None:
    """Add the problem schema, every operation's refusals, and `x-access`."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in UNDECLARED:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, method, access in route_access(app):
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            operation["x-access"] = access
            # The first sentence of the route's docstring says more than its name in capitals.
            operation["summary"] = operation.get("description", operation["summary"]).split(". ")[0].rstrip(".")
            add_refusals(operation, access)


def add_refusals(operation: dict[str, Any], access: Access) -> None:
    """State the refusals that an operation can give, in the problem shape."""
    statuses = {"400", "422", "503"}
    parameters = operation.get("parameters", [])
    if access != "public":
        statuses |= {"401", "403", "429"}
    if any(parameter["in"] == "path" for parameter in parameters):
        statuses.add("404")
    if "requestBody" in operation:
        statuses |= {"403", "409", "413", "415", "429"}
    for status in sorted(statuses):
        existing = operation["responses"].get(status)
        if existing is None or status == "422":
            content = {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA}}
            operation["responses"][status] = {"description": REFUSALS[status], "content": content}
    operation["responses"]["default"] = {
        "description": "Any other refusal.",
        "content": {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA}},
    }


def route_access(app: FastAPI) -> Iterator[tuple[str, str, Access]]:
    """Path, method and access of every route, read from the dependencies that enforce it."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.path is not None:
            calls = set(dependency_calls(context.original_route.dependant))
            for method in context.methods or ():
                yield context.path, method.lower(), access_of(calls)


def dependency_calls(dependant: Dependant) -> Iterator[Any]:
    """The functions that a route depends on, at any depth."""
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from dependency_calls(dependency)


def access_of(calls: set[Any]) -> Access:
    """The access that a set of dependencies enforces."""
    if operator in calls:
        return "operator"
    if write_scope in calls:
        return "write"
    return "read" if principal in calls else "public"

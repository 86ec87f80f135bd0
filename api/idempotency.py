"""The Idempotency-Key header on creating requests: a route takes `once: Idempotent`, returns `once.run(...)`.

    @router.post("/v1/things", status_code=201, response_model=ThingOut)
    def things_create(scope: WriteScope, body: ThingIn, once: Idempotent) -> Response:
        def create() -> Reply:
            return 201, ThingOut.model_validate(things.create(scope, body.name))

        return once.run(create, scope=scope, body=body)

For an upload pass the fields as `body` and the file's bytes as `content`: multipart boundaries differ on every retry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.errors import Conflict
from services.scope import Scope
from services.tenants import idempotency

KEY_DESCRIPTION = (
    "A unique text of your choice. For 24 hours the same request with the same key has one effect and one answer."
)
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", description=KEY_DESCRIPTION
    ),
]
Reply = tuple[int, BaseModel]


@dataclass(frozen=True)
class Once:
    """Runs the work of a creating request at most once per key; without a key, each time."""

    key: str | None
    target: str

    def run(
        self,
        work: Callable[[], Reply],
        *,
        scope: Scope,
        body: BaseModel | Mapping[str, Any] | None = None,
        content: bytes = b"",
        keep_answer: bool = True,
    ) -> Response:
        """The answer of `work`, or the one it gave before.

        `keep_answer=False` is for answers with a secret: they are not stored, and a repeated request is told so (409).
        Raises: IdempotencyMismatch, Conflict, and whatever `work` raises; then the key is free again.
        """
        if self.key is None:
            return json_response(*work())
        begun = idempotency.begin(scope, self.key, self.digest(body, content))
        if isinstance(begun, idempotency.Finished):
            return replay(begun)
        try:
            status, answer = work()
        except BaseException:
            idempotency.abandon(scope, begun)
            raise
        response = json_response(status, answer)
        text = bytes(response.body).decode() if keep_answer else None
        idempotency.finish(scope, begun, status=status, response=text)
        return response

    def digest(self, body: BaseModel | Mapping[str, Any] | None, content: bytes) -> str:
        """SHA-256 of what was asked: method, address, fields, file."""
        fields = body.model_dump(mode="json") if isinstance(body, BaseModel) else dict(body or {})
        parts = (self.target, json.dumps(fields, sort_keys=True), hashlib.sha256(content).hexdigest())
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


async def idempotent(request: Request, key: IdempotencyKey = None) -> Once:
    """Dependency: the key of this request, if it has one."""
    return Once(key, f"{request.method} {request.url.path}?{request.url.query}")


Idempotent = Annotated[Once, Depends(idempotent)]


def replay(finished: idempotency.Finished) -> Response:
    """The stored answer."""
    if finished.response is None:
        raise Conflict(
            "This was done before with this Idempotency-Key; its answer held a secret, or a document that was deleted "
            "since, and is not shown again."
        )
    headers = {"Idempotent-Replayed": "true"}
    return Response(finished.response, finished.status, headers=headers, media_type="application/json")


def json_response(status: int, answer: BaseModel) -> Response:
    """An answer as JSON bytes, the same ones that would be replayed."""
    return Response(answer.model_dump_json(by_alias=True), status, media_type="application/json")

"""What a request may weigh: address, encoding, size and pace of its body, form of its JSON; checked before parsing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import HttpRefusal, problem_response
from services.errors import FieldError
from services.settings import Settings
from services.uploads.uploads import MAX_APPEND_BYTES

MIB = 2**20
MAX_URL_BYTES = 8 * 1024
MAX_JSON_BYTES = MIB
MAX_JSON_DEPTH = 20
# Room for the part headers and fields around an uploaded file.
MULTIPART_ALLOWANCE = MIB
IDLE_SECONDS = 15.0
JSON_SECONDS = 60.0
UPLOAD_SECONDS = 600.0
# A part of a resumable upload (draft-ietf-httpbis-resumable-upload).
PARTIAL_UPLOAD = "application/partial-upload"


class BodyGuard:
    """Refuses what is too long, too large, too slow, compressed, or JSON that parsers disagree about."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.max_upload_bytes = settings.max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        files = {"multipart/form-data": self.max_upload_bytes + MULTIPART_ALLOWANCE, PARTIAL_UPLOAD: MAX_APPEND_BYTES}
        limit = files.get(kind, MAX_JSON_BYTES)
        try:
            check_head(scope, headers, limit)
            limited = limited_receive(receive, limit, UPLOAD_SECONDS if kind in files else JSON_SECONDS)
            if kind == "application/json" or kind.endswith("+json"):
                body = await read_all(limited)
                if body:
                    check_json(body)
                limited = replayed(body, receive)
        except HttpRefusal as refusal:
            await problem_response(scope, refusal)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        await self.app(scope, limited, send)


def check_head(scope: Scope, headers: Headers, limit: int) -> None:
    """Refuse by address and headers alone."""
    target = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"]
    if len(target) + len(query) > MAX_URL_BYTES:
        raise HttpRefusal(414, "uri_too_long", "The address is longer than 8 KiB; use the POST form of this request.")
    if "\x00" in scope["path"] or b"%00" in query:
        raise HttpRefusal(422, "invalid_input", "The address holds a NUL character; remove it.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpRefusal(415, "unsupported_encoding", "Compressed request bodies are not read; send it uncompressed.")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise HttpRefusal(400, "bad_request", "The Content-Length header is not a number.")
    if len(length) > 18 or int(length) > limit:
        raise too_large(limit)


def too_large(limit: int) -> HttpRefusal:
    """The refusal of a body above its limit."""
    return HttpRefusal(413, "too_large", f"The request is larger than {limit // MIB} MiB.")


def limited_receive(receive: Receive, limit: int, seconds: float) -> Receive:
    """Pass the body on until it is too large, pauses for too long or takes too long in all."""
    received = 0
    complete = False
    deadline = time.monotonic() + seconds

    async def receive_limited() -> Message:
        nonlocal received, complete
        if complete:
            # What follows is the disconnect, which may take as long as the response does.
            return await receive()
        message: Message | None = None
        with anyio.move_on_after(min(IDLE_SECONDS, max(0.0, deadline - time.monotonic()))):
            message = await receive()
        if message is None:
            raise HttpRefusal(408, "request_timeout", "The request's body came too slowly; send it again.")
        received += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if received > limit:
            raise too_large(limit)
        return message

    return receive_limited


async def read_all(receive: Receive) -> bytes:
    """The whole body; raises ClientDisconnect when it stays incomplete."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Hand out a body that was read already, then whatever comes after it."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


def check_json(body: bytes) -> None:
    """Refuse JSON whose meaning or cost depends on the parser.

    That is: NaN and Infinity, a name given twice, nesting deeper than MAX_JSON_DEPTH, numbers of thousands of digits,
    halves of surrogate pairs and NUL characters (neither can be stored as text).
    """
    try:
        value = json.loads(body, parse_constant=refuse_constant, object_pairs_hook=unique_names)
        deepest = max(depth for depth, text in walk(value) if text is None or storable(text))
    except RecursionError as error:
        raise malformed(f"nested deeper than {MAX_JSON_DEPTH} levels") from error
    except ValueError as error:
        reason = error.args[0] if isinstance(error, JsonRefusal) else "not valid JSON"
        raise malformed(reason) from error
    if deepest > MAX_JSON_DEPTH:
        raise malformed(f"nested deeper than {MAX_JSON_DEPTH} levels")


class JsonRefusal(ValueError):
    """JSON that could be parsed but is not accepted; the first argument is the reason."""


def malformed(reason: str) -> HttpRefusal:
    """The refusal of a JSON body."""
    return HttpRefusal(422, "invalid_json", f"The body is {reason}.", errors=[FieldError("", reason)])


def refuse_constant(_name: str) -> Any:
    """Refuse a constant of JavaScript."""
    raise JsonRefusal("not valid JSON: NaN and Infinity are not numbers there")


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names differ; parsers disagree about the others."""
    names = dict(pairs)
    if len(names) != len(pairs):
        raise JsonRefusal("ambiguous: a name is given twice in one object")
    return names


def walk(value: Any) -> Iterator[tuple[int, str | None]]:
    """Every value and name below this one, as its depth and its text, without recursion."""
    pending = [(1, value)]
    while pending:
        depth, item = pending.pop()
        yield depth, item if isinstance(item, str) else None
        if isinstance(item, dict):
            pending.extend((depth + 1, child) for child in item.values())
            pending.extend((depth, name) for name in item)
        elif isinstance(item, list):
            pending.extend((depth + 1, child) for child in item)


def storable(text: str) -> bool:
    """Whether text can be stored; raises otherwise."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise JsonRefusal("not accepted: a text holds half a surrogate pair") from error
    if "\x00" in text:
        raise JsonRefusal("not accepted: a text holds a NUL character")
    return True

"""Reading a streamed chat completion (server-sent events, as OpenAI and vLLM write them)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from services.engines.llm.base import Finished, Piece
from services.engines.llm.client import UNREADABLE
from services.engines.llm.refusals import BUSY, Broken, refusal
from services.engines.llm.wire import Response, Unanswered


def read_stream(response: Response) -> Iterator[Piece | Finished]:
    """The pieces, then Finished.

    Raises: Unanswered when the stream ends without its end, or is none; Broken when the server reports a
    failure in it; ModelBusy when it does so before any text, because its queue is full.
    """
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise Unanswered(UNREADABLE)
    reason: Literal["stop", "length"] | None = None
    pieces = 0
    usage: dict[str, Any] = {}
    for line in response.iter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            if reason is None:
                break
            yield Finished(reason, tokens(usage, "prompt_tokens", 0), tokens(usage, "completion_tokens", pieces))
            return
        chunk = read_chunk(data, begun=pieces > 0)
        usage = chunk.get("usage") or usage
        for text, ended in choices(chunk):
            reason = ended or reason
            if text:
                pieces += 1
                yield Piece(text)
    raise Unanswered("The model server broke off in the middle of its answer.")


def read_chunk(data: str, *, begun: bool) -> dict[str, Any]:
    """One event's object. A server whose queue filled up as it accepted us says so in its first event, not by status."""
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unanswered(UNREADABLE) from error
    if not isinstance(chunk, dict):
        raise Unanswered(UNREADABLE)
    if told := chunk.get("error"):
        code = told.get("code") if isinstance(told, dict) else None
        if code in BUSY and not begun:
            raise refusal(code, "", b"")
        raise Broken("The model server failed in the middle of its answer; ask again.", retry_after_seconds=2)
    return chunk


def choices(chunk: dict[str, Any]) -> Iterator[tuple[str, Literal["stop", "length"] | None]]:
    """The text and the reason to end of each choice; there is one, as we ask for one."""
    try:
        for choice in chunk.get("choices") or []:
            text, ended = choice["delta"].get("content") or "", choice.get("finish_reason")
            if ended not in (None, "stop", "length"):
                raise Broken("The model server gave the answer up; ask again.", retry_after_seconds=2)
            if not isinstance(text, str):
                raise Unanswered(UNREADABLE)
            yield text, ended
    except (LookupError, TypeError, AttributeError) as error:
        raise Unanswered(UNREADABLE) from error


def tokens(usage: dict[str, Any], name: str, otherwise: int) -> int:
    """A count of the usage report, where the server gives one."""
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) else otherwise

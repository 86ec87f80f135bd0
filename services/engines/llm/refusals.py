"""What a model server's error answers mean for the person who asked and for the operator.

Nothing the server wrote is repeated: its messages may quote the prompt, and with it other people's documents.
"""

from __future__ import annotations

import json
from typing import Any

from services.errors import EngineUnavailable, ModelBusy, ModelTooSlow, PromptTooLong, TidingsError

# Statuses of a server that has enough to do.
BUSY = (429, 503)
BUSY_SECONDS, LONGEST_BUSY_SECONDS = 5, 60
TOO_LONG = "The sources and the question are longer than the language model can read; ask with fewer sources or a shorter question."
# How servers say it: vLLM 0.32 in `param` and message, OpenAI in `code`, others in the message.
LENGTH_FIELDS = {"input_tokens", "input_text", "max_tokens", "max_completion_tokens"}
LENGTH_WORDS = ("context length", "context_length", "max_model_len", "maximum model length", "context size")


class Misconfigured(EngineUnavailable):
    """The server answers, but not to this key or model: the operator has to change a setting."""


class Refused(EngineUnavailable):
    """The server does not take this request; it may well take the next one."""


class Broken(EngineUnavailable):
    """The server answered that it failed."""


def refusal(status: int, retry_after: str, body: bytes) -> TidingsError:
    """The error for an answer that is no success."""
    if status in BUSY:
        seconds = int(retry_after) if retry_after.isdigit() else BUSY_SECONDS
        return ModelBusy(
            "The language model has as many requests as it takes just now; try again.",
            retry_after_seconds=min(max(seconds, 1), LONGEST_BUSY_SECONDS),
        )
    error = error_in(body)
    if status in (400, 413, 422) and is_too_long(error):
        return PromptTooLong(TOO_LONG)
    if status in (401, 403):
        return Misconfigured(
            "The model server refuses the API key; the operator has to check it (TIDINGS_LLM_API_KEY)."
        )
    if status == 404 or 300 <= status < 400:
        return Misconfigured(
            "The model server does not serve this model or this kind of request; the operator has to check "
            "TIDINGS_LLM_MODEL, TIDINGS_EMBEDDER_MODEL and the address."
        )
    if status >= 500:
        return Broken(f"The model server failed (status {status}); try again.", retry_after_seconds=BUSY_SECONDS)
    field = error.get("param")
    about = f", field {field[:40]!r}" if isinstance(field, str) else ""
    return Refused(
        f"The model server does not take the request (status {status}{about}); "
        "the operator has to check that it is a vLLM of a version named in docs/models.md."
    )


def fix_of(error: TidingsError) -> str:
    """What the operator can do about a request that failed."""
    fixes = (
        (Misconfigured, "Correct TIDINGS_LLM_API_KEY, TIDINGS_LLM_MODEL or TIDINGS_LLM_URL, then restart Tidings."),
        (Refused, "Use vLLM in a version named in docs/models.md, or another server that takes the same fields."),
        (Broken, "Read the log of the model server."),
        (ModelBusy, "Wait, start another server, or raise TIDINGS_LLM_CONCURRENCY and the server's own limits."),
        (ModelTooSlow, "Raise TIDINGS_LLM_SECONDS, or serve a smaller model or on a faster card."),
        (PromptTooLong, "Start the server with a larger --max-model-len."),
    )
    return next(
        (fix for kind, fix in fixes if isinstance(error, kind)), "Start the server, or correct TIDINGS_LLM_URL."
    )


def error_in(body: bytes) -> dict[str, Any]:
    """The error object of an OpenAI-style answer, or an empty one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = value.get("error", value) if isinstance(value, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def is_too_long(error: dict[str, Any]) -> bool:
    """Whether an error says that the prompt, or the prompt and the answer asked for, do not fit the model."""
    said = f"{error.get('code')} {error.get('message')}".lower()
    return error.get("param") in LENGTH_FIELDS or any(words in said for words in LENGTH_WORDS)

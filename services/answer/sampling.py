"""How the model chooses words for one answer: what the request asks for, within the operator's ceilings, else the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from services.answer.types import Generation
from services.engines.llm.base import Sampling
from services.errors import FieldError, InvalidInput
from services.settings import Settings


def sampling_for(settings: Settings, asked: Generation) -> Sampling:
    """The sampling of an answer; raises InvalidInput that names every value above a ceiling."""
    refused = tuple(above_ceiling(settings, asked))
    if refused:
        raise InvalidInput(" ".join(error.reason for error in refused), errors=refused)
    top_p, top_k = pick(asked.top_p, settings.llm_top_p), pick(asked.top_k, settings.llm_top_k)
    return Sampling(
        temperature=pick(asked.temperature, settings.llm_temperature),
        # A server's own default may be narrower than ours, so ours is sent unless it narrows nothing.
        top_p=None if top_p == 1 else top_p,
        top_k=top_k or None,
        max_tokens=pick(asked.max_tokens, settings.llm_max_tokens),
        stop=tuple(pick(asked.stop, settings.llm_stop)),
    )


def above_ceiling(settings: Settings, asked: Generation) -> Iterator[FieldError]:
    """What a request asks for beyond what the operator allows."""
    for name, most, setting in (
        ("temperature", settings.llm_max_temperature, "TIDINGS_LLM_MAX_TEMPERATURE"),
        ("max_tokens", settings.llm_max_tokens, "TIDINGS_LLM_MAX_TOKENS"),
        ("seconds", settings.llm_seconds, "TIDINGS_LLM_SECONDS"),
    ):
        wanted = getattr(asked, name)
        if wanted is not None and wanted > most:
            yield FieldError(f"/generation/{name}", f"{name} may be at most {most:g} on this server ({setting}).")


def pick(asked: Any, otherwise: Any) -> Any:
    """What was asked for, where it was."""
    return otherwise if asked is None else asked


def sampling_json(sampling: Sampling, seconds: float) -> dict[str, Any]:
    """The values as an answer stores and shows them; null is what was left to the server."""
    values = asdict(sampling)
    return {name: values[name] for name in ("temperature", "top_p", "top_k", "max_tokens")} | {
        "stop": list(sampling.stop),
        "seconds": seconds,
    }

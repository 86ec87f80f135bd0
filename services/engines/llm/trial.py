"""A short real request that tells how the language model does: the settings page and `tidings doctor` make it."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from services.engines.llm.base import NOT_CONNECTED, Finished, LanguageModel, Message, Prompt, Sampling
from services.engines.llm.refusals import fix_of
from services.errors import TidingsError

MOST_TOKENS = 48
MOST_SECONDS = 20.0
QUESTION = "Name the days of the week, one on each line."
WORDLESS = "The language model ended its answer without a word."


@dataclass(frozen=True)
class Trial:
    """How a request went: the times until its first text and its end, or what is wrong and how to mend it.

    `tokens_per_second` is None where too few tokens came to tell.
    """

    model: str = ""
    first_token_ms: float | None = None
    total_ms: float | None = None
    answer_tokens: int = 0
    tokens_per_second: float | None = None
    problem: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        """Whether the model answered."""
        return not self.problem


def try_model(model: LanguageModel, tenant_id: str) -> Trial:
    """Ask for a few words the way answers are asked for. Never raises; takes at most MOST_SECONDS."""
    if not model.connected:
        return Trial(
            problem=NOT_CONNECTED, fix="export TIDINGS_LLM_URL=http://127.0.0.1:8000/v1, then restart Tidings."
        )
    started = perf_counter()
    prompt = Prompt([Message("user", QUESTION)], tenant_id, Sampling(max_tokens=MOST_TOKENS), MOST_SECONDS)
    first: float | None = None
    finished: Finished | None = None
    try:
        for event in model.stream(prompt):
            if isinstance(event, Finished):
                finished = event
            elif first is None:
                first = perf_counter() - started
    except TidingsError as error:
        return Trial(problem=error.detail, fix=fix_of(error), total_ms=milliseconds(perf_counter() - started))
    if finished is None or first is None:
        return Trial(problem=WORDLESS, fix="Serve a model that is made for chat, with its chat template.")
    return measured(finished, first, perf_counter() - started)


def measured(finished: Finished, first: float, total: float) -> Trial:
    """The figures of an answer. Its first token took the reading of the prompt too, so the rate is that of the others."""
    writing, tokens = total - first, finished.answer_tokens - 1
    rate = round(tokens / writing, 1) if tokens > 0 and writing > 0 else None
    return Trial(finished.model, milliseconds(first), milliseconds(total), finished.answer_tokens, rate)


def milliseconds(seconds: float) -> float:
    """Milliseconds, to a tenth."""
    return round(seconds * 1000, 1)

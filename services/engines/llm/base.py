"""What Tidings asks of a language model. Behind the port are chat.OpenAiModel and, without a server, NoModel.

A request is made of typed fields and nothing else reaches the server: there is no way to pass a field through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from services.engines.token_estimate import estimate_tokens
from services.errors import EngineUnavailable, InvalidInput, ModelCancelled

MOST_TEMPERATURE = 2.0
MOST_TOP_K = 1000
MOST_STOPS = 4
MOST_STOP_CHARACTERS = 64
# Tokens that a chat template adds for each message, about.
TEMPLATE_TOKENS = 8
NOT_CONNECTED = "No language model is connected; set TIDINGS_LLM_URL to the address of a vLLM server."


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Sampling:
    """How the model chooses words; None leaves a value to the server. Raises InvalidInput for what no server takes.

    `json_schema` makes the answer a JSON value of that schema (structured output).
    """

    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    json_schema: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        stops = len(self.stop) <= MOST_STOPS and all(0 < len(each) <= MOST_STOP_CHARACTERS for each in self.stop)
        for name, holds, rule in (
            ("temperature", 0 <= self.temperature <= MOST_TEMPERATURE, f"from 0 to {MOST_TEMPERATURE:g}"),
            ("top_p", self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("top_k", self.top_k is None or 1 <= self.top_k <= MOST_TOP_K, f"from 1 to {MOST_TOP_K}"),
            ("max_tokens", self.max_tokens is None or self.max_tokens >= 1, "at least 1"),
            ("stop", stops, f"at most {MOST_STOPS} texts of 1 to {MOST_STOP_CHARACTERS} characters"),
            ("seed", self.seed is None or 0 <= self.seed < 2**63, "from 0 to 2^63-1"),
        ):
            if not holds:
                raise InvalidInput(f"The sampling value {name!r} must be {rule}.")


@dataclass(frozen=True)
class Prompt:
    """What is asked, for whom, and how. Put what is the same in every prompt first: servers keep what they have read.

    `tenant_id` never leaves the process: a keyed hash of it separates the tenants' cached prefixes from each other.
    `seconds` is the deadline for everything together; None takes the longest that the settings allow.
    """

    messages: Sequence[Message]
    tenant_id: str
    sampling: Sampling = field(default_factory=Sampling)
    seconds: float | None = None


@dataclass(frozen=True)
class Piece:
    """Some more of the answer's text."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The answer is complete. `reason`: `stop` when the model ended it, `length` when `max_tokens` did.

    `model`: the name under which the server that wrote it was asked.
    """

    reason: Literal["stop", "length"]
    prompt_tokens: int
    answer_tokens: int
    model: str = ""


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    text: str
    finished: Finished


@dataclass(frozen=True)
class TokenCount:
    """Tokens of a prompt. `exact` when the server's own tokenizer counted; `limit`: what the model reads at most."""

    tokens: int
    exact: bool
    limit: int | None


@dataclass(frozen=True)
class Served:
    """What a server says of its model: the name to ask for, what that stands for, and how many tokens it reads and writes.

    `root` is the folder or hub id behind a name that an operator chose (vLLM tells it); None and empty are not known.
    """

    model: str = ""
    root: str = ""
    context: int | None = None


@dataclass(frozen=True)
class Checked:
    """What a server said when it was asked: the model it serves, or `problem` and how the operator mends it."""

    address: str
    served: Served = Served()
    problem: str = ""
    fix: str = ""

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.served.model


class Cancellation:
    """Says, from any thread, that nobody wants the answer any more; what waits for it is cut off at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cuts: list[Callable[[], None]] = []
        self.cancelled = False

    def cancel(self) -> None:
        """Give up; returns at once, idempotent."""
        with self._lock:
            self.cancelled = True
            for cut in self._cuts:
                cut()

    def check(self) -> None:
        """Raise ModelCancelled when it was given up."""
        if self.cancelled:
            raise ModelCancelled("The answer was given up before it was complete; ask again if you still want it.")

    @contextmanager
    def cutting(self, cut: Callable[[], None]) -> Iterator[None]:
        """Inside this block, `cut` is called when somebody gives up; it must not wait, and may be called twice."""
        with self._lock:
            self._cuts.append(cut)
        try:
            yield
        finally:
            with self._lock:
                self._cuts.remove(cut)


class LanguageModel(Protocol):
    """Messages in, text out. Methods may be called from any thread."""

    @property
    def connected(self) -> bool:
        """Whether a server is set at all; says nothing about whether it answers."""

    @property
    def detail(self) -> str:
        """One sentence on the state for people, from what the latest calls saw; asks nobody."""

    def stream(self, prompt: Prompt, cancel: Cancellation | None = None) -> Iterator[Piece | Finished]:
        """The answer as it is written; Finished comes last, and an answer without it is not complete.

        Closing the iterator, or `cancel` from another thread, ends the connection, and with it the generation.
        Raises: PromptTooLong, ModelBusy, ModelTooSlow, ModelCancelled, EngineUnavailable; at any point before the end.
        """

    def complete(self, prompt: Prompt, cancel: Cancellation | None = None) -> Completion:
        """The whole answer; raises what `stream` raises."""

    def count(self, messages: Sequence[Message]) -> TokenCount:
        """Tokens that these messages take with the model's chat template. Never raises: it estimates instead."""

    def served(self) -> Served:
        """What the model is, from the server that would be asked next; asked once. Raises EngineUnavailable."""

    def check(self) -> list[Checked]:
        """Ask every server what it serves. Takes seconds at most."""


class NoModel:
    """Implements LanguageModel where no server is set."""

    connected = False
    detail = NOT_CONNECTED

    def stream(self, prompt: Prompt, cancel: Cancellation | None = None) -> Iterator[Piece | Finished]:
        """Raises EngineUnavailable."""
        raise EngineUnavailable(NOT_CONNECTED)

    def complete(self, prompt: Prompt, cancel: Cancellation | None = None) -> Completion:
        """Raises EngineUnavailable."""
        raise EngineUnavailable(NOT_CONNECTED)

    def count(self, messages: Sequence[Message]) -> TokenCount:
        """An estimate."""
        return estimated(messages)

    def served(self) -> Served:
        """Raises EngineUnavailable."""
        raise EngineUnavailable(NOT_CONNECTED)

    def check(self) -> list[Checked]:
        """No servers."""
        return []


def estimated(messages: Sequence[Message], limit: int | None = None) -> TokenCount:
    """About how many tokens messages take, rather too many."""
    tokens = sum(estimate_tokens(message.content) + TEMPLATE_TOKENS for message in messages)
    return TokenCount(tokens, exact=False, limit=limit)

"""The language model behind vLLM, or any other server that speaks OpenAI's chat completions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from time import perf_counter
from typing import Any

from services.engines.llm.base import (
    Cancellation,
    Checked,
    Completion,
    Finished,
    Message,
    Piece,
    Prompt,
    Sampling,
    Served,
    TokenCount,
    estimated,
)
from services.engines.llm.client import Client
from services.engines.llm.refusals import Misconfigured, Refused
from services.engines.llm.servers import Server
from services.engines.llm.stream import read_stream
from services.engines.llm.wire import Call
from services.errors import ModelBusy, ModelCancelled, TidingsError
from services.metrics import count_llm
from services.settings import Settings, server_addresses

COUNT_SECONDS = 3.0
CHECK_SECONDS = 5.0


class OpenAiModel:
    """Implements services.engines.llm.base.LanguageModel. `salt` makes a tenant's cache salt from its id."""

    connected = True

    def __init__(self, settings: Settings, salt: Callable[[str], str]) -> None:
        self._client = Client(server_addresses(settings.llm_url), settings.llm_api_key, settings.llm_model)
        self._salt = salt
        self._seconds = settings.llm_seconds
        self._silence_seconds = settings.llm_silence_seconds
        self._max_tokens = settings.llm_max_tokens
        self._context = settings.llm_context
        self._slots = threading.BoundedSemaphore(settings.llm_concurrency)

    @property
    def detail(self) -> str:
        """How many servers answer, as the latest calls saw it."""
        servers = self._client.servers.all
        closed = sum(server.breaker.state == "closed" for server in servers)
        return f"{closed} of {len(servers)} language model servers answer, as far as the latest calls saw."

    def stream(self, prompt: Prompt, cancel: Cancellation | None = None) -> Iterator[Piece | Finished]:
        """The answer as it is written; counted however it ends."""
        started = perf_counter()
        outcome, tokens = "failed", (0, 0)
        try:
            with closing(self._stream(prompt, cancel)) as events:
                for event in events:
                    if isinstance(event, Finished):
                        outcome, tokens = "ok", (event.prompt_tokens, event.answer_tokens)
                    yield event
        except (GeneratorExit, ModelCancelled):
            # Whoever stops reading at the end has not given up.
            outcome = "ok" if outcome == "ok" else "cancelled"
            raise
        except ModelBusy:
            outcome = "busy"
            raise
        finally:
            count_llm(outcome, perf_counter() - started, prompt_tokens=tokens[0], completion_tokens=tokens[1])

    def _stream(self, prompt: Prompt, cancel: Cancellation | None) -> Generator[Piece | Finished, None, None]:
        call = Call(min(prompt.seconds or self._seconds, self._seconds), self._silence_seconds, cancel)
        if not self._slots.acquire(blocking=False):
            raise ModelBusy(
                "The language model writes as many answers as it may just now; try again.", retry_after_seconds=2
            )
        finished: Finished | None = None
        try:
            for event in self._client.attempt(lambda server: self._ask(call, server, prompt)):
                if isinstance(event, Finished):
                    finished = event
                else:
                    yield event
        finally:
            self._slots.release()
        # Last of all, so that whoever stops reading here has not left anything open.
        if finished is not None:
            yield finished

    def complete(self, prompt: Prompt, cancel: Cancellation | None = None) -> Completion:
        """The whole answer; it is streamed too, so that a silent server is noticed before the deadline."""
        text: list[str] = []
        for event in self.stream(prompt, cancel):
            if isinstance(event, Finished):
                return Completion("".join(text), event)
            text.append(event.text)
        raise AssertionError("a stream ends with Finished or raises")

    def count(self, messages: Sequence[Message]) -> TokenCount:
        """Tokens by the server's own tokenizer (vLLM's `/tokenize`), or an estimate."""
        call = Call(COUNT_SECONDS, COUNT_SECONDS)
        try:
            for counted in self._client.attempt(lambda server: iter([self._count(call, server, messages)])):
                if counted is not None:
                    return counted
        except TidingsError:
            # Whoever asks for an answer next is told what is wrong; a count alone is not worth a failure.
            pass
        known = [
            server.served.context for server in self._client.servers.all if server.served and server.served.context
        ]
        return estimated(messages, self._context or min(known, default=None))

    def served(self) -> Served:
        """What the first server that answers serves, with the context of the setting where there is one."""
        call = Call(COUNT_SECONDS, COUNT_SECONDS)
        for found in self._client.attempt(lambda server: iter([self._client.served(call, server)])):
            return replace(found, context=self._context or found.context)
        raise AssertionError("an attempt yields or raises")

    def check(self) -> list[Checked]:
        """Ask every server what it serves."""
        return self._client.check(CHECK_SECONDS)

    def _ask(self, call: Call, server: Server, prompt: Prompt) -> Iterator[Piece | Finished]:
        model = self._client.model(call, server)
        body = {
            "model": model,
            "messages": wire_messages(prompt.messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "cache_salt": self._salt(prompt.tenant_id),
            **wire_sampling(prompt.sampling, self._max_tokens),
        }
        with self._client.open(call, server, "POST", "/v1/chat/completions", body) as response:
            for event in read_stream(response):
                yield replace(event, model=model) if isinstance(event, Finished) else event

    def _count(self, call: Call, server: Server, messages: Sequence[Message]) -> TokenCount | None:
        if not server.has_tokenizer:
            return None
        body = {"model": self._client.model(call, server), "messages": wire_messages(messages)}
        try:
            answer = self._client.json(call, server, "POST", "/tokenize", body)
        except (Misconfigured, Refused):
            # Not every server counts; that is no fault of it.
            server.has_tokenizer = False
            return None
        counted, limit = answer.get("count"), answer.get("max_model_len")
        if not isinstance(counted, int):
            return None
        return TokenCount(counted, exact=True, limit=self._context or (limit if isinstance(limit, int) else None))


def wire_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as JSON; a lone surrogate, which is no text, becomes a question mark."""
    return [{"role": each.role, "content": each.content.encode("utf-8", "replace").decode()} for each in messages]


def wire_sampling(sampling: Sampling, most_tokens: int) -> dict[str, Any]:
    """The allow-list: these fields of a request and no others come from whoever asks."""
    fields: dict[str, Any] = {
        "temperature": sampling.temperature,
        "max_tokens": min(sampling.max_tokens or most_tokens, most_tokens),
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "stop": list(sampling.stop) or None,
        "seed": sampling.seed,
    }
    if sampling.json_schema is not None:
        named = {"name": "answer", "schema": dict(sampling.json_schema), "strict": True}
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
    return {name: value for name, value in fields.items() if value is not None}

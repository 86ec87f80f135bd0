"""Requests to OpenAI-compatible servers: the next server takes over as long as nothing of an answer has been seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import SecretStr

from services.engines.llm.base import Checked, Served
from services.engines.llm.refusals import Broken, Misconfigured, Refused, fix_of, refusal
from services.engines.llm.servers import Server, Servers
from services.engines.llm.wire import Call, Response, Unanswered, exchange, headers_for
from services.errors import EngineUnavailable, ModelBusy

Item = TypeVar("Item")
UNREADABLE = "The model server answered with something that is not its protocol; check the address."


class Client:
    """The servers of one model and the credential they share. `model` empty: what each server lists first."""

    def __init__(self, bases: Sequence[str], key: SecretStr, model: str) -> None:
        self.servers = Servers(bases)
        self._headers = headers_for(key.get_secret_value())
        self._model = model

    def attempt(self, ask: Callable[[Server], Iterator[Item]]) -> Iterator[Item]:
        """What `ask` yields, from the first server that yields anything.

        Raises: EngineUnavailable when none does, or when the one that did broke off; what it wrote is then worthless.
        """
        failure: EngineUnavailable | None = None
        for server in self.servers.in_order():
            if not server.breaker.admit():
                continue
            begun = False
            try:
                with self.servers.asking(server):
                    for item in ask(server):
                        begun = True
                        yield item
                return
            except (Unanswered, Broken, Misconfigured, ModelBusy) as error:
                if begun:
                    raise EngineUnavailable(
                        "The language model broke off in the middle of its answer; ask again.", retry_after_seconds=2
                    ) from error
                if failure is None or isinstance(error, ModelBusy):
                    failure = error
        raise failure or self.servers.none_left()

    def model(self, call: Call, server: Server) -> str:
        """The name of the model at a server."""
        return self._model or self.served(call, server).model

    def served(self, call: Call, server: Server) -> Served:
        """What a server serves; asked once, and again after it failed.

        A model that was named may be one that the server takes and does not list, or it may have no list at all.
        """
        if server.served is None:
            try:
                server.served = self.listed(call, server)
            except (Misconfigured, Refused):
                if not self._model:
                    raise
                server.served = Served(self._model)
        known = server.served
        return known if self._model in ("", known.model) else Served(self._model)

    def listed(self, call: Call, server: Server) -> Served:
        """The model of the setting as a server lists it, or the first one it lists."""
        try:
            models = self.json(call, server, "GET", "/v1/models")["data"]
            chosen = next((each for each in models if each["id"] == self._model), models[0])
            root, context = chosen.get("root"), chosen.get("max_model_len")
            return Served(
                str(chosen["id"]),
                root if isinstance(root, str) else "",
                context if isinstance(context, int) and context > 0 else None,
            )
        except (LookupError, TypeError, AttributeError) as error:
            raise Unanswered(UNREADABLE) from error

    def json(
        self, call: Call, server: Server, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """One answer, whole; raises what `open` raises, and Unanswered when it is no JSON object."""
        with self.open(call, server, method, path, body) as response:
            content = response.read()
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Unanswered(UNREADABLE) from error
        if not isinstance(value, dict):
            raise Unanswered(UNREADABLE)
        return value

    @contextmanager
    def open(
        self, call: Call, server: Server, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Iterator[Response]:
        """A successful answer, to be read inside the block.

        Raises: Unanswered, Broken, Misconfigured, PromptTooLong, ModelBusy, ModelTooSlow, ModelCancelled.
        """
        with exchange(call, method, server.base + path, headers=self._headers, body=body) as response:
            if response.status_code != 200:
                raise refusal(response.status_code, response.headers.get("retry-after", ""), response.read())
            yield response

    def check(self, seconds: float) -> list[Checked]:
        """Each server with the model it lists, or with what is wrong."""
        found = []
        for server in self.servers.all:
            try:
                found.append(Checked(server.base, self.listed(Call(seconds, seconds), server)))
            except EngineUnavailable as error:
                found.append(Checked(server.base, problem=error.detail, fix=fix_of(error)))
        return found

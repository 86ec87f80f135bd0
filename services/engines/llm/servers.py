"""Several servers of one model: which to ask next, and what their answers say about them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.engines.llm.base import Served
from services.engines.llm.breaker import Breaker
from services.engines.llm.refusals import Broken, Misconfigured
from services.engines.llm.wire import Unanswered
from services.errors import EngineUnavailable, ModelBusy


@dataclass
class Server:
    """One server: `base` without `/v1`; `served` is what it was last seen to serve, `has_tokenizer` whether it counts tokens."""

    base: str
    breaker: Breaker = field(default_factory=Breaker)
    running: int = 0
    busy_until: float = 0.0
    served: Served | None = None
    has_tokenizer: bool = True


class Servers:
    """Chooses among servers: those that answer before those that are busy, the least loaded first. Thread-safe.

    With equal load the order of the setting decides, so that a quiet installation keeps one server's prefix cache warm.
    """

    def __init__(self, bases: Sequence[str]) -> None:
        self.all = [Server(base) for base in bases]
        self._lock = threading.Lock()

    def in_order(self) -> list[Server]:
        """All servers, the one to ask first in front; whether one may be asked its breaker says."""
        now = time.monotonic()
        return sorted(self.all, key=lambda server: (server.busy_until > now, server.running))

    @contextmanager
    def asking(self, server: Server) -> Iterator[None]:
        """Count a request to a server that its breaker admitted, and let the breaker know how it ended."""
        with self._lock:
            server.running += 1
        try:
            yield
        except (Unanswered, Broken, Misconfigured):
            # Its next answer may come from another model: it may be starting again.
            server.served = None
            server.breaker.fail()
            raise
        except ModelBusy as error:
            server.busy_until = time.monotonic() + (error.retry_after_seconds or 1)
            server.breaker.leave()
            raise
        except BaseException:
            # Given up, too late, too long: the server is as good as it was.
            server.breaker.leave()
            raise
        else:
            server.breaker.succeed()
        finally:
            with self._lock:
                server.running -= 1

    def none_left(self) -> EngineUnavailable:
        """The refusal when no server may be asked."""
        seconds = min(server.breaker.retry_after_seconds() for server in self.all)
        return EngineUnavailable(
            "The model server does not answer just now; try again. `tidings doctor` tells the operator what is wrong.",
            retry_after_seconds=max(1, int(seconds + 0.5)),
        )

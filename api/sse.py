"""Server-sent events from synchronous generators.

A generator behind StreamingResponse (or fastapi.sse) is not closed when the client leaves, only when it is collected.
Here a thread of its own pulls it, and leaving stops it promptly: `cancel` is set, `on_cancel` closes what it waits for
(the model's stream), then the thread closes the generator.

    cancel = threading.Event()
    return event_stream(answer(scope, question, cancel=cancel), request, cancel=cancel)
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

import anyio
import structlog
from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.errors import problem_of, problem_response, request_id_of
from services.errors import EngineUnavailable
from services.logs import trace_of

log = structlog.get_logger("tidings.sse")

# Proxies close a connection that is silent for 30 to 60 seconds.
PING_SECONDS = 15.0
# A credential is looked at again this often while its stream is open.
RECHECK_SECONDS = 5.0
# How long to wait for the first event before the response begins: an early refusal can still be a plain problem then.
FIRST_EVENT_SECONDS = 2.0
START_SECONDS = 5.0
# A reader that takes nothing for so long is gone.
STALL_SECONDS = 30.0
# Events that may wait for a slow reader before the generator has to wait too.
WAITING_EVENTS = 64
# Open at once in all, and of one tenant: the rest is for the others.
MAX_STREAMS, MAX_TENANT_STREAMS = 64, 16

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class StreamEvent:
    """One event as it is sent. `data`: anything Pydantic writes as JSON; `id`: what Last-Event-ID comes back with."""

    event: str
    data: Any
    id: int | str | None = None


class HasEvent(Protocol):
    """What generators yield: any object with the event's name and its data."""

    @property
    def event(self) -> str:
        """Name of the event."""

    @property
    def data(self) -> Any:
        """Its content."""


class Ended(Exception):
    """The source has no more events."""


class Source(Protocol):
    """Where a stream's events come from."""

    async def start(self) -> None:
        """Begin; called once, in the event loop."""

    async def get(self) -> StreamEvent:
        """The next event; can be cancelled without losing one. Raises Ended at the end, or what went wrong."""

    def stop(self) -> None:
        """The client left or the stream ended: release everything; idempotent, returns at once."""


class StreamSlots:
    """How many generators may be pulled at once: each has a thread, apart from those that serve requests."""

    def __init__(self, limit: int = MAX_STREAMS, tenant_limit: int = MAX_TENANT_STREAMS) -> None:
        self.limit, self.tenant_limit = limit, tenant_limit
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, tenant_id: str) -> Callable[[], None]:
        """Take a slot; what is returned gives it back. Raises EngineUnavailable when none is left for this tenant."""
        with self._lock:
            if self._taken.total() >= self.limit or self._taken[tenant_id] >= self.tenant_limit:
                raise EngineUnavailable(
                    "Too many answers are being written just now; try again.", retry_after_seconds=2
                )
            self._taken[tenant_id] += 1

        def release() -> None:
            with self._lock:
                self._taken[tenant_id] -= 1

        return release


def event_stream(
    events: Iterator[HasEvent],
    request: Request,
    *,
    cancel: threading.Event | None = None,
    on_cancel: Callable[[], None] | None = None,
    goes_on: bool = False,
) -> Response:
    """The response that streams these events; raises EngineUnavailable when too many streams are open.

    `cancel` is set when the client leaves; `on_cancel` is called then, from the event loop, so it must not wait.
    `goes_on`: a generator that began is pulled to its end all the same, for what it does matters to others too.
    """
    slots = cast(StreamSlots, request.app.state.streams)
    release = slots.take(getattr(request.state, "tenant_id", ""))
    return EventStream(Pump(events, release, cancel or threading.Event(), on_cancel, goes_on=goes_on))


class EventStream(Response):
    """Sends a source's events, a ping when there are none, and a last `error` event when the source fails."""

    media_type = "text/event-stream"

    def __init__(self, source: Source) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self.source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the source ends, the client leaves, or its credential does."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(cancel_on_disconnect, receive, group.cancel_scope)
                await self.stream(scope, send)
                group.cancel_scope.cancel()
        finally:
            self.source.stop()
        if self.background is not None:
            await self.background()

    async def stream(self, scope: Scope, send: Send) -> None:
        """Send the first event, or the problem that comes instead of it, then the others."""
        first: StreamEvent | None = None
        ended = False
        try:
            await started(self.source)
            with anyio.move_on_after(FIRST_EVENT_SECONDS):
                first = await self.source.get()
        except Ended:
            ended = True
        except Exception as error:
            await problem_response(scope, error)(scope, never, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if first is not None:
            await send_chunk(send, encode(first))
        if not ended:
            await self.send_events(scope, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send_events(self, scope: Scope, send: Send) -> None:
        """Send events until there are no more; what goes wrong now can only be said inside the stream."""
        try:
            async for chunk in self.chunks(scope):
                if not await send_chunk(send, chunk):
                    return
        except Exception as error:
            problem = problem_of(error, request_id_of(scope))
            await send_chunk(send, encode(StreamEvent("error", problem)))

    async def chunks(self, scope: Scope) -> Any:
        """The bytes of events and pings, while the credential holds."""
        recheck = scope.get("state", {}).get("recheck")
        checked_at = pinged_at = time.monotonic()
        while True:
            event: StreamEvent | None = None
            with anyio.move_on_after(min(PING_SECONDS, RECHECK_SECONDS)):
                try:
                    event = await self.source.get()
                except Ended:
                    return
            now = time.monotonic()
            if recheck is not None and now - checked_at >= RECHECK_SECONDS:
                checked_at = now
                if not await recheck():
                    return
            if event is not None:
                pinged_at = now
                yield encode(event)
            elif now - pinged_at >= PING_SECONDS:
                pinged_at = now
                yield b": ping\n\n"


class Pump:
    """Pulls a generator in its own thread, at most WAITING_EVENTS ahead of the reader."""

    def __init__(
        self,
        events: Iterator[HasEvent],
        release: Callable[[], None],
        cancel: threading.Event,
        on_cancel: Callable[[], None] | None,
        *,
        goes_on: bool = False,
    ) -> None:
        self.events = events
        self.release = release
        self.cancel = cancel
        self.on_cancel = on_cancel
        self.goes_on = goes_on
        self.left = threading.Event()
        self.room = threading.Semaphore(WAITING_EVENTS)
        self.queue: asyncio.Queue[StreamEvent | Exception] = asyncio.Queue()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Start the thread, with this request's log context."""
        self.loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self.run,), name="event-stream", daemon=True).start()

    async def get(self) -> StreamEvent:
        """The next event."""
        item = await self.queue.get()
        if isinstance(item, Exception):
            # Whoever asks again after the end gets the end again.
            self.queue.put_nowait(item)
            raise item
        self.room.release()
        return item

    def stop(self) -> None:
        """Tell the generator and its thread to end, unless it goes on; one that never began is closed here."""
        if self.cancel.is_set():
            return
        if self.goes_on and self.loop is not None:
            self.left.set()
            self.room.release()
            return
        self.cancel.set()
        if self.on_cancel is not None:
            self.on_cancel()
        self.room.release()
        if self.loop is None:
            self.close()

    def run(self) -> None:
        """The thread: pull, hand over, close."""
        end: Exception = Ended()
        try:
            for item in self.events:
                if self.left.is_set():
                    continue
                # Wakes at once when the reader makes room or leaves.
                self.room.acquire()
                if self.cancel.is_set():
                    break
                self.hand_over(StreamEvent(item.event, item.data, getattr(item, "id", None)))
        except Exception as error:
            # What fails because its upstream was closed under it is not worth a word.
            end = Ended() if self.cancel.is_set() else error
            if self.left.is_set():
                log.error("stream failed after its reader left", trace=trace_of(error))
        finally:
            self.close()
            self.hand_over(end)

    def hand_over(self, item: StreamEvent | Exception) -> None:
        """Put an item on the loop's queue; the loop may be gone when the server stops."""
        try:
            cast(asyncio.AbstractEventLoop, self.loop).call_soon_threadsafe(self.queue.put_nowait, item)
        except RuntimeError:
            self.cancel.set()

    def close(self) -> None:
        """Close the generator, in the thread that ran it, and give the slot back."""
        try:
            close = getattr(self.events, "close", None)
            if close is not None:
                close()
        except Exception as error:
            log.error("stream did not close", trace=trace_of(error))
        finally:
            self.release()


def encode(event: StreamEvent) -> bytes:
    """One event on the wire (HTML Living Standard, section 9.2.6); JSON holds no line breaks."""
    lines = [f"event: {event.event}".encode()]
    if event.id is not None:
        lines.append(f"id: {event.id}".encode())
    lines.append(b"data: " + to_json(event.data))
    return b"\n".join(lines) + b"\n\n"


async def started(source: Source) -> None:
    """Start a source; raises EngineUnavailable when what it reads from does not answer."""
    try:
        with anyio.fail_after(START_SECONDS):
            await source.start()
    except TimeoutError as error:
        raise EngineUnavailable("The events cannot be read just now; try again.", retry_after_seconds=5) from error


async def send_chunk(send: Send, chunk: bytes) -> bool:
    """Send one piece; False when the reader takes nothing."""
    with anyio.move_on_after(STALL_SECONDS):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        return True
    return False


async def cancel_on_disconnect(receive: Receive, cancel_scope: anyio.CancelScope) -> None:
    """Wait for the client to leave, then cancel."""
    while (await receive())["type"] != "http.disconnect":
        pass
    cancel_scope.cancel()


async def never() -> Any:
    """A receive for responses that read nothing."""
    await anyio.sleep_forever()

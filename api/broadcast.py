"""One look at the job events for all listeners: polled four times a second while anybody listens, then handed on.

    app.state.broadcaster = Broadcaster(events_source)          # one per application
    return broadcast_stream(broadcaster, tenant_id=..., last_event_id=..., render=...)

A listener that does not keep up is let go; its browser comes back with Last-Event-ID and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any, Protocol

import anyio.to_thread
import structlog
from fastapi import Request
from starlette.responses import Response

from api.sse import Ended, EventStream, StreamEvent
from services.errors import FieldError, InvalidInput
from services.logs import trace_of

log = structlog.get_logger("tidings.broadcast")

POLL_SECONDS = 0.25
# After a failed look (the database is away) the next one waits longer.
RETRY_SECONDS = 2.0
# Events that may wait for one slow listener.
LISTENER_EVENTS = 1000
REPLAY_EVENTS = 5000
# Transactions commit in another order than their event ids were drawn (PostgreSQL): an id that is missing is looked for
# again for this long, then counts as rolled back.
GAP_SECONDS = 2.0
MAX_EVENT_ID = 2**63 - 1


class Event(Protocol):
    """What the broadcaster needs of a job event; the row of the table fits."""

    @property
    def id(self) -> int:
        """Orders all events of the installation."""

    @property
    def tenant_id(self) -> str:
        """Whose it is."""


class EventSource(Protocol):
    """Where events are read; synchronous, called in threads. All results are in order of id and of bounded length."""

    def latest(self) -> int:
        """The highest id there is, 0 without any."""

    def poll(self, after_id: int) -> Sequence[Event]:
        """The next events of all tenants."""

    def replay(self, tenant_id: str, after_id: int) -> Sequence[Event]:
        """The next events of one tenant."""


class Broadcaster:
    """Polls while it has listeners. Lives in one event loop."""

    def __init__(self, source: EventSource, *, poll_seconds: float = POLL_SECONDS) -> None:
        self.source = source
        self.poll_seconds = poll_seconds
        self.listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._position: asyncio.Future[int] | None = None

    async def add(self, listener: Listener) -> None:
        """Hand events on to this listener from now; returns when none that commits from here on can be missed."""
        self.listeners.add(listener)
        if self._task is None or self._task.done():
            self._position = asyncio.get_running_loop().create_future()
            # It outlives the request that began it, so its lines must not carry that one's id.
            self._task = asyncio.create_task(self._run(self._position), context=Context())
        if self._position is not None:
            await asyncio.shield(self._position)

    def remove(self, listener: Listener) -> None:
        """Forget a listener; the last one stops the polling."""
        self.listeners.discard(listener)
        if not self.listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """End all listeners, when the server stops."""
        for listener in list(self.listeners):
            listener.end()
            self.remove(listener)

    async def _run(self, position: asyncio.Future[int]) -> None:
        """Poll until cancelled; a failed look is repeated, not fatal."""
        window: Window | None = None
        while True:
            try:
                if window is None:
                    window = Window(await anyio.to_thread.run_sync(self.source.latest))
                    position.set_result(window.after_id)
                events = await anyio.to_thread.run_sync(self.source.poll, window.after_id)
            except Exception as error:
                log.error("job events cannot be read", trace=trace_of(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for event in window.fresh(events):
                for listener in [each for each in self.listeners if each.tenant_id == event.tenant_id]:
                    listener.offer(event)
            await asyncio.sleep(self.poll_seconds)


class Window:
    """Which events were seen, so that each is handed on once although ids become visible out of order."""

    def __init__(self, after_id: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.after_id = after_id
        self._clock = clock
        self._highest = after_id
        self._gaps: dict[int, float] = {}

    def fresh(self, events: Sequence[Event]) -> list[Event]:
        """The events not seen before; moves `after_id` to just before the oldest id that may still appear."""
        fresh = []
        for event in events:
            if event.id > self._highest:
                missing = range(max(self._highest + 1, event.id - 1000), event.id)
                self._gaps.update(dict.fromkeys(missing, self._clock() + GAP_SECONDS))
                self._highest = event.id
                fresh.append(event)
            elif self._gaps.pop(event.id, None) is not None:
                fresh.append(event)
        now = self._clock()
        self._gaps = {event_id: until for event_id, until in self._gaps.items() if until > now}
        self.after_id = min(self._gaps, default=self._highest + 1) - 1
        return fresh


class Listener:
    """One open stream: the events of its tenant that it wants, first those after Last-Event-ID, then new ones."""

    def __init__(
        self,
        broadcaster: Broadcaster,
        tenant_id: str,
        render: Callable[[Any], StreamEvent | None],
        *,
        after_id: int | None = None,
        ends: Callable[[Any], bool] = lambda event: False,
        head: Sequence[StreamEvent] = (),
    ) -> None:
        self.broadcaster = broadcaster
        self.tenant_id = tenant_id
        self.render = render
        self.after_id = after_id
        self.ends = ends
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.replayed: set[int] = set()
        self.done = False
        for event in head:
            self.queue.put_nowait(event)

    async def start(self) -> None:
        """Listen first, then replay: nothing falls between, and what comes twice is dropped by id."""
        waiting: asyncio.Queue[Any] = asyncio.Queue()
        live, self.queue = self.queue, waiting
        await self.broadcaster.add(self)
        while self.after_id is not None:
            events = await anyio.to_thread.run_sync(self.broadcaster.source.replay, self.tenant_id, self.after_id)
            if not events:
                break
            for event in events:
                live.put_nowait(event)
                self.replayed.add(event.id)
            self.after_id = events[-1].id
            if live.qsize() >= REPLAY_EVENTS:
                # The browser comes back with the last of these and goes on from there.
                live.put_nowait(None)
                break
        while not waiting.empty():
            event = waiting.get_nowait()
            if getattr(event, "id", None) not in self.replayed:
                live.put_nowait(event)
        self.queue = live

    async def get(self) -> StreamEvent:
        """The next event that concerns this listener."""
        while not self.done:
            item = await self.queue.get()
            if item is None:
                break
            if isinstance(item, StreamEvent):
                return item
            self.done = self.ends(item)
            rendered = await anyio.to_thread.run_sync(self.render, item)
            if rendered is not None:
                return rendered
        self.done = True
        raise Ended

    def offer(self, event: Event) -> None:
        """Hand an event over, or let the listener go when it is too far behind."""
        if event.id in self.replayed:
            return
        if self.queue.qsize() >= LISTENER_EVENTS:
            self.end()
        else:
            self.queue.put_nowait(event)

    def end(self) -> None:
        """No more events."""
        self.broadcaster.listeners.discard(self)
        self.queue.put_nowait(None)

    def stop(self) -> None:
        """The client left."""
        self.broadcaster.remove(self)


def broadcast_stream(
    broadcaster: Broadcaster,
    *,
    tenant_id: str,
    last_event_id: int | None,
    render: Callable[[Any], StreamEvent | None],
    ends: Callable[[Any], bool] = lambda event: False,
    head: Sequence[StreamEvent] = (),
) -> Response:
    """The response that streams a tenant's events as `render` shows them (None: not for this stream).

    `render` runs in a thread and may read the database. The stream ends after an event for which `ends` holds. `head`
    is sent first, such as the state at the start.
    """
    return EventStream(Listener(broadcaster, tenant_id, render, after_id=last_event_id, ends=ends, head=head))


def last_event_id(request: Request) -> int | None:
    """Where a reconnecting browser left off; raises InvalidInput."""
    given = request.headers.get("last-event-id")
    if given is None:
        return None
    with contextlib.suppress(ValueError):
        number = int(given) if given.isascii() and len(given) < 20 else -1
        if 0 <= number <= MAX_EVENT_ID:
            return number
    reason = "Last-Event-ID is not an id of this stream; connect without it."
    raise InvalidInput(reason, errors=(FieldError("header/last-event-id", reason),))

"""Job events for many listeners: each tenant its own, none lost, none twice, from one poll."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.requests import Request

from api import broadcast
from api.broadcast import Broadcaster, Listener, Window, last_event_id
from api.sse import Ended, StreamEvent
from services.errors import InvalidInput


@dataclass(frozen=True)
class Happened:
    """An event as the table would give it."""

    id: int
    tenant_id: str = "ours"


@dataclass
class Table:
    """Events in memory; counts how often it is read, and can be away."""

    rows: list[Happened] = field(default_factory=list)
    polls: int = 0
    away: bool = False

    def latest(self) -> int:
        self.check()
        return max((row.id for row in self.rows), default=0)

    def poll(self, after_id: int) -> Sequence[Happened]:
        self.polls += 1
        self.check()
        return sorted((row for row in self.rows if row.id > after_id), key=lambda row: row.id)

    def replay(self, tenant_id: str, after_id: int) -> Sequence[Happened]:
        rows = [row for row in self.poll(after_id) if row.tenant_id == tenant_id]
        return rows[:2]

    def check(self) -> None:
        if self.away:
            raise ConnectionError


def render(event: Happened) -> StreamEvent | None:
    return None if event.id % 10 == 9 else StreamEvent("stage", {"n": event.id}, id=event.id)


async def listen(broadcaster: Broadcaster, tenant_id: str = "ours", **options: Any) -> Listener:
    listener = Listener(broadcaster, tenant_id, render, **options)
    await listener.start()
    return listener


async def take(listener: Listener, count: int) -> list[Any]:
    return [(await asyncio.wait_for(listener.get(), 5)).id for _ in range(count)]


def run(story: Any) -> None:
    asyncio.run(asyncio.wait_for(story, 10))


def test_listeners_get_the_events_of_their_tenant_from_one_poll() -> None:
    async def story() -> None:
        table = Table([Happened(1)])
        broadcaster = Broadcaster(table, poll_seconds=0.02)
        listeners = [await listen(broadcaster) for _ in range(50)]
        stranger = await listen(broadcaster, "theirs")
        table.polls, started = 0, time.monotonic()
        table.rows += [Happened(2), Happened(3, "theirs"), Happened(4)]
        assert [await take(listener, 2) for listener in listeners] == [[2, 4]] * 50
        assert await take(stranger, 1) == [3]
        assert table.polls <= (time.monotonic() - started) / 0.02 + 2
        await broadcaster.close()

    run(story())


def test_a_reconnecting_listener_misses_nothing_and_gets_nothing_twice() -> None:
    async def story() -> None:
        table = Table([Happened(number) for number in range(1, 8)])
        broadcaster = Broadcaster(table, poll_seconds=0.01)
        listener = await listen(broadcaster, after_id=2)
        table.rows.append(Happened(8))
        assert await take(listener, 6) == [3, 4, 5, 6, 7, 8]
        await broadcaster.close()

    run(story())


def test_a_stream_begins_with_its_head_and_ends_when_told() -> None:
    async def story() -> None:
        table = Table()
        broadcaster = Broadcaster(table, poll_seconds=0.01)
        head = [StreamEvent("state", {}, id=0)]
        listener = await listen(broadcaster, head=head, ends=lambda event: event.id == 10)
        table.rows += [Happened(number) for number in range(1, 12)]
        assert await take(listener, 10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]
        with pytest.raises(Ended):
            await listener.get()
        await broadcaster.close()

    run(story())


def test_polling_stops_with_the_last_listener() -> None:
    async def story() -> None:
        table = Table()
        broadcaster = Broadcaster(table, poll_seconds=0.01)
        listener = await listen(broadcaster)
        listener.stop()
        await asyncio.sleep(0.05)
        polls = table.polls
        await asyncio.sleep(0.05)
        assert table.polls == polls
        again = await listen(broadcaster)
        table.rows.append(Happened(1))
        assert await take(again, 1) == [1]
        await broadcaster.close()

    run(story())


def test_a_slow_listener_is_let_go_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "LISTENER_EVENTS", 3)

    async def story() -> None:
        table = Table()
        broadcaster = Broadcaster(table, poll_seconds=0.01)
        slow, quick = await listen(broadcaster), await listen(broadcaster)
        for number in range(1, 6):
            table.rows.append(Happened(number))
            assert await take(quick, 1) == [number]
        assert await take(slow, 3) == [1, 2, 3]
        with pytest.raises(Ended):
            await slow.get()
        await broadcaster.close()

    run(story())


def test_a_database_that_is_away_for_a_moment_costs_a_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "RETRY_SECONDS", 0.01)

    async def story() -> None:
        table = Table()
        broadcaster = Broadcaster(table, poll_seconds=0.01)
        listener = await listen(broadcaster)
        table.away = True
        table.rows.append(Happened(1))
        await asyncio.sleep(0.05)
        table.away = False
        assert await take(listener, 1) == [1]
        await broadcaster.close()

    run(story())


def test_ids_that_appear_late_are_not_lost() -> None:
    now = 0.0
    window = Window(0, clock=lambda: now)

    def fresh(*ids: int) -> list[int]:
        return [event.id for event in window.fresh([Happened(number) for number in ids if number > window.after_id])]

    assert fresh(1, 2, 5) == [1, 2, 5]
    assert fresh(1, 2, 4, 5) == [4]
    assert window.after_id == 2
    now = 3.0
    assert fresh(3, 4, 5, 6) == [3, 6], "an id that shows up in its last moment still counts"
    assert fresh(6, 9) == [9]
    now = 6.0
    assert fresh(6, 9) == []
    assert window.after_id == 9


@pytest.mark.parametrize("given", ["-1", "x", "1" * 30, "٣", "9223372036854775808", ""])
def test_odd_last_event_ids_are_refused(given: str) -> None:
    request = Request({"type": "http", "headers": [(b"last-event-id", given.encode())]})
    with pytest.raises(InvalidInput):
        last_event_id(request)


def test_last_event_id_is_read() -> None:
    assert last_event_id(Request({"type": "http", "headers": [(b"last-event-id", b"7")]})) == 7
    assert last_event_id(Request({"type": "http", "headers": []})) is None

"""Turns go round between tenants, whoever asks most."""

from __future__ import annotations

import threading
import time

import pytest

from services.engines import turns as module
from services.engines.turns import FairTurns
from services.errors import EngineUnavailable


def wait_until(turns: FairTurns, count: int) -> None:
    deadline = time.monotonic() + 30
    while sum(len(line) for line in turns._waiting.values()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def served_order(turns: FairTurns, arrivals: list[str]) -> list[str]:
    """Who was served in which order, when all arrived in this order while every place was taken."""
    order: list[str] = []
    lock = threading.Lock()

    def ask(tenant: str) -> None:
        with turns.turn(tenant), lock:
            order.append(tenant)

    threads = []
    with turns.turn("first"):
        for number, tenant in enumerate(arrivals, start=1):
            threads.append(threading.Thread(target=ask, args=(tenant,)))
            threads[-1].start()
            wait_until(turns, number)
    for thread in threads:
        thread.join(30)
    return order


def test_a_late_neighbour_is_served_before_the_rest_of_a_flood() -> None:
    order = served_order(FairTurns(1), ["flood"] * 20 + ["neighbour"])
    assert order.index("neighbour") <= 1
    assert len(order) == 21


def test_tenants_take_turns() -> None:
    assert served_order(FairTurns(1), ["a"] * 3 + ["b"] * 3 + ["c"] * 3) == ["a", "b", "c"] * 3


def test_no_more_than_the_places_work_at_once_and_none_is_lost() -> None:
    turns, busy, most = FairTurns(3), 0, 0
    lock = threading.Lock()

    def ask(tenant: str) -> None:
        nonlocal busy, most
        for _ in range(50):
            with turns.turn(tenant):
                with lock:
                    busy += 1
                    most = max(most, busy)
                with lock:
                    busy -= 1

    threads = [threading.Thread(target=ask, args=(f"tenant {number % 4}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert 1 <= most <= 3
    assert not turns._busy
    assert not turns._waiting


def test_the_last_place_is_kept_for_who_was_served_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = FairTurns(2)
    second = threading.Event()

    def ask() -> None:
        with turns.turn("flood"):
            second.set()

    with turns.turn("neighbour"):
        pass
    with turns.turn("flood"):
        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(turns, 1)
        with turns.turn("neighbour"):
            assert not second.is_set()
        assert not second.wait(0.2)
    thread.join(30)
    assert second.is_set()
    # Nobody else about: all places are one tenant's.
    monkeypatch.setattr(module, "ABOUT_SECONDS", 1e-6)
    with turns.turn("flood"), turns.turn("flood"):
        pass


def test_a_place_is_free_again_after_an_error() -> None:
    turns = FairTurns(1)
    with pytest.raises(ZeroDivisionError), turns.turn("a"):
        raise ZeroDivisionError
    with turns.turn("b"):
        pass


def test_too_many_waiting_requests_of_one_tenant_are_refused_and_others_are_not() -> None:
    turns = FairTurns(1, most_waiting=2)

    def ask(tenant: str) -> None:
        with turns.turn(tenant):
            pass

    threads = [threading.Thread(target=ask, args=("flood",)) for _ in range(2)]
    with turns.turn("first"):
        for number, thread in enumerate(threads, start=1):
            thread.start()
            wait_until(turns, number)
        with pytest.raises(EngineUnavailable) as refused, turns.turn("flood"):
            pass
        assert refused.value.retry_after_seconds == module.BUSY_SECONDS
        other = threading.Thread(target=ask, args=("other",))
        other.start()
        wait_until(turns, 3)
    for thread in [*threads, other]:
        thread.join(30)
        assert not thread.is_alive()


def test_who_floods_begins_nothing_while_somebody_else_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.1)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1.0)
    turns, begun = FairTurns(2), threading.Event()

    def ask() -> None:
        with turns.turn("flood"):
            begun.set()

    with turns.turn("flood"):
        time.sleep(0.2)
    thread = threading.Thread(target=ask)
    with turns.turn("neighbour"):
        thread.start()
        assert not begun.wait(0.4)
    thread.join(30)
    assert begun.is_set()


def test_who_floods_stops_between_two_steps_while_somebody_else_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.1)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 30.0)
    monkeypatch.setattr(module, "GIVE_WAY_SECONDS", 30.0)
    turns, passed = FairTurns(2), threading.Event()
    with turns.turn("flood"):
        time.sleep(0.2)
        turns.give_way("flood")
    served, done = threading.Event(), threading.Event()

    def neighbour() -> None:
        with turns.turn("neighbour"):
            turns.give_way("neighbour")
            served.set()
            assert done.wait(30)

    def flood() -> None:
        turns.give_way("flood")
        passed.set()

    threads = [threading.Thread(target=neighbour), threading.Thread(target=flood)]
    with turns.turn("flood"):
        threads[0].start()
        assert served.wait(30)
        threads[1].start()
        assert not passed.wait(0.3)
        done.set()
        assert passed.wait(30)
    for thread in threads:
        thread.join(30)


def crowd(turns: FairTurns, tenant_id: str, count: int) -> list[threading.Thread]:
    """Requests of a tenant that wait for their turn."""

    def ask() -> None:
        with turns.turn(tenant_id):
            pass

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_who_asks_for_much_at_once_waits_while_somebody_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 30.0)
    turns = FairTurns(2)
    with turns.turn("crowd"):
        pass
    with turns.turn("neighbour"), turns.turn("crowd"):
        threads = crowd(turns, "crowd", module.CROWD - 1)
        wait_until(turns, module.CROWD - 1)
        assert turns._floods("crowd")
        assert not turns._floods("neighbour")
    for thread in threads:
        thread.join(30)


def test_a_page_of_many_requests_need_not_wait_for_who_never_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 30.0)
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.1)
    turns = FairTurns(2)
    with turns.turn("page"):
        pass
    with turns.turn("never pauses"):
        time.sleep(0.2)
    with turns.turn("never pauses"), turns.turn("page"):
        threads = crowd(turns, "page", module.CROWD)
        wait_until(turns, module.CROWD)
        assert not turns._floods("page")
        assert turns._floods("never pauses")
    for thread in threads:
        thread.join(30)


def test_giving_way_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.0)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 30.0)
    turns = FairTurns(2)
    with turns.turn("flood"):
        time.sleep(0.05)
    with turns.turn("neighbour"):
        turns.give_way("flood")


def test_who_waits_for_others_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.1)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 30.0)
    monkeypatch.setattr(module, "ABOUT_SECONDS", 60.0)
    turns = FairTurns(2)

    def ask() -> None:
        with turns.turn("flood"):
            pass

    with turns.turn("flood"):
        time.sleep(0.2)
    thread = threading.Thread(target=ask)
    with turns.turn("neighbour"):
        thread.start()
        wait_until(turns, 1)
        began = time.monotonic()
        with turns.turn("neighbour"):
            assert time.monotonic() - began < 10
    thread.join(30)


def test_who_floods_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.0)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    turns = FairTurns(2)
    with turns.turn("flood"):
        time.sleep(0.05)
    with turns.turn("neighbour"), turns.turn("flood"):
        pass


def test_who_asks_now_and_then_takes_any_free_place() -> None:
    turns = FairTurns(2)
    with turns.turn("person"):
        time.sleep(0.05)
    began = time.monotonic()
    with turns.turn("neighbour"), turns.turn("person"):
        assert time.monotonic() - began < module.PATIENCE_SECONDS / 2

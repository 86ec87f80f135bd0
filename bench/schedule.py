"""A month of polling 500 made-up feeds with a clock that jumps, through the schedule of services/sources/schedule.py.

    python -m bench.schedule            the figures
    python -m bench.schedule --sweep    the same for other values of the schedule's constants

The feeds: busy, steady, slow, by day, by week, in bursts, silent; 10 to 50 items long. Some servers ask for waits, some
say "not modified" wrongly, some refuse with 429 or fail with 5xx for hours or days. From day 12 everything fails for
three days; on day 20 our own network is down for six hours.

What the number of requests is compared with: an oracle that knows each feed's whole history and every failure. It polls
at a constant interval, the longest that (a) keeps the promise of one poll per average gap, between 5 minutes and a day,
(b) sees 99 % of the feed's items before they leave it and (c) is not below what the server asks for; and it asks
nothing while nobody answers. It does not know single items beforehand. Being constant, it can be beaten by whoever polls
less at night. `clairvoyant_ratio` compares with the fewest polls of somebody who does know each item, waits as long as
(a) and (c) let it and polls just before an item would be missed; nobody can reach it. An item counts as missed when it
left the feed unseen although somebody could have seen it.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bench.common import Target, record
from services.sources import schedule
from services.sources.schedule import PollOutcome, ScheduleState, after_poll, network_down, plan_poll

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = 86_400.0
HISTORY = 21 * DAY
OUTAGE = (12 * DAY, 15 * DAY)
OWN_OUTAGE = (20 * DAY, 20.25 * DAY)
TARGETS = {
    "requests_ratio": Target(1.3, at_most=True),
    "seen_share": Target(0.99),
    "late_seconds_p50": Target(60, at_most=True),
    "active_wait_minutes_p95": Target(15, at_most=True),
    "liars_seen_share": Target(0.97),
    "unneeded_full_share": Target(0.1, at_most=True),
    "interval_after_outage_p95": Target(1.5, at_most=True),
    "lost_feeds": Target(0, at_most=True),
    "hours_to_return_max": Target(24, at_most=True),
}
SWEPT: dict[str, tuple[float, ...]] = {
    "ITEMS_PER_POLL": (0.75, 1.0, 1.5),
    "STEADINESS": (4.0, 8.0, 16.0),
    "MAX_SHORTER": (0.25, 0.5),
    "MAX_LONGER": (1.06, 1.12, 1.25),
    "MAX_TURNOVER": (0.2, 1 / 3, 0.5),
    "PATIENCE_INTERVALS": (4, 8, 16, 1000),
}


@dataclass
class Feed:
    """A feed that exists only here. Times are seconds from START; `phases` are (from, to, status, error, wait)."""

    kind: str
    items: NDArray[np.float64]
    length: int
    ttl: float
    lies: bool
    same_validators: bool
    phases: list[tuple[float, float, int | None, str | None, float]]
    state: ScheduleState
    seen: int = 0
    last_body: int = -1
    polls: int = 0
    useless_polls: int = 0
    missed: int = 0
    unneeded_full: int = 0
    poll_times: list[float] = field(default_factory=list)
    # Wait of each item, the interval it fell into, and when that ended.
    waits: list[tuple[float, float, float]] = field(default_factory=list)

    def phase_at(self, t: float) -> tuple[float, float, int | None, str | None, float] | None:
        """The failure that holds at a time, if one does."""
        return next((phase for phase in self.phases if phase[0] <= t < phase[1]), None)


# Items per day and share of feeds, the profile of a day or week, and how many items come together.
KINDS: dict[str, tuple[float, float, float]] = {
    "busy": (80, 200, 0.08),
    "steady": (10, 60, 0.22),
    "by_day": (10, 60, 0.2),
    "by_week": (2, 20, 0.12),
    "bursts": (4, 40, 0.12),
    "slow": (0.3, 3, 0.16),
    "silent": (0.01, 0.1, 0.1),
}


def make_feed(kind: str, days: float, rng: np.random.Generator) -> Feed:
    """One feed of a kind, with its items from three weeks before START on."""
    low, high, _ = KINDS[kind]
    per_day = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    span = HISTORY + days * DAY
    size = float(rng.uniform(3, 12)) if kind == "bursts" else 1.0
    peak = 3.0 if kind in ("by_day", "by_week") else 1.0
    times = np.sort(rng.uniform(0, span, rng.poisson(peak * per_day / size * span / DAY))) - HISTORY
    if kind in ("by_day", "by_week"):
        times = times[rng.random(len(times)) < _profile(kind, times)]
    if kind == "bursts":
        times = np.sort(
            np.concatenate([t + rng.exponential(300, 1 + rng.poisson(size - 1)).cumsum() for t in times] or [times])
        )
    length = int(rng.integers(10, 51))
    first = schedule.DEFAULT_INTERVAL
    state = ScheduleState(int(first.total_seconds()), START + timedelta(seconds=float(rng.uniform(0, 3600))))
    ttl = float(rng.choice([300, 900, 1800, 3600])) if rng.random() < 0.25 else 0.0
    lies = bool(rng.random() < 0.05)
    return Feed(kind, times, length, ttl, lies, bool(rng.random() < 0.5), _phases(rng, days), state)


def _profile(kind: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that an item of a three times too busy feed is kept: mornings to evenings, or working days."""
    hour, day = (times % DAY) / 3600, (times // DAY) % 7
    by_day = np.where((hour >= 6) & (hour < 20), 0.55, 0.03)
    return by_day if kind == "by_day" else np.where(day < 5, 0.46, 0.02)


def _phases(rng: np.random.Generator, days: float) -> list[tuple[float, float, int | None, str | None, float]]:
    phases: list[tuple[float, float, int | None, str | None, float]] = []
    if days * DAY > OUTAGE[1]:
        status, error = [(503, None), (503, None), (503, None), (None, "timeout"), (None, "dns")][rng.integers(5)]
        phases.append((*OUTAGE, status, error, 0.0))
    for chance, hours, status, wait in ((0.1, 4, 429, 3600.0), (0.1, 12, 502, 0.0), (0.03, 48, 404, 0.0)):
        if rng.random() < chance:
            start = float(rng.uniform(1, days - 3)) * DAY
            phases.append((start, start + hours * 3600 * float(rng.uniform(0.5, 1.5)), status, None, wait))
    return phases


def make_feeds(count: int, days: float, seed: int) -> list[Feed]:
    """Feeds of all kinds in their shares."""
    rng = np.random.default_rng(seed)
    shares = np.array([share for _, _, share in KINDS.values()])
    return [make_feed(str(kind), days, rng) for kind in rng.choice(list(KINDS), count, p=shares / shares.sum())]


def play(feeds: list[Feed], days: float, seed: int) -> None:
    """Poll the feeds as the schedule says until the days are over."""
    rng = random.Random(seed)
    attempts: deque[tuple[str, datetime, str | None]] = deque()
    queue = [(_seconds(feed.state.next_poll_at), number) for number, feed in enumerate(feeds)]
    heapq.heapify(queue)
    end = days * DAY
    while queue and queue[0][0] < end:
        t, number = heapq.heappop(queue)
        feed, now = feeds[number], START + timedelta(seconds=t)
        outcome = _answer(feed, t, now)
        while attempts and now - attempts[0][1] > schedule.NETWORK_WINDOW:
            attempts.popleft()
        attempts.append((str(number), now, outcome.error))
        if outcome.error in schedule.CONNECTION_ERRORS and network_down(attempts, now):
            outcome = PollOutcome(error=outcome.error, network_down=True)
        feed.state = after_poll(feed.state, outcome, now, rng)
        heapq.heappush(queue, (_seconds(feed.state.next_poll_at), number))


def _seconds(at: datetime) -> float:
    return (at - START).total_seconds()


def _answer(feed: Feed, t: float, now: datetime) -> PollOutcome:
    if OWN_OUTAGE[0] <= t < OWN_OUTAGE[1]:
        return PollOutcome(error="connection")
    feed.polls += 1
    if phase := feed.phase_at(t):
        feed.useless_polls += 1
        return PollOutcome(phase[2], phase[3], wait_seconds=phase[4])
    there = bisect_right(feed.items, t)
    conditional = plan_poll(feed.state, now, has_validators=feed.last_body >= 0)
    previous = feed.poll_times[-1] if feed.poll_times else None
    feed.poll_times.append(t)
    if conditional and (feed.lies or there == feed.last_body):
        return PollOutcome(304, wait_seconds=feed.ttl)
    oldest = max(there - feed.length, 0)
    first = max(feed.seen, oldest)
    if previous is not None:
        interval = t - previous
        feed.waits += [(t - at, interval, t) for at in feed.items[first:there].tolist()]
        feed.missed += sum(_could_be_seen(feed, each) for each in range(feed.seen, oldest))
    started = feed.state.succeeded_at is None
    dates = [START + timedelta(seconds=at) for at in feed.items[oldest:there].tolist()] if started else ()
    earliest = START + timedelta(seconds=float(feed.items[first])) if first < there else None
    feed.unneeded_full += not feed.lies and there == feed.last_body
    feed.seen, feed.last_body = there, there
    return PollOutcome(
        200,
        item_count=there - oldest,
        new_count=there - first,
        dates=dates,
        oldest_new_at=earliest,
        same_validators=feed.lies and feed.same_validators,
        wait_seconds=feed.ttl,
    )


def _could_be_seen(feed: Feed, item: int) -> bool:
    """Whether an item was ever in the feed while it could be reached."""
    there, gone = feed.items[item], feed.items[item + feed.length]
    walls = [*feed.phases, (*OWN_OUTAGE, None, None, 0.0)]
    return not any(phase[0] <= there and gone <= phase[1] for phase in walls)


def oracle_polls(feed: Feed, days: float) -> float:
    """The polls of the oracle that the module describes."""
    end = days * DAY
    inside = feed.items[(feed.items >= 0) & (feed.items < end)]
    longest = min(max(end / max(len(inside), 1), 300.0), DAY)
    while longest > 300.0 and _missed_at(feed, longest, end) > 0.01 * len(inside):
        longest = max(longest / 1.1, 300.0)
    down = sum(phase[1] - phase[0] for phase in feed.phases) + (
        OWN_OUTAGE[1] - OWN_OUTAGE[0] if end > OWN_OUTAGE[1] else 0
    )
    return (end - down) / max(longest, feed.ttl)


def clairvoyant_polls(feed: Feed, days: float) -> int:
    """The fewest polls with which every item is seen in time, when all items are known beforehand."""
    end = days * DAY
    bound = max(min(max(_mean_gap(feed, days), 300.0), DAY), feed.ttl)
    gone = np.append(feed.items[feed.length :], np.full(min(feed.length, len(feed.items)), np.inf))
    polls, polled_at = 0, 0.0
    # Both ends of the times in which an item can be seen grow with the items, so the earliest end is always next.
    for there, until in zip(feed.items.tolist(), np.minimum(feed.items + bound, gone).tolist(), strict=True):
        if polled_at < there < end:
            polls, polled_at = polls + 1, until
    return polls


def _missed_at(feed: Feed, interval: float, end: float) -> int:
    counts = np.searchsorted(feed.items, np.arange(0, end, interval))
    return int(np.maximum(np.diff(counts) - feed.length, 0).sum())


def figures(feeds: list[Feed], days: float) -> dict[str, float]:
    """What the run came to; TARGETS says what it must."""
    minimal = sum(oracle_polls(feed, days) for feed in feeds)
    seen = sum(len(feed.waits) for feed in feeds)
    missed = sum(feed.missed for feed in feeds)
    waits = np.array([wait for feed in feeds for wait in feed.waits])
    active = [feed for feed in feeds if _mean_gap(feed, days) <= 900 and feed.ttl <= 900]
    active_waits = [wait for feed in active for wait in _outside_outages(feed)]
    liars = [feed for feed in feeds if feed.lies]
    liars_seen, liars_missed = sum(len(feed.waits) for feed in liars), sum(feed.missed for feed in liars)
    after = [ratio for ratio in map(_interval_after_outage, feeds) if ratio is not None]
    back = [_hours_to_return(feed) for feed in feeds]
    return {
        "polls": float(sum(feed.polls for feed in feeds)),
        "useless_polls": float(sum(feed.useless_polls for feed in feeds)),
        "minimal_polls": round(minimal),
        "requests_ratio": round(sum(feed.polls for feed in feeds) / minimal, 3),
        "clairvoyant_ratio": round(
            sum(feed.polls for feed in feeds) / sum(clairvoyant_polls(feed, days) for feed in feeds), 2
        ),
        "seen_share": round(seen / (seen + missed), 5),
        "late_seconds_p50": round(float(np.median(waits[:, 0] - waits[:, 1] / 2)), 1),
        "wait_share_p50": round(float(np.median(waits[:, 0] / waits[:, 1])), 3),
        "active_wait_minutes_p95": round(float(np.percentile(active_waits, 95)) / 60, 2),
        "liars_seen_share": round(liars_seen / max(liars_seen + liars_missed, 1), 5),
        "unneeded_full_share": round(sum(feed.unneeded_full for feed in feeds) / sum(feed.polls for feed in feeds), 4),
        "interval_after_outage_p95": round(float(np.percentile(after, 95)), 2),
        "lost_feeds": float(sum(hours is None for hours in back)),
        "hours_to_return_max": round(max(hours for hours in back if hours is not None), 2),
        "hours_to_return_p50": round(float(np.median([hours for hours in back if hours is not None])), 2),
    }


def _mean_gap(feed: Feed, days: float) -> float:
    return days * DAY / max(int(((feed.items >= 0) & (feed.items < days * DAY)).sum()), 1)


def _outside_outages(feed: Feed) -> list[float]:
    """Waits of items that no failure delayed."""
    walls = [(phase[0], phase[1]) for phase in feed.phases] + [OWN_OUTAGE]
    return [
        wait for wait, interval, t in feed.waits if not any(start <= t and t - interval <= end for start, end in walls)
    ]


def _interval_after_outage(feed: Feed) -> float | None:
    """The first whole interval after the three days over the longest of the two days before (nights are slower)."""
    before = np.diff([t for t in feed.poll_times if OUTAGE[0] - 2 * DAY <= t < OUTAGE[0]])
    after = [t for t in feed.poll_times if t >= OUTAGE[1]]
    if len(before) < 2 or len(after) < 2 or feed.phases[1:]:
        return None
    return (after[1] - after[0]) / float(before.max())


def _hours_to_return(feed: Feed) -> float | None:
    """Hours from the end of the three days to the next answer, after any failure of the feed's own."""
    own = [phase[1] for phase in feed.phases if phase[0] < OUTAGE[1] + DAY < phase[1] + DAY and phase[1] > OUTAGE[1]]
    end = max([OUTAGE[1], *own])
    later = [t for t in feed.poll_times if t >= end]
    return (later[0] - end) / 3600 if later else None


def missed_targets(found: dict[str, float]) -> dict[str, float]:
    """The figures that do not reach their target."""
    return {name: found[name] for name, target in TARGETS.items() if not target.met(found[name])}


def by_kind(feeds: list[Feed], days: float) -> dict[str, tuple[float, float]]:
    """Requests over the oracle's, and share of items seen, for each kind of feed."""
    table = {}
    for kind in KINDS:
        some = [feed for feed in feeds if feed.kind == kind]
        seen, missed = sum(len(feed.waits) for feed in some), sum(feed.missed for feed in some)
        ratio = sum(feed.polls for feed in some) / sum(oracle_polls(feed, days) for feed in some)
        table[kind] = (round(ratio, 3), round(seen / max(seen + missed, 1), 4))
    return table


def sweep(count: int, days: float, seed: int) -> None:
    """Print what other values of each constant would give, all else as it is."""
    for name, values in SWEPT.items():
        chosen = getattr(schedule, name)
        for value in values:
            setattr(schedule, name, value)
            feeds = make_feeds(count, days, seed)
            play(feeds, days, seed)
            found = figures(feeds, days)
            shown = {
                each: found[each]
                for each in ("requests_ratio", "seen_share", "active_wait_minutes_p95", "hours_to_return_p50")
            }
            print(f"{name}={value}{' (chosen)' if value == chosen else ''}: {shown}")
        setattr(schedule, name, chosen)


def main() -> int:
    """Play a month, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sweep", action="store_true")
    options = parser.parse_args()
    if options.sweep:
        sweep(options.feeds, options.days, options.seed)
        return 0
    feeds = make_feeds(options.feeds, options.days, options.seed)
    play(feeds, options.days, options.seed)
    found = figures(feeds, options.days)
    rest = {"figures": found, "missed": missed_targets(found), "by_kind": by_kind(feeds, options.days)}
    what = "requests of a month / the oracle's"
    return record("schedule", what, found["requests_ratio"], TARGETS["requests_ratio"], rest, also=not rest["missed"])


if __name__ == "__main__":
    sys.exit(main())

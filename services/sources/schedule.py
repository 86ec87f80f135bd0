"""When a source is polled next: its own tempo, what its server asks for, and patience with failures.

The start is the average gap between a feed's items (as Miniflux has it). Then a controller keeps about one new item a
poll (after Media Cloud's share of duplicates): a poll that brings more shortens the interval, one that brings none
lengthens it. Failures double the wait up to a day, then a week; no source is ever given up.

Constants were swept over 500 feeds and 30 days: `python -m bench.schedule --sweep` repeats it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MIN_INTERVAL, MAX_INTERVAL = timedelta(minutes=5), timedelta(hours=24)
# For feeds whose items carry no dates that tell anything.
DEFAULT_INTERVAL = timedelta(hours=1)
RECENT = timedelta(days=7)

# New items that a poll should bring, and how many it would take to change our mind at once: larger is steadier.
ITEMS_PER_POLL = 1.0
STEADINESS = 8.0
MAX_SHORTER, MAX_LONGER = 0.25, 1.12
# The part of a feed that may turn over between two polls, so that none of its items is missed in a burst.
MAX_TURNOVER = 1 / 3
# All of a feed was new: nobody knows how much was missed.
MISSED_SHORTER = 0.25

# Weight of a failure in the streak. The wait doubles with each whole one.
HARD, SOFT, TEMPORARY = 1.0, 0.5, 0.25
SOFT_STATUSES = frozenset({404, 408, 425, 429})
SOFT_ERRORS = frozenset({"tls", "dns"})
TEMPORARY_ERRORS = frozenset({"timeout", "connection"})
# The longest wait is a day, and less for a busy source: so many intervals, at least as many hours, so that it is back
# soon after a long outage. After PROBE_AFTER and two weeks without an answer it is asked once a week.
PATIENCE_INTERVALS, PATIENCE_MIN = 8, timedelta(hours=2)
PROBE_AFTER, PROBE_SILENCE = 30.0, timedelta(days=14)
PROBE_INTERVAL = timedelta(days=7)
# Spread of waits after failures (upwards) and of ordinary ones (both ways), as parts of the wait.
FAILURE_JITTER, JITTER = 0.25, 0.05

# Some servers say "not modified" when it was: every 24th poll asks for everything, and one when a source has been
# silent for three intervals. One that was caught is not asked conditionally for this many polls.
FULL_EVERY = 24
SILENT_INTERVALS = 3
DISTRUSTED_POLLS = 200
# How much older than our last look an item must be before the answer then was wrong: publishers date back a little.
BACKDATED = timedelta(hours=1)

# Our own network is down when more than half of at least three hosts cannot be connected to within a minute.
NETWORK_WINDOW = timedelta(minutes=1)
NETWORK_HOSTS, NETWORK_SHARE = 3, 0.5
# The wait then: a part of the time since the last poll that counted, so that a long failure is not hammered at.
NETWORK_RETRY, NETWORK_RETRY_MAX, NETWORK_PATIENCE = timedelta(minutes=2), timedelta(hours=1), 0.25
CONNECTION_ERRORS = frozenset({"dns", "timeout", "connection"})


@dataclass(frozen=True)
class ScheduleState:
    """What the schedule keeps of a source; the fields are columns of models.Source.

    `failures` is the weighted streak, 0 after a success. `conditional_polls` counts those since the last full answer;
    below zero it says for how many more polls the server's "not modified" is not trusted.
    """

    interval_seconds: int
    next_poll_at: datetime
    poll_count: int = 0
    failures: float = 0.0
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    new_at: datetime | None = None
    error_count: int = 0
    conditional_polls: int = 0


@dataclass(frozen=True)
class PollOutcome:
    """What a poll brought. `error`: dns, tls, timeout, connection, invalid or another word; None when there was none.

    `item_count` and `new_count` of the feed; `dates` are its items' dates, `oldest_new_at` the earliest of new ones.
    `same_validators`: the answer was full, yet carries the ETag or Last-Modified that we had sent.
    `wait_seconds`: what the server asked for, as server_wait gives it. `network_down` as network_down says.
    """

    status: int | None = None
    error: str | None = None
    item_count: int = 0
    new_count: int = 0
    dates: Sequence[datetime] = ()
    oldest_new_at: datetime | None = None
    same_validators: bool = False
    wait_seconds: float = 0.0
    network_down: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the source answered, with something new or nothing."""
        return self.error is None and self.status is not None and (200 <= self.status < 300 or self.status == 304)


def server_wait(
    now: datetime,
    *,
    ttl_seconds: float | None = None,
    max_age_seconds: float | None = None,
    expires_at: datetime | None = None,
    retry_at: datetime | None = None,
) -> float:
    """The longest wait in seconds that a server asks for by a feed's ttl, Cache-Control, Expires, Retry-After; 0 to a day."""
    asked = [ttl_seconds or 0.0, max_age_seconds or 0.0]
    asked += [(at - now).total_seconds() for at in (expires_at, retry_at) if at is not None]
    # A number that is none compares false, so it never wins.
    return max(0.0, min(max(each for each in [0.0, *asked] if each == each), MAX_INTERVAL.total_seconds()))


def first_interval(dates: Iterable[datetime], now: datetime) -> timedelta:
    """How often to poll a source nobody has watched yet: the average gap of its items, 5 minutes to a day.

    Items of the last week count when there are two, so that a feed that has become busy is read as one.
    """
    past = sorted(at for at in dates if at <= now)
    recent = [at for at in past if at > now - RECENT]
    counted = recent if len(recent) >= 2 else past
    if len(counted) == 1:
        return max(_clamp(now - counted[0]), DEFAULT_INTERVAL)
    if not counted or counted[0] == counted[-1]:
        return DEFAULT_INTERVAL
    return _clamp((now - counted[0]) / len(counted) * ITEMS_PER_POLL)


def plan_poll(state: ScheduleState, now: datetime, *, has_validators: bool = True) -> bool:
    """Whether the next poll may be conditional; a full one asks for everything and compares the body's hash."""
    if not has_validators or not 0 <= state.conditional_polls < FULL_EVERY - 1:
        return False
    if state.new_at is None:
        return True
    interval = timedelta(seconds=state.interval_seconds)
    doubtful_at = state.new_at + interval * SILENT_INTERVALS
    last_full_at = (state.polled_at or now) - interval * max(state.conditional_polls - 1, 0)
    return not (state.conditional_polls > 0 and last_full_at < doubtful_at <= now)


def after_poll(state: ScheduleState, outcome: PollOutcome, now: datetime, rng: random.Random) -> ScheduleState:
    """The state after a poll that ended `now`. `next_poll_at` lies after `now`, at most a day (a week for a probe)."""
    if outcome.network_down:
        since = (now - (state.polled_at or now)) * NETWORK_PATIENCE
        rest = min(max(since, NETWORK_RETRY), NETWORK_RETRY_MAX)
        return replace(state, next_poll_at=now + rest * (1 + FAILURE_JITTER * rng.random()))
    polled = replace(state, poll_count=state.poll_count + 1, polled_at=now)
    if not outcome.succeeded:
        return _after_failure(polled, outcome, now, rng)
    interval = int(_next_interval(state, outcome, now).total_seconds())
    wait = max(interval * (1 + JITTER * (2 * rng.random() - 1)), outcome.wait_seconds)
    return replace(
        polled,
        interval_seconds=interval,
        next_poll_at=now + _clamp(timedelta(seconds=wait)),
        failures=0.0,
        error_count=0,
        succeeded_at=now,
        new_at=now if outcome.new_count else state.new_at,
        conditional_polls=_conditional_polls(state, outcome),
    )


def weight(outcome: PollOutcome) -> float:
    """How much a failure counts: 1 for what lasts, a half for what may pass, a quarter for what usually does."""
    if outcome.error in TEMPORARY_ERRORS:
        return TEMPORARY
    status = outcome.status or 0
    return SOFT if outcome.error in SOFT_ERRORS or status in SOFT_STATUSES or 500 <= status < 600 else HARD


def network_down(attempts: Iterable[tuple[str, datetime, str | None]], now: datetime) -> bool:
    """Whether our own network fails, by (host, time, error or None) of recent polls: then no failure counts.

    A host counts as failed when nobody reached it within the last minute.
    """
    reached: dict[str, bool] = {}
    for host, at, error in attempts:
        if now - NETWORK_WINDOW <= at <= now:
            reached[host] = reached.get(host, False) or error not in CONNECTION_ERRORS
    failed = sum(not reachable for reachable in reached.values())
    return len(reached) >= NETWORK_HOSTS and failed / len(reached) > NETWORK_SHARE


def _after_failure(state: ScheduleState, outcome: PollOutcome, now: datetime, rng: random.Random) -> ScheduleState:
    failures = state.failures + weight(outcome)
    silent = state.succeeded_at is None or now - state.succeeded_at >= PROBE_SILENCE
    if failures >= PROBE_AFTER and silent:
        wait = PROBE_INTERVAL.total_seconds() / (1 + FAILURE_JITTER * rng.random())
    else:
        wait = backoff_seconds(state.interval_seconds, failures) * (1 + FAILURE_JITTER * rng.random())
    wait = max(wait, outcome.wait_seconds)
    next_poll_at = now + timedelta(seconds=wait)
    return replace(state, failures=failures, error_count=state.error_count + 1, next_poll_at=next_poll_at)


def backoff_seconds(interval_seconds: float, failures: float) -> float:
    """The wait in seconds after a weighted streak of failures, before jitter, which may add a quarter: at most a day with it."""
    interval = max(float(interval_seconds), MIN_INTERVAL.total_seconds())
    most = max(interval * PATIENCE_INTERVALS, PATIENCE_MIN.total_seconds())
    return min(interval * math.exp2(min(failures, 12.0)), most, MAX_INTERVAL.total_seconds() / (1 + FAILURE_JITTER))


def _next_interval(state: ScheduleState, outcome: PollOutcome, now: datetime) -> timedelta:
    if state.succeeded_at is None:
        return first_interval(outcome.dates, now)
    interval = _clamp(timedelta(seconds=state.interval_seconds))
    elapsed = max(now - state.succeeded_at, timedelta(seconds=1))
    # What a source of the tempo we believe in would have brought since: an outage is no sign of a busy feed.
    expected = ITEMS_PER_POLL * min(elapsed / interval, 100.0)
    factor = (expected + STEADINESS) / (outcome.new_count + STEADINESS)
    wanted = interval * min(max(factor, MAX_SHORTER), MAX_LONGER)
    share = outcome.new_count / max(outcome.item_count, 1)
    if share >= 1 and outcome.new_count > 1:
        wanted = min(wanted, elapsed * MISSED_SHORTER)
    elif share > MAX_TURNOVER:
        wanted = min(wanted, elapsed * (MAX_TURNOVER / share))
    return _clamp(wanted)


def _conditional_polls(state: ScheduleState, outcome: PollOutcome) -> int:
    if outcome.status == 304:
        return max(state.conditional_polls, 0) + 1
    told_wrongly = outcome.new_count > 0 and (
        outcome.same_validators
        or (
            state.conditional_polls > 0
            and outcome.oldest_new_at is not None
            and state.polled_at is not None
            and outcome.oldest_new_at < state.polled_at - BACKDATED
        )
    )
    if told_wrongly:
        return -DISTRUSTED_POLLS
    return min(state.conditional_polls + 1, 0) if state.conditional_polls < 0 else 0


def _clamp(interval: timedelta) -> timedelta:
    return min(max(interval, MIN_INTERVAL), MAX_INTERVAL)

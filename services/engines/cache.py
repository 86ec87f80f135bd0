"""Small memories of this process: values that expire, and buckets that limit a rate. Thread-safe and bounded."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Value = TypeVar("Value")
Clock = Callable[[], float]


class ExpiringCache(Generic[Value]):
    """Values kept for at most `max_age_seconds`, the oldest leaving first when there are more than `max_items`.

    `forget` also stops a look-up that began before it from putting its outdated value back: pass the `version`
    read before the look-up to `put`.
    """

    def __init__(self, max_age_seconds: float, *, max_items: int = 10_000, clock: Clock = time.monotonic) -> None:
        self.max_age_seconds = max_age_seconds
        self.max_items = max_items
        self.version = 0
        self._clock = clock
        self._items: OrderedDict[str, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        """The value, or None when it is unknown or too old."""
        with self._lock:
            item = self._items.get(key)
            if item is None:
                return None
            if self._clock() - item[0] >= self.max_age_seconds:
                del self._items[key]
                return None
            return item[1]

    def put(self, key: str, value: Value, *, version: int) -> None:
        """Keep a value that was read when the cache had this `version`; an outdated one is not kept."""
        with self._lock:
            if version != self.version:
                return
            self._items[key] = (self._clock(), value)
            self._items.move_to_end(key)
            while len(self._items) > self.max_items:
                self._items.popitem(last=False)

    def forget(self, key: str) -> None:
        """Drop a value now, and every look-up that is still under way."""
        with self._lock:
            self.version += 1
            self._items.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self.version += 1
            self._items.clear()


@dataclass
class Bucket:
    """Tokens left and when they were counted."""

    tokens: float
    counted_at: float


@dataclass(frozen=True)
class Allowance:
    """What a bucket said: whether the call may go on, what is left, and when one more (or all) will be there."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: int


class Buckets(Protocol):
    """A token bucket per key. `take` counts a call, `give_back` uncounts it, `reset` fills the bucket."""

    limit: int
    window_seconds: float

    def take(self, key: str) -> Allowance:
        """Take one token if there is one."""

    def give_back(self, key: str) -> None:
        """Return one token, for an attempt that turned out not to count."""

    def reset(self, key: str) -> None:
        """Fill the bucket."""


class TokenBuckets:
    """A token bucket per key: `limit` tokens, refilled evenly over `window_seconds`."""

    def __init__(
        self, limit: int, window_seconds: float, *, max_items: int = 50_000, clock: Clock = time.monotonic
    ) -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self.max_items = max_items
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> Allowance:
        """Take one token if there is one."""
        with self._lock:
            bucket = self._refilled(key)
            allowed = bucket.tokens >= 1
            if allowed:
                bucket.tokens -= 1
            return self._allowance(bucket, allowed)

    def give_back(self, key: str) -> None:
        """Return one token, for an attempt that turned out not to count."""
        with self._lock:
            bucket = self._refilled(key)
            bucket.tokens = min(self.limit, bucket.tokens + 1)

    def reset(self, key: str) -> None:
        """Fill the bucket."""
        with self._lock:
            self._buckets.pop(key, None)

    def _refilled(self, key: str) -> Bucket:
        now = self._clock()
        bucket = self._buckets.pop(key, None) or Bucket(self.limit, now)
        bucket.tokens = min(self.limit, bucket.tokens + (now - bucket.counted_at) * self._per_second)
        bucket.counted_at = now
        self._buckets[key] = bucket
        while len(self._buckets) > self.max_items:
            self._buckets.popitem(last=False)
        return bucket

    @property
    def _per_second(self) -> float:
        return self.limit / self.window_seconds

    def _allowance(self, bucket: Bucket, allowed: bool) -> Allowance:
        return allowance(self.limit, self.window_seconds, bucket.tokens, allowed=allowed)


def allowance(limit: int, window_seconds: float, tokens: float, *, allowed: bool) -> Allowance:
    """What to tell the caller about a bucket that holds so many tokens."""
    per_second = limit / window_seconds
    return Allowance(
        allowed=allowed,
        limit=limit,
        remaining=int(tokens),
        reset_seconds=-int(-(limit - tokens) // per_second),
        retry_after_seconds=max(1, -int(-max(0.0, 1 - tokens) // per_second)),
    )

"""Rate limits that several processes share through Redis, and that hold in each process while Redis is away."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

import redis

from services.engines.cache import Allowance, TokenBuckets, allowance

# A request waits no longer than this for Redis; after a failure nobody asks again for a while.
TIMEOUT_SECONDS = 0.25
AWAY_SECONDS = 5.0

# KEYS[1] a bucket. ARGV: limit, tokens per second, tokens to take (-1 gives one back), life in ms.
# Redis's own clock, so that hosts need not agree. Returns whether it was allowed, and the tokens left as text.
TAKE = """
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local limit, taken = tonumber(ARGV[1]), tonumber(ARGV[3])
local tokens = tonumber(stored[1] or limit) + math.max(0, now - tonumber(stored[2] or now)) * tonumber(ARGV[2])
tokens = math.min(limit, tokens)
local allowed = tokens >= taken
if allowed then tokens = math.min(limit, tokens - taken) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {allowed and 1 or 0, tostring(tokens)}
"""


class SharedBuckets:
    """Token buckets in Redis. While it cannot be reached each process counts for itself: limits grow, and hold."""

    def __init__(self, client: redis.Redis, name: str, limit: int, window_seconds: float) -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self._client = client
        self._name = name
        self._script = client.register_script(TAKE)
        self._local = TokenBuckets(limit, window_seconds)
        self._away_until = 0.0
        self._lock = threading.Lock()

    def take(self, key: str) -> Allowance:
        """Take one token if there is one."""
        said = self._ask(lambda: self._run(key, 1))
        if said is None:
            return self._local.take(key)
        return allowance(self.limit, self.window_seconds, float(said[1]), allowed=bool(said[0]))

    def give_back(self, key: str) -> None:
        """Return one token."""
        if self._ask(lambda: self._run(key, -1)) is None:
            self._local.give_back(key)

    def reset(self, key: str) -> None:
        """Fill the bucket."""
        self._ask(lambda: self._client.delete(self._key(key)))
        self._local.reset(key)

    def _key(self, key: str) -> str:
        """Where a bucket lies: by a digest, since keys hold addresses of people."""
        return f"tidings:rate:{self._name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"

    def _run(self, key: str, taken: int) -> Any:
        per_second = self.limit / self.window_seconds
        life_ms = int(self.window_seconds * 1000) + 1000
        return self._script(keys=[self._key(key)], args=[self.limit, per_second, taken, life_ms])

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Redis's answer; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return question()
        except redis.RedisError:
            with self._lock:
                self._away_until = time.monotonic() + AWAY_SECONDS
            return None


def connect(url: str) -> redis.Redis:
    """A client that gives up quickly. Nothing is sent before the first use."""
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=30
    )

"""What a Redis server says of itself. INFO and TIME alone: managed servers often forbid CONFIG."""

from __future__ import annotations

import time
from dataclasses import dataclass

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from services.errors import EngineUnavailable

TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True)
class RedisFacts:
    """Sizes in bytes, `max_memory` 0 for no limit. `skew_seconds`: the server's clock minus ours."""

    version: tuple[int, ...]
    role: str
    policy: str
    max_memory: int
    used_memory: int
    has_log: bool
    log_ok: bool
    snapshot_ok: bool
    loading: bool
    asks_password: bool
    skew_seconds: float


def redis_facts(url: str) -> RedisFacts:
    """Ask. Raises: EngineUnavailable that says what to do."""
    try:
        with Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
        ) as client:
            info = client.info()
            before = time.time()
            seconds, micros = client.time()
            skew = seconds + micros / 1e6 - (before + time.time()) / 2
            asks = asks_password(client)
    except AuthenticationError as error:
        raise EngineUnavailable("Redis refuses the password of TIDINGS_BROKER_URL.") from error
    except (OSError, RedisError) as error:
        raise EngineUnavailable(f"Redis does not answer ({type(error).__name__}).") from error
    return RedisFacts(
        version=tuple(int(part) for part in str(info["redis_version"]).split(".")[:3]),
        role=str(info["role"]),
        policy=str(info["maxmemory_policy"]),
        max_memory=int(info["maxmemory"]),
        used_memory=int(info["used_memory"]),
        has_log=bool(info["aof_enabled"]),
        log_ok=info["aof_last_write_status"] == "ok" and info["aof_last_bgrewrite_status"] == "ok",
        snapshot_ok=info["rdb_last_bgsave_status"] == "ok",
        loading=bool(info["loading"]),
        asks_password=asks,
        skew_seconds=skew,
    )


def asks_password(client: Redis) -> bool:
    """Whether strangers are refused."""
    known = client.connection_pool.connection_kwargs
    bare = {name: known[name] for name in ("host", "port", "path", "db", "socket_timeout") if name in known}
    if not known.get("password"):
        return False
    try:
        with Redis(**bare, retry=Retry(NoBackoff(), 0)) as stranger:
            stranger.ping()
    except RedisError:
        return True
    return False

"""Whether the broker answers, and whether a message comes back. Apart from the bell: one process alone needs no Redis."""

from __future__ import annotations

import time
from queue import Empty

from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from services.engines.queue import transport_options
from services.errors import EngineUnavailable
from services.ids import new_id


def broker_answers(broker_url: str, timeout_seconds: float = 1.5) -> bool:
    """Whether the broker takes a connection and answers, in time."""
    if not broker_url.startswith(("redis:", "rediss:")):
        with Connection(broker_url, connect_timeout=timeout_seconds) as connection:
            try:
                connection.ensure_connection(max_retries=1, timeout=timeout_seconds)
            except (OSError, OperationalError):
                return False
            return True
    try:
        with Redis.from_url(
            broker_url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return bool(client.ping())
    except (OSError, RedisError):
        return False


def round_trip(broker_url: str, timeout_seconds: float = 5.0) -> float:
    """Send a message through a queue of its own and take it out again; returns the seconds it took.

    Raises: EngineUnavailable.
    """
    name = new_id("doctor")
    started = time.perf_counter()
    options = {**transport_options(broker_url), "socket_timeout": timeout_seconds}
    try:
        with (
            Connection(broker_url, connect_timeout=timeout_seconds, transport_options=options) as connection,
            connection.SimpleQueue(name, serializer="json") as queue,
        ):
            queue.put({"ring": name})
            message = queue.get(timeout=timeout_seconds)
            message.ack()
            queue.queue.delete()
    except (OSError, OperationalError, RedisError, Empty) as error:
        raise EngineUnavailable(f"A message sent to the broker did not come back ({type(error).__name__}).") from error
    return time.perf_counter() - started

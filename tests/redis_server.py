"""A Redis of its own for a test that stops, fills or breaks it; the shared one is left alone."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.require import need


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """`redis-server` on a free port, in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        need(shutil.which("redis-server") is not None, "redis-server is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.options = folder, options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        """Start, and wait until it answers."""
        settings = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "")
        self.process = subprocess.Popen(
            ["redis-server", *settings, *self.options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                    if client.ping():
                        return self
            except redis.RedisError:
                time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def client(self) -> redis.Redis:
        """A client; close it."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def redis_server(folder: Path, **options: str) -> Iterator[str]:
    """The URL of a running Redis; `options` are those of its configuration, with `_` for `-`."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    server = RedisServer(folder, *words)
    if "requirepass" in options:
        server.url = server.url.replace("redis://", f"redis://:{options['requirepass']}@")
    server.start()
    try:
        yield server.url
    finally:
        server.kill()

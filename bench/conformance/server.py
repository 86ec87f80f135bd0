"""A server that misbehaves on purpose: many hosts on loopback addresses, a log of every request, answers as scripts.

One event loop in a thread. Each host has a loopback address of its own, since a crawler's manners are kept per host.
Everything is written by hand on sockets, because the point is what no decent server sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field

# No answer goes on for longer, and none is larger: what is served to a crawler without limits must end too.
LONGEST_SECONDS = 12.0
MOST_BYTES = 64 * 2**20

Headers = dict[str, str]


@dataclass
class Asked:
    """One request as it came in. `number` counts those for this path on this host, from 1; `sent` the bytes it got."""

    at: float
    host: str
    path: str
    headers: Headers
    number: int
    sent: int = 0
    ended_at: float = 0.0

    def header(self, name: str) -> str | None:
        """A header's value; the name in lower case."""
        return self.headers.get(name)


@dataclass(frozen=True)
class Reply:
    """An answer. `raw` replaces everything: chunks that are written as they come, so that an answer may stall or never end."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/html; charset=utf-8"
    raw: Callable[[], AsyncIterator[bytes]] | None = None

    def head(self) -> bytes:
        """The status line and the headers."""
        given = {name.lower() for name, _ in self.headers}
        lines = [f"HTTP/1.1 {self.status} Said"]
        if "content-type" not in given and self.content_type:
            lines.append(f"Content-Type: {self.content_type}")
        if "content-length" not in given:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


Answer = Reply | Callable[[Asked], Reply]


@dataclass
class Host:
    """One listening address and what it answers. `connections` counts accepted ones, also those that ask for nothing."""

    address: str
    sockets: list[socket.socket]
    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer = field(default_factory=lambda: Reply(404, b"<html><body>Not here.</body></html>"))
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def port(self) -> int:
        """The port."""
        return int(self.sockets[0].getsockname()[1])

    @property
    def name(self) -> str:
        """host:port as in a URL."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def base(self) -> str:
        """Its address, such as http://127.44.0.1:40123."""
        return f"http://{self.name}"


class Server:
    """Hosts on addresses of their own. Add them, then start."""

    def __init__(self) -> None:
        self.hosts: list[Host] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="hostile server", daemon=True)
        self.tasks: set[asyncio.Task[None]] = set()
        self.canaries: list[Host] = []

    def add(self, address: str | None = None, port: int = 0) -> Host:
        """A host on the next free address, or on this one."""
        number = len(self.hosts) + 1
        address = address or f"127.44.{number // 250}.{number % 250 + 1}"
        host = Host(address, [_bound(address, port)])
        self.hosts.append(host)
        return host

    def canary(self) -> Host:
        """A host on 127.0.0.1, and on ::1 at the same port, that nobody should connect to."""
        host = self.add("127.0.0.1")
        with contextlib.suppress(OSError):
            host.sockets.append(_bound("::1", host.port))
        self.canaries.append(host)
        return host

    def start(self) -> Server:
        """Listen on all of them."""
        self.thread.start()
        for host in self.hosts:
            asyncio.run_coroutine_threadsafe(self._listen(host), self.loop).result(10)
        return self

    def close(self) -> None:
        """End all answers and the loop."""
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        for host in self.hosts:
            for listening in host.sockets:
                listening.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _listen(self, host: Host) -> None:
        for listening in host.sockets:
            listening.setblocking(False)
            listening.listen(128)
            self._keep(self._accept(host, listening))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _accept(self, host: Host, listening: socket.socket) -> None:
        while True:
            connection, _ = await self.loop.sock_accept(listening)
            host.connections += 1
            connection.setblocking(False)
            self._keep(self._serve(host, connection))

    async def _end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self, host: Host, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError, TimeoutError, OSError):
            asked = await self._read(host, connection)
            if asked is None:
                return
            host.in_flight += 1
            host.most_in_flight = max(host.most_in_flight, host.in_flight)
            try:
                answer = host.answers.get(asked.path, host.otherwise)
                reply = answer(asked) if callable(answer) else answer
                async with asyncio.timeout(LONGEST_SECONDS):
                    await self._write(connection, asked, reply)
            finally:
                host.in_flight -= 1
                asked.ended_at = time.monotonic()

    async def _read(self, host: Host, connection: socket.socket) -> Asked | None:
        data = b""
        async with asyncio.timeout(LONGEST_SECONDS):
            while b"\r\n\r\n" not in data and len(data) < 100_000:
                part = await self.loop.sock_recv(connection, 65536)
                if not part:
                    return None
                data += part
        first, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        path = first.split(" ")[1]
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        host.counts[path] += 1
        asked = Asked(time.monotonic(), host.name, path, headers, host.counts[path])
        host.asked.append(asked)
        return asked

    async def _write(self, connection: socket.socket, asked: Asked, reply: Reply) -> None:
        if reply.raw is None:
            await self._send(connection, asked, reply.head() + (b"" if reply.status == 304 else reply.body))
            return
        async for chunk in reply.raw():
            await self._send(connection, asked, chunk)
            if asked.sent > MOST_BYTES:
                return

    async def _send(self, connection: socket.socket, asked: Asked, data: bytes) -> None:
        for start in range(0, len(data), 2**16):
            part = data[start : start + 2**16]
            await self.loop.sock_sendall(connection, part)
            asked.sent += len(part)


def _bound(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address, port))
    return listening

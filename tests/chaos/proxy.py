"""A TCP proxy that makes a network bad: slow, cut, silent or away. Stands between our processes and one server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

CHUNK = 16 * 1024
LOOK_SECONDS = 0.05
# How PostgreSQL's drivers end a transaction: the text of a simple query.
COMMIT = b"COMMIT\x00"


@dataclass(frozen=True)
class Trouble:
    """What is wrong. `latency` seconds before each piece; `bytes_per_second`, 0 for any; `cut_after` bytes of a
    connection's answers; `reset` and `down` end and refuse connections; `black_hole` keeps them and passes nothing on.
    """

    latency: float = 0.0
    bytes_per_second: int = 0
    cut_after: int | None = None
    reset: bool = False
    down: bool = False
    black_hole: bool = False


FINE = Trouble()


@dataclass
class CommitCut:
    """Ends the connection of the `number`-th COMMIT: before the server sees it, or once it has `answered`."""

    number: int
    answered: bool
    seen: int = 0
    struck: threading.Event = field(default_factory=threading.Event)
    server: socket.socket | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def ends(self, piece: bytes, source: socket.socket, sink: socket.socket, *, is_answer: bool) -> bool:
        """Whether this piece is not to be passed on, and nothing after it."""
        if is_answer:
            return self.answered and source is self.server
        with self.guard:
            self.seen += COMMIT in piece
            if COMMIT not in piece or self.seen != self.number:
                return False
            self.server = sink
        self.struck.set()
        return not self.answered


class Proxy:
    """Listens on a port of its own and passes on to `host`:`port`. Troubles hold for open connections too."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.target = (host, port)
        self.trouble = FINE
        self.commit_cut: CommitCut | None = None
        self.closed = threading.Event()
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, trouble: Trouble) -> None:
        """From now on; connections that are open feel it."""
        self.trouble = trouble
        if trouble.down or trouble.reset:
            self.cut()

    def cut(self) -> None:
        """Reset every open connection."""
        for connection in list(self.open):
            reset(connection)

    def close(self) -> None:
        """Stop listening and end all connections."""
        self.closed.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self.closed.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.trouble.down or self.trouble.reset:
                reset(client)
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.open.add(client)
        self._wait_while_silent()
        try:
            server = socket.create_connection(self.target, 5)
        except OSError:
            reset(client)
            client.close()
            self.open.discard(client)
            return
        self.open.add(server)
        for connection in (client, server):
            # Small pieces go at once, as they do without a proxy.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=self._pass, args=(server, client, True), daemon=True)
        back.start()
        self._pass(client, server, False)
        back.join()
        for connection in (client, server):
            self.open.discard(connection)
            connection.close()

    def _pass(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while piece := source.recv(CHUNK):
                self._wait_while_silent()
                trouble, commit_cut = self.trouble, self.commit_cut
                if commit_cut is not None and commit_cut.ends(piece, source, sink, is_answer=is_answer):
                    reset(source)
                    reset(sink)
                    return
                time.sleep(trouble.latency + (len(piece) / trouble.bytes_per_second if trouble.bytes_per_second else 0))
                passed += len(piece)
                if is_answer and trouble.cut_after is not None and passed > trouble.cut_after:
                    sink.sendall(piece[: max(0, len(piece) - (passed - trouble.cut_after))])
                    reset(source)
                    reset(sink)
                    return
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _wait_while_silent(self) -> None:
        while self.trouble.black_hole and not self.closed.is_set():
            time.sleep(LOOK_SECONDS)


def reset(connection: socket.socket) -> None:
    """End a connection as a host that lost it does, also for threads that wait on it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)

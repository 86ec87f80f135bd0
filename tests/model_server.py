"""A scripted model server on 127.0.0.1 that speaks OpenAI's protocol, well or as badly as a test wants it."""

from __future__ import annotations

import json
import select
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from services.engines.fakes import HashEmbedder

Behaviour = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request and the open connection to write to."""

    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        self.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def answer(self, body: dict[str, Any]) -> None:
        self.body = body
        self.model_server = self.server.model_server
        self.model_server.asked.append((self.path, body))
        self.model_server.keys.append(self.headers.get("authorization", ""))
        self.close_connection = True
        self.model_server.routes.get(self.path, refuse(404))(self)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()

    def send_event(self, value: Any) -> None:
        self.wfile.write(f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode())

    def send_piece(self, text: str | None, ended: str | None = None) -> None:
        delta = {"content": text} if text is not None else {}
        self.send_event({"choices": [{"index": 0, "delta": delta, "finish_reason": ended}]})

    def send_end(self, reason: str = "stop") -> None:
        self.send_piece(None, reason)
        self.send_event({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 34}})
        self.send_event("[DONE]")

    def send_json(self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, each in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **(headers or {}),
        }.items():
            self.send_header(name, each)
        self.end_headers()
        self.wfile.write(content)

    def wait_until_left(self, seconds: float = 20) -> None:
        """Say nothing until the client hangs up, and note that it did."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self.model_server.closing.is_set():
            if select.select([self.connection], [], [], 0.02)[0]:
                self.model_server.left.set()
                return

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class _Listener(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True
    block_on_close = False
    model_server: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""


class ModelServer:
    """The server. `asked` holds every request's path and body; `left` is set when a client hung up on a silent one."""

    def __init__(self, chat: Behaviour | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Behaviour] = {
            "/v1/models": give({"data": [{"id": "scripted", "max_model_len": 4096}]}),
            "/v1/chat/completions": chat or say("Hello", " world"),
            "/tokenize": give({"count": 7, "max_model_len": 4096}),
            "/v1/embeddings": embed,
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[str] = []
        self.left, self.closing = threading.Event(), threading.Event()
        self.scheme = "https" if tls else "http"
        self.listener = _Listener(("127.0.0.1", port), Exchange)
        self.listener.model_server = self
        if tls:
            self.listener.socket = tls.wrap_socket(
                self.listener.socket, server_side=True, do_handshake_on_connect=False
            )
        self.thread = threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.listener.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/v1"

    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests."""
        return [body for path, body in self.asked if path == "/v1/chat/completions"]

    def close(self) -> None:
        self.closing.set()
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join(5)


def say(*pieces: str, reason: str = "stop") -> Behaviour:
    """A proper answer."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces:
            exchange.send_piece(piece)
        exchange.send_end(reason)

    return behave


def say_when_told(go: threading.Semaphore, *pieces: str) -> Behaviour:
    """A proper answer, a piece for each time that somebody says go; ends early when the client hangs up."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces:
            while not go.acquire(timeout=0.02):
                if exchange.model_server.closing.is_set():
                    return
                if select.select([exchange.connection], [], [], 0)[0]:
                    exchange.model_server.left.set()
                    return
            exchange.send_piece(piece)
        exchange.send_end()

    return behave


def hang(exchange: Exchange) -> None:
    """Takes the request and never answers."""
    exchange.wait_until_left()


def hang_after(*pieces: str) -> Behaviour:
    """Begins an answer and then goes silent."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces:
            exchange.send_piece(piece)
        exchange.wait_until_left()

    return behave


def drop_after(*pieces: str) -> Behaviour:
    """Begins an answer and closes the connection in the middle of it."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces:
            exchange.send_piece(piece)
        exchange.wfile.write(b'data: {"choices": [{"ind')

    return behave


def never_end(exchange: Exchange) -> None:
    """Writes without end, a piece every 10 ms, until the client hangs up."""
    exchange.begin_stream()
    try:
        while not exchange.model_server.closing.is_set():
            exchange.send_piece("more ")
            time.sleep(0.01)
    except OSError:
        exchange.model_server.left.set()


def drip_headers(exchange: Exchange) -> None:
    """Sends its headers a byte at a time: no single read takes long."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
            exchange.wfile.write(bytes([byte]))
            time.sleep(0.02)
    except OSError:
        exchange.model_server.left.set()


def write(content: bytes) -> Behaviour:
    """Sends these bytes as an event stream."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.wfile.write(content)

    return behave


def refuse(status: int, error: Any = None, *, headers: Mapping[str, str] | None = None) -> Behaviour:
    """An error answer, shaped as vLLM shapes it."""
    return lambda exchange: exchange.send_json({"error": error or {"message": "no"}}, status, headers)


def give(value: Any) -> Behaviour:
    """A JSON answer."""
    return lambda exchange: exchange.send_json(value)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One behaviour for each request, the last one for all further requests."""
    left = list(behaviours)
    return lambda exchange: (left.pop(0) if len(left) > 1 else left[0])(exchange)


EMBEDDER = HashEmbedder()


def embed(exchange: Exchange) -> None:
    """Vectors of hashed words, not of length 1, in reversed order with their indexes."""
    vectors = EMBEDDER.embed(exchange.body["input"]) * 3
    data = [{"index": index, "embedding": vector.tolist()} for index, vector in enumerate(vectors)]
    exchange.send_json({"data": data[::-1]})


def send_vectors(vectors: Sequence[Sequence[float]]) -> Behaviour:
    """These vectors, whatever was asked."""
    return give({"data": [{"index": index, "embedding": list(each)} for index, each in enumerate(vectors)]})

"""Local sites for crawls: each on a port of its own, scripted, with a log of every request and its time."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Headers = Mapping[str, str]


@dataclass
class Reply:
    """What a path answers. `body` bytes, or a function that writes to the open connection after the headers.

    `raw`: the function writes everything, the status line included.
    """

    body: bytes | Callable[[Any], None] = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: Headers = field(default_factory=dict)
    raw: bool = False


@dataclass(frozen=True)
class Asked:
    """One request that arrived."""

    at: float
    path: str
    headers: Mapping[str, str]


Route = Reply | Callable[["Site", Mapping[str, str]], Reply]


class Site:
    """A web site on 127.0.0.1. `routes` maps paths to replies, or to functions of the site and the request's headers."""

    def __init__(self, routes: Mapping[str, Route] | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.scheme = "https" if tls else "http"
        self.routes: dict[str, Route] = dict(routes or {})
        self.log: list[Asked] = []
        self.closing = threading.Event()
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.server.site = self
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    def asked(self, path: str) -> list[Asked]:
        """Requests for a path, in order."""
        return [each for each in self.log if each.path == path]

    def paths(self) -> list[str]:
        return [each.path for each in self.log]

    def gaps(self) -> list[float]:
        """Seconds between requests that followed each other."""
        times = [each.at for each in self.log]
        return [later - earlier for earlier, later in itertools.pairwise(times)]

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    site: Site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these sites are for."""


class Canary:
    """A listener that must never be connected to."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.connections = 0
        self.listener = socket.create_server((address, 0))
        self.listener.settimeout(0.1)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._count, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def _count(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self.stopped.set()
        self.thread.join(5)
        self.listener.close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.log.append(Asked(time.monotonic(), self.path, headers))
            route = site.routes.get(self.path) or site.routes.get("*") or Reply(status=404)
            reply = route(site, headers) if callable(route) else route
            if reply.raw:
                self.close_connection = True
                reply.body(self)  # type: ignore[operator]
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.type)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if callable(reply.body):
                self.close_connection = True
                self.end_headers()
                reply.body(self)
                return
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            return

    return Handler


# Content

SERIAL = itertools.count(1)


def page(title: str, *, head: str = "", words: int = 60) -> bytes:
    """A news page whose text is its own: no two are alike."""
    title = f"{title} ({next(SERIAL)})"
    sentence = f"{title}: the council of the harbour town met and heard what the engineers had measured. "
    body = "".join(f"<p>{sentence * 3}</p>" for _ in range(max(1, words // 45)))
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title>{head}</head>'
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    ).encode()


def rss(site: Site, links: list[str], *, text: str = "", extra: str = "") -> bytes:
    """A feed of these paths or addresses."""
    items = "".join(
        f"<item><title>Story {number} of {link}</title><link>{link if '://' in link else site.url + link}</link>"
        f"<guid>{number}-{link}</guid><description>{text and f'{text} {site.port}'}</description></item>"
        for number, link in enumerate(links)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>{extra}{items}</channel></rss>'.encode()
    )


def feed(site: Site, links: list[str], **more: str) -> Reply:
    """The reply with that feed."""
    return Reply(rss(site, links, **more), type="application/rss+xml")


def news_site(paths: list[str], *, robots: str = "", text: str = "") -> Site:
    """A site with a feed of these pages."""
    site = Site()
    site.routes["/robots.txt"] = Reply(robots.encode(), type="text/plain")
    site.routes["/feed"] = feed(site, paths, text=text)
    for path in paths:
        site.routes.setdefault(path, Reply(page(f"Page {path} of {site.port}")))
    return site

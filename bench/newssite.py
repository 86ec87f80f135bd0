"""A news site on this machine: front page, sections, articles, feed and news sitemap, with honest caching headers.

Its articles are the labelled news pages, else made-up ones. Several editions of it can be served at once, each on a
loopback address of its own, since a polite crawler asks one host one thing at a time. Used by benches and tests.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.common import SHARED, passages

SECTIONS = ("world", "business", "science", "sport")
FEED_ITEMS = 50
START = datetime(2026, 11, 20, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """One article of the site; `path` is where it stands."""

    path: str
    title: str
    section: str
    published_at: datetime
    page: bytes


@dataclass(frozen=True)
class Asked:
    """One request that the site answered."""

    at: float
    path: str
    agent: str
    status: int
    byte_count: int


@dataclass
class NewsSite:
    """A running site. `requests` is its log; `base` its address, such as http://127.0.0.2:40123."""

    stories: list[Story]
    address: str = "127.0.0.1"
    robots: str = "User-agent: *\nAllow: /\nSitemap: {base}/news-sitemap.xml\n"
    delay_seconds: float = 0.0
    requests: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> NewsSite:
        """Serve on a free port of the address."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *words: object) -> None:
                """Say nothing; the site keeps its own log."""

        self.server = ThreadingHTTPServer((self.address, 0), Handler)
        self.server.daemon_threads = True
        self.host = f"{self.address}:{self.server.server_port}"
        self.base = f"http://{self.host}"
        self.pages = self._pages()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def byte_count(self, since: int = 0) -> int:
        """Bytes of all answers from the request of this number on."""
        return sum(asked.byte_count for asked in self.requests[since:])

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request and log it."""
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        found = self.pages.get(request.path)
        status, body, kind = (200, *found) if found else (404, b"<html><body>Not here.</body></html>", "text/html")
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if status == 200 and request.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        with self.lock:
            agent = request.headers.get("User-Agent", "")
            self.requests.append(Asked(time.monotonic(), request.path, agent, status, len(body)))
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "ETag": etag}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def _pages(self) -> dict[str, tuple[bytes, str]]:
        html, xml = "text/html", "application/xml"
        pages = {story.path: (story.page, html) for story in self.stories}
        links = "".join(f'<li><a href="/{section}">{section.title()}</a></li>' for section in SECTIONS)
        head = f'<link rel="alternate" type="application/rss+xml" title="All stories" href="{self.base}/feed.xml">'
        pages["/"] = (f"<html><head><title>The Local Site</title>{head}</head><body><ul>{links}</ul></body></html>".encode(), html)  # fmt: skip
        for section in SECTIONS:
            listed = "".join(
                f'<li><a href="{story.path}">{escape(story.title)}</a></li>'
                for story in self.stories
                if story.section == section
            )
            page = f"<html><head><title>{section}</title></head><body><main><ul>{listed}</ul></main></body></html>"
            pages[f"/{section}"] = (page.encode(), html)
        pages["/robots.txt"] = (self.robots.format(base=self.base).encode(), "text/plain")
        pages["/feed.xml"] = (self._feed(self.stories[-FEED_ITEMS:]).encode(), "application/rss+xml")
        pages["/news-sitemap.xml"] = (self._sitemap().encode(), xml)
        return pages

    def _feed(self, stories: Sequence[Story]) -> str:
        items = "".join(
            f"<item><title>{escape(story.title)}</title><link>{self.base}{story.path}</link><guid>{self.base}{story.path}</guid>"
            f"<category>{story.section}</category><pubDate>{format_datetime(story.published_at)}</pubDate></item>"
            for story in reversed(stories)
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>The Local Site</title><link>{self.base}/</link>{items}</channel></rss>'

    def _sitemap(self) -> str:
        urls = "".join(
            f"<url><loc>{self.base}{story.path}</loc><news:news><news:publication><news:name>Local</news:name>"
            f"<news:language>en</news:language></news:publication><news:title>{escape(story.title)}</news:title>"
            f"<news:publication_date>{story.published_at.isoformat()}</news:publication_date></news:news></url>"
            for story in self.stories
        )
        return (
            '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
            f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
        )


def labelled_stories(folder: Path = SHARED / "extraction") -> list[Story]:
    """The labelled news pages as stories; none when they are not there."""
    if not folder.exists():
        return []
    truth = json.loads((folder / "ground-truth.json").read_text())
    pages = (gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()) for key in sorted(truth))
    named = enumerate(zip(sorted(truth), pages, strict=True))
    return [story_of(number, page, truth[key]["articleBody"]) for number, (key, page) in named]


def story_of(number: int, page: bytes, body: str) -> Story:
    """A story with an address as news sites write them."""
    words = [word for word in "".join(c if c.isalnum() else " " for c in body[:200]).lower().split() if word.isascii()]
    slug = "-".join(words[:7]) or "a-story-without-a-name"
    section = SECTIONS[number % len(SECTIONS)]
    return Story(f"/{section}/{slug}-{10000 + number}", " ".join(words[:10]), section, START + timedelta(minutes=30 * number), page)  # fmt: skip


def generated_stories(count: int, *, seed: int = 1) -> list[Story]:
    """Made-up pages, each with words of its own."""
    texts = passages()[0]
    chance = random.Random(seed)
    stories = []
    for number in range(count):
        parts = chance.sample(texts, 3)
        title = " ".join(chance.choice(parts).split()[:8])
        body = "".join(f"<p>{escape(part)}</p>" for part in parts)
        at = START + timedelta(minutes=30 * number)
        page = (
            f'<!doctype html><html lang="en"><head><title>{escape(title)}</title>'
            f'<meta property="article:published_time" content="{at.isoformat()}"></head><body><nav><a href="/">Home</a></nav>'
            f"<article><h1>{escape(title)}</h1>{body}</article><footer>Contact</footer></body></html>"
        )
        stories.append(story_of(number, page.encode(), f"{title} {seed} {' '.join(parts)}"))
    return stories

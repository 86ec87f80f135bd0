"""What the sites of the cases consist of: feeds, sitemaps, stories, and answers that are traps."""

from __future__ import annotations

import asyncio
import gzip
import random
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from bench.conformance.server import Reply

XML = "application/xml"
RSS = "application/rss+xml"
WORDS = (
    "harbour council vote bridge river engineer budget winter market school teacher doctor clinic report minister island "
    "ferry storm valley railway station museum painter concert festival farmer wheat price export tariff ministry inquiry "
    "judge verdict appeal election ballot mayor district housing tenant rent union strike factory battery plant energy grid"
).split()


def story(
    phrase: str, *, head: str = "", extra: str = "", published_at: datetime | None = None, paragraphs: int = 4
) -> bytes:
    """A news page of some hundred words that nobody else has, with `phrase` in its second paragraph."""
    chance = random.Random(phrase)
    sentences = [" ".join(chance.choices(WORDS, k=14)).capitalize() + "." for _ in range(5 * paragraphs)]
    parts = [" ".join(sentences[5 * number : 5 * number + 5]) for number in range(paragraphs)]
    parts[min(1, paragraphs - 1)] += f" The clerk read out {phrase} to the whole room."
    at = published_at or now() - timedelta(hours=3)
    body = "".join(f"<p>{escape(part)}</p>" for part in parts)
    title = escape(title_of(phrase))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}'
        f'<meta property="article:published_time" content="{at.isoformat()}"></head>'
        f"<body><nav><a href='/'>Home</a></nav><main><article><h1>{title}</h1>{body}{extra}</article></main></body></html>"
    ).encode()


def title_of(phrase: str) -> str:
    """The headline of the story with this phrase."""
    return "Council hears of " + phrase


def feed(links: Iterable[str], *, summary: str | None = None, at: datetime | None = None, extra: str = "") -> bytes:
    """An RSS feed of these links, the first the newest. `summary` is the description of each."""
    at = at or now() - timedelta(hours=2)
    items = "".join(
        f"<item><title>Story {number} of {escape(link[-60:])}</title><link>{escape(link)}</link>"
        f"<guid isPermaLink='false'>{number}-{escape(link)}</guid>"
        + (f"<description>{escape(summary)}</description>" if summary else "")
        + f"<pubDate>{format_datetime(at - timedelta(minutes=number))}</pubDate>{extra}</item>"
        for number, link in enumerate(links)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'.encode()


def section(links: Iterable[str], *, head: str = "") -> bytes:
    """A section page that links to stories."""
    listed = "".join(
        f"<li><a href='{escape(link, quote=True)}'>The council hears of one more thing today</a></li>" for link in links
    )
    return f"<html><head><title>Section</title>{head}</head><body><main><ul>{listed}</ul></main></body></html>".encode()


def sitemap(entries: Iterable[tuple[str, datetime | None]], *, index: bool = False) -> bytes:
    """A sitemap of (address, last modified), or an index of such."""
    outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    listed = "".join(
        f"<{inner}><loc>{escape(url)}</loc>" + (f"<lastmod>{at.isoformat()}</lastmod>" if at else "") + f"</{inner}>"
        for url, at in entries
    )
    return (
        f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</{outer}>'.encode()
    )


def news_sitemap(entries: Iterable[tuple[str, str, datetime]]) -> bytes:
    """A news sitemap of (address, title, published)."""
    listed = "".join(
        f"<url><loc>{escape(url)}</loc><n:news><n:publication><n:name>Local</n:name><n:language>en</n:language>"
        f"</n:publication><n:title>{escape(title)}</n:title>"
        f"<n:publication_date>{at.isoformat()}</n:publication_date></n:news></url>"
        for url, title, at in entries
    )
    return (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{listed}</urlset>'
    ).encode()


def laughs(inside: str) -> bytes:
    """Entities of entities, a gigabyte when expanded, in front of an XML document that uses the last one."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha ha ha ha">{levels}]>{inside}'.encode()


def now() -> datetime:
    """This moment in UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def redirect(to: str, status: int = 302) -> Reply:
    """A redirect."""
    return Reply(status, headers=(("Location", to),))


def page(content: bytes, *headers: tuple[str, str]) -> Reply:
    """A web page."""
    return Reply(body=content, headers=headers)


def xml(content: bytes, *headers: tuple[str, str]) -> Reply:
    """A feed or sitemap."""
    return Reply(body=content, content_type=XML, headers=headers)


def streamed(chunks: Callable[[], AsyncIterator[bytes]]) -> Reply:
    """An answer written chunk by chunk, status line and all."""
    return Reply(raw=chunks)


def dropped() -> Reply:
    """The connection ends before anything is said."""

    async def chunks() -> AsyncIterator[bytes]:
        return
        yield b""

    return streamed(chunks)


def silent() -> Reply:
    """Nothing is ever said."""

    async def chunks() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    return streamed(chunks)


def dripping(head: bytes, body: bytes, seconds: float) -> Reply:
    """A head at once, then a body byte by byte."""

    async def chunks() -> AsyncIterator[bytes]:
        yield head
        for position in range(len(body)):
            await asyncio.sleep(seconds)
            yield body[position : position + 1]

    return streamed(chunks)


def endless(head: bytes, chunk: bytes) -> Reply:
    """A head, then the same over and over; the server's own limit ends it."""

    async def chunks() -> AsyncIterator[bytes]:
        yield head
        while True:
            yield chunk

    return streamed(chunks)


def gzipped(content: bytes, times: int = 1) -> bytes:
    """Compressed so many times over."""
    for _ in range(times):
        content = gzip.compress(content, 6)
    return content


def bomb(mebibytes: int, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """So many MiB of spaces, and what stands around them, in some kilobytes of gzip."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [squeezer.compress(before), *(squeezer.compress(b" " * 2**20) for _ in range(mebibytes))]
    return b"".join([*parts, squeezer.compress(after), squeezer.flush()])

"""Read a sitemap (sitemaps.org 0.9): pages, indexes, news sitemaps (Google's extension), gzip, and plain lists of addresses."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lxml import etree

from services.errors import SitemapInvalid
from services.sources.formats.limits import NAME_CHARS, SITEMAP_BYTES, SITEMAP_ENTRIES, TITLE_CHARS
from services.sources.formats.plain import absolute, one_line, parse_date
from services.sources.formats.safexml import UnsafeXml, decode, local_name, stream_xml
from services.sources.types import Sitemap, SitemapEntry

ROOTS = frozenset(("urlset", "sitemapindex"))
GZIP = b"\x1f\x8b"
# Servers compress what is compressed already; more layers are an attack.
LAYERS = 2


def parse_sitemap(content: bytes, *, url: str) -> Sitemap:
    """The sitemap in these bytes; `url` is where they came from. At most 50,000 entries, as the protocol has it.

    Memory: the bytes and the entries, never a tree. Entries without a usable address are left out.
    Raises: SitemapInvalid, saying what the bytes are instead.
    """
    text = decode(_inflated(content))
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return Sitemap("urlset", _lines(text, url))
    try:
        elements = stream_xml(text, ROOTS)
        root = next(elements, None)
        if root is None:
            raise SitemapInvalid("The address answered with something that is no sitemap. Check the address.")
        kind, child = ("urlset", "url") if local_name(root) == "urlset" else ("index", "sitemap")
        entries = tuple(_limited(_entry(element, url) for element in elements if local_name(element) == child))
    except UnsafeXml as error:
        raise SitemapInvalid(f"The sitemap was refused. {error}") from error
    return Sitemap("urlset" if kind == "urlset" else "index", entries)


def _inflated(content: bytes) -> bytes:
    """The bytes inside up to two layers of gzip; a torn end gives what can be had."""
    for _ in range(LAYERS):
        if not content.startswith(GZIP):
            break
        try:
            content = zlib.decompressobj(31).decompress(content, SITEMAP_BYTES + 1)
        except zlib.error as error:
            raise SitemapInvalid("The sitemap is compressed and damaged. Try again later.") from error
    if content.startswith(GZIP):
        raise SitemapInvalid("The sitemap is compressed more than twice, which is not read.")
    if len(content) > SITEMAP_BYTES:
        raise SitemapInvalid("The sitemap is larger than 16 MiB. Name one of its parts instead.")
    return content


def _limited(found: Iterator[SitemapEntry | None]) -> Iterator[SitemapEntry]:
    count = 0
    for entry in found:
        if entry is not None:
            yield entry
            count += 1
        if count >= SITEMAP_ENTRIES:
            return


def _entry(element: etree._Element, base: str) -> SitemapEntry | None:
    fields = {local_name(child): child for child in element}
    url = absolute(_text(fields.get("loc")), base)
    if url is None:
        return None
    news = fields.get("news")
    story = {local_name(child): child for child in news.iter()} if news is not None else {}
    return SitemapEntry(
        url=url,
        modified_at=parse_date(_text(fields.get("lastmod")), guess=False),
        title=one_line(_text(story.get("title")), TITLE_CHARS) or None,
        published_at=parse_date(_text(story.get("publication_date")), guess=False),
        language=_text(story.get("language")).strip()[:NAME_CHARS] or None,
        is_news=news is not None,
    )


def _text(element: etree._Element | None) -> str:
    return "" if element is None else "".join(element.itertext())


def _lines(text: str, base: str) -> tuple[SitemapEntry, ...]:
    """A text sitemap: one full address per line, and nothing else."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:SITEMAP_ENTRIES]
    if not lines or not all(line.lower().startswith(("http://", "https://")) for line in lines):
        raise SitemapInvalid("The address answered with something that is no sitemap. Check the address.")
    return tuple(SitemapEntry(url) for line in lines if (url := absolute(line, base)))
